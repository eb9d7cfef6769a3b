"""What the commands for people need. ``bootstrap`` implements it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Problems


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPerson:
    """What the operator hands to a person. The secrets exist here and nowhere else."""

    name: str
    one_time_password: str = field(repr=False)
    otpauth: str = field(repr=False)
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonFacts:
    """A person as kept. ``state``: ``invited`` until the one-time password was used, then ``active``."""

    name: str
    groups: tuple[str, ...]
    state: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonReply:
    """How a request to the API for people ended: HTTP status and the JSON body (None where there is none)."""

    status: int
    body: Json


class PeopleDesk(Protocol):
    """The operator's side: who the people are."""

    def add(self, name: str, groups: Sequence[str]) -> NewPerson | Problems:
        """Add a person."""
        ...

    def reset(self, name: str) -> NewPerson | Problems:
        """Give a person a new one-time password and authenticator; sessions end at once."""
        ...

    def remove(self, name: str) -> Problems | None:
        """Remove a person; sessions end at once."""
        ...

    def list(self) -> Sequence[PersonFacts]:
        """Return everybody, by name."""
        ...


class PersonClient(Protocol):
    """A person's side: the API for people, at the running gateway, else in this process."""

    def ask(
        self, method: str, path: str, *, query: Sequence[tuple[str, str]] = (), body: Mapping[str, Json] | None = None
    ) -> PersonReply:
        """Ask as the person who is logged in."""
        ...

    def login(self, credentials: Mapping[str, str]) -> PersonReply:
        """Log in and keep the session where only this user can read it."""
        ...

    def logout(self) -> None:
        """End the session and forget it."""
        ...
