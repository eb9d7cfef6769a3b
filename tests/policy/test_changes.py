"""Changes: who may decide, what taking back needs, and how holds and owners are explained and compared."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.policy.tools import caller, judge_of, on, party, policy_of, problems_in

from metricgate.policy.explanation import explain
from metricgate.policy.judging_changes import Demand, undo_demand
from metricgate.policy.policy_diff import compare
from metricgate.policy.policy_tests import run_tests
from metricgate.policy.verdict import Decision
from metricgate.vocabulary.principal import Proof
from metricgate.vocabulary.resource import Action

_NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
_POLICY = """
roles:
  - {name: stewards, members: ['user:sam', 'group:data']}
  - {name: writers, members: ['agent:a', 'user:ana']}
principals: [{id: 'agent:a', owner: 'user:olga'}]
grants:
  - {id: decide, roles: [stewards], actions: [approve, undo], on: ['dataset:orders', 'action:refund']}
  - {id: write, roles: [writers], actions: [update, undo], on: ['dataset:orders']}
holds:
  - {id: many, roles: [writers], on: [dataset:orders], actions: [update], stakes: {rows_over: 10}}
  - {id: back, roles: [stewards], on: [dataset:orders], actions: [undo], stakes: {rows_over: 10}, approvals: {count: 2}}
