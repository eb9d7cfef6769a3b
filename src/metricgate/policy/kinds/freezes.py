"""Freezes: while one binds, nothing it covers may be changed; reading goes on."""

from __future__ import annotations

from dataclasses import dataclass, field

from metricgate.documents import Document
from metricgate.policy.occasion import ALWAYS, OccasionDocument, Terms, read_terms
from metricgate.policy.page import Page, Path
from metricgate.policy.patterns import ANYTHING, LABEL, covers_resource
from metricgate.vocabulary.problem import Place
from metricgate.vocabulary.resource import Resource, ResourceKind

_KINDS = (ResourceKind.DATASET.value, ResourceKind.ACTION.value, LABEL, ANYTHING)


class FreezeDocument(Document):
    """A freeze as written."""

    id: str
    roles: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    on: tuple[str, ...] = (ANYTHING,)
    because: str
    when: OccasionDocument | None = None
    unless: OccasionDocument | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FreezeRule:
    """Holders of any of ``roles``, and whom any of ``targets`` names, change nothing that ``patterns`` cover."""

    id: str
    roles: tuple[str, ...]
    targets: tuple[str, ...]
    patterns: tuple[str, ...]
    because: str
    terms: Terms = ALWAYS
    place: Place = field(compare=False)

    def covers(self, resource: Resource) -> bool:
        """Whether it lies on the resource; a column is frozen with its dataset."""
        if any(covers_resource(pattern, resource) for pattern in self.patterns):
            return True
        if resource.kind is not ResourceKind.COLUMN:
            return False
        dataset = Resource(ResourceKind.DATASET, resource.name.partition(".")[0])
        return any(covers_resource(pattern, dataset) for pattern in self.patterns)


def read_freeze(document: FreezeDocument, path: Path, page: Page) -> FreezeRule:
    """Return the freeze; what is wrong with it goes to the page."""
    page.check_filled((*document.roles, *document.targets), path, "roles or targets")
    page.check_filled(document.because.strip(), (*path, "because"), "reason")
    page.check_targets(document.targets, (*path, "targets"))
    page.check_filled(document.on, (*path, "on"), "resources")
    page.check_patterns(document.on, (*path, "on"), kinds=_KINDS)
    return FreezeRule(
        id=document.id,
        roles=document.roles,
        targets=document.targets,
        patterns=document.on,
        because=document.because.strip(),
        terms=read_terms(document.when, document.unless, path, page),
        place=page.place(path),
    )
