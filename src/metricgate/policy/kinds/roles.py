"""Roles: who holds them, what they inherit, and attributes of whoever holds them."""

from __future__ import annotations

from dataclasses import dataclass, field

from pydantic import Field, StrictBool, StrictFloat, StrictInt, StrictStr

from metricgate.documents import Document
from metricgate.policy import codes
from metricgate.policy.document_problems import Path, ProblemCollector
from metricgate.policy.names import EVERYONE
from metricgate.vocabulary.principal import AttributeValue
from metricgate.vocabulary.problem import Place

AttributesDocument = dict[
    str, StrictBool | StrictInt | StrictFloat | StrictStr | tuple[StrictStr, ...] | tuple[StrictInt, ...]
]
Attributes = tuple[tuple[str, AttributeValue], ...]


class RoleDocument(Document):
    """A role as written."""

    name: str
    description: str = ""
    members: tuple[str, ...] = ()
    inherits: tuple[str, ...] = ()
    attributes: AttributesDocument = Field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A role. Whoever holds it holds all it inherits as well."""

    name: str
    description: str
    members: tuple[str, ...]
    inherits: tuple[str, ...]
    attributes: Attributes
    place: Place = field(compare=False)


def read_role(document: RoleDocument, path: Path, page: ProblemCollector) -> Role:
    """Return the role; what is wrong with it goes to the page."""
    page.check_name(document.name, (*path, "name"), "a role")
    if document.name == EVERYONE:
        page.report(
            codes.RESERVED_NAME,
            (*path, "name"),
            "`everyone` is built in: every authenticated party holds it. It cannot be declared again.",
            "Name `everyone` in the `roles` of a rule; it needs no declaration.",
        )
    for index, member in enumerate(document.members):
        page.check_party(member, (*path, "members", index))
    return Role(
        name=document.name,
        description=document.description,
        members=document.members,
        inherits=document.inherits,
        attributes=read_attributes(document.attributes, (*path, "attributes"), page),
        place=page.place(path),
    )


def read_attributes(document: AttributesDocument, path: Path, page: ProblemCollector) -> Attributes:
    """Return the attributes sorted by name."""
    for name in document:
        page.check_name(name, (*path, name), "an attribute")
    return tuple(sorted(document.items()))