"""


@pytest.mark.parametrize(
    ("person", "resources", "decision"),
    [
        (party("sam"), on("dataset:orders"), Decision.ALLOW),
        (party("sam"), on("dataset:orders", "action:refund"), Decision.ALLOW),
        (party("sam"), on("dataset:orders", "dataset:staff"), Decision.DENY),
        (party("eve", groups=("data",)), on("dataset:orders"), Decision.ALLOW),
        (party("eve", groups=("data",), proof=Proof.ASSERTED), on("dataset:orders"), Decision.DENY),
        (party("ana"), on("dataset:orders"), Decision.DENY),
        (party("Sam"), on("dataset:orders"), Decision.DENY),
        (party("sam"), (), Decision.DENY),
    ],
)
def test_the_right_to_decide_is_a_persons(person, resources, decision):
    """It needs a grant on everything that changes, and only what a login proves counts."""
    verdict = judge_of(policy_of(_POLICY)).judge_person(person, Action.APPROVE, resources)
    assert verdict.decision is decision
    assert verdict.reasons


@pytest.mark.parametrize("halt", ["targets: ['user:sam']", "roles: [stewards]", "targets: ['group:data']"])
def test_who_is_stopped_decides_nothing(halt):
    """A stop serves nothing to whom it names, at doors for people too."""
    judge = judge_of(policy_of(_POLICY + f"stops: [{{id: suspect, {halt}, because: Look into it.}}]"))
    person = party("sam", groups=("data",))
    for action in (Action.APPROVE, Action.UNDO):
        verdict = judge.judge_person(person, action, on("dataset:orders"))
        assert verdict.decision is Decision.DENY
        assert verdict.rules == ("suspect",)


def test_a_stop_of_everybody_leaves_people_to_clean_up():
    """What stops all calls of agents does not lock out who takes back what they did; a freeze does not either."""
    text = _POLICY + "stops: [{id: all, targets: [all], because: An incident.}]\n"
    text += "freezes: [{id: cold, targets: [all], because: An incident.}]"
    judge = judge_of(policy_of(text))
    assert judge.judge_person(party("sam"), Action.UNDO, on("dataset:orders")).decision is Decision.ALLOW
    assert judge.judge(caller("a"), Action.UPDATE, on("dataset:orders")).decision is Decision.DENY


def test_a_persons_undo_is_held_where_a_rule_says_so():
    """Holds on `undo` bind people by their roles and by how much is taken back."""
    judge = judge_of(policy_of(_POLICY))

    def demand(person: str, rows: int) -> Demand | None:
        return undo_demand(judge, party(person), on("dataset:orders"), rows=rows, environment="production", now=_NOW)

    assert demand("sam", 10) is None
    assert demand("ana", 1_000) is None
    held = demand("sam", 11)
    assert held is not None
    assert (held.approvals, held.rules, held.apart) == (2, ("back",), ("requester", "owner"))


def test_owners_are_of_agents_by_name():
    """The owner is who answers for the agent; nobody is named for others."""
    policy = policy_of(_POLICY)
    assert policy.owner_of("a") == "olga"
    assert policy.owner_of("b") is None


@pytest.mark.parametrize(
    ("principal", "why"),
    [
        ("{id: 'agent:a', owner: 'agent:b'}", "owner"),
        ("{id: 'agent:a', owner: 'group:data'}", "owner"),
        ("{id: 'agent:a', owner: olga}", "owner"),
        ("{id: 'user:ana', owner: 'user:olga'}", "owner"),
    ],
)
def test_an_owner_is_a_user_of_an_agent(principal, why):
    """A group or an agent answers for nothing, and people answer for themselves."""
    (problem,) = problems_in(f"principals: [{principal}]")
    assert why in str(problem)


def test_explaining_a_change_names_the_holds():
    """Whoever asks why a change waits finds the hold, what it looks at, and what kept the others away."""
    judge = judge_of(policy_of(_POLICY))
    explanation = explain(judge, caller("a", "ana"), Action.UPDATE, on("dataset:orders"))
    assert "many (hold) for agent:a: holds it where the change has rows over 10" in explanation.text
    holds = [each.as_json() for each in explanation.considered if each.kind == "hold"]
    assert [(each["rule"], each["party"], each["matched"], each["lacking"]) for each in holds] == [
        ("many", "agent:a", True, []),
        ("back", "agent:a", False, ["role", "action"]),
        ("many", "user:ana", True, []),
        ("back", "user:ana", False, ["role", "action"]),
    ]
    assert holds[0]["stakes"] == "rows over 10"
    reading = explain(judge, caller("a"), Action.READ, on("dataset:orders"))
    assert not [each for each in reading.considered if each.kind == "hold"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("rows_over: 10}}\n", "rows_over: 20}}\n", [("writers", "changes", "hold", "dataset:orders")]),
        (
            "  - {id: many, roles: [writers], on: [dataset:orders], actions: [update], stakes: {rows_over: 10}}\n",
            "",
            [("writers", "gains", "hold", "dataset:orders")],
        ),
        (
            "user:olga",
            "user:otto",
            [("agent:a", "changes", "owner", "owner:olga"), ("agent:a", "changes", "owner", "owner:otto")],
        ),
    ],
)
def test_comparing_tells_holds_and_owners(old, new, said):
    """Who is held less or more, and for whom somebody else answers, is a difference."""
    found = compare(policy_of(_POLICY), policy_of(_POLICY.replace(old, new, 1)))
    assert [(",".join(each.who), str(each.direction), each.kind, each.resource) for each in found] == said
    assert all(each.before or each.after for each in found)


@pytest.mark.parametrize(
    "test",
    [
        "{name: x, as: {agent: a}, do: read, on: [dataset:orders], expect: deny, stakes: {updated: 1}}",
        "{name: x, as: {agent: a}, do: update, on: [dataset:orders], expect: hold, approvals: {count: 1}}",
        "{name: x, as: {agent: a}, do: update, on: [dataset:orders], expect: allow, stakes: {}, approvals: {count: 1}}",
    ],
)
def test_a_test_that_cannot_mean_anything_is_refused(test):
    """Stakes of what changes nothing, demands where nothing is held."""
    (problem,) = problems_in(_POLICY + f"tests: [{test}]")
    assert problem.code.name == "E_POLICY_BAD_TEST"


def test_a_test_says_how_a_hold_came_out_otherwise():
    """Each part of what is demanded is told by itself."""
    policy = policy_of(
        _POLICY
        + """
tests:
  - {name: held, as: {agent: a}, do: update, on: [dataset:orders], stakes: {updated: 11}, expect: hold,
     approvals: {count: 2, roles: [stewards], apart: [owner], within_minutes: 5}}
  - {name: free, as: {agent: a}, do: update, on: [dataset:orders], stakes: {updated: 11}, expect: allow}
"""
    )
    held, free = run_tests(policy, judge_of(policy))
    assert held.failures == (
        "Expected the hold to demand 2 approvals; it demands 1.",
        "Expected the hold to demand 5 minutes; it demands 15.",
        "Expected the hold to demand the roles stewards; it demands none.",
        "Expected the hold to demand the parties apart owner; it demands requester, owner.",
    )
    assert free.failures[0].startswith("Expected allow, got hold.")
    assert "The rule 'many' holds it for 11 rows." in free.failures[0]
