"""Minimum groups: holders of a role do not see groups that are made from too few rows of a dataset.

``small`` says what becomes of a question with such a group: refused as a whole, so that no two answers differ by fewer
rows, or answered without it.

A rule on a dataset binds whenever the dataset is touched; one on a label binds the datasets that carry it, and those
with a dimension or a column that is touched and carries it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field, StrictInt

from metricgate.documents import Document
from metricgate.policy.occasion import OccasionDocument, Terms, read_terms
from metricgate.policy.page import Page, Path
from metricgate.policy.patterns import LABEL
from metricgate.vocabulary.obligation import SmallGroups
from metricgate.vocabulary.problem import Place
from metricgate.vocabulary.resource import Resource, ResourceKind

Size = Annotated[StrictInt, Field(ge=2, le=1_000_000)]

_KINDS = (ResourceKind.DATASET.value, LABEL)
_BELOW = frozenset({ResourceKind.DIMENSION, ResourceKind.COLUMN})


class MinimumGroupDocument(Document):
    """A minimum group as written."""

    id: str
    roles: tuple[str, ...]
    unless_roles: tuple[str, ...] = ()
    on: tuple[str, ...]
    size: Size
    small: SmallGroups = SmallGroups.REFUSE
    because: str = ""
    when: OccasionDocument | None = None
    unless: OccasionDocument | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MinimumGroupRule:
    """Holders of any of ``roles`` and none of ``unless_roles`` see groups of at least ``size`` rows only."""

    id: str
    roles: tuple[str, ...]
    unless_roles: tuple[str, ...]
    patterns: tuple[str, ...]
    size: int
    small: SmallGroups
    because: str
    terms: Terms
    place: Place = field(compare=False)


def read_minimum_group(document: MinimumGroupDocument, path: Path, page: Page) -> MinimumGroupRule:
    """Return the minimum group; what is wrong with it goes to the page."""
    page.check_filled(document.roles, (*path, "roles"), "roles")
    page.check_filled(document.on, (*path, "on"), "datasets or labels")
    page.check_patterns(document.on, (*path, "on"), kinds=_KINDS)
    return MinimumGroupRule(
        id=document.id,
        roles=document.roles,
        unless_roles=document.unless_roles,
        patterns=document.on,
        size=document.size,
        small=document.small,
        because=document.because,
        terms=read_terms(document.when, document.unless, path, page),
        place=page.place(path),
    )


def dataset_of(resource: Resource) -> str | None:
    """Return the dataset whose rows a minimum group on this resource counts, or None where it counts none."""
    if resource.kind is ResourceKind.DATASET:
        return resource.name
    return resource.name.partition(".")[0] if resource.kind in _BELOW else None
