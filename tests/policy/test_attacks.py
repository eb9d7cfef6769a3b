"""Attempts to get round the policy, each kept as a test."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tests.policy.tools import caller, judge_of, on, party, policy_of, problems_in

from metricgate.policy.explanation import explain
from metricgate.policy.occasion import EvaluationContext
from metricgate.policy.refusal import problems_of
from metricgate.policy.verdict import Decision
from metricgate.vocabulary.obligation import MaskMethod
from metricgate.vocabulary.predicate import Comparison
from metricgate.vocabulary.principal import Principal, Proof
from metricgate.vocabulary.resource import Action, Resource, ResourceKind

_SALES = """
roles: [{name: seller, members: ['agent:a', 'user:ana']}]
grants:
  - {id: sales, roles: [seller], actions: [query], on: ['metric:sales.*']}
  - {id: no-margin, roles: [seller], actions: [query], on: [metric:sales.margin], effect: deny}
"""


@pytest.mark.parametrize(
    "name",
    [
        "*", "sales.*", "sales*", "sales.**",
        "sales", "sales.", ".sales.x", "sales..x", "Sales.revenue",
        "SALES.revenue",        "sales\u2024revenue", "sales.reve\u202enue", "sales.revenue\x00", "sales.rev\u200benue",
        "sales. revenue",
        "sales.revenue\n", "metric:sales.revenue", "sales.cafe\u0301", "", "." * 10_000, "sales." + "x" * 10_000,
        "sales." + ".".join("x" * 5_000), "salesforce.x", "s\u0430les.revenue",
    ],
)  # fmt: skip
def test_a_strange_name_is_never_granted(name):
    """Wildcards, case, look-alikes, invisible characters and endless names in a *request* match no pattern."""
    verdict = judge_of(policy_of(_SALES)).judge(caller("a"), Action.QUERY, [Resource(ResourceKind.METRIC, name)])
    assert verdict.decision is Decision.DENY


def test_a_kind_is_no_part_of_a_name():
    """A dataset called like a metric is not granted by a rule on metrics."""
    judge = judge_of(policy_of(_SALES))
    for kind in ResourceKind:
        verdict = judge.judge(caller("a"), Action.QUERY, [Resource(kind, "sales.revenue")])
        assert (verdict.decision is Decision.ALLOW) == (kind is ResourceKind.METRIC)


@pytest.mark.parametrize(
    "pattern",
    ["metric:sal*", "metric:*.revenue", "metric:sales.*.eu", "metric:**", "metric:", "metric:.*", "*:x", "met*:x",
     "metric:sales.?", "metric: x", "metric:a..b", "**", "", "metric:x\u200b", "metric:[a-z]*", "metric:sales.* "],
)  # fmt: skip
def test_a_pattern_with_more_than_a_last_star_is_refused(pattern):
    """No half wildcard that one engine reads wider than another."""
    text = f"grants: [{{id: g, roles: [everyone], actions: [query], on: ['{pattern}']}}]"
    assert {problem.code.name for problem in problems_in(text)} <= {"E_POLICY_BAD_PATTERN", "E_YAML_CHARACTER"}


@pytest.mark.parametrize(
    "member",
    ["agent:*", "user:*@acme.example", "*", "everyone", "agent:", "role:admin", "Agent:x", "agent:a b",
     "user:a\u200bna",     "user:ana\u202e", "user:cafe\u0301", "user:" + "x" * 300],
)  # fmt: skip
def test_a_member_is_one_party_written_exactly(member):
    """No wildcard, no invisible character, no role smuggled in as a member."""
    found = {problem.code.name for problem in problems_in(f"roles: [{{name: r, members: ['{member}']}}]")}
    assert found <= {"E_POLICY_BAD_PARTY", "E_YAML_CHARACTER"}


def test_a_wildcard_in_an_identity_is_only_a_letter():
    """Someone whose key is named `*` is nobody in particular."""
    judge = judge_of(policy_of(_SALES))
    for name in ("*", "agent:a", "a ", "A", "a\x00", "role:seller", "seller", "everyone"):
        assert judge.judge(caller(name), Action.QUERY, on("metric:sales.x")).decision is Decision.DENY


def test_everyone_cannot_be_redeclared_or_claimed():
    """`everyone` has no members to add, and a group of that name is only a group."""
    assert problems_in("roles: [{name: everyone, members: ['agent:a']}]").first.code.name == "E_POLICY_RESERVED_NAME"
    assert judge_of(policy_of(_SALES)).standings(caller("zoe"))[0].roles == {"everyone"}


def test_a_group_that_looks_like_a_party_or_role_gives_nothing():
    """Groups are their own kind of subject: a token cannot make one that reads as a user, an agent or a role."""
    judge = judge_of(policy_of(_SALES))
    for group in ("seller", "role:seller", "user:ana", "agent:a", "everyone"):
        (standing,) = judge.standings(Principal(agent=party("x", groups=(group,))))
        assert standing.roles == {"everyone"}


def test_naming_a_strong_user_gives_a_weak_agent_nothing():
    """Rights of a user, verified or merely said, only narrow what the agent may do itself."""
    judge = judge_of(policy_of(_SALES))
    for proof in Proof:
        user = party("ana", proof=proof)
        verdict = judge.judge(caller("weak", user), Action.QUERY, on("metric:sales.revenue"))
        assert verdict.decision is Decision.DENY
        assert {reason.party for reason in verdict.reasons} == {"agent:weak"}


def test_leaving_the_user_out_does_not_drop_the_agents_own_limits():
    """What binds the agent binds it with and without a user."""
    text = _SALES + "limits: [{id: few, roles: [seller], rows: 10}]"
    judge = judge_of(policy_of(text))
    for principal in (caller("a"), caller("a", "ana")):
        rows = judge.judge(principal, Action.QUERY, on("metric:sales.revenue")).obligations.rows
        assert rows is not None
        assert (rows.rule, rows.value) == ("few", 10)


def test_deny_cannot_be_outbid():
    """Neither order, nor specificity, nor a second role that allows, beats a denying rule."""
    text = _SALES.replace("{name: seller", "{name: boss, members: ['agent:a']}, {name: seller")
    text += "  - {id: boss-may, roles: [boss], actions: [query], on: [metric:sales.margin, 'metric:*', '*']}\n"
    verdict = judge_of(policy_of(text)).judge(caller("a"), Action.QUERY, on("metric:sales.margin"))
    assert verdict.rules == ("no-margin",)


@pytest.mark.parametrize(
    "value", ["EU' OR '1'='1", "'; DROP TABLE customers; --", "{attribute: other}", "$1", "{{ x }}", "\u202eEU", "NULL"]
)
def test_sql_in_an_attribute_stays_one_value(value):
    """What a token says reaches the predicate as one value, whatever it looks like."""
    text = (
        "grants: [{id: all, roles: [everyone], actions: [query], on: ['*']}]\n"
        "row_filters: [{id: f, roles: [everyone], dataset: c, "
        "where: {member: region, op: in, value: {attribute: region}}}]"
    )
    verdict = judge_of(policy_of(text)).judge(Principal(agent=party("a", region=value)), Action.QUERY, on("dataset:c"))
    (found,) = verdict.obligations.row_filters
    assert isinstance(found.condition, Comparison)
    assert found.condition.values == (value,)
    assert type(found.condition.values[0]) is str


def test_a_literal_that_looks_like_an_attribute_stays_a_literal():
    """Only the mapping form is an attribute; the text of its name is not."""
    text = (
        "grants: [{id: all, roles: [everyone], actions: [query], on: ['*']}]\n"
        "row_filters: [{id: f, roles: [everyone], dataset: c, where: {member: region, op: '=', value: region}}]"
    )
    verdict = judge_of(policy_of(text)).judge(Principal(agent=party("a", region="X")), Action.QUERY, on("dataset:c"))
    (found,) = verdict.obligations.row_filters
    assert isinstance(found.condition, Comparison)
    assert found.condition.values == ("region",)


def test_a_refusal_repeats_no_invisible_characters():
    """Messages quote what was asked with such characters spelled out, so that no name reads as another."""
    verdict = judge_of(policy_of(_SALES)).judge(caller("a"), Action.QUERY, on("metric:sales.\u202ex"))
    assert problems_of(verdict).first.code.name == "E_NOT_GRANTED"
    assert problems_of(verdict).first.message == "No rule allows agent:a to query metric:sales.\\u202ex."
    assert "\u202e" not in str(problems_of(verdict).first.as_json())


_SHUT = """
grants:
  - {id: all, roles: [everyone], actions: [query, read, describe], on: ['*']}
  - {id: shut, roles: [everyone], actions: [read], on: ['column:c.*', 'label:secret', 'function:evil'], effect: deny}
