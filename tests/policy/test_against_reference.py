"""The judge against a naive one: simple loops over the rules, without casbin, index or memory."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.policy.reference import binding, ruling, subjects_of
from tests.policy.strategies import ACTIONS, circumstances, open_policies, policies, principals, resources
from tests.policy.tools import judge_of
from tests.policy.values import shows_no_more

from metricgate.policy.explanation import explain
from metricgate.policy.kinds.minimum_groups import dataset_of
from metricgate.policy.occasion import UNKNOWN_CONTEXT
from metricgate.policy.verdict import DEFAULT_DENY, Decision
from metricgate.vocabulary.obligation import MaskMethod, SmallGroups
from metricgate.vocabulary.principal import Principal
from metricgate.vocabulary.resource import ResourceKind

_SEVERAL = st.lists(resources, max_size=3)
_ODD = "a b"
_ANY = st.one_of(policies(), open_policies())


@settings(max_examples=120, deadline=None)
@given(_ANY, st.lists(st.tuples(principals(), st.sampled_from(ACTIONS), _SEVERAL, _SEVERAL, circumstances), max_size=5))
def test_the_judge_decides_as_the_reference_and_names_the_same_rules(policy, calls):
    """Never allowed where the naive judge denies, nor the other way round; the deciding rules are the same."""
    judge = judge_of(policy)
    for principal, action, asked_for, touched, when in [*calls, *calls]:
        verdict = judge.judge(principal, action, asked_for, unless_forbidden=touched, circumstances=when)
        named = dict.fromkeys(asked_for)
        expected = [
            (resource, *ruling(policy, subjects, action, resource, when))
            for resource in named
            for subjects in subjects_of(principal)
        ]
        # A name that no rule could write is never allowed, though it may be denied.
        expected = [
            (resource, Decision.DENY, DEFAULT_DENY)
            if decision is Decision.ALLOW and resource.name == _ODD
            else (resource, decision, rule)
            for resource, decision, rule in expected
        ]
        denied = [rule for _resource, decision, rule in expected if decision is Decision.DENY]
        if named:
            denied += [
                rule
                for resource in dict.fromkeys(touched)
                if resource not in named
                for subjects in subjects_of(principal)
                for decision, rule in [ruling(policy, subjects, action, resource, when)]
                if decision is Decision.DENY and rule != DEFAULT_DENY
            ]
        assert (verdict.decision is Decision.ALLOW) == (bool(expected) and not denied)
        assert verdict.reasons
        if expected:
            grants = [reason.rule for reason in verdict.reasons if reason.kind == "grant"]
            assert grants == (denied or [rule for _resource, _decision, rule in expected])


@settings(max_examples=120, deadline=None)
@given(open_policies(), principals(), _SEVERAL, _SEVERAL, circumstances)
def test_what_is_owed_is_what_the_reference_finds(policy, principal, asked_for, touched, when):
    """Filters, masks, minimum groups, limits and budgets: the same rules bind, and the tightest holds."""
    verdict = judge_of(policy).judge(principal, ACTIONS[0], asked_for, unless_forbidden=touched, circumstances=when)
    if verdict.decision is not Decision.ALLOW:
        return
    everything = list(dict.fromkeys([*asked_for, *touched]))
    bound = {
        kind: [
            each for subjects in subjects_of(principal) for each in binding(policy, kind, subjects, everything, when)
        ]
        for kind in ("row_filters", "masks", "minimum_groups", "limits")
    }
    owed = verdict.obligations
    assert {each.rule for each in owed.row_filters} == {rule.id for rule, _resource in bound["row_filters"]}
    columns = [(rule, each) for rule, each in bound["masks"] if each.kind is ResourceKind.COLUMN]
    assert {f"{each.dataset}.{each.column}" for each in owed.masks} == {each.name for _rule, each in columns}
    for mask in owed.masks:
        binds = [rule.on("", "") for rule, each in columns if each.name == f"{mask.dataset}.{mask.column}"]
        assert all(shows_no_more(mask, each) for each in binds)
        assert mask.uses == frozenset.intersection(*(each.uses for each in binds))
        assert mask.rule in {each.rule for each in binds}
        methods = {each.method for each in binds} - {MaskMethod.NULL, MaskMethod.CONSTANT}
        strictest = [each for each in binds if all(shows_no_more(each, other) for other in binds)]
        # Of one method nothing is hidden without need. A hash hides the text that a part shows: neither shows less.
        assert len(methods) > 1 or not strictest or any(shows_no_more(each, mask) for each in strictest)
    sizes: dict[str, int] = {}
    refusing = set()
    for rule, each in bound["minimum_groups"]:
        dataset = dataset_of(each)
        if dataset is not None:
            sizes[dataset] = max(rule.size, sizes.get(dataset, 0))
            refusing |= {dataset} if rule.small is SmallGroups.REFUSE else set()
    assert {each.dataset: each.size for each in owed.minimum_groups} == sizes
    assert {each.dataset for each in owed.minimum_groups if each.small is SmallGroups.REFUSE} == refusing
    for sort in ("rows", "seconds"):
        values = [getattr(rule, sort) for rule, _each in bound["limits"] if getattr(rule, sort) is not None]
        limit = getattr(owed, sort)
        assert (limit and limit.value) == min(values, default=None)
    parties = [f"agent:{principal.agent.id}"] + ([f"user:{principal.user.id}"] if principal.user else [])
    budgets = Counter(
        (rule_id, party, measure, value)
        for party, subjects in zip(parties, subjects_of(principal), strict=True)
        for rule_id, pairs in {
            rule.id: rule.budgets for rule, _each in binding(policy, "limits", subjects, everything, when)
        }.items()
        for measure, value in pairs
    )
    assert Counter((each.rule, each.party, each.measure, each.value) for each in owed.budgets) == budgets
    named = {reason.rule for reason in verdict.reasons if reason.kind == "mask"}
    assert named == {rule.id for rule, _each in columns}
    assert all(mask.method is not MaskMethod.CONSTANT or mask.value is not None for mask in owed.masks)


@settings(max_examples=80, deadline=None)
@given(_ANY, principals(), st.sampled_from(ACTIONS), resources, circumstances)
def test_the_intersection_is_never_wider_than_either_party(policy, principal, action, resource, when):
    """With a user, verified or asserted, an agent may never do more than alone, nor more than the user may."""
    judge = judge_of(policy)
    verdict = judge.judge(principal, action, [resource], circumstances=when)
    if principal.user is None or verdict.decision is not Decision.ALLOW:
        return
    alone = judge.judge(Principal(agent=principal.agent), action, [resource], circumstances=when)
    assert alone.decision is Decision.ALLOW
    assert set(alone.obligations.row_filters) <= set(verdict.obligations.row_filters)
    assert set(alone.obligations.budgets) <= set(verdict.obligations.budgets)
    for subjects in subjects_of(principal):
        assert ruling(policy, subjects, action, resource, when)[0] is Decision.ALLOW


@settings(max_examples=100, deadline=None)
@given(_ANY, principals(), st.sampled_from(ACTIONS), _SEVERAL.filter(bool), _SEVERAL, circumstances)
def test_an_explanation_agrees_with_the_verdict(policy, principal, action, asked_for, touched, when):
    """Explaining walks all rules without the index, and marks as deciding exactly the rules that the judge named."""
    judge = judge_of(policy)
    explanation = explain(judge, principal, action, asked_for, unless_forbidden=touched, circumstances=when)
    verdict = explanation.verdict
    assert verdict == judge.judge(principal, action, asked_for, unless_forbidden=touched, circumstances=when)
    decided = {(each.rule, each.party, each.resource) for each in explanation.considered if each.decided}
    named = {(reason.rule, reason.party, reason.resource) for reason in verdict.reasons if reason.rule != DEFAULT_DENY}
    assert named <= decided
    if verdict.decision is Decision.ALLOW:
        assert named == decided
    for each in explanation.considered:
        assert each.matched == (not each.lacking)
        assert not each.decided or each.matched
    assert explanation.changes
    assert explanation.text


@settings(max_examples=80, deadline=None)
@given(_ANY, principals(), st.sampled_from(ACTIONS), _SEVERAL, circumstances)
def test_what_is_allowed_without_knowing_is_allowed_whenever(policy, principal, action, asked_for, when):
    """Saying a purpose or the time may open something; keeping quiet about them never does."""
    judge = judge_of(policy)
    quiet = judge.judge(principal, action, asked_for, circumstances=UNKNOWN_CONTEXT)
    told = judge.judge(principal, action, asked_for, circumstances=when)
    if quiet.decision is Decision.ALLOW:
        assert told.decision is Decision.ALLOW
        assert set(told.obligations.row_filters) <= set(quiet.obligations.row_filters)
        assert set(told.obligations.budgets) <= set(quiet.obligations.budgets)
