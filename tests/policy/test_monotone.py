"""One more rule that denies or narrows never shows anybody more, whatever rule it is."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.policy import strategies as any_
from tests.policy.tools import judge_of
from tests.policy.values import shows_no_more

from metricgate.policy.kinds.grants import Grant, GrantEffect
from metricgate.policy.policy import Policy
from metricgate.policy.verdict import Decision, Verdict
from metricgate.vocabulary.obligation import SmallGroups

_SEVERAL = st.lists(any_.resources, min_size=1, max_size=3)
_denials = any_.grants.map(
    lambda grant: Grant(**{field: getattr(grant, field) for field in grant.__slots__} | {"effect": GrantEffect.DENY})
)
_ONE_MORE = st.one_of(
    st.tuples(st.just("grants"), _denials),
    st.tuples(st.just("row_filters"), any_.row_filters),
    st.tuples(st.just("masks"), any_.masks),
    st.tuples(st.just("masks"), any_.masks),
    st.tuples(st.just("minimum_groups"), any_.minimum_groups),
    st.tuples(st.just("limits"), any_.limits),
)


@settings(max_examples=150, deadline=None)
@given(any_.open_policies(), _ONE_MORE, st.booleans(), any_.principals(), _SEVERAL, _SEVERAL, any_.circumstances)
def test_one_more_rule_never_shows_more(policy: Policy, more, first, principal, asked_for, touched, when):
    """Denied stays denied; what was filtered, masked, grouped or limited stays so at least as tightly."""
    kind, rule = more
    (named,) = any_.numbered("more", [rule])
    rules = any_.rules_of(policy, kind)
    wider = (named, *rules) if first else (*rules, named)
    before, after = (
        judge_of(each).judge(principal, any_.ACTIONS[0], asked_for, unless_forbidden=touched, circumstances=when)
        for each in (policy, any_.with_rules(policy, **{kind: wider}))
    )
    assert_no_more(before, after)


def assert_no_more(before: Verdict, after: Verdict) -> None:
    """Hold every part of the second verdict to the first."""
    if after.decision is not Decision.ALLOW:
        return
    assert before.decision is Decision.ALLOW
    old, new = before.obligations, after.obligations
    assert set(old.row_filters) <= set(new.row_filters)
    assert set(old.budgets) <= set(new.budgets)
    masks = {(each.dataset, each.column): each for each in new.masks}
    for mask in old.masks:
        stricter = masks[mask.dataset, mask.column]
        assert shows_no_more(stricter, mask)
        assert stricter.uses <= mask.uses
    groups = {each.dataset: each for each in new.minimum_groups}
    assert all(groups[each.dataset].size >= each.size for each in old.minimum_groups)
    assert all(groups[each.dataset].small in {each.small, SmallGroups.REFUSE} for each in old.minimum_groups)
    for was, now in ((old.rows, new.rows), (old.seconds, new.seconds)):
        assert was is None or (now is not None and now.value <= was.value)