masks: [{id: m, roles: [everyone], on: ['column:d.*', 'label:pale'], method: null}]
"""


@pytest.mark.parametrize(
    "name",
    [
        "c.email",
        "c.EMAIL",
        "c.Credit Card",
        "c.x\u200by",
        "c.cafe\u0301",
        "c.a.b",
        "c.*",
        "c." + "x" * 5_000,
        "c. x ",
        "c.$1",
    ],
)
def test_no_strange_column_slips_past_a_denial(name):
    """A denying grant on a table's columns holds for names that no rule could write, asked for or only touched."""
    judge = judge_of(policy_of(_SHUT))
    column = Resource(ResourceKind.COLUMN, name)
    assert judge.judge(caller("a"), Action.READ, [column]).decision is Decision.DENY
    touched = judge.judge(caller("a"), Action.QUERY, on("metric:x"), unless_forbidden=[column])
    assert touched.decision is Decision.DENY
    masked = Resource(ResourceKind.COLUMN, "d" + name[1:])
    verdict = judge.judge(caller("a"), Action.QUERY, on("metric:x"), unless_forbidden=[masked])
    assert [(each.dataset, each.method) for each in verdict.obligations.masks] == [("d", MaskMethod.NULL)]


def test_the_action_is_no_way_round_a_column():
    """Whatever a call does, columns and functions are asked about reading: describing one is no way in."""
    judge = judge_of(policy_of(_SHUT))
    for action in Action:
        for resource in (Resource(ResourceKind.COLUMN, "c.x"), Resource(ResourceKind.FUNCTION, "EVIL")):
            assert judge.judge(caller("a"), action, [resource]).decision is Decision.DENY


