"""Reading the record beside a running gateway: entries by filter."""

from __future__ import annotations

import sqlite3
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Self

import orjson

from metricgate.adapters.stores.ledger_file import connect_reading, read_bodies, read_head
from metricgate.adapters.stores.ledger_receipts import read_receipt
from metricgate.gateway.ports import LedgerUnavailable
from metricgate.ledger.entry import FIELD, MOVED
from metricgate.ledger.note import VerifierKey
from metricgate.ledger.receipt import Receipt
from metricgate.vocabulary import actor as actors
from metricgate.vocabulary.actor import Actor, ActorKind
from metricgate.vocabulary.json import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFilter:
    """What to keep; None keeps everything. Times in nanoseconds since 1970, ``since`` included, ``until`` not."""

    agent: str | None = None
    """What the agent did and what was done about it; not what people did with its actions."""
    actor: str | None = None
    """``person``, ``agent``, ``operator`` or ``gateway``, or one of them with its id: ``person:ana``."""
    user: str | None = None
    tool: str | None = None
    metric: str | None = None
    verdict: str | None = None
    rule: str | None = None
    event: str | None = None
    trace_id: str | None = None
    since: int | None = None
    until: int | None = None
    outcome: str | None = None
    code: str | None = None
    person: str | None = None
    dataset: str | None = None
    action: str | None = None
    before: int | None = None
    """Only entries with a smaller number."""


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
        if MOVED not in fields:
            return fields
        return {name: self.bodies.get(FIELD + name) or value for name, value in fields.items()}

    @property
    def metrics(self) -> list[str]:
        """Names of the metrics that it is about."""
        metrics = self.fields.get("gov.metrics")
        return [str(each["name"]) for each in metrics if isinstance(each, dict)] if isinstance(metrics, list) else []

    @property
    def rules(self) -> list[str]:
        """Ids of the rules that decided."""
        rules = self.fields.get("gov.decision.rules")
        return [str(rule) for rule in rules] if isinstance(rules, list) else []

    @property
    def datasets(self) -> list[str]:
        """Names of the datasets that it is about."""
        datasets = self.fields.get("gov.datasets")
        return [str(each) for each in datasets] if isinstance(datasets, list) else []

    @property
    def time(self) -> str:
        """When it happened, ISO 8601 in UTC."""
        return datetime.fromtimestamp(self.time_unix_nano / 1e9, UTC).isoformat(timespec="milliseconds")

    @property
    def person(self) -> str | None:
        """The person who acted or decided, or who it is about; None where there is none, or they were erased."""
        named = self.text("gov.decision.person") or self.text("gov.person.id")
        if named is not None:
            return named
        return self.actor.id or None if self.actor.kind is ActorKind.PERSON else None

    @property
    def actor(self) -> Actor:
        """Who acted; of an entry that an earlier release wrote, as far as it tells."""
        kind = self.text(actors.KIND)
        if kind in set(ActorKind):
            return Actor(kind=ActorKind(kind), id=self.text(actors.ID) or "")
        decided = self.text("gov.decision.person")
        if decided is not None or "gov.undoes" in self.fields:
            return actors.person(decided or self.text("gov.user.id") or "")
        if self.event.startswith(("gov.call.", "gov.action.")):
            return actors.agent(self.text("gen_ai.agent.id") or "")
        return actors.GATEWAY

    @property
    def agent(self) -> str | None:
        """The agent that acted, or about which the gateway did; None where a person acted."""
        return None if self.actor.kind is ActorKind.PERSON else self.text("gen_ai.agent.id")

    def text(self, name: str) -> str | None:
        """Return a field or body as text, or None."""
        value = self.fields.get(name, self.bodies.get(name))
        return value if isinstance(value, str) else None

    def shown(self) -> dict[str, Json]:
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


