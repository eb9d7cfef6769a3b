"""People who may log in, as who runs the gateway keeps them: on the machine, without a gateway."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Protocol

from metricgate.operations import codes
from metricgate.state.people import PersonRecord
from metricgate.state.state import ProjectState
from metricgate.vocabulary.clock import Clock
from metricgate.vocabulary.problem import Code, Problem, Problems

_NAME: Final = re.compile(r"[!-~]+(?: [!-~]+)*", re.ASCII)
_LONGEST_NAME: Final = 320
_NANO: Final = 1_000_000_000


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


class Enrolment(Protocol):
    """What a new person is handed: secrets that exist nowhere else."""

    @property
    def one_time_password(self) -> str:
        """For the first login."""
        ...

    @property
    def otpauth(self) -> str:
        """The authenticator's URI."""
        ...

    @property
    def until(self) -> datetime:
        """When the one-time password ends."""
        ...


class Enrol(Protocol):
    """Makes a person, or the same one anew."""

    def __call__(
        self, name: str, groups: tuple[str, ...], now: float, /, *, issuer: str
    ) -> tuple[PersonRecord, Enrolment]:
        """Return what is kept of the person, and what the operator hands over."""
        ...


class UserAdmin:
    """Who may log in to a project. Works on the machine, without a gateway; a running one sees changes at once.

    Every method may raise ``PeopleUnavailable``.
    """

    def __init__(self, state: ProjectState, *, project: str, enrol: Enrol, clock: Clock) -> None:
        """Take the project's state and name, and what makes a person's login."""
        self._state = state
        self._project = project
        self._enrol = enrol
        self._clock = clock

    def add(self, name: str, groups: Sequence[str]) -> NewPerson | Problems:
        """Add a person."""
        if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
            return _problems_of(codes.BAD_PERSON, f"{name[:80]!r} is no name of a person.")
        record, paper = self._enrol(
            name, tuple(groups), self._clock.unix_nano() / _NANO, issuer=f"Metricgate {self._project}"
        )
        store = self._state.people()
        try:
            added = store.add(record)
        finally:
            store.close()
        if not added:
            return _problems_of(
                codes.BAD_PERSON, f"There is a person {name!r} already; `people reset` gives a new login."
            )
        return NewPerson(name=name, one_time_password=paper.one_time_password, otpauth=paper.otpauth, until=paper.until)

    def reset(self, name: str) -> NewPerson | Problems:
        """Give a person a new one-time password and authenticator; sessions end at once."""
        record, paper = self._enrol(name, (), self._clock.unix_nano() / _NANO, issuer=f"Metricgate {self._project}")
        store = self._state.people()
        try:
            found = store.reset(record)
        finally:
            store.close()
        if not found:
            return _problems_of(codes.BAD_PERSON, f"There is no person {name[:80]!r}.")
        return NewPerson(name=name, one_time_password=paper.one_time_password, otpauth=paper.otpauth, until=paper.until)

    def remove(self, name: str) -> Problems | None:
        """Remove a person; sessions end at once."""
        store = self._state.people()
        try:
            found = store.remove(name)
        finally:
            store.close()
        return None if found else _problems_of(codes.BAD_PERSON, f"There is no person {name[:80]!r}.")

    def list(self) -> Sequence[PersonFacts]:
        """Return everybody, by name."""
        store = self._state.people()
        try:
            return [_person_facts(each) for each in store.list()]
        finally:
            store.close()


def _person_facts(record: PersonRecord) -> PersonFacts:
    return PersonFacts(
        name=record.name,
        groups=record.groups,
        state="active" if record.one_time_until is None else "invited",
        created_at=datetime.fromtimestamp(int(record.created), UTC),
    )


def _problems_of(code: Code, message: str) -> Problems:
    return Problems((Problem(code=code, message=message, hint=code.cure),))
