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
    """A session as it is kept. Times in seconds since 1970-01-01T00:00Z.

    Attributes:
        person: the person's id, as policies name one.
        method: of the login, e.g. ``password+totp``.
        channel: ``console``, ``api`` or ``cli``.
        groups: that the login proved.
        csrf: what forms of the console must send along.
        seen: when it was last used.
        expires: when it is over, however much it is used.
    """

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
    """A change or a login that the ledger has not recorded yet.

    Attributes:
        id: grows with each notice.
        event: name of the entry's event, e.g. ``gov.person.added``.
        fields: attributes of the entry, also those that become bodies.
    """

    id: int
    event: str
    fields: Mapping[str, Json]


class PeopleStore(Protocol):
    """The people of one project. Safe to use from several threads and processes.

    A change and the notice of it are one transaction, as with keys. Every method raises ``PeopleUnavailable`` where the
    people cannot be read or written.
    """

    def add(self, record: PersonRecord) -> bool:
        """Add somebody; False where the name is taken, in whatever case. Noted for the record."""
        ...

    def reset(self, record: PersonRecord) -> bool:
        """Give somebody a new password and authenticator, and end their sessions; False where there is no such name.

        Noted for the record.
        """
        ...

    def remove(self, name: str) -> bool:
        """Remove somebody and end their sessions; False where there is no such name. Noted for the record."""
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
        """Mark a time step of the authenticator (RFC 6238) as used, so that its code counts once.

        Args:
            name: of the person.
            step: number of the time step.
            new_password: encoded hash of a password of their own, in place of a one-time one; None leaves it.

        Returns:
            False where this step or a later one was used before; nothing is changed then.
        """
        ...

    def rehash(self, name: str, old: str, new: str) -> None:
        """Put a stronger hash of the same password in place of ``old``; does nothing where that stands no more."""
        ...

    def notices(self) -> tuple[PersonNotice, ...]:
        """Return what awaits its record, oldest first."""
        ...

    def settle(self, notice: PersonNotice) -> None:
        """Forget a notice: the record has it."""
        ...

    def find_damaged(self) -> Sequence[str]:
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
        """Keep a new session, and the device that it was opened on; the login is noted for the record.

        Args:
            token: the session's secret.
            session: what is known of it; sessions that expired before its ``created`` are forgotten.
            device: the device's secret; None for a device that is known already, or keeps none.
            address: the network address that the login came from.
        """
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
        """Return how many logins failed in a row under a key, and when the last did, in seconds since 1970.

        Where none did: (0, 0.0).
        """
        ...

    def count_failure(
        self, keys: Sequence[str], now: float, *, forget_before: float, fields: Mapping[str, Json]
    ) -> None:
        """Count a failed login under each key; note it, at most once a minute for the first of them.

        Args:
            keys: e.g. ``name:ana``, ``from:192.0.2.7``.
            now: seconds since 1970.
            forget_before: seconds since 1970; failures whose last one is older count no more.
            fields: attributes of the note for the record.
        """
        ...

    def clear(self, keys: Sequence[str]) -> None:
        """Forget the failures under these keys: a login succeeded."""
        ...


class PeopleAndSessions(PeopleStore, SessionStore, Protocol):
    """Both: who resets or removes somebody ends their sessions in one transaction."""
