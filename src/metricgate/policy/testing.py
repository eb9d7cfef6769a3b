"""``metricgate policy test``: the tests beside the rules, run against the judge."""

from __future__ import annotations

from dataclasses import dataclass

from metricgate.policy.cases import PolicyTest
from metricgate.policy.judge import Judge
from metricgate.policy.policy import Policy
from metricgate.policy.verdict import Verdict
from metricgate.vocabulary.json import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class TestResult:
    """One test's outcome. ``failures`` says in sentences what came out differently; empty where it passed."""

    __test__ = False  # not a test of pytest's

    test: PolicyTest
    verdict: Verdict
    failures: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether everything came out as expected."""
        return not self.failures

    def as_json(self) -> dict[str, Json]:
        """Return ``{name, passed, expected, decision, rules, failures, where}``."""
        return {
            "name": self.test.name,
            "passed": self.passed,
            "expected": self.test.expect.value,
            "decision": self.verdict.decision.value,
            "rules": list(self.verdict.rules),
            "failures": list(self.failures),
            "where": self.test.place.as_json(),
        }


def run_tests(policy: Policy, judge: Judge) -> tuple[TestResult, ...]:
    """Run every test of the policy, in order."""
    return tuple(_run(test, judge) for test in policy.tests)


def _run(test: PolicyTest, judge: Judge) -> TestResult:
    verdict = judge.judge(test.principal, test.action, test.resources)
    failures: list[str] = []
    if verdict.decision is not test.expect:
        reasons = " ".join(reason.message for reason in verdict.reasons)
        failures.append(f"Expected {test.expect}, got {verdict.decision}. {reasons}")
    unnamed = [rule for rule in test.rules if rule not in verdict.rules]
    if unnamed:
        failures.append(f"Expected the rules {_list(unnamed)} to be named; named were {_list(verdict.rules)}.")
    bound = sorted({row_filter.rule for row_filter in verdict.obligations.row_filters})
    if test.row_filters is not None and sorted(set(test.row_filters)) != bound:
        failures.append(f"Expected the row filters {_list(test.row_filters)}; bound were {_list(bound)}.")
    limits = {
        "rows": verdict.obligations.rows,
        "seconds": verdict.obligations.seconds,
        "bytes": verdict.obligations.bytes,
    }
    for sort, expected in test.limits:
        limit = limits[sort]
        if limit is None or limit.value != expected:
            got = "none" if limit is None else f"{limit.value:,} by {limit.rule!r}"
            failures.append(f"Expected a limit of {expected:,} {sort}; got {got}.")
    return TestResult(test=test, verdict=verdict, failures=tuple(failures))


def _list(names: tuple[str, ...] | list[str]) -> str:
    return ", ".join(names) or "none"
