"""The judge against a naive one: simple loops over the rules, without casbin, index or memory."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.policy.tools import judge_of, party

from metricgate.policy.explaining import explain
from metricgate.policy.kinds.grants import Effect, Grant
from metricgate.policy.kinds.roles import Role
from metricgate.policy.policy import Policy
from metricgate.policy.verdict import DEFAULT_DENY, Decision
from metricgate.vocabulary.principal import Principal, Proof
from metricgate.vocabulary.problem import Place
from metricgate.vocabulary.resource import Action, Resource, ResourceKind

_ROLES = ("r0", "r1", "r2", "r3")
_PARTIES = ("agent:a", "agent:b", "user:u", "user:v", "group:g", "group:h")
_PATTERNS = ("*", "metric:*", "metric:a.*", "metric:a.b.*", "metric:a", "metric:a.b", "metric:ab", "tool:*", "tool:t")
_NAMES = ("a", "a.b", "a.b.c", "ab", "a.bc", "x")
_ACTIONS = (Action.QUERY, Action.DESCRIBE, Action.CALL)


def _grant(number: int, parts: tuple[list[str], list[Action], list[str], Effect]) -> Grant:
    roles, actions, patterns, effect = parts
    return Grant(
        id=f"g{number}",
        roles=tuple(roles),
        actions=tuple(actions),
        patterns=tuple(patterns),
        effect=effect,
        because="",
        place=Place(),
    )


def _some(items: tuple[str, ...] | tuple[Action, ...], most: int = 2) -> st.SearchStrategy[list]:
    return st.lists(st.sampled_from(items), min_size=1, max_size=most, unique=True)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Random roles (each inherits from later ones only: no circles) and grants."""
    roles = tuple(
        Role(
            name=name,
            description="",
            members=tuple(draw(st.lists(st.sampled_from(_PARTIES), max_size=2, unique=True))),
            inherits=tuple(draw(st.lists(st.sampled_from(_ROLES[index + 1 :]), max_size=2, unique=True)))
            if index + 1 < len(_ROLES)
            else (),
            attributes=(),
            place=Place(),
        )
        for index, name in enumerate(_ROLES)
    )
    effects = st.sampled_from([Effect.ALLOW, Effect.ALLOW, Effect.DENY])
    drawn = draw(
        st.lists(st.tuples(_some((*_ROLES, "everyone")), _some(_ACTIONS), _some(_PATTERNS), effects), max_size=8)
    )
    grants = tuple(_grant(number, parts) for number, parts in enumerate(drawn))
    return Policy(
        roles=roles,
        principals=(),
        domains=(),
        grants=grants,
        row_filters=(),
        masks=(),
        minimum_groups=(),
        limits=(),
        tests=(),
        digest="sha256:0",
    )


@st.composite
def principals(draw: st.DrawFn) -> Principal:
    groups = tuple(draw(st.lists(st.sampled_from(["g", "h", "x"]), max_size=2, unique=True)))
    proof = draw(st.sampled_from(list(Proof)))
    user = draw(st.sampled_from([None, "u", "v", "r0"]))
    agent = party(draw(st.sampled_from(["a", "b", "u", "r0"])))
    return Principal(agent=agent, user=None if user is None else party(user, proof=proof, groups=groups))


resources = st.builds(Resource, st.sampled_from([ResourceKind.METRIC, ResourceKind.TOOL]), st.sampled_from(_NAMES))


def _roles_held(policy: Policy, subjects: set[str]) -> set[str]:
    held = {role.name for role in policy.roles if subjects & set(role.members)}
    for _ in policy.roles:
        held |= {parent for role in policy.roles if role.name in held for parent in role.inherits}
    return held | {"everyone"}


def _matches(pattern: str, name: str) -> bool:
    if pattern == "*":
        return True
    if pattern.endswith("*"):
        return name.startswith(pattern[:-1]) and len(name) > len(pattern[:-1])
    return pattern == name


def _reference(policy: Policy, subjects: set[str], action: Action, resource: Resource) -> tuple[Decision, str]:
    held = _roles_held(policy, subjects)
    meant = Action.CALL if resource.kind is ResourceKind.TOOL else action
    matching = [
        grant
        for grant in policy.grants
        if held & set(grant.roles)
        and meant in grant.actions
        and any(_matches(pattern, f"{resource.kind.value}:{resource.name}") for pattern in grant.patterns)
    ]
    for grant in matching:
        if grant.effect is Effect.DENY:
            return Decision.DENY, grant.id
    return (Decision.ALLOW, matching[0].id) if matching else (Decision.DENY, DEFAULT_DENY)


def _subjects(principal: Principal) -> list[set[str]]:
    found = [{f"agent:{principal.agent.id}"}]
    if principal.user is not None:
        groups = principal.user.groups if principal.user.proof is Proof.VERIFIED else ()
        found.append({f"user:{principal.user.id}", *(f"group:{group}" for group in groups)})
    return found


@settings(max_examples=300, deadline=None)
@given(
    policies(),
    st.lists(st.tuples(principals(), st.sampled_from(_ACTIONS), st.lists(resources, max_size=3)), max_size=6),
)
def test_the_judge_decides_as_the_reference_and_names_the_same_rules(policy, calls):
    """Never allowed where the naive judge denies, nor the other way round; the deciding rules are the same."""
    judge = judge_of(policy)
    for principal, action, asked_for in [*calls, *calls]:
        verdict = judge.judge(principal, action, asked_for)
        expected = [
            _reference(policy, subjects, action, resource)
            for resource in dict.fromkeys(asked_for)
            for subjects in _subjects(principal)
        ]
        denied = [rule for decision, rule in expected if decision is Decision.DENY]
        allowed = bool(expected) and not denied
        assert (verdict.decision is Decision.ALLOW) == allowed
        assert verdict.reasons
        if expected:
            named = denied or [rule for _decision, rule in expected]
            assert [reason.rule for reason in verdict.reasons] == named


@settings(max_examples=150, deadline=None)
@given(policies(), principals(), st.sampled_from(_ACTIONS), resources)
def test_the_intersection_is_never_wider_than_either_party(policy, principal, action, resource):
    """With a user, verified or asserted, an agent may never do more than alone, nor more than the user may."""
    judge = judge_of(policy)
    verdict = judge.judge(principal, action, [resource])
    if principal.user is None or verdict.decision is not Decision.ALLOW:
        return
    assert judge.judge(Principal(agent=principal.agent), action, [resource]).decision is Decision.ALLOW
    assert all(_reference(policy, each, action, resource)[0] is Decision.ALLOW for each in _subjects(principal))


@settings(max_examples=150, deadline=None)
@given(policies(), principals(), st.sampled_from(_ACTIONS), st.lists(resources, min_size=1, max_size=3, unique=True))
def test_an_explanation_agrees_with_the_verdict(policy, principal, action, asked_for):
    """Explaining walks all rules without the index, and marks as deciding exactly the rules that the judge named."""
    judge = judge_of(policy)
    explanation = explain(judge, principal, action, asked_for)
    verdict = explanation.verdict
    assert verdict == judge.judge(principal, action, asked_for)
    decided = {(each.rule, each.party, each.resource) for each in explanation.considered if each.decided}
    named = {(reason.rule, reason.party, reason.resource) for reason in verdict.reasons if reason.rule != DEFAULT_DENY}
    assert named <= decided
    if verdict.decision is Decision.ALLOW:
        assert named == decided
    for each in explanation.considered:
        assert each.matched == (not each.lacking)
        assert not each.decided or each.matched
