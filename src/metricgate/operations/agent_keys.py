"""API keys of a project, as operators make and revoke them: every change is recorded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from metricgate.operations import codes
from metricgate.operations.change_recorders import record_key_changes
from metricgate.state.keys import KeyRecord, KeysUnavailable
from metricgate.state.record import RecordStore
from metricgate.state.state import ProjectState
from metricgate.vocabulary.clock import Clock
from metricgate.vocabulary.problem import Problem, Problems

_DEFAULT_EXPIRY = timedelta(days=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A key just made. ``secret`` exists here and nowhere else."""

    id: str
    secret: str
    agent: str
    users: tuple[str, ...]
    expires_at: datetime | None
    or_alone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFacts:
    """A key as it is kept, without its secret. ``state`` is ``active``, ``expired`` or ``revoked``.

    Attributes:
        users: for whom its agent may say that it acts; where there are any, each call must name one of them.
        or_alone: unless the key may act for nobody as well.
    """

    id: str
    agent: str
    users: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    state: str
    or_alone: bool = False


class AgentKeys:
    """The keys of a state; ``record`` calls back with the ledger, where that can be had now."""

    def __init__(
        self, state: ProjectState, clock: Clock, *, record: Callable[[Callable[[RecordStore], None]], None]
    ) -> None:
        self._state = state
        self._clock = clock
        self._record = record

    def create(
        self, agent: str, *, users: Sequence[str], expires_in: timedelta | None, or_alone: bool = False
    ) -> NewKey | Problems:
        """Make a key; the ledger records it now, or a running gateway does within a second."""
        lifetime = _DEFAULT_EXPIRY if expires_in is None else expires_in
        try:
            keys = self._state.keys(self._clock)
            try:
                secret, record = keys.create(
                    agent,
                    name=agent,
                    expires_in=lifetime.total_seconds(),
                    may_act_for=tuple(users),
                    or_alone=or_alone,
                )
                self._record(lambda ledger: record_key_changes(keys, ledger))
            finally:
                keys.close()
        except (KeysUnavailable, ValueError) as error:
            return _keys_problem(error)
        facts = _key_facts(record)
        return NewKey(
            id=record.id,
            secret=secret,
            agent=agent,
            users=record.may_act_for,
            expires_at=facts.expires_at,
            or_alone=record.or_alone,
        )

    def revoke(self, key_id: str) -> KeyFacts | Problems:
        """Revoke at once; recorded as a creation is."""
        try:
            keys = self._state.keys(self._clock)
            try:
                record = keys.revoke(key_id)
                self._record(lambda ledger: record_key_changes(keys, ledger))
            finally:
                keys.close()
        except KeysUnavailable as error:
            return _keys_problem(error)
        if record is None:
            message = f"There is no key {key_id!r}."
            return Problems((Problem(code=codes.NO_SUCH_KEY, message=message, hint=codes.NO_SUCH_KEY.cure),))
        return _key_facts(record)

    def list(self) -> Sequence[KeyFacts]:
        """Return all keys, oldest first."""
        if "keys" not in self._state.existing_stores():
            return ()
        keys = self._state.keys(self._clock)
        try:
            return tuple(_key_facts(record) for record in keys.list())
        finally:
            keys.close()


def _key_facts(record: KeyRecord) -> KeyFacts:
    now = datetime.now(UTC)
    expires = datetime.fromtimestamp(record.expires_at, UTC)
    state = "revoked" if record.revoked else "expired" if expires <= now else "active"
    return KeyFacts(
        id=record.id,
        agent=record.agent,
        users=record.may_act_for,
        created_at=datetime.fromtimestamp(record.created_at, UTC),
        expires_at=expires,
        state=state,
        or_alone=record.or_alone,
    )


def _keys_problem(error: Exception) -> Problems:
    return Problems((Problem(code=codes.KEYS_UNUSABLE, message=str(error), hint=codes.KEYS_UNUSABLE.cure),))
