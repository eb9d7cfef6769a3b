"""A kind of rule that another package brings: loaded, judged, traced, compared and tested, without a change in ours."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.pages import SETTINGS, Project, made
from tests.policy.tools import caller, judge_of, on

from metricgate.policy.occasion import EvaluationContext
from metricgate.policy.policy import Policy
from metricgate.policy.policy_diff import Direction, compare
from metricgate.policy.policy_loader import load
from metricgate.policy.policy_tests import run_tests
from metricgate.policy.rule_kinds import with_kinds
from metricgate.policy.verdict import Decision
from metricgate.settings.installed_kinds import rule_kinds
from metricgate.vocabulary.problem import Problems
from metricgate.vocabulary.resource import Action

PACKAGE = Path(__file__).parent / "acme_shifts.py"
DATA = """```sql
CREATE TABLE sales AS SELECT * FROM (VALUES
  (1, DATE '2024-01-05', 100, 30), (2, DATE '2024-02-20', 50, 10), (3, DATE '2024-03-01', 70, 75)
) AS t(id, sold_on, price, cost)
```"""
MODEL = """
semantic_models:
  - name: sales
    source: sales
    agg_time_dimension: sold_on
    entities: [{name: sale, type: primary, expr: id}]
    dimensions: [{name: sold_on, type: time, granularity: day}]
    metrics:
      - {name: income, type: simple, agg: sum, expr: price, description: What came in.}
      - {name: spending, type: simple, agg: sum, expr: cost, description: What went out.}
"""
RIGHTS = """
version: 1
roles: [{name: readers, members: ["agent:reader"]}]
grants:
  - {id: tools, roles: [readers], actions: [call], on: ["tool:*"]}
  - {id: all, roles: [readers], actions: [describe, query, list_values], on: ["metric:*", "dimension:*", "dataset:*"]}
"""
SHIFTS = """
shifts:
  - {id: early-few, roles: [readers], on: ["metric:income"], shift: early, rows: 1}
  - {id: late-few, roles: [readers], on: ["metric:income"], shift: late, rows: 2}
  - {id: early-none, roles: [readers], on: ["metric:spending"], shift: early}
  - {id: late-none, roles: [readers], on: ["metric:spending"], shift: late}
"""
TESTS = """
tests:
  - {name: in the early shift, as: {agent: reader}, do: query, on: ["metric:income", "dataset:sales"], expect: allow,
     at: "2026-01-05T09:00Z", shifts: [late-few], limits: {rows: 2}, rules: [late-few]}
  - {name: at night, as: {agent: reader}, do: query, on: ["metric:income"], expect: allow,
     at: "2026-01-05T23:00Z", shifts: [early-few], limits: {rows: 1}}
  - {name: nothing is served, as: {agent: reader}, do: query, on: ["metric:spending"], expect: deny,
     at: "2026-01-05T15:00Z", shifts: [early-none]}
