"""Limits on one call (rows, seconds, bytes) and on all calls together (budgets).

Of several limits on one call, the tightest of each sort holds. Budgets all hold: each rule counts, for each agent and
each user, the calls on which it binds them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field, StrictFloat, StrictInt

from metricgate.documents import Document
from metricgate.policy import codes
from metricgate.policy.occasion import ALWAYS, OccasionDocument, Terms, read_terms
from metricgate.policy.page import Page, Path
from metricgate.policy.patterns import ANYTHING
from metricgate.vocabulary.obligation import BudgetMeasure
from metricgate.vocabulary.problem import Place

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
class LimitRule:
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


def read_limit(document: LimitDocument, path: Path, page: Page) -> LimitRule:
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
