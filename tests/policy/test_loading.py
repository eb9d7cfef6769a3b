"""Loading: everything that is wrong at once, with places; one policy from all files; a digest of meaning only."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.policy.tools import policy_of, problems_in

from metricgate.policy import rule_kinds
from metricgate.policy.kinds.freezes import FREEZES
from metricgate.policy.policy import Policy
from metricgate.policy.policy_loader import load
from metricgate.vocabulary.problem import Problems

_RULE = "grants: [{{id: g, roles: [{role}], actions: [{action}], on: ['{on}']}}]"
_MASK = "masks: [{{id: m, roles: [everyone], on: [column:c.e], {}}}]"
_WHEN = "limits: [{{id: l, roles: [everyone], rows: 5, when: {{{}}}}}]"


@pytest.mark.parametrize(
    ("text", "code", "line", "said"),
    [
        (_RULE.format(role="seler", action="query", on="metric:a") + "\nroles: [{name: seller}]",
         "E_POLICY_UNKNOWN_ROLE", 2, "Did you mean 'seller'?"),
        ("roles: [{name: a, inherits: [b]}]", "E_POLICY_UNKNOWN_ROLE", 2, "names the role 'b'"),
        ("roles: [{name: a, inherits: [b]}, {name: b, inherits: [c]}, {name: c, inherits: [b]}]",
         "E_POLICY_INHERITANCE_CYCLE", 2, "b -> c -> b"),
        ("roles: [{name: a, inherits: [a]}]", "E_POLICY_INHERITANCE_CYCLE", 2, "a -> a"),
        ("roles: [{name: a}, {name: a}]", "E_POLICY_DUPLICATE", 2, "declared twice"),
        ("roles: [{name: everyone, members: [agent:x]}]", "E_POLICY_RESERVED_NAME", 2, "built in"),
        (_RULE.format(role="everyone", action="qery", on="metric:a"), "E_BAD_VALUE", 2, "query"),
        (_RULE.format(role="everyone", action="query", on="metrik:a"), "E_POLICY_BAD_PATTERN", 2,
         "Did you mean 'metric'?"),
        (_RULE.format(role="everyone", action="query", on="tool:*"), "E_POLICY_ACTION_NOT_APPLICABLE", 2, "call"),
        (_RULE.format(role="everyone", action="call", on="metric:a"), "E_POLICY_ACTION_NOT_APPLICABLE", 2, "query"),
        ("grants: [{id: g, roles: [], actions: [query], on: [metric:a]}]", "E_POLICY_EMPTY_RULE", 2, "no roles"),
        ("grants: [{id: g, roles: [everyone], actions: [], on: [metric:a]}]", "E_POLICY_EMPTY_RULE", 2, "no actions"),
        ("grants: [{id: g, roles: [everyone], actions: [query], on: []}]", "E_POLICY_EMPTY_RULE", 2, "no resources"),
        ("grants: [{id: default-deny, roles: [everyone], actions: [query], on: [metric:a]}]",
         "E_POLICY_RESERVED_NAME", 2, "built in"),
        ("grants: [{id: 'a b', roles: [everyone], actions: [query], on: [metric:a]}]", "E_POLICY_BAD_NAME", 2, "'a b'"),
        ("row_filters: [{id: f, roles: [everyone], dataset: d, where: {metric: m, group_by: [c], op: '>', value: 1}}]",
         "E_BAD_FILTER", 2, "over rows"),
        ("limits: [{id: l, roles: [everyone]}]", "E_POLICY_EMPTY_RULE", 2, "limits nothing"),
        ("limits: [{id: l, roles: [everyone], rows: '10'}]", "E_WRONG_TYPE", 2, "whole number"),
        ("limits: [{id: l, roles: [everyone], rows: 0}]", "E_BAD_VALUE", 2, ""),
        ("limits: [{id: l, roles: [everyone], rowz: 1}]", "E_UNKNOWN_KEY", 2, "rows"),
        ("limits: [{id: l, roles: [everyone], seconds: .inf}]", "", 2, ""),
        ("row_filters: [{id: f, roles: [everyone], dataset: c, where: {member: r, op: in, value: {atribute: x}}}]",
         "E_POLICY_BAD_ATTRIBUTE", 2, "atribute"),
        ("row_filters: [{id: f, roles: [everyone], dataset: c, where: {member: r, op: '=', value: {attribute: [x]}}}]",
         "E_POLICY_BAD_ATTRIBUTE", 2, ""),
        ("row_filters: [{id: f, roles: [everyone], dataset: c, where: {member: r, op: like, value: x}}]",
         "E_BAD_FILTER", 2, "like"),
        ("row_filters: [{id: f, roles: [everyone], dataset: c, where: {or: []}}]", "E_BAD_FILTER", 2, ""),
        ("row_filters: [{id: f, roles: [everyone], dataset: 'c.*', where: {member: r, op: is_null}}]",
         "E_POLICY_BAD_PATTERN", 2, "one dataset"),
        (_MASK.format("method: partial"), "E_POLICY_BAD_MASK", 2, "needs `first` or `last`"),
        (_MASK.format("method: constant"), "E_POLICY_BAD_MASK", 2, "needs `value`"),
        (_MASK.format("method: bucket, grain: day"), "E_POLICY_BAD_MASK", 2, "`width`"),
        (_MASK.format("method: hash, value: x"), "E_POLICY_BAD_MASK", 2, "takes no parameter"),
        (_MASK.format("method: null, width: 5"), "E_POLICY_BAD_MASK", 2, "`width` means nothing"),
        (_MASK.format("method: hide"), "E_BAD_VALUE", 2, "hash"),
        (_MASK.format("usable_in: [group]"), "E_MISSING_KEY", 2, "method"),
        (_MASK.format("method: bucket, width: 0"), "E_BAD_VALUE", 2, ""),
        (_MASK.format("method: bucket, width: .inf"), "", 2, ""),
        (_MASK.format("method: hash, usable_in: [show]"), "E_BAD_VALUE", 2, "group"),
        (_MASK.format("method: hash, unless_roles: [nobody]"), "E_POLICY_UNKNOWN_ROLE", 2, "'nobody'"),
        (_MASK.format("method: hash").replace("column:c.e", "dataset:c"), "E_POLICY_BAD_PATTERN", 2, "`column:`"),
        (_MASK.format("method: hash").replace("column:c.e", "column:c.E"), "E_POLICY_BAD_PATTERN", 2, "lower case"),
        (_MASK.format("method: hash").replace("column:c.e", "label:Secret"), "E_POLICY_BAD_PATTERN", 2, ""),
        ("minimum_groups: [{id: n, roles: [everyone], on: [dataset:c], size: 1}]", "E_BAD_VALUE", 2, ""),
        ("minimum_groups: [{id: n, roles: [everyone], on: [dataset:c], size: 5, small: hidden}]", "E_BAD_VALUE", 2,
         "hide"),
        ("minimum_groups: [{id: n, roles: [everyone], on: ['metric:*'], size: 5}]", "E_POLICY_BAD_PATTERN", 2,
         "`dataset:`"),
        ("limits: [{id: l, roles: [everyone], calls_per_minute: 0}]", "E_BAD_VALUE", 2, ""),
        (_WHEN.format(""), "E_POLICY_BAD_OCCASION", 2, "names nothing"),
        (_WHEN.format("time_zone: UTC"), "E_POLICY_BAD_OCCASION", 2, "names nothing"),
        (_WHEN.format("purpose: []"), "E_POLICY_EMPTY_RULE", 2, "no purposes"),
        (_WHEN.format("purpose: ['a b']"), "E_POLICY_BAD_NAME", 2, "a purpose"),
        (_WHEN.format("days: [mon]"), "E_POLICY_BAD_OCCASION", 2, "time_zone"),
        (_WHEN.format("days: [monday], time_zone: UTC"), "E_BAD_VALUE", 2, "mon"),
        (_WHEN.format("days: [mon], time_zone: Europe/Berln"), "E_POLICY_BAD_OCCASION", 2, "Europe/Berlin"),
        (_WHEN.format("days: [mon], time_zone: ../../etc/passwd"), "E_POLICY_BAD_OCCASION", 2, "not an IANA"),
        (_WHEN.format("hours: {from: '8', to: '18:00'}, time_zone: UTC"), "E_POLICY_BAD_OCCASION", 2, "08:00"),
        (_WHEN.format("hours: {from: '08:00', to: '08:00'}, time_zone: UTC"), "E_POLICY_BAD_OCCASION", 2, "none, or"),
        (_WHEN.format("hours: {from: '24:00', to: '08:00'}, time_zone: UTC"), "E_POLICY_BAD_OCCASION", 2, ""),
        (_WHEN.format("not_before: '2026-01-01'"), "E_POLICY_BAD_OCCASION", 2, "offset"),
        (_WHEN.format("not_before: '2026-01-01T00:00:30Z'"), "E_POLICY_BAD_OCCASION", 2, "whole minute"),
        (_WHEN.format("not_before: '2026-01-02T00:00Z', not_after: '2026-01-01T00:00Z'"), "E_POLICY_BAD_OCCASION", 2,
         "never holds"),
        ("tests: [{name: t, as: {agent: a}, do: query, on: [metric:a], expect: deny, at: tomorrow}]",
         "E_POLICY_BAD_OCCASION", 2, "offset"),
        ("principals: [{id: ana}]", "E_POLICY_BAD_PARTY", 2, "user:"),
        ("tests: [{name: t, as: {agent: a}, do: query, on: ['metric:*'], expect: allow}]", "E_POLICY_BAD_PATTERN", 2,
         "single things"),
        ("tests: [{name: t, as: {agent: a}, do: query, on: [metric:a], expect: deny, rules: [defalt-deny]}]",
         "E_POLICY_UNKNOWN_RULE", 2, "Did you mean 'default-deny'?"),
    ],
)  # fmt: skip
def test_a_mistake_has_its_code_place_and_cure(text, code, line, said):
    """Each mistake stands at its line, in words that name what was written and what would be right."""
    problems = problems_in(text)
    found = [problem for problem in problems if not code or problem.code.name == code]
    assert found, str(problems)
    assert found[0].where is not None
    assert (found[0].where.file, found[0].where.line) == ("policies/0.yaml", line)
    assert said in str(found[0])
    assert found[0].hint or not code.startswith("E_POLICY")


def test_all_mistakes_of_all_files_come_at_once_in_order():
    """A steward repairs a policy in one go."""
    problems = problems_in(
        "roles: [{name: a, members: [ana]}]\ngrants: [{id: g, roles: [b], actions: [query], on: [x]}]",
        "grants: [{id: g, roles: [a], actions: [query], on: [metric:a]}]",
    )
    assert [(problem.where.file, problem.code.name) for problem in problems if problem.where] == [
        ("policies/0.yaml", "E_POLICY_BAD_PARTY"),
        ("policies/0.yaml", "E_POLICY_UNKNOWN_ROLE"),
        ("policies/0.yaml", "E_POLICY_BAD_PATTERN"),
        ("policies/1.yaml", "E_POLICY_DUPLICATE"),
    ]


def test_a_broken_file_brings_no_follow_up_mistakes():
    """Roles that an unreadable file may declare are not called unknown."""
    problems = problems_in(
        "roles: [{name: a, nme: b}]", "grants: [{id: g, roles: [a], actions: [query], on: [metric:a]}]"
    )
    assert [problem.code.name for problem in problems] == ["E_UNKNOWN_KEY"]


def test_files_make_one_policy_whatever_their_order():
    """A rule may name a role of a later file, and the order in which files are handed in changes nothing."""
    files = [
        ("a.yaml", "version: 1\ngrants: [{id: g, roles: [r], actions: [query], on: [metric:a]}]"),
        ("b.yaml", "version: 1\nroles: [{name: r}]"),
    ]
    first, second = load(files), load(files[::-1])
    assert isinstance(first, Policy)
    assert first == second


def test_no_document_is_a_policy_that_grants_nothing():
    """An empty folder is no error and no permission."""
    assert policy_of().grants == ()


def test_the_version_is_required():
    """A file of another time or tool is not read as if it were ours."""
    for text in ("", "version: 2", "version: '1'", "version: true"):
        assert isinstance(load([("p.yaml", text)]), Problems), text


_DIGESTED = """
roles: [{name: r, members: ["user:ana"], attributes: {regions: [A, B], level: 2}}]
row_filters: [{id: f, roles: [r], dataset: c, where: {member: region, op: in, value: {attribute: regions}}}]
limits: [{id: l, roles: [r], rows: 5}]
"""


@pytest.mark.parametrize(
    "other",
    [
        _DIGESTED + "tests: [{name: t, as: {agent: a}, do: query, on: [metric:a], expect: deny}]",
        "# why\n" + _DIGESTED.replace("rows: 5}]", "rows:   5 }] # five").replace("dataset: c", "'dataset': \"c\""),
        "\n".join(reversed(_DIGESTED.strip().split("\n"))),
        _DIGESTED.replace("{regions: [A, B], level: 2}", "{level: 2, regions: [A, B]}"),
    ],
)
def test_form_does_not_change_the_digest(other):
    """Tests, comments, quotes, white space and the order of keys are not policy."""
    assert policy_of(other).digest == policy_of(_DIGESTED).digest


@pytest.mark.parametrize(
    ("old", "new"),
    [("rows: 5", "rows: 6"), ("rows: 5", "rows: 5, when: {purpose: [x]}"), ("rows: 5", "rows: 5, concurrent: 1"),
     ("limits:", "masks: [{id: m, roles: [r], on: [column:c.e], method: hash}]\nlimits:"),
     ("user:ana", "user:bo"), ("level: 2", "level: true"), ("op: in", "op: not_in"),
     ("attribute: regions", "attribute: region")],
)  # fmt: skip
def test_meaning_changes_the_digest(old, new):
    """What can change a decision changes the digest."""
    assert policy_of(_DIGESTED.replace(old, new)).digest != policy_of(_DIGESTED).digest


def test_the_form_of_the_digest_stays():
    """Records, approvals and kept definitions name policies by it: these are of version 0.1."""
    grant = "version: 1\ngrants: [{id: tools, roles: [everyone], actions: [call], on: ['tool:*']}]"
    found = [load([]), load([("policy.yaml", grant)])]
    assert [each.digest for each in found if isinstance(each, Policy)] == [
        "sha256:542f4f8833cce1c859e64263aa617b41ffcac3b4f882e6fae33e158ee750da8f",
        "sha256:a59fb2465ca1309dae5322fabacd21cd8a46fe3d16b37207b41607479965736b",
    ]


def test_a_kind_of_rule_that_is_added_here_leaves_policies_without_it_as_they_are(monkeypatch):
    """A new built-in kind makes no policy another one: approvals that wait stay valid over the update."""
    toys = replace(FREEZES, name="toy", key="toys")
    monkeypatch.setattr(rule_kinds, "_OURS", (*rule_kinds.BUILT_IN.kinds[:2], toys, *rule_kinds.BUILT_IN.kinds[2:]))
    kinds = rule_kinds.with_kinds(())
    written, toy = f"version: 1{_DIGESTED}", "toys: [{id: shut, roles: [everyone], because: It is night.}]"
    without, with_one = (load([("policy.yaml", text)], kinds) for text in (written, f"{written}{toy}"))
    assert isinstance(without, Policy)
    assert isinstance(with_one, Policy), str(with_one)
    assert without.digest == policy_of(_DIGESTED).digest
    assert with_one.digest != without.digest
