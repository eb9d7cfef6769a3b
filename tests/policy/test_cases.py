"""Every file in ``tests/cases/policy`` loads, and its tests come out as they say."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.policy.tools import judge_of

import metricgate.policy.kinds
from metricgate.policy.policy import Policy
from metricgate.policy.policy_loader import load
from metricgate.policy.policy_tests import run_tests

_CASES = sorted((Path(__file__).parents[1] / "cases" / "policy").glob("*.yaml"))


@pytest.mark.parametrize("path", _CASES, ids=lambda path: path.stem)
def test_the_cases_come_out_as_written(path):
    """A steward's tests hold, remembered or not."""
    policy = load([(path.name, path.read_text())])
    assert isinstance(policy, Policy), str(policy)
    assert policy.tests
    for memory in (0, 100):
        failures = [
            failure for result in run_tests(policy, judge_of(policy, memory=memory)) for failure in result.failures
        ]
        assert not failures, "\n".join(failures)


def test_every_kind_of_rule_has_cases():
    """Who adds a kind of rule adds its cases."""
    folder = Path(metricgate.policy.kinds.__file__).parent
    kinds = {path.stem for path in folder.glob("*.py")} - {"__init__", "principals"}
    assert kinds <= {path.stem for path in _CASES}


def test_a_test_that_fails_says_what_came_out():
    """A failing test names expectation, verdict and reasons, filters and limits alike."""
    text = """
version: 1
grants: [{id: all-read, roles: [everyone], actions: [query], on: ["metric:*"]}]
limits: [{id: few, roles: [everyone], rows: 5}]
tests:
  - {name: wrong, as: {agent: a}, do: query, on: [metric:x], expect: deny, rules: [default-deny], limits: {rows: 6},
     row_filters: [few]}
  - {name: held, as: {agent: a}, do: query, on: [metric:x], expect: hold}
"""
    policy = load([("p.yaml", text)])
    assert isinstance(policy, Policy)
    wrong, held = run_tests(policy, judge_of(policy))
    assert not wrong.passed
    assert not held.passed
    assert "Expected deny, got allow. The rule 'all-read' allows agent:a to query metric:x." in wrong.failures[0]
    assert wrong.failures[1:] == (
        "Expected the rules default-deny to be named; named were all-read, few.",
        "Expected the row filters few; bound were none.",
        "Expected a limit of 6 rows; got 5 by 'few'.",
    )
    assert wrong.as_json()["where"] == {"file": "p.yaml", "line": 6, "column": 5, "path": "tests[0]"}