class LedgerReader:
    """A ledger file opened for reading; the gateway may write meanwhile.

    Raises:
        LedgerUnavailable: there is no such ledger.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._connection = connect_reading(path)
        except sqlite3.Error as error:
            raise LedgerUnavailable(f"the ledger {path} cannot be read: {error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def hold(self) -> None:
        """Read the log as it is now until it is closed, whatever is written meanwhile."""
        self._connection.execute("BEGIN")

    def entries(
        self, keep: EntryFilter = EntryFilter(), *, newest_first: bool = True, limit: int | None = None
    ) -> Iterator[Recorded]:
        """Yield entries that fit the filter, at most ``limit``.

        Raises:
            LedgerUnavailable: the file cannot be read.
        """
        return islice((each for each in self._all(newest_first=newest_first) if _fits(each, keep)), limit)

    def entry(self, index: int) -> Recorded | None:
        """Return entry ``index``, or None."""
        row = self._connection.execute("SELECT idx, leaf, hash FROM entries WHERE idx=?", (index,)).fetchone()
        return None if row is None else self._recorded(*row)

    def receipt(self, index: int, key: VerifierKey) -> Receipt | None:
        """Return the receipt of entry ``index``, or None."""
        return read_receipt(self._connection, index, key)

    def checkpoint(self, key: VerifierKey) -> str | None:
        """Return the newest checkpoint as a signed note: keep it elsewhere, and a later cut shows."""
        head = read_head(self._connection, key.name)
        return None if head is None else key.note(*head)

    def _all(self, *, newest_first: bool) -> Iterator[Recorded]:
        order = "DESC" if newest_first else "ASC"
        try:
            for row in self._connection.execute(f"SELECT idx, leaf, hash FROM entries ORDER BY idx {order}"):  # noqa: S608 - one of two words
                yield self._recorded(*row)
        except sqlite3.Error as error:
            raise LedgerUnavailable(f"the ledger {self._path} cannot be read: {error}") from error

    def _recorded(self, index: int, leaf: bytes, leaf_hash: bytes) -> Recorded:
        try:
            record = orjson.loads(leaf)
        except orjson.JSONDecodeError as error:
            raise LedgerUnavailable(
                f"entry {index} of {self._path} is damaged: run `metricgate audit verify`"
            ) from error
        found = read_bodies(self._connection, index) if "commitments" in record else ()
        bodies = {body.name: None if body.erased else orjson.loads(body.value) for body in found}
        return Recorded(index=index, leaf=leaf, leaf_hash=leaf_hash, record=record, bodies=bodies)


def _fits(each: Recorded, keep: EntryFilter) -> bool:
    within = (keep.before is None or each.index < keep.before) and (
        (keep.since is None or each.time_unix_nano >= keep.since)
        and (keep.until is None or each.time_unix_nano < keep.until)
    )
    return (
        within
        and all(each.text(name) == want for want, name in _texts_of(keep) if want is not None)
        and all(want in _said(each)[name] for want, name in _parts_of(keep) if want is not None)
    )


def _texts_of(keep: EntryFilter) -> tuple[tuple[str | None, str], ...]:
    return (
        (keep.outcome, "gov.outcome"),
        (keep.code, "error.type"),
        (keep.user, "gov.user.id"),
        (keep.tool, "gen_ai.tool.name"),
        (keep.verdict, "gov.decision.verdict"),
        (keep.trace_id, "trace_id"),
        (keep.action, "gov.action.id"),
    )


def _parts_of(keep: EntryFilter) -> tuple[tuple[str | None, str], ...]:
    names = ("event", "agent", "actor", "person", "metric", "rule", "dataset")
    return tuple((getattr(keep, name), name) for name in names)


def _said(each: Recorded) -> Mapping[str, Container[str | None]]:
    return {
        "event": (each.event,),
        "agent": (each.agent,),
        "actor": (str(each.actor), str(each.actor.kind)),
        "person": (each.person,),
        "metric": each.metrics,
        "rule": each.rules,
        "dataset": each.datasets,
    }
