"""Limits on one call (rows, seconds, bytes) and on all calls together (budgets).

Of several limits on one call, the tightest of each sort holds. Budgets all hold: each rule counts, for each agent and
each user, the calls on which it binds them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Annotated

from pydantic import Field, StrictFloat, StrictInt

from metricgate.documents import Document
from metricgate.policy import codes
from metricgate.policy.decision_trace import Case, RuleEvaluation, covers_none, lacking
from metricgate.policy.document_problems import Path, ProblemCollector
from metricgate.policy.enforcement import CallLimit, CallSort, Enforcement, JudgedCall, Obligation, allowance
from metricgate.policy.names import for_display
from metricgate.policy.narrowings import Narrowed, NarrowedKey, Narrowing
from metricgate.policy.occasion import ALWAYS, OccasionDocument, Terms, read_terms
from metricgate.policy.patterns import ANYTHING
from metricgate.policy.resolved_subject import Standing
from metricgate.policy.rule import RuleDefaults
from metricgate.policy.rule_index import RuleIndex
from metricgate.policy.rule_kind import Expectation, RuleKind
from metricgate.policy.verdict import Verdict
from metricgate.vocabulary.obligation import Budget, BudgetMeasure, Limit, Obligations
from metricgate.vocabulary.problem import Place
from metricgate.vocabulary.resource import Resource

_NAME = "limit"
_SORTS: tuple[CallSort, ...] = ("rows", "bytes", "seconds")

Count = Annotated[StrictInt, Field(gt=0, le=2**53)]
Seconds = Annotated[StrictInt | StrictFloat, Field(gt=0, le=86_400)]


class LimitDocument(Document):
    """A limit as written."""

    id: str
    roles: tuple[str, ...]
    on: tuple[str, ...] = (ANYTHING,)
    rows: Count | None = None
    seconds: Seconds | None = None
    bytes: Count | None = None
    calls_per_minute: Count | None = None
    calls_per_day: Count | None = None
    rows_per_day: Count | None = None
    concurrent: Count | None = None
    when: OccasionDocument | None = None
    unless: OccasionDocument | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitRule(RuleDefaults):
    """Holders of any of ``roles`` get at most so much from calls that touch what any of ``patterns`` covers."""

    id: str
    roles: tuple[str, ...]
    patterns: tuple[str, ...]
    rows: int | None
    seconds: float | None
    bytes: int | None
    budgets: tuple[tuple[BudgetMeasure, int], ...] = ()
    terms: Terms = ALWAYS
    place: Place = field(compare=False)

    def most(self, sort: CallSort) -> float | None:
        """Return what one call may take of a sort at most; None where the rule does not say."""
        return {"rows": self.rows, "bytes": self.bytes, "seconds": self.seconds}[sort]

    def named_patterns(self) -> tuple[str, ...]:
        """Return what a call must touch to be limited."""
        return self.patterns

    def evaluate(self, case: Case, resource: Resource | None) -> RuleEvaluation | None:
        """Return its part in the call as a whole."""
        if resource is not None:
            return None
        lacks = lacking(
            role=case.standing.roles.isdisjoint(self.roles),
            resource=covers_none(self.patterns, case.resources),
            condition=self.id in case.suspended,
        )
        return case.evaluate(self.id, self.place, kind=_NAME, effect="limit", resource=None, lacking=lacks)

    def narrowings(self) -> Iterator[Narrowed]:
        """Yield every limit and budget, sort by sort."""
        sorts: dict[str, float | None] = {sort: self.most(sort) for sort in _SORTS}
        sorts |= {measure.value: value for measure, value in self.budgets}
        for pattern in self.patterns:
            for sort, value in sorts.items():
                if value is not None:
                    narrowing = Narrowing(number=value, words=sort.replace("_", " "))
                    yield NarrowedKey(_NAME, pattern, self.terms.text, sort), narrowing


def read_limit(document: LimitDocument, path: Path, page: ProblemCollector) -> LimitRule:
    """Return the limit; what is wrong with it goes to the page."""
    page.check_filled(document.roles, (*path, "roles"), "roles")
    page.check_filled(document.on, (*path, "on"), "resources")
    page.check_patterns(document.on, (*path, "on"))
    budgets = {
        BudgetMeasure.CONCURRENT: document.concurrent,
        BudgetMeasure.CALLS_PER_MINUTE: document.calls_per_minute,
        BudgetMeasure.CALLS_PER_DAY: document.calls_per_day,
        BudgetMeasure.ROWS_PER_DAY: document.rows_per_day,
    }
    if all(each is None for each in (document.rows, document.seconds, document.bytes, *budgets.values())):
        hint = f"Give `rows`, `seconds`, `bytes`, {', '.join(f'`{measure}`' for measure in budgets)}."
        page.report(codes.EMPTY_RULE, path, f"{document.id!r} limits nothing.", hint)
    return LimitRule(
        id=document.id,
        roles=document.roles,
        patterns=document.on,
        rows=document.rows,
        seconds=document.seconds,
        bytes=document.bytes,
        budgets=tuple((measure, value) for measure, value in budgets.items() if value is not None),
        terms=read_terms(document.when, document.unless, path, page),
        place=page.place(path),
    )


class LimitEnforcement(Enforcement):
    """Limits by what a call must touch."""

    def __init__(self, rules: Sequence[LimitRule]) -> None:
        self._rules = RuleIndex[LimitRule](rules, lambda rule: rule.patterns)

    def obligations(self, call: JudgedCall) -> Iterator[Obligation]:
        """Yield the tightest limit of each sort, then the budgets of each party."""
        binding = [
            (standing, rule)
            for standing in call.standings
            for rule in self._rules.on(standing.roles, call.patterns, call.suspended)
        ]
        for sort in _SORTS:
            given = [(value, standing, rule) for standing, rule in binding if (value := rule.most(sort)) is not None]
            if given:
                yield _limit(sort, *min(given, key=itemgetter(0)))
        for standing, rule in binding:
            yield from _budgets(rule, standing)


def _limit(sort: CallSort, value: float, standing: Standing, rule: LimitRule) -> Obligation:
    number = int(value) if value == int(value) else value
    message = f"The rule {rule.id!r} limits {for_display(standing.party)} to {number:,} {sort}."
    part = CallLimit(sort, Limit(rule=rule.id, value=value))
    return Obligation(part, allowance(rule.id, standing, None, message, kind=_NAME))


def _budgets(rule: LimitRule, standing: Standing) -> Iterator[Obligation]:
    for measure, value in rule.budgets:
        words = measure.value.replace("_", " ")
        what = f"{value:,} {words}" if " " in words else f"{value:,} {words} calls"
        message = f"The rule {rule.id!r} gives {for_display(standing.party)} a budget of {what}."
        part = Budget(rule=rule.id, party=standing.party, measure=measure, value=value)
        yield Obligation(part, allowance(rule.id, standing, None, message, kind=_NAME))


class LimitsDocument(Document):
    """The limits that a test expects in force."""

    rows: Count | None = None
    seconds: Seconds | None = None
    bytes: Count | None = None
    calls_per_minute: Count | None = None
    calls_per_day: Count | None = None
    rows_per_day: Count | None = None
    concurrent: Count | None = None


def _limit_failures(expected: LimitsDocument, verdict: Verdict) -> Iterator[str]:
    for sort, wanted in sorted(expected.model_dump(exclude_none=True).items()):
        got = _tightest(verdict.obligations, sort)
        if got is None or got[0] != wanted:
            told = "none" if got is None else f"{got[0]:,} by {got[1]!r}"
            yield f"Expected a limit of {wanted:,} {sort}; got {told}."


def _tightest(owed: Obligations, sort: str) -> tuple[float, str] | None:
    """Return the tightest of a sort and its rule."""
    limit = {"rows": owed.rows, "seconds": owed.seconds, "bytes": owed.bytes}.get(sort)
    if limit is not None:
        return limit.value, limit.rule
    return min(((each.value, each.rule) for each in owed.budgets if each.measure == sort), default=None)


LIMITS = RuleKind(
    name=_NAME,
    key="limits",
    summary="One call of a role's holder takes at most so much (rows, seconds, bytes), or all its calls together.",
    document=LimitDocument,
    build=read_limit,
    enforce=LimitEnforcement,
    expects=Expectation(form=LimitsDocument, failures=_limit_failures),
    guards_columns=False,
)
