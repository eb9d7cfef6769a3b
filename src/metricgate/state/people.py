"""People who log in, their sessions, and how often somebody failed to: ports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from metricgate.vocabulary.json import Json

PASSWORD: Final = "password+totp"  # noqa: S105 - the name of the method
"""How people log in who have an account here."""


class PeopleUnavailable(Exception):
    """The file of people cannot be read or written; nobody is let in meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRecord:
    """A local user. Times in seconds since 1970-01-01T00:00Z.

    Attributes:
        password: the encoded argon2id hash.
        one_time_until: where the password is one-time, until when it may be used; None for a password of their own.
        totp: the authenticator's secret in base32; empty in a list.
        last_step: the last time step whose code was used; no code of it or of an earlier one is taken again.
    """

    name: str
    password: str = field(repr=False)
    one_time_until: float | None
    totp: str = field(repr=False)
    last_step: int
    groups: tuple[str, ...]
    created: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRecord:
    """A session as it is kept."""

    person: str
    method: str
    channel: str
    groups: tuple[str, ...]
    csrf: str = field(repr=False)
    created: float
    seen: float
    expires: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonNotice:
    """A change or a login that the ledger has not recorded yet."""

    id: int
    event: str
    fields: Mapping[str, Json]


class PeopleStore(Protocol):
    """The people of one project. Safe to use from several threads and processes.

    A change and the notice of it are one transaction, as with keys. Every method raises ``PeopleUnavailable`` where the
    people cannot be read or written.
    """

    def add(self, record: PersonRecord) -> bool:
        """Add somebody; False where the name is taken, in whatever case."""
        ...

    def reset(self, record: PersonRecord) -> bool:
        """Give somebody a new password and authenticator, and end their sessions; False where there is no such name."""
        ...

    def remove(self, name: str) -> bool:
        """Remove somebody and end their sessions; False where there is no such name."""
        ...

    def find(self, name: str) -> PersonRecord | None:
        """Return a person with the authenticator's secret, or None.

        Raises:
            PeopleUnavailable: the secret was sealed with another key, or altered; ``reset`` gives a new one.
        """
        ...

    def knows(self, name: str) -> bool:
        """Whether there is somebody of this name."""
        ...

    def list(self) -> tuple[PersonRecord, ...]:
        """Return everybody, by name; nobody's secret is opened."""
        ...

    def use_code(self, name: str, step: int, *, new_password: str | None) -> bool:
        """Mark a time step as used, and set a new password along with it; False where it was used before."""
        ...

    def rehash(self, name: str, old: str, new: str) -> None:
        """Put a stronger hash of the same password in place of ``old``."""
        ...

    def notices(self) -> tuple[PersonNotice, ...]:
        """Return what awaits its record, oldest first."""
        ...

    def settle(self, notice: PersonNotice) -> None:
        """Forget a notice: the record has it."""
        ...

    def damaged(self) -> Sequence[str]:
        """Return whose secret does not open, by name."""
        ...

    def close(self) -> None:
        """Let the people go."""
        ...


class SessionStore(Protocol):
    """Sessions of people, the devices that they were opened on, and failed logins. Of tokens only digests are kept.

    Every method raises ``PeopleUnavailable`` where they cannot be read or written.
    """

    def open_session(self, token: str, session: SessionRecord, *, device: str | None, address: str) -> None:
        """Keep a new session, and the device that it was opened on; the login is noted."""
        ...

    def session(self, token: str) -> SessionRecord | None:
        """Return the session of a token, an expired one too; None where there is none."""
        ...

    def touch(self, token: str, now: float) -> None:
        """Note that a session was used, in seconds since 1970."""
        ...

    def close_session(self, token: str) -> None:
        """End a session."""
        ...

    def knows_device(self, token: str, person: str) -> bool:
        """Whether this person logged in on the device before."""
        ...

    def attempts(self, key: str) -> tuple[int, float]:
        """Return how many logins failed in a row under a key, and when the last did; (0, 0.0) for none."""
        ...

    def failed(self, keys: Sequence[str], now: float, *, forget_before: float, fields: Mapping[str, Json]) -> None:
        """Count a failed login under each key; note it, at most once a minute for the first of them."""
        ...

    def clear(self, keys: Sequence[str]) -> None:
        """Forget failures."""
        ...


class PeopleAndSessions(PeopleStore, SessionStore, Protocol):
    """Both: who resets or removes somebody ends their sessions in one transaction."""
