"""Who asks: an agent, and perhaps the user on whose behalf it acts, each with how we know."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

AttributeValue = str | int | float | bool | tuple[str, ...] | tuple[int, ...]


class Proof(StrEnum):
    """How an identity is known: proven by a credential, or merely said by someone who was proven."""

    VERIFIED = "verified"
    ASSERTED = "asserted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """One party.

    Attributes:
        id: stable name without its kind, e.g. ``sales-copilot`` or ``ana@acme.example``.
        proof: verified or asserted.
        method: ``api_key``, ``oidc``, ``header`` or ``local``.
        groups: groups that the credential itself proves (token claims); empty for asserted identities.
        attributes: sorted (name, value) pairs that row filters may use.
    """

    id: str
    proof: Proof
    method: str
    groups: tuple[str, ...] = ()
    attributes: tuple[tuple[str, AttributeValue], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """The agent that calls and, where it acts for someone, that user. Rights are the intersection of both."""

    agent: Identity
    user: Identity | None = None
    credential: str | None = None
    """Name of the key or token used, never its secret."""
