"""Domains: whose bare names (``revenue``) mean which domain's metric (``sales.revenue``)."""

from __future__ import annotations

from dataclasses import dataclass, field

from metricgate.documents import Document
from metricgate.policy.document_problems import Path, ProblemCollector
from metricgate.vocabulary.problem import Place


class DomainDocument(Document):
    """A domain rule as written."""

    id: str
    roles: tuple[str, ...]
    domain: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainRule:
    """Bare metric names of holders of any of ``roles`` mean ``domain``."""

    id: str
    roles: tuple[str, ...]
    domain: str
    place: Place = field(compare=False)


def read_domain(document: DomainDocument, path: Path, page: ProblemCollector) -> DomainRule:
    """Return the domain rule; what is wrong with it goes to the page."""
    page.check_filled(document.roles, (*path, "roles"), "roles")
    page.check_name(document.domain, (*path, "domain"), "a domain")
    return DomainRule(id=document.id, roles=document.roles, domain=document.domain, place=page.place(path))
