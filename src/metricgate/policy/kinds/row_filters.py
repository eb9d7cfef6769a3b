"""Row filters: of a dataset, holders of a role see only the rows that meet a condition.

All filters that apply to a party bind together (AND): a role narrows what its holder sees and never widens it, so that
adding a role with a filter cannot show more rows.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pydantic import JsonValue

from metricgate.documents import Document
from metricgate.policy import codes
from metricgate.policy.conditions import read_condition
from metricgate.policy.occasion import ALWAYS, OccasionDocument, Terms, read_terms
from metricgate.policy.page import Page, Path
from metricgate.policy.patterns import well_formed
from metricgate.vocabulary.predicate import Predicate
from metricgate.vocabulary.problem import Place
from metricgate.vocabulary.resource import Resource, ResourceKind


class RowFilterDocument(Document):
    """A row filter as written."""

    id: str
    roles: tuple[str, ...]
    dataset: str
    where: dict[str, JsonValue]
    when: OccasionDocument | None = None
    unless: OccasionDocument | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFilterRule:
    """Holders of any of ``roles`` see only the rows of ``dataset`` that meet ``condition``."""

    id: str
    roles: tuple[str, ...]
    dataset: str
    condition: Predicate
    terms: Terms = ALWAYS
    place: Place = field(compare=False)


def read_row_filter(document: RowFilterDocument, path: Path, page: Page) -> RowFilterRule | None:
    """Return the row filter, or None where its condition is none; what is wrong with it goes to the page."""
    page.check_filled(document.roles, (*path, "roles"), "roles")
    if not well_formed(Resource(ResourceKind.DATASET, document.dataset)):
        page.report(
            codes.BAD_PATTERN,
            (*path, "dataset"),
            f"{document.dataset!r} is not the name of one dataset.",
            "Name one semantic model; a filter's members are that model's own. Write a filter for each dataset.",
        )
    condition = read_condition(document.where, (*path, "where"), page)
    if condition is None:
        return None
    return RowFilterRule(
        id=document.id,
        roles=document.roles,
        dataset=document.dataset,
        condition=condition,
        terms=read_terms(document.when, document.unless, path, page),
        place=page.place(path),
    )
