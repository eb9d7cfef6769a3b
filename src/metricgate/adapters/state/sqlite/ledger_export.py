"""Exports of the record: everything that a filter matches, oldest first, in columns, with a manifest."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from metricgate.adapters.state.sqlite.ledger_reader import LedgerReader
from metricgate.ledger.events import names
from metricgate.ledger.note import VerifierKey, open_checkpoint
from metricgate.state.record import EntryFilter, Recorded
from metricgate.state.state import RecordExport
from metricgate.vocabulary.json import Json

_GROUP = 2_000
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_LISTS = ("rules", "metrics", "datasets")
COLUMNS = pa.schema(
    [
        ("index", pa.int64()),
        ("time", pa.string()),
        ("time_unix_nano", pa.int64()),
        ("event_name", pa.string()),
        ("actor", pa.string()),
        ("outcome", pa.string()),
        ("code", pa.string()),
        ("agent", pa.string()),
        ("user", pa.string()),
        ("person", pa.string()),
        ("tool", pa.string()),
        ("verdict", pa.string()),
        *((name, pa.list_(pa.string())) for name in _LISTS),
        ("action", pa.string()),
        ("trace", pa.string()),
        ("leaf_hash", pa.binary(32)),
        ("leaf", pa.binary()),
        ("bodies", pa.string()),
    ]
)
"""The columns, in every form; in CSV lists are parted by blanks and the hash is hex."""


MANIFEST = "manifest"
"""The form of an export that has nothing but its manifest."""


def export_record(
    reader: LedgerReader, keep: EntryFilter, form: str, key: VerifierKey, *, limit: int | None = None
) -> RecordExport:
    """Return everything that matches, as the log is now; the reader is closed once that is read.

    Raises:
        LedgerUnavailable: the ledger cannot be read.
    """
    made = export(reader, keep, form, key, limit=limit)
    if form == MANIFEST:
        reader.close()
    return RecordExport(manifest=made.manifest, chunks=_closing(reader, made.chunks))


def _closing(reader: LedgerReader, chunks: Iterator[bytes]) -> Iterator[bytes]:
    with reader:
        yield from chunks


def export(
    reader: LedgerReader, keep: EntryFilter, form: str, key: VerifierKey, *, limit: int | None = None
) -> RecordExport:
    """Return everything that matches, as the log is now, in one of ``FORMS`` or as ``MANIFEST``.

    Raises:
        LedgerUnavailable: the ledger cannot be read.
    """
    reader.hold()
    note = reader.checkpoint(key)
    head = None if note is None else open_checkpoint(note, key)

    def matching() -> Iterator[Recorded]:
        return reader.entries(keep, newest_first=False, limit=limit)

    count, first, last = 0, None, None
    for each in matching():
        count, first, last = count + 1, each.index if first is None else first, each.index
    manifest: dict[str, Json] = {
        "format": form,
        "columns": list(COLUMNS.names),
        "filter": {**keep.as_json(), **({} if limit is None else {"limit": limit})},
        "order": "oldest first",
        "count": count,
        "first": first,
        "last": last,
        "size": 0 if head is None else head.size,
        "root": None if head is None else head.root.hex(),
        "checkpoint": note,
    }
    return RecordExport(manifest=manifest, chunks=FORMS[form](matching()) if form != MANIFEST else iter(()))


def as_jsonl(entries: Iterable[Recorded]) -> Iterator[bytes]:
    """Yield one JSON object a line (``Recorded.shown``)."""
    for each in entries:
        yield orjson.dumps(each.as_shown()) + b"\n"


def as_csv(entries: Iterable[Recorded]) -> Iterator[bytes]:
    """Yield CSV with a line of names. What a spreadsheet would take for a formula gets a quote in front."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS.names)
    for each in entries:
        writer.writerow([_csv_cell(value) for value in row_of(each).values()])
        yield _take_text(out)
    yield _take_text(out)


def as_parquet(entries: Iterable[Recorded]) -> Iterator[bytes]:
    """Yield a Parquet file (zstd)."""
    out, rest = _Chunks(), iter(entries)
    with pq.ParquetWriter(out, COLUMNS, compression="zstd") as writer:
        while group := list(islice(rest, _GROUP)):
            writer.write_table(pa.Table.from_pylist([row_of(each) for each in group], schema=COLUMNS))
            yield out.take()
    yield out.take()


FORMS: Mapping[str, Callable[[Iterable[Recorded]], Iterator[bytes]]] = {
    "csv": as_csv,
    "jsonl": as_jsonl,
    "parquet": as_parquet,
}


def export_jsonl(entries: Iterable[Recorded], path: Path) -> int:
    """Write one JSON object a line; return how many."""
    return _write_entries(entries, path, as_jsonl)


def export_parquet(entries: Iterable[Recorded], path: Path) -> int:
    """Write a Parquet file; return how many entries."""
    return _write_entries(entries, path, as_parquet)


def _write_entries(
    entries: Iterable[Recorded], path: Path, form: Callable[[Iterable[Recorded]], Iterator[bytes]]
) -> int:
    count = 0

    def counted() -> Iterator[Recorded]:
        nonlocal count
        for each in entries:
            count += 1
            yield each

    with path.open("wb") as file:
        file.writelines(form(counted()))
    return count


def row_of(each: Recorded) -> dict[str, object]:
    """Return an entry's columns."""
    return {
        "index": each.index,
        "time": each.time,
        "time_unix_nano": each.time_unix_nano,
        "event_name": each.event,
        "actor": str(each.actor),
        "outcome": each.text(names.OUTCOME),
        "code": each.text(names.ERROR_TYPE),
        "agent": each.text(names.AGENT_ID),
        "user": each.text(names.USER_ID),
        "person": each.person,
        "tool": each.text(names.TOOL),
        "verdict": each.text(names.VERDICT),
        "rules": each.rules,
        "metrics": each.metrics,
        "datasets": each.datasets,
        "action": each.text(names.ACTION_ID),
        "trace": each.text(names.TRACE_ID),
        "leaf_hash": each.leaf_hash,
        "leaf": each.leaf,
        "bodies": orjson.dumps(dict(each.bodies)).decode(),
    }


class _Chunks(io.RawIOBase):
    """A file that gives away what was written to it."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._written = 0

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        part = bytes(data)  # type: ignore[call-overload]  # a buffer of pyarrow's
        self._parts.append(part)
        self._written += len(part)
        return len(part)

    def tell(self) -> int:
        return self._written

    def take(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)


def _take_text(out: io.StringIO) -> bytes:
    text = out.getvalue()
    out.seek(0)
    out.truncate()
    return text.encode("utf-8", "backslashreplace")


def _csv_cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        value = " ".join(value)
    if isinstance(value, bytes):
        value = value.hex() if len(value) == 32 else value.decode(errors="backslashreplace")  # noqa: PLR2004 - a hash
    text = str(value)
    return f"'{text}" if not isinstance(value, int) and text.startswith(_FORMULA) else text
