"""Grants: roles may, or may not, do actions on resources. What no grant allows is denied; a denying one wins."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from metricgate.documents import Document
from metricgate.policy import codes
from metricgate.policy.occasion import ALWAYS, OccasionDocument, Terms, read_terms
from metricgate.policy.page import Page, Path
from metricgate.policy.patterns import applicable, mistake_in
from metricgate.vocabulary.problem import Place
from metricgate.vocabulary.resource import Action


class Effect(StrEnum):
    """What a grant does."""

    ALLOW = "allow"
    DENY = "deny"


class GrantDocument(Document):
    """A grant as written."""

    id: str
    roles: tuple[str, ...]
    actions: tuple[Action, ...]
    on: tuple[str, ...]
    effect: Effect = Effect.ALLOW
    because: str = ""
    when: OccasionDocument | None = None
    unless: OccasionDocument | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Holders of any of ``roles`` may (or may not) do any of ``actions`` on what any of ``patterns`` covers."""

    id: str
    roles: tuple[str, ...]
    actions: tuple[Action, ...]
    patterns: tuple[str, ...]
    effect: Effect
    because: str
    terms: Terms = ALWAYS
    place: Place = field(compare=False)


def read_grant(document: GrantDocument, path: Path, page: Page) -> Grant:
    """Return the grant; what is wrong with it goes to the page."""
    page.check_filled(document.roles, (*path, "roles"), "roles")
    page.check_filled(document.actions, (*path, "actions"), "actions")
    page.check_filled(document.on, (*path, "on"), "resources")
    page.check_patterns(document.on, (*path, "on"))
    for index, pattern in enumerate(document.on):
        if document.actions and mistake_in(pattern) is None and not applicable(pattern) & set(document.actions):
            wanted = ", ".join(sorted(applicable(pattern)))
            page.report(
                codes.ACTION_NOT_APPLICABLE,
                (*path, "on", index),
                f"None of the actions {', '.join(document.actions)} is ever asked on {pattern!r}.",
                f"Add one of: {wanted}; or remove {pattern!r} from this rule.",
            )
    return Grant(
        id=document.id,
        roles=document.roles,
        actions=document.actions,
        patterns=document.on,
        effect=document.effect,
        because=document.because,
        terms=read_terms(document.when, document.unless, path, page),
        place=page.place(path),
    )
