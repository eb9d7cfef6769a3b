"""The record: entries that are appended, read and proved. Ports, and the values that go through them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from types import TracebackType
from typing import Protocol, Self

from metricgate.ledger.events import names
from metricgate.ledger.events.attribute import Event
from metricgate.ledger.note import VerifierKey
from metricgate.ledger.receipt import Receipt
from metricgate.vocabulary import actor as actors
from metricgate.vocabulary.actor import Actor, ActorKind
from metricgate.vocabulary.json import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class AppendReceipt:
    """Proof that an entry is on disk: its index in the ledger and the hash of its leaf (hex)."""

    index: int
    leaf_hash: str


class Ledger(Protocol):
    """The record. ``append`` returns when the entry is durable; it never drops and never answers early.

    Of a record that was closed nothing is read any more, which raises what its store does.
    """

    async def append(
        self, event: str, fields: Mapping[str, Json], *, bodies: Mapping[str, Json] | None = None
    ) -> AppendReceipt:
        """Append one entry.

        Args:
            event: event name, e.g. ``gov.call.released``.
            fields: the entry's fields, kept in the leaf in clear; see ``docs/record.md``.
            bodies: what may identify a person or repeat data: kept apart behind salted commitments, erasable.

        Raises:
            LedgerUnavailable: it could not be made durable. Nothing may run.
        """
        ...

    async def receipt(self, index: int) -> Receipt | None:
        """Return the entry with its proof, which verifies offline, or None if there is no such entry."""
        ...

    async def owner(self, index: int) -> EntryOwner | None:
        """Return whose call an entry is about, or None if there is no such entry."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryOwner:
    """Whose call an entry of the record is about: an agent, and the user on whose behalf.

    Attributes:
        known: False where the user was erased, so that nobody can say any more that it is theirs.
    """

    agent: str | None
    user: str | None
    known: bool = True


class LedgerUnavailable(Exception):
    """The ledger cannot make entries durable; whoever asked must refuse."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFilter:
    """What to keep, the same at every door; None keeps everything. ``since`` is included, ``until`` is not."""

    agent: str | None = None
    """What the agent did and what was done about it; not what people did with its actions."""
    actor: str | None = None
    """``person``, ``agent``, ``operator`` or ``gateway``, or one of them with its id: ``person:ana``."""
    user: str | None = None
    """On whose behalf."""
    tool: str | None = None
    metric: str | None = None
    verdict: str | None = None
    rule: str | None = None
    event: str | None = None
    trace_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    outcome: str | None = None
    code: str | None = None
    person: str | None = None
    """Who acted, decided, or whom it is about."""
    dataset: str | None = None
    action: str | None = None
    before: int | None = None
    """Only entries with a smaller number."""

    def as_json(self) -> dict[str, Json]:
        """Return what is set; times in nanoseconds since 1970."""
        found = {each.name: getattr(self, each.name) for each in fields(self)}
        return {
            name: nanoseconds(value) if isinstance(value, datetime) else value
            for name, value in found.items()
            if value is not None
        }


def nanoseconds(moment: datetime) -> int:
    """Return a moment as entries have it: nanoseconds since 1970."""
    return int(moment.timestamp() * 1e9)


EVERY_ENTRY = EntryFilter()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One entry as it stands in the ledger.

    Attributes:
        record: the parsed leaf.
        bodies: its bodies by name; None for an erased one.
    """

    index: int
    leaf: bytes
    leaf_hash: bytes
    record: Mapping[str, Json]
    bodies: Mapping[str, Json]

    @property
    def event(self) -> str:
        """The event's name."""
        return str(self.record["event_name"])

    @property
    def time_unix_nano(self) -> int:
        """When it happened."""
        return int(str(self.record["time_unix_nano"]))

    @property
    def fields(self) -> Mapping[str, Json]:
        """The entry's fields, with those that were too large for its leaf, unless they were erased."""
        fields = self.record["fields"]
        if not isinstance(fields, dict):
            return {}
        if names.MOVED not in fields:
            return fields
        return {name: self.bodies.get(names.MOVED_FIELD + name) or value for name, value in fields.items()}

    @property
    def metrics(self) -> list[str]:
        """Names of the metrics that it is about."""
        metrics = self.fields.get(names.METRICS)
        return [str(each["name"]) for each in metrics if isinstance(each, dict)] if isinstance(metrics, list) else []

    @property
    def rules(self) -> list[str]:
        """Ids of the rules that decided."""
        rules = self.fields.get(names.RULES)
        return [str(rule) for rule in rules] if isinstance(rules, list) else []

    @property
    def datasets(self) -> list[str]:
        """Names of the datasets that it is about."""
        datasets = self.fields.get(names.DATASETS)
        return [str(each) for each in datasets] if isinstance(datasets, list) else []

    @property
    def time(self) -> str:
        """When it happened, ISO 8601 in UTC."""
        return datetime.fromtimestamp(self.time_unix_nano / 1e9, UTC).isoformat(timespec="milliseconds")

    @property
    def person(self) -> str | None:
        """The person who acted or decided, or who it is about; None where there is none, or they were erased."""
        named = self.text(names.DECIDED_BY) or self.text(names.PERSON_ID)
        if named is not None:
            return named
        return self.actor.id or None if self.actor.kind is ActorKind.PERSON else None

    @property
    def actor(self) -> Actor:
        """Who acted; of an entry that an earlier release wrote, as far as it tells."""
        kind = self.text(names.ACTOR_KIND)
        if kind in set(ActorKind):
            return Actor(kind=ActorKind(kind), id=self.text(names.ACTOR_ID) or "")
        decided = self.text(names.DECIDED_BY)
        if decided is not None or names.UNDOES in self.fields:
            return actors.person(decided or self.text(names.USER_ID) or "")
        if self.event.startswith((names.OF_CALLS, names.OF_ACTIONS)):
            return actors.agent(self.text(names.AGENT_ID) or "")
        return actors.GATEWAY

    @property
    def agent(self) -> str | None:
        """The agent that acted, or about which the gateway did; None where a person acted."""
        return None if self.actor.kind is ActorKind.PERSON else self.text(names.AGENT_ID)

    def text(self, name: str) -> str | None:
        """Return a field or body as text, or None."""
        value = self.fields.get(name, self.bodies.get(name))
        return value if isinstance(value, str) else None

    def as_shown(self) -> dict[str, Json]:
        """Return the entry in the form in which every door shows it: the record as it stands, and what it says."""
        return {
            "commitments": {},
            **self.as_json(),
            "fields": dict(self.fields),
            "index": self.index,
            "time": self.time,
            "at": self.time,
            "event": self.event,
            "actor": str(self.actor),
        }

    def as_json(self) -> dict[str, Json]:
        """Return the parsed leaf with ``leaf_hash`` and ``bodies``."""
        return {**self.record, "leaf_hash": self.leaf_hash.hex(), "bodies": dict(self.bodies)}


