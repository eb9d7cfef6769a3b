"""``metricgate policy test``: the tests beside the rules, run against the judge."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from metricgate.policy.cases import PolicyTest
from metricgate.policy.change_profile import ChangeProfile
from metricgate.policy.expectations import list_names
from metricgate.policy.judge import Judge
from metricgate.policy.judging_changes import Demand, judge_change
from metricgate.policy.policy import Policy
from metricgate.policy.verdict import Decision, Verdict, VerdictReason
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.resource import Resource


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


Labelled = Callable[[Resource], Resource]


def run_tests(policy: Policy, judge: Judge, labelled: Labelled | None = None) -> tuple[TestResult, ...]:
    """Run every test of the policy, in order.

    Args:
        policy: whose tests.
        judge: of the same policy.
        labelled: gives a resource the labels of the catalog, where a test does not name them.
    """
    return tuple(_run_test(test, judge, labelled) for test in policy.tests)


def _run_test(test: PolicyTest, judge: Judge, labelled: Labelled | None) -> TestResult:
    resources = _with_labels(test.resources, test, labelled)
    touching = _with_labels(test.touching, test, labelled)
    verdict = judge.judge(
        test.principal, test.action, resources, unless_forbidden=touching, circumstances=test.circumstances
    )
    failures: list[str] = []
    if test.stakes is not None and verdict.decision is Decision.ALLOW:
        verdict, demand = _of_change(test, test.stakes, judge, verdict, (*resources, *touching))
        failures += _of_demand(test, verdict, demand)
    if verdict.decision is not test.expect:
        reasons = " ".join(reason.message for reason in verdict.reasons)
        failures.append(f"Expected {test.expect}, got {verdict.decision}. {reasons}")
    unnamed = [rule for rule in test.rules if rule not in verdict.rules]
    if unnamed:
        failures.append(
            f"Expected the rules {list_names(unnamed)} to be named; named were {list_names(verdict.rules)}."
        )
    failures += _of_kinds(test, verdict)
    return TestResult(test=test, verdict=verdict, failures=tuple(failures))


def _of_change(
    test: PolicyTest, stakes: ChangeProfile, judge: Judge, right: Verdict, resources: tuple[Resource, ...]
) -> tuple[Verdict, Demand]:
    """Return the verdict on the change itself, which its proposer has the right to propose, and what a hold demands."""
    labels = tuple(sorted({*stakes.labels, *(label for each in resources for label in each.labels)}))
    found = judge_change(
        judge, test.principal, right, replace(stakes, labels=labels), resources, circumstances=test.circumstances
    )
    party = right.reasons[0].party
    added = tuple(
        VerdictReason(rule=each.rule, party=party, resource=None, decision=each.decision, message=each.message)
        for each in found.considered[len(right.reasons) :]
    )
    return replace(right, decision=found.decision, reasons=(*right.reasons, *added)), found.demand


def _of_demand(test: PolicyTest, verdict: Verdict, demand: Demand) -> Iterator[str]:
    wanted = test.approvals
    if wanted is None or verdict.decision is not Decision.HOLD:
        return
    for what, expected, found in (
        ("approvals", wanted.count, demand.approvals),
        ("minutes", wanted.within_minutes, demand.seconds // 60),
    ):
        if expected is not None and expected != found:
            yield f"Expected the hold to demand {expected:,} {what}; it demands {found:,}."
    for what, names, held in (("roles", wanted.roles, demand.roles), ("parties apart", wanted.apart, demand.apart)):
        if names is not None and sorted(names) != sorted(held):
            yield f"Expected the hold to demand the {what} {list_names(names)}; it demands {list_names(held)}."


def _with_labels(resources: Sequence[Resource], test: PolicyTest, labelled: Labelled | None) -> tuple[Resource, ...]:
    given = dict(test.labels)
    return tuple(
        Resource(each.kind, each.name, tuple(sorted(set(given[str(each)]))))
        if str(each) in given
        else (each if labelled is None else labelled(each))
        for each in resources
    )


def _of_kinds(test: PolicyTest, verdict: Verdict) -> Iterator[str]:
    for kind, written in test.expected:
        if kind.expects is not None:
            yield from kind.expects.failures(written, verdict)