"""
NINE, NIGHT = (EvaluationContext(now=datetime(2026, 1, 5, hour, tzinfo=UTC)) for hour in (9, 23))


@pytest.fixture(scope="module", autouse=True)
def package(tmp_path_factory: pytest.TempPathFactory):
    """What installing the package would leave on the path."""
    site = tmp_path_factory.mktemp("site")
    shutil.copy(PACKAGE, site)
    info = site / "acme_shifts-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-shifts\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[metricgate.rule_kinds]\nshifts = acme_shifts:SHIFTS\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(site))
        yield


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return made(tmp_path_factory.mktemp("project"), DATA, MODEL, RIGHTS + SHIFTS + TESTS)


def policy_of(text: str) -> Policy:
    found = load([("policy.yaml", text)], rule_kinds())
    assert isinstance(found, Policy), str(found)
    return found


def test_a_gateway_answers_under_it(project: Project) -> None:
    """Whatever the hour, one of the two shifts does not run: one or two of three rows, or nothing."""
    valid = project.run("validate")
    assert valid.exit_code == 0, valid.output
    asked = ("query", "income", "--by", "metric_time__month", "--json")
    result = project.run(*asked)
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)["answer"]
    assert len(answer["rows"]) in {1, 2}
    assert answer["truncated"]
    refused = project.run("query", "spending")
    assert refused.exit_code != 0
    assert "E_DENIED" in refused.stderr
    assert "Ask again during the shift." in refused.stderr


def test_the_policys_own_tests_speak_of_it(project: Project) -> None:
    result = project.run("policy", "test", "--json")
    assert result.exit_code == 0, result.output
    wrong = policy_of(RIGHTS + SHIFTS + TESTS.replace("shifts: [late-few]", "shifts: [early-few]"))
    assert "Expected the shifts early-few; bound were late-few." in {
        failure for each in run_tests(wrong, judge_of(wrong)) for failure in each.failures
    }
    unknown = load(
        [("p.yaml", RIGHTS + SHIFTS + TESTS.replace("shifts: [late-few]", "shifts: [late-fw]"))], rule_kinds()
    )
    assert isinstance(unknown, Problems)
    assert any("late-fw" in each.message and "late-few" in (each.hint or "") for each in unknown)


def test_it_limits_and_denies_by_the_hour() -> None:
    judge = judge_of(policy_of(RIGHTS + SHIFTS))
    by_day = judge.judge(caller("reader"), Action.QUERY, on("metric:income"), circumstances=NINE)
    by_night = judge.judge(caller("reader"), Action.QUERY, on("metric:income"), circumstances=NIGHT)
    assert (by_day.obligations.rows.value, by_night.obligations.rows.value) == (2, 1)
    denied = judge.judge(caller("reader"), Action.QUERY, on("metric:spending"), circumstances=NIGHT)
    assert (denied.decision, denied.rules) == (Decision.DENY, ("early-none", "late-none"))
    # With a limit of ours on the same call the tighter one holds, whoever brought it.
    tighter = policy_of(RIGHTS + SHIFTS + "limits: [{id: one, roles: [everyone], rows: 1}]")
    found = judge_of(tighter).judge(caller("reader"), Action.QUERY, on("metric:income"), circumstances=NINE)
    assert found.obligations.rows.rule == "one"


def test_it_stands_in_the_trace(project: Project) -> None:
    asked = ("policy", "explain", "--as", "agent:reader", "--do", "query", "--on", "metric:spending")
    result = project.run(*asked, "--json")
    found = [each for each in json.loads(result.stdout)["considered"] if each["kind"] == "shift"]
    assert [(each["rule"], each["effect"]) for each in found] == [
        ("early-few", "limit"), ("late-few", "limit"), ("early-none", "deny"), ("late-none", "deny"),
    ]  # fmt: skip
    assert found[0]["lacking"][0] == "resource"
    assert any(each["decided"] for each in found[2:])
    assert "would have to be lifted" in result.stdout


def test_two_policies_are_compared_by_it(project: Project, tmp_path: Path) -> None:
    old, new = policy_of(RIGHTS + SHIFTS), policy_of(RIGHTS + SHIFTS.replace("rows: 2", "rows: 5"))
    (difference,) = compare(old, new)
    assert (difference.kind, difference.direction, difference.before) == ("shift", Direction.GAINS, "at most 2")
    (tmp_path / "policies").mkdir()
    (tmp_path / "metricgate.yaml").write_text(SETTINGS)
    (tmp_path / "policies" / "policy.yaml").write_text(RIGHTS)
    result = project.run("policy", "diff", str(tmp_path), str(project.folder), "--json")
    assert {each["kind"] for each in json.loads(result.stdout)["differences"]} == {"shift"}, result.output


def test_its_mistakes_have_their_places() -> None:
    text = RIGHTS + SHIFTS.replace("shift: late, rows", "shift: noon, rows").replace("[readers], on", "[raeders], on")
    problems = load([("policy.yaml", text)], rule_kinds())
    assert any("shifts[1].shift" in str(each.where.as_json()) for each in problems)
    misspelt = load([("policy.yaml", RIGHTS + SHIFTS.replace("[readers], on", "[raeders], on"))], rule_kinds())
    assert any("raeders" in each.message and "readers" in (each.hint or "") for each in misspelt)


def test_to_install_it_changes_no_policy_without_it() -> None:
    assert policy_of(RIGHTS).digest == load([("policy.yaml", RIGHTS)]).digest
    assert policy_of(RIGHTS + SHIFTS).digest != policy_of(RIGHTS).digest
    assert isinstance(load([("policy.yaml", RIGHTS + SHIFTS)]), Problems)


def test_two_packages_cannot_bring_one_kind() -> None:
    (shifts,) = [kind for kind in rule_kinds().kinds if kind.key == "shifts"]
    with pytest.raises(ValueError, match="shift"):
        with_kinds([shifts, shifts])
