"""Reading the record beside a running gateway: entries by filter, and exports."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Self

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from metricgate.adapters.stores.ledger_file import connect_reading, read_bodies, read_head
from metricgate.adapters.stores.ledger_receipts import read_receipt
from metricgate.gateway.ports import LedgerUnavailable
from metricgate.ledger.note import VerifierKey
from metricgate.ledger.receipt import Receipt
from metricgate.vocabulary import actor as actors
from metricgate.vocabulary.actor import Actor, ActorKind
from metricgate.vocabulary.json import Json

_GROUP = 10_000
_COLUMNS = pa.schema(
    [
        ("index", pa.int64()),
        ("time_unix_nano", pa.int64()),
        ("event_name", pa.string()),
        ("actor", pa.string()),
        ("agent", pa.string()),
        ("user", pa.string()),
        ("tool", pa.string()),
        ("verdict", pa.string()),
        ("rules", pa.list_(pa.string())),
        ("metrics", pa.list_(pa.string())),
        ("leaf_hash", pa.binary(32)),
        ("leaf", pa.binary()),
        ("bodies", pa.string()),
    ]
)


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
        """The entry's fields."""
        fields = self.record["fields"]
        return fields if isinstance(fields, dict) else {}

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
    wanted = (
        (keep.event, each.event),
        (keep.agent, each.agent),
        (keep.user, each.text("gov.user.id")),
        (keep.tool, each.text("gen_ai.tool.name")),
        (keep.verdict, each.text("gov.decision.verdict")),
        (keep.trace_id, each.text("trace_id")),
    )
    if any(want is not None and want != found for want, found in wanted):
        return False
    if keep.actor is not None and keep.actor not in {str(each.actor), str(each.actor.kind)}:
        return False
    if keep.metric is not None and keep.metric not in each.metrics:
        return False
    if keep.rule is not None and keep.rule not in each.rules:
        return False
    if keep.since is not None and each.time_unix_nano < keep.since:
        return False
    return keep.until is None or each.time_unix_nano < keep.until


def export_jsonl(entries: Iterable[Recorded], path: Path) -> int:
    """Write one JSON object a line (``Recorded.as_json``); return how many."""
    count = 0
    with path.open("wb") as file:
        for each in entries:
            file.write(orjson.dumps(each.as_json()) + b"\n")
            count += 1
    return count


def export_parquet(entries: Iterable[Recorded], path: Path) -> int:
    """Write a Parquet file (zstd) with the exact leaf, its hash, the bodies as JSON and the fields one filters by."""
    count, rest = 0, iter(entries)
    with pq.ParquetWriter(path, _COLUMNS, compression="zstd") as writer:
        while group := list(islice(rest, _GROUP)):
            writer.write_table(pa.Table.from_pylist([_row(each) for each in group], schema=_COLUMNS))
            count += len(group)
    return count


def _row(each: Recorded) -> dict[str, object]:
    return {
        "index": each.index,
        "time_unix_nano": each.time_unix_nano,
        "event_name": each.event,
        "actor": str(each.actor),
        "agent": each.text("gen_ai.agent.id"),
        "user": each.text("gov.user.id"),
        "tool": each.text("gen_ai.tool.name"),
        "verdict": each.text("gov.decision.verdict"),
        "rules": each.rules,
        "metrics": each.metrics,
        "leaf_hash": each.leaf_hash,
        "leaf": each.leaf,
        "bodies": orjson.dumps(dict(each.bodies)).decode(),
    }
