"""Stops: while one binds, no call of those it names is served."""

from __future__ import annotations

from dataclasses import dataclass, field

from metricgate.documents import Document
from metricgate.policy.occasion import ALWAYS, OccasionDocument, Terms, read_terms
from metricgate.policy.page import Page, Path
from metricgate.vocabulary.problem import Place


class StopDocument(Document):
    """A stop as written."""

    id: str
    roles: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    because: str
    when: OccasionDocument | None = None
    unless: OccasionDocument | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRule:
    """Holders of any of ``roles``, and whom any of ``targets`` names, are served nothing."""

    id: str
    roles: tuple[str, ...]
    targets: tuple[str, ...]
    because: str
    terms: Terms = ALWAYS
    place: Place = field(compare=False)


def read_stop(document: StopDocument, path: Path, page: Page) -> StopRule:
    """Return the stop; what is wrong with it goes to the page."""
    page.check_filled((*document.roles, *document.targets), path, "roles or targets")
    page.check_filled(document.because.strip(), (*path, "because"), "reason")
    page.check_targets(document.targets, (*path, "targets"))
    return StopRule(
        id=document.id,
        roles=document.roles,
        targets=document.targets,
        because=document.because.strip(),
        terms=read_terms(document.when, document.unless, path, page),
        place=page.place(path),
    )
