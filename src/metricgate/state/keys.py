"""API keys: only digests of their secrets are kept: a port."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from metricgate.vocabulary.json import Json
from metricgate.vocabulary.principal import AttributeValue
from metricgate.vocabulary.problem import Code

ANYONE = "*"
"""In place of a list of users: the key may act for any user."""


class KeysUnavailable(Exception):
    """The file of keys cannot be read or written; no key is valid meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedKey:
    """A known key that was not let in: worth a record, because somebody still uses it."""

    name: str
    agent: str
    code: Code


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRecord:
    """What is known of a key; never its secret. Times in seconds since 1970-01-01T00:00Z.

    Attributes:
        id: names the key; part of its text.
        name: what people call it.
        may_act_for: patterns of users: exact names, ``*@acme.example``, ``*`` for anyone; empty for none.
        or_alone: whether a key that may act for users may also act for nobody.
        revoked_at: when it was revoked, or None.
        attributes: of the agent, for row filters.
    """

    id: str
    name: str
    agent: str
    created_at: float
    expires_at: float
    revoked_at: float | None
    may_act_for: tuple[str, ...]
    attributes: Mapping[str, AttributeValue]
    or_alone: bool = False

    @property
    def revoked(self) -> bool:
        """Whether it was revoked."""
        return self.revoked_at is not None

    def usable(self, now: float) -> bool:
        """Whether it is neither revoked nor expired at ``now``."""
        return self.revoked_at is None and now < self.expires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyNotice:
    """A change of the keys that the ledger has not recorded yet: ``gov.key.created`` or ``gov.key.revoked``."""

    id: int
    event: str
    fields: Mapping[str, Json]


class KeyStore(Protocol):
    """The keys of one project, as digests. Safe to use from several threads and processes.

    A change and the notice of it are one transaction. Whoever writes the record (a running gateway, or the command that
    made the change) records the notices and then settles them, so that no key comes or goes without an entry.
    Every method raises ``KeysUnavailable`` where the keys cannot be read or written.
    """

    def find(self, text: str, /) -> KeyRecord | None:
        """Return the key of that text, also a revoked or expired one (ask ``usable``), or None. Takes microseconds."""
        ...

    def create(
        self,
        agent: str,
        *,
        name: str,
        expires_in: float,
        may_act_for: str | Sequence[str] = (),
        attributes: Mapping[str, AttributeValue] | None = None,
        or_alone: bool = False,
    ) -> tuple[str, KeyRecord]:
        """Make a key; return its full text, which is never shown again, and its record.

        Args:
            agent: the agent that the key stands for.
            name: what people call it; unique names are up to them.
            expires_in: seconds, more than 0.
            may_act_for: ``*`` or the users on whose behalf the agent may act.
            attributes: what row filters may use.
            or_alone: whether a key that may act for users may also act for nobody.

        Raises:
            ValueError: ``agent`` or ``name`` is empty, ``expires_in`` is not positive, ``may_act_for`` is another text.
        """
        ...

    def revoke(self, key_id: str) -> KeyRecord | None:
        """Revoke a key for good; return its record, or None if there is no such key. Revoking twice changes nothing."""
        ...

    def list(self) -> tuple[KeyRecord, ...]:
        """Return every key, oldest first, the revoked and expired ones too."""
        ...

    def notices(self) -> tuple[KeyNotice, ...]:
        """Return the changes that await their record, oldest first."""
        ...

    def settle(self, notice: KeyNotice) -> None:
        """Forget a notice: the record has it."""
        ...

    def close(self) -> None:
        """Let the keys go."""
        ...
