"""``policy diff``: who gains and who loses what; nothing where policies do the same."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.policy.strategies import PARTIES, POOL, ROLES, policies
from tests.policy.tools import judge_of, party, policy_of

from metricgate.policy.policy import Policy
from metricgate.policy.policy_diff import Direction, compare
from metricgate.policy.policy_loader import load
from metricgate.policy.verdict import Decision
from metricgate.vocabulary.principal import Principal
from metricgate.vocabulary.resource import Action

_BASE = """
roles:
  - {name: reader}
  - {name: seller, members: ['user:ana', 'agent:a'], inherits: [reader]}
principals: [{id: 'user:ana', attributes: {regions: [EU]}}]
grants:
  - {id: read, roles: [reader], actions: [query], on: ['metric:sales.*', dataset:orders]}
  - {id: no, roles: [seller], actions: [query], on: [metric:sales.margin], effect: deny}
row_filters:
  - {id: own, roles: [seller], dataset: orders, where: {member: region, op: in, value: {attribute: regions}}}
masks: [{id: mail, roles: [reader], on: ['column:c.*'], method: partial, first: 3, usable_in: [group]}]
minimum_groups: [{id: few, roles: [everyone], on: [dataset:c], size: 5}]
limits: [{id: rows, roles: [seller], rows: 100, calls_per_day: 10}]
domains: [{id: words, roles: [seller], domain: sales}]
"""


def _said(old: str, new: str) -> list[tuple[str, str, str, str, str, str]]:
    return [
        (",".join(each.who), each.direction.value, each.kind, each.resource, each.before, each.after)
        for each in compare(policy_of(old), policy_of(new))
    ]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("sales.*', dataset", "*', dataset",
         [("reader", "gains", "grant", "metric:*", "not granted", "allowed")]),
        ("on: ['metric:sales.*', dataset:orders]}", "on: ['metric:sales.*', dataset:orders], when: {purpose: [audit]}}",
         [("reader", "loses", "grant", "dataset:orders", "allowed", "allowed when the purpose is audit"),
          ("reader", "loses", "grant", "metric:sales.*", "allowed", "allowed when the purpose is audit")]),
        ("effect: deny", "effect: allow", [("seller", "gains", "grant", "metric:sales.margin", "denied", "allowed")]),
        (", dataset:orders]}", "]}", [("reader", "loses", "grant", "dataset:orders", "allowed", "not granted")]),
        ("op: in, value", "op: not_in, value",
         [("seller", "changes", "row_filter", "dataset:orders",
           "region in {attribute: regions}", "region not_in {attribute: regions}")]),
        ("first: 3", "first: 2",
         [("reader", "loses", "mask", "column:c.*", "partial, first 3, usable in group",
           "partial, first 2, usable in group")]),
        ("partial, first: 3", "hash",
         [("reader", "changes", "mask", "column:c.*", "partial, first 3, usable in group",
           "hash, usable in group")]),
        (", usable_in: [group]", ", usable_in: [group, filter]",
         [("reader", "gains", "mask", "column:c.*", "partial, first 3, usable in group",
           "partial, first 3, usable in filter, group")]),
        ("size: 5", "size: 3",
         [("everyone", "gains", "minimum_group", "dataset:c", "at least 5", "at least 3")]),
        ("size: 5}", "size: 5, small: hide}",
         [("everyone", "gains", "minimum_group", "dataset:c", "answers with a smaller group are refused", "")]),
        ("rows: 100", "rows: 50", [("seller", "loses", "limit", "*", "rows 100", "rows 50")]),
        (", calls_per_day: 10", "", [("seller", "gains", "limit", "*", "calls per day 10", "")]),
        ("{regions: [EU]}", "{regions: [US]}",
         [("user:ana", "changes", "attribute", "attribute:regions", "('EU',)", "('US',)")]),
        ("domain: sales", "domain: finance",
         [("seller", "changes", "domain", "domain:finance", "", "means it"),
          ("seller", "changes", "domain", "domain:sales", "means it", "")]),
    ],
)  # fmt: skip
def test_a_difference_is_told_once_with_who_and_what(old, new, said):
    """Where it comes from: what seller inherits is told of reader; each in words, in the right direction."""
    assert old in _BASE
    assert _said(_BASE, _BASE.replace(old, new)) == said
    back = {"gains": "loses", "loses": "gains", "changes": "changes"}
    turned = [(who, back[way], kind, on, after, before) for who, way, kind, on, before, after in said]
    assert _said(_BASE.replace(old, new), _BASE) == turned


def test_a_party_is_told_where_its_roles_differ():
    """Who leaves a role loses what it gave, and the filter that it set."""
    found = _said(_BASE, _BASE.replace("['user:ana', ", "["))
    assert ("user:ana", "loses", "role", "role:seller", "holds", "") in found
    assert ("user:ana", "loses", "grant", "metric:sales.*", "allowed", "not granted") in found
    assert ("user:ana", "gains", "row_filter", "dataset:orders", "region in {attribute: regions}", "") in found
    assert {who for who, *_rest in found} == {"user:ana"}


def test_names_places_and_tests_are_no_difference():
    """Another id, another order, other words for people: nobody gains or loses anything."""
    other = _BASE.replace("id: read,", "id: reading, because: So be it,").replace("id: mail", "id: post")
    other += "tests: [{name: t, as: {agent: a}, do: query, on: [metric:x], expect: deny}]"
    assert compare(policy_of(_BASE), policy_of(other)) == ()


@settings(max_examples=60, deadline=None)
@given(policies(), policies(), st.sampled_from(PARTIES), st.sampled_from(POOL))
def test_whoever_is_judged_otherwise_is_named(old: Policy, new: Policy, name: str, resource):
    """No change of a verdict for a party escapes the comparison: it, or a role that it holds, has a difference."""
    kind, _colon, bare = name.partition(":")
    agent = party(bare)
    verdicts = [judge_of(each).judge(Principal(agent=agent), Action.QUERY, [resource]).decision for each in (old, new)]
    found = compare(old, new)
    if kind != "agent" or verdicts[0] is verdicts[1]:
        assert compare(old, old) == ()
        return
    assert Decision.ALLOW in verdicts
    held = {name, "everyone", *ROLES}
    assert any(each.kind in {"grant", "role"} and held & set(each.who) for each in found)


def test_freezes_and_stops_take_and_give():
    """A freeze or stop that comes is a loss, of its roles and of its targets; one that goes is a gain."""
    text = """
version: 1
roles: [{name: writers, members: [agent:copilot]}]
freezes:
  - {id: f, roles: [writers], targets: ["tenant:acme"], on: [dataset:orders], because: b}
stops:
  - {id: s, targets: [all], because: b, when: {purpose: [sale]}}
"""
    bare = text[: text.index("freezes:")]
    old, new = load([("p.yaml", bare)]), load([("p.yaml", text)])
    assert isinstance(old, Policy)
    assert isinstance(new, Policy), str(new)
    wanted = {
        ("freeze", ("tenant:acme", "writers"), "dataset:orders", "nothing may be changed"),
        ("stop", ("all",), "* (when the purpose is sale)", "no call is served"),
    }
    assert {(each.kind, each.who, each.resource, each.after) for each in compare(old, new)} == wanted
    assert {each.direction for each in compare(old, new)} == {Direction.LOSES}
    assert {each.direction for each in compare(new, old)} == {Direction.GAINS}
    assert compare(new, new) == ()