def test_more_labels_never_open_what_one_of_them_closes():
    """A label beside a forbidden one, in any order, changes nothing."""
    judge = judge_of(policy_of(_SHUT))
    for labels in (("secret",), ("open", "secret"), ("pale", "secret")):
        column = Resource(ResourceKind.COLUMN, "x.y", labels)
        assert judge.judge(caller("a"), Action.READ, [column]).rules == ("shut",)


def test_a_memory_of_one_purpose_or_minute_never_serves_another():
    """The same call under other circumstances is judged anew, also where purposes are made up."""
    text = (
        _SALES + "  - {id: fraud, roles: [seller], actions: [query], on: [metric:risk.x], when: {purpose: [fraud]}}\n"
    )
    text += (
        "limits: [{id: night, roles: [everyone], rows: 5, "
        "when: {hours: {from: '22:00', to: '06:00'}, time_zone: UTC}}]\n"
    )
    judge = judge_of(policy_of(text))
    start = datetime(2026, 1, 5, 21, 59, 59, tzinfo=UTC)
    for _ in range(2):
        for purpose, decision in ((None, "deny"), ("fraud", "allow"), ("other", "deny"), ("FRAUD ", "allow")):
            verdict = judge.judge(
                caller("a"),
                Action.QUERY,
                on("metric:risk.x"),
                circumstances=EvaluationContext(purpose=purpose, now=start),
            )
            assert verdict.decision == decision
        for seconds, rows in ((0, None), (1, 5), (8 * 3_600, 5), (8 * 3_600 + 1, None)):
            now = start + timedelta(seconds=seconds)
            verdict = judge.judge(
                caller("a"), Action.QUERY, on("metric:sales.x"), circumstances=EvaluationContext(now=now)
            )
            limit = verdict.obligations.rows
            assert (limit and limit.value) == rows
    with pytest.raises(ValueError, match="time zone"):
        EvaluationContext(now=datetime(2026, 1, 5))  # noqa: DTZ001 - what is refused


def test_an_explanation_says_what_a_condition_and_a_mask_would_take():
    """The purpose that would open, and who would have to be exempt."""
    text = (
        _SALES + "  - {id: fraud, roles: [seller], actions: [query], on: [metric:risk.x], when: {purpose: [fraud]}}\n"
    )
    text += "masks: [{id: mail, roles: [everyone], on: ['column:c.*'], method: hash, unless: {purpose: [audit]}}]\n"
    judge = judge_of(policy_of(text))
    shut = explain(judge, caller("a"), Action.QUERY, on("metric:risk.x"))
    assert "The rule 'fraud' would allow it under its condition: when the purpose is fraud." in shut.changes
    assert "fraud (allow) for agent:a on metric:risk.x: does not apply: its condition does not hold" in shut.text
    masked = explain(judge, caller("a"), Action.QUERY, on("metric:sales.x"), unless_forbidden=on("column:c.e"))
    assert (
        "For column:c.e not to be masked, the rule 'mail' would have to exempt agent:a (`unless_roles`), "
        "or its condition to come out otherwise (unless the purpose is audit)."
    ) in masked.changes
