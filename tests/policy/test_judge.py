"""The judge: obligations, attributes, domains, refusals, memory."""

from __future__ import annotations

import pytest
from tests.policy.tools import caller, judge_of, on, party, policy_of

from metricgate.policy.explanation import explain
from metricgate.policy.refusal import problems_of
from metricgate.policy.verdict import DEFAULT_DENY, Decision
from metricgate.vocabulary.predicate import And, Comparison, Not, Operator
from metricgate.vocabulary.principal import Proof
from metricgate.vocabulary.resource import Action

_OPEN = "grants: [{id: all, roles: [everyone], actions: [query], on: ['*']}]\n"
_FILTER = (
    "row_filters: [{id: f, roles: [everyone], dataset: c, where: {member: region, op: OP, value: {attribute: region}}}]"
)


def _filtered(op: str, **attributes: object):
    judge = judge_of(policy_of(_OPEN + _FILTER.replace("OP", op)))
    return judge.judge(caller("a").__class__(agent=party("a", **attributes)), Action.QUERY, on("dataset:c"))


def test_on_nothing_at_all_the_answer_is_no():
    """An empty list of resources is not allowed by being empty."""
    verdict = judge_of(policy_of(_OPEN)).judge(caller("a"), Action.QUERY, ())
    assert (verdict.decision, verdict.rules) == (Decision.DENY, (DEFAULT_DENY,))


def test_attributes_of_principals_go_before_roles_and_roles_before_credentials():
    """What the steward wrote beats what a token says, and the nearer word beats the wider one."""
    text = (
        _OPEN
        + "roles: [{name: r, members: [agent:a, agent:b], attributes: {region: ROLE}}]\n"
        + "principals: [{id: agent:a, attributes: {region: OWN}}]\n"
        + _FILTER.replace("OP", "'='")
    )
    judge = judge_of(policy_of(text))
    for name, value in (("a", "OWN"), ("b", "ROLE"), ("c", "TOKEN")):
        principal = caller("x").__class__(agent=party(name, region="TOKEN"))
        (row_filter,) = judge.judge(principal, Action.QUERY, on("dataset:c")).obligations.row_filters
        assert row_filter.condition == Comparison(member="region", op=Operator.EQ, values=(value,))


@pytest.mark.parametrize(
    ("op", "attributes", "why"),
    [
        ("'='", {}, "is not known"),
        ("in", {"region": ()}, "is an empty list"),
        ("not_in", {"region": ()}, "is an empty list"),
        ("'='", {"region": ("A", "B")}, "is a list"),
        ("'!='", {"region": ""}, "is an empty text"),
        ("contains", {"region": 5}, "is not a text"),
        ("'='", {"region": "A\x00"}, "characters that no data holds"),
        ("'<'", {"region": float("nan")}, "is not a finite number"),
    ],
)
def test_an_attribute_that_cannot_be_bound_denies(op, attributes, why):
    """Fail closed, and say which rule needed which attribute of whom."""
    verdict = _filtered(op, **attributes)
    assert (verdict.decision, verdict.rules) == (Decision.DENY, ("f",))
    problem = problems_of(verdict).first
    assert problem.code.name == "E_ATTRIBUTE_MISSING"
    assert problem.code.status == 403
    assert "'f'" in problem.message
    assert "'region' of agent:a" in problem.message
    assert why in problem.message


def test_roles_that_disagree_on_an_attribute_leave_it_without_value():
    """Two roles give one attribute differently: no one is guessed."""
    text = (
        _OPEN
        + "roles: [{name: r, members: [agent:a], attributes: {region: X}}, "
        + "{name: s, members: [agent:a], attributes: {region: Y}}]\n"
        + _FILTER.replace("OP", "'='")
    )
    verdict = judge_of(policy_of(text)).judge(caller("a"), Action.QUERY, on("dataset:c"))
    assert verdict.decision is Decision.DENY
    assert "given differently by the roles 'r' and 's'" in verdict.reasons[0].message


def test_lists_bind_as_lists_and_structure_stays():
    """`in` takes each value of a list; and, or, not keep their places."""
    text = _OPEN + (
        "row_filters: [{id: f, roles: [everyone], dataset: c, where: {and: [{member: region, op: in, "
        "value: [HQ, {attribute: regions}]}, {not: {member: level, op: '>', value: {attribute: level}}}]}}]"
    )
    principal = caller("x").__class__(agent=party("a", regions=("A", "B"), level=3))
    (found,) = judge_of(policy_of(text)).judge(principal, Action.QUERY, on("dataset:c")).obligations.row_filters
    assert found.condition == And(
        (
            Comparison(member="region", op=Operator.IN, values=("HQ", "A", "B")),
            Not(Comparison(member="level", op=Operator.GT, values=(3,))),
        )
    )


def test_filters_of_agent_and_user_both_bind_with_their_own_attributes():
    """The rows shown are those that both may see."""
    judge = judge_of(policy_of(_OPEN + _FILTER.replace("OP", "'='")))
    principal = caller("x").__class__(agent=party("a", region="EU"), user=party("u", region="US"))
    filters = judge.judge(principal, Action.QUERY, on("dataset:c")).obligations.row_filters
    assert [each.condition.values for each in filters if isinstance(each.condition, Comparison)] == [("EU",), ("US",)]


