"""A kind of policy rule as a package of its own brings it: shifts of work, outside of which less is served, or nothing.

It brings its form, its words for hours, what it denies and limits, its line in traces and comparisons, and what a test
of a policy may say of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from metricgate.documents import Document
from metricgate.policy.decision_trace import Case, RuleEvaluation, covers_none, lacking
from metricgate.policy.document_problems import Path, ProblemCollector
from metricgate.policy.enforcement import CallLimit, Enforcement, JudgedCall, Obligation, allowance, denial
from metricgate.policy.expectations import exactly
from metricgate.policy.narrowings import Narrowed, NarrowedKey, Narrowing
from metricgate.policy.occasion import Occasion, Terms
from metricgate.policy.resolved_subject import Standing
from metricgate.policy.rule import RuleDefaults
from metricgate.policy.rule_index import RuleIndex
from metricgate.policy.rule_kind import Expectation, RuleKind
from metricgate.policy.verdict import Verdict, VerdictReason
from metricgate.vocabulary.obligation import Limit
from metricgate.vocabulary.problem import Place
from metricgate.vocabulary.resource import Action, Resource

_NAME = "shift"
_HOURS = {"early": (6 * 60, 14 * 60), "late": (14 * 60, 22 * 60), "night": (22 * 60, 6 * 60)}


class ShiftDocument(Document):
    """A shift as written; without ``rows`` nothing is served outside of it."""

    id: str
    roles: tuple[str, ...]
    on: tuple[str, ...]
    shift: Literal["early", "late", "night"]
    rows: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftRule(RuleDefaults):
    """Outside of the shift, questions of holders of ``roles`` get at most ``rows`` rows of what is covered, or nothing.

    It is in force outside of its hours, so that the gateway's own clock of conditions decides.
    """

    id: str
    roles: tuple[str, ...]
    patterns: tuple[str, ...]
    shift: str
    rows: int | None
    terms: Terms
    place: Place = field(compare=False)

    def named_patterns(self) -> tuple[str, ...]:
        """Return what it is about: the catalog must have it."""
        return self.patterns

    def evaluate(self, case: Case, resource: Resource | None) -> RuleEvaluation | None:
        """Return its part in the call as a whole."""
        if resource is not None:
            return None
        lacks = lacking(
            role=case.standing.roles.isdisjoint(self.roles),
            action=case.action is not Action.QUERY,
            resource=covers_none(self.patterns, case.resources),
            condition=self.id in case.suspended,
        )
        effect = "deny" if self.rows is None else "limit"
        return case.evaluate(self.id, self.place, kind=_NAME, effect=effect, resource=None, lacking=lacks)

    def narrowings(self) -> Iterator[Narrowed]:
        """Yield how few rows are left, as comparable numbers: none where nothing is served."""
        for pattern in self.patterns:
            yield NarrowedKey(_NAME, pattern, self.terms.text), Narrowing(number=self.rows or 0, words="at most")


def build(document: ShiftDocument, path: Path, page: ProblemCollector) -> ShiftRule:
    """Return the rule; what is wrong with it goes to the page."""
    page.check_filled(document.roles, (*path, "roles"), "roles")
    page.check_filled(document.on, (*path, "on"), "resources")
    page.check_patterns(document.on, (*path, "on"))
    return ShiftRule(
        id=document.id,
        roles=document.roles,
        patterns=document.on,
        shift=document.shift,
        rows=document.rows,
        terms=Terms(unless=Occasion(hours=_HOURS[document.shift])),
        place=page.place(path),
    )


class ShiftEnforcement(Enforcement):
    """Shifts by what they are about."""

    def __init__(self, rules: Sequence[ShiftRule]) -> None:
        self._rules = RuleIndex[ShiftRule](rules, lambda rule: rule.patterns)

    def _binding(self, call: JudgedCall) -> Iterator[tuple[Standing, ShiftRule]]:
        for standing in call.standings if call.action is Action.QUERY else ():
            for rule in self._rules.on(standing.roles, call.patterns, call.suspended):
                yield standing, rule

    def denials(self, call: JudgedCall) -> Iterator[VerdictReason]:
        """Yield the shifts outside of which nothing is served."""
        for standing, rule in self._binding(call):
            if rule.rows is None:
                message = f"The {rule.shift} shift of {standing.party} is over or has not begun ({rule.id})."
                yield denial(rule.id, standing, None, message, kind=_NAME, hint="Ask again during the shift.")

    def obligations(self, call: JudgedCall) -> Iterator[Obligation]:
        """Yield how many rows are left outside of shifts."""
        for standing, rule in self._binding(call):
            if rule.rows is not None:
                message = f"Outside of the {rule.shift} shift {standing.party} gets {rule.rows} rows ({rule.id})."
                limit = CallLimit("rows", Limit(rule=rule.id, value=rule.rows))
                yield Obligation(limit, allowance(rule.id, standing, None, message, kind=_NAME))


def _failures(expected: tuple[str, ...], verdict: Verdict) -> Iterator[str]:
    yield from exactly("shifts", expected, [each.rule for each in verdict.reasons if each.kind == _NAME])


SHIFTS = RuleKind(
    name=_NAME,
    key="shifts",
    summary="Outside of a shift of work, holders of a role get few rows, or nothing.",
    document=ShiftDocument,
    build=build,
    enforce=ShiftEnforcement,
    expects=Expectation(form=tuple[str, ...], failures=_failures, rules=lambda expected: expected),
)