async def record_event(ledger: Ledger, event: Event) -> AppendReceipt:
    """Append an event; return when it is durable.

    Raises:
        LedgerUnavailable: as ``Ledger.append``.
    """
    fields, bodies = event.to_attributes()
    return await ledger.append(event.NAME, fields, bodies=bodies)


class RecordStore(Ledger, Protocol):
    """The record as its one writer holds it. Safe to use from several threads.

    Questions about the writer itself raise nothing but what the store of leases does.
    """

    @property
    def size(self) -> int:
        """Number of durable entries."""
        ...

    @property
    def writable(self) -> bool:
        """Whether the last attempt to make something durable worked; for probes."""
        ...

    @property
    def checkpoint_age(self) -> float:
        """Seconds since the newest checkpoint was signed."""
        ...

    @property
    def waiting(self) -> int:
        """Entries that wait for the disk."""
        ...

    def checkpoint(self) -> str:
        """Return the newest checkpoint as a signed note (C2SP tlog-checkpoint); of a closed record, its last."""
        ...

    @property
    def instance(self) -> str:
        """Id of the gateway, or of the command, that writes it."""
        ...

    @property
    def replaced(self) -> bool:
        """Whether another gateway took this one's place, which may write nothing any more."""
        ...

    def alive(self, instance: str) -> bool:
        """Whether another gateway, by its id, is there and works on what is its own."""
        ...

    def check(self) -> None:
        """Do nothing while it may be written; stores beside it call this inside their own transactions.

        Raises:
            LeaseLost: another gateway took this one's place.
        """
        ...

    def append_blocking(
        self, event: str, fields: Mapping[str, Json], *, bodies: Mapping[str, Json] | None = None
    ) -> AppendReceipt:
        """Append one entry from a thread that has no event loop; returns when it is durable.

        Raises:
            LedgerUnavailable: as ``append``.
        """
        ...

    def close(self) -> None:
        """Make everything that waits durable and let the record go. Further appends are refused."""
        ...


def record_event_blocking(record: RecordStore, event: Event) -> AppendReceipt:
    """Append an event from a thread that has no event loop; return when it is durable.

    Raises:
        LedgerUnavailable: as ``Ledger.append``.
    """
    fields, bodies = event.to_attributes()
    return record.append_blocking(event.NAME, fields, bodies=bodies)


class RecordReader(Protocol):
    """The record as anybody reads it, beside its writer; a file that is none raises when it is opened."""

    def __enter__(self) -> Self:
        """Return itself; leaving the block closes it."""
        ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Close it."""
        ...

    def close(self) -> None:
        """Let it go."""
        ...

    def hold(self) -> None:
        """Read the record as it is now until it is closed, whatever is written meanwhile."""
        ...

    def entries(
        self, keep: EntryFilter = EVERY_ENTRY, *, newest_first: bool = True, limit: int | None = None
    ) -> Iterator[Recorded]:
        """Yield entries that fit the filter, at most ``limit``.

        Raises:
            LedgerUnavailable: the record cannot be read.
        """
        ...

    def entry(self, index: int) -> Recorded | None:
        """Return entry ``index`` (from 0), or None.

        Raises:
            LedgerUnavailable: the entry is damaged.
        """
        ...

    def receipt(self, index: int, key: VerifierKey) -> Receipt | None:
        """Return the receipt of entry ``index`` under the newest checkpoint, or None."""
        ...

    def checkpoint(self, key: VerifierKey) -> str | None:
        """Return the newest checkpoint as a signed note, or None of an empty record."""
        ...
