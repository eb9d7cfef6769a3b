"""Attributes of single parties, as the steward gives them."""

from __future__ import annotations

from dataclasses import dataclass, field

from pydantic import Field

from metricgate.documents import Document
from metricgate.policy import codes
from metricgate.policy.document_problems import Path, ProblemCollector
from metricgate.policy.kinds.roles import Attributes, AttributesDocument, read_attributes
from metricgate.policy.names import mistake_in_party
from metricgate.vocabulary.problem import Place


class PrincipalDocument(Document):
    """A party's attributes as written."""

    id: str
    attributes: AttributesDocument = Field(default_factory=dict)
    owner: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyAttributes:
    """Attributes of one party. They go before those of its roles and of its credential.

    ``owner`` is the user who answers for an agent, without ``user:``.
    """

    party: str
    attributes: Attributes
    owner: str | None = None
    place: Place = field(compare=False)


def read_principal(document: PrincipalDocument, path: Path, page: ProblemCollector) -> PartyAttributes:
    """Return the party's attributes; what is wrong goes to the page."""
    page.check_party(document.id, (*path, "id"))
    if document.owner is not None:
        page.check_party(document.owner, (*path, "owner"))
        known = mistake_in_party(document.owner) is not None
        if not known and not (document.id.startswith("agent:") and document.owner.startswith("user:")):
            message = "An owner is a user, `user:NAME`, who answers for an agent."
            page.report(codes.BAD_PARTY, (*path, "owner"), message, "Give agents an owner, and users only.")
    attributes = read_attributes(document.attributes, (*path, "attributes"), page)
    owner = None if document.owner is None else document.owner.removeprefix("user:")
    return PartyAttributes(party=document.id, attributes=attributes, owner=owner, place=page.place(path))
