"""Who does something: an agent, a person who logged in, an operator at the machine, or the gateway by itself."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ActorKind(StrEnum):
    """What sort of party acts."""

    AGENT = "agent"
    PERSON = "person"
    OPERATOR = "operator"
    """Whoever runs commands on the gateway's machine."""
    GATEWAY = "gateway"
    """Nobody else: what falls due, what a start finds, what is refused to somebody unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """One who acts. ``id`` is as policies name the party, without its kind; empty where there is none."""

    kind: ActorKind
    id: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}" if self.id else str(self.kind)


def actor_of(text: str) -> Actor:
    """Return the actor that ``str`` wrote."""
    kind, _colon, name = text.partition(":")
    return Actor(kind=ActorKind(kind), id=name)


GATEWAY = Actor(kind=ActorKind.GATEWAY)


def agent(name: str) -> Actor:
    """Return the agent of this name."""
    return Actor(kind=ActorKind.AGENT, id=name)


def person(name: str) -> Actor:
    """Return the person of this name."""
    return Actor(kind=ActorKind.PERSON, id=name)


def operator(name: str = "") -> Actor:
    """Return the operator; ``name`` is the machine's account."""
    return Actor(kind=ActorKind.OPERATOR, id=name)