def test_values_that_python_finds_equal_are_kept_apart():
    """1, 1.0 and True are three values; the memory of one decision never serves another."""
    judge = judge_of(policy_of(_OPEN + _FILTER.replace("OP", "'='")))
    bound = []
    for value in (1, True, 1.0, 1):
        principal = caller("x").__class__(agent=party("a", region=value))
        (found,) = judge.judge(principal, Action.QUERY, on("dataset:c")).obligations.row_filters
        assert isinstance(found.condition, Comparison)
        bound.append(repr(found.condition.values))
    assert bound == ["(1,)", "(True,)", "(1.0,)", "(1,)"]


_STRANGER = "does not apply: not a role of this party"
_DOMAINS = """
roles:
  - {name: seller, members: [agent:sales, user:ana, user:torn]}
  - {name: accountant, members: [agent:books, user:bo, user:torn]}
domains:
  - {id: sales-words, roles: [seller], domain: sales}
  - {id: finance-words, roles: [accountant], domain: finance}
"""


@pytest.mark.parametrize(
    ("agent", "user", "expected"),
    [
        ("sales", None, ("sales", "sales-words")),
        ("other", "bo", ("finance", "finance-words")),
        ("sales", "ana", ("sales", "sales-words")),
        ("sales", "stranger", ("sales", "sales-words")),
        ("sales", "bo", None),
        ("other", "torn", None),
        ("other", None, None),
    ],
)
def test_a_domain_decides_only_where_all_rules_agree(agent, user, expected):
    """Agent and user in different domains, or one of them in two: the question goes back to the caller."""
    assert judge_of(policy_of(_DOMAINS)).domain_of(caller(agent, user)) == expected


def test_a_refusal_names_rule_party_and_resource_and_tells_no_way_round():
    """An explicit deny and a default deny have their own codes, both 403."""
    text = _OPEN + "roles: [{name: r, members: ['user:ana']}]\n"
    text = text.replace("on: ['*']}", "on: ['metric:*']}, {id: no, roles: [r], actions: [query], on: [metric:pay], "
                        "effect: deny, because: Pay is private.}")  # fmt: skip
    judge = judge_of(policy_of(text))
    denied = problems_of(judge.judge(caller("a", "ana"), Action.QUERY, on("metric:pay", "dataset:x"))).items
    assert [(each.code.name, each.code.status, each.details["party"]) for each in denied] == [
        ("E_DENIED", 403, "user:ana"),
        ("E_NOT_GRANTED", 403, "agent:a"),
        ("E_NOT_GRANTED", 403, "user:ana"),
    ]
    assert denied[0].message == "The rule 'no' forbids user:ana to query metric:pay: Pay is private."
    assert denied[0].details == {"rule": "no", "party": "user:ana", "action": "query", "resource": "metric:pay"}
    for each in denied:
        assert "polic" not in (each.hint or "")
    with pytest.raises(ValueError, match="refuses nothing"):
        problems_of(judge.judge(caller("a"), Action.QUERY, on("metric:x")))


def test_every_verdict_carries_the_policy_it_was_given_under():
    """The digest tells an auditor which policy spoke."""
    policy = policy_of(_OPEN)
    judge = judge_of(policy)
    for resources in (on("metric:x"), ()):
        assert judge.judge(caller("a"), Action.QUERY, resources).policy_digest == policy.digest


def test_an_explanation_says_what_would_have_to_change():
    """People read which rules were near, where they stand, and what is missing."""
    text = "roles: [{name: r, members: ['agent:a']}]\n" + _OPEN.replace("everyone", "r").replace("'*'", "'metric:*'")
    explanation = explain(judge_of(policy_of(text)), caller("a", "ana"), Action.QUERY, on("metric:x.y"))
    assert explanation.text.split("\n") == [
        "DENY: query",
        "  agent:a holds: everyone, r",
        "  user:ana holds: everyone",
        "Because:",
        "  No rule allows user:ana to query metric:x.y.",
        "Rules considered, in order:",
        "  policies/0.yaml:3:10 grants[0]: all (allow) for agent:a on metric:x.y: applies, decided",
        "  policies/0.yaml:3:10 grants[0]: all (allow) for user:ana on metric:x.y: " + _STRANGER,
        "To come out otherwise:",
        "  A grant of `query` on one of metric:x.y, metric:x.*, metric:* to a role that user:ana holds.",
    ]
    assert explanation.as_json()["decision"] == "deny"


def test_proof_is_what_makes_groups_count():
    """The same groups, verified and asserted, give different roles, also when remembered."""
    text = "roles: [{name: r, members: ['group:g']}]\n" + _OPEN.replace("everyone", "r, s").replace(
        "grants", "x"
    ).replace("x:", "grants:")
    text = text.replace("roles: [{name: r", "roles: [{name: s, members: ['agent:a']}, {name: r")
    judge = judge_of(policy_of(text))
    for proof, expected in ((Proof.VERIFIED, Decision.ALLOW), (Proof.ASSERTED, Decision.DENY)) * 2:
        user = party("u", proof=proof, groups=("g",))
        assert judge.judge(caller("a", user), Action.QUERY, on("metric:x")).decision is expected
