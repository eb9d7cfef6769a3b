"""Limits on rows, seconds and bytes of one call. Of several that apply, the tightest of each sort holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field, StrictFloat, StrictInt

from metricgate.documents import Document
from metricgate.policy import codes
from metricgate.policy.page import Page, Path
from metricgate.policy.patterns import ANYTHING
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


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitRule:
    """Holders of any of ``roles`` get at most so much from a call that touches what any of ``patterns`` covers."""

    id: str
    roles: tuple[str, ...]
    patterns: tuple[str, ...]
    rows: int | None
    seconds: float | None
    bytes: int | None
    place: Place = field(compare=False)


def read_limit(document: LimitDocument, path: Path, page: Page) -> LimitRule:
    """Return the limit; what is wrong with it goes to the page."""
    page.check_filled(document.roles, (*path, "roles"), "roles")
    page.check_filled(document.on, (*path, "on"), "resources")
    page.check_patterns(document.on, (*path, "on"))
    if document.rows is None and document.seconds is None and document.bytes is None:
        page.report(codes.EMPTY_RULE, path, f"{document.id!r} limits nothing.", "Give `rows`, `seconds` or `bytes`.")
    return LimitRule(
        id=document.id,
        roles=document.roles,
        patterns=document.on,
        rows=document.rows,
        seconds=document.seconds,
        bytes=document.bytes,
        place=page.place(path),
    )
