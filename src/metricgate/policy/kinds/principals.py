"""Attributes of single parties, as the steward gives them."""

from __future__ import annotations

from dataclasses import dataclass, field

from pydantic import Field

from metricgate.documents import Document
from metricgate.policy.kinds.roles import Attributes, AttributesDocument, read_attributes
from metricgate.policy.page import Page, Path
from metricgate.vocabulary.problem import Place


class PrincipalDocument(Document):
    """A party's attributes as written."""

    id: str
    attributes: AttributesDocument = Field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyAttributes:
    """Attributes of one party. They go before those of its roles and of its credential."""

    party: str
    attributes: Attributes
    place: Place = field(compare=False)


def read_principal(document: PrincipalDocument, path: Path, page: Page) -> PartyAttributes:
    """Return the party's attributes; what is wrong goes to the page."""
    page.check_party(document.id, (*path, "id"))
    attributes = read_attributes(document.attributes, (*path, "attributes"), page)
    return PartyAttributes(party=document.id, attributes=attributes, place=page.place(path))
