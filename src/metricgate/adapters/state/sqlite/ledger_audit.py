"""Verification of a ledger file: needs nothing but the file and the public key, and does not touch the file.

Every byte of a closed ledger counts: the pages are walked without SQLite, so that also bytes which SQLite passes over
are checked. Beside a write-ahead file (a running gateway, or a crash) it cannot see bytes that mean nothing: those of a
page that the write-ahead file replaces, left-overs of earlier rounds in that file, free space of inner pages. And
nobody can see a tail cut off together with its checkpoint where no earlier checkpoint is given.
"""

from __future__ import annotations

import mmap
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from metricgate.adapters.state.sqlite.ledger_file import (
    APPLICATION_ID,
    BLOCK,
    TABLES,
    USER_VERSION,
    connect_reading,
    unpack_head,
    unpack_seal,
)
from metricgate.adapters.state.sqlite.sqlite_pages import PageWalk, Row
from metricgate.adapters.state.sqlite.write_ahead import Tail, WriteAhead, read_write_ahead
from metricgate.ledger.entry import Body
from metricgate.ledger.merkle import EMPTY_ROOT
from metricgate.ledger.note import Checkpoint, NoteError, VerifierKey, open_checkpoint, parse_key
from metricgate.ledger.verification import BlockSeal, Finding, FindingKind, RecordVerifier, Report, Stored

_MAGIC = b"SQLite format 3\0"
_HEADER = 100
_HEAD_BYTES = 104
_SEAL_BYTES = 128


def verify_file(path: Path, public_key: str, earlier_checkpoint: str | None = None) -> Report:
    """Verify a ledger file, also beside a running gateway.

    Args:
        path: the ledger; a ``-wal`` file beside it is read too.
        public_key: the verifier key's text form, from a place that you trust.
        earlier_checkpoint: a signed checkpoint kept from before: shows a tail that was cut off since.

    Raises:
        NoteError: the key is not a key, or the earlier checkpoint is not signed by it.
        OSError: the file cannot be read.
    """
    key = parse_key(public_key)
    earlier = None if earlier_checkpoint is None else open_checkpoint(earlier_checkpoint, key)
    beside = Path(f"{path}-wal")
    snapshot = _snapshot(path) if Path(f"{path}-shm").exists() else None
    try:
        with path.open("rb") as file:
            if path.stat().st_size < _HEADER:
                return _unreadable_report("the file is too short to be a ledger")
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                size = int.from_bytes(data[16:18], "big")
                size = 65536 if size == 1 else size
                if data[:16] != _MAGIC or size < 512 or size & (size - 1):  # noqa: PLR2004 - SQLite's smallest page
                    return _unreadable_report("the file's header is not that of a ledger")
                at_rest = not beside.exists()
                ahead = read_write_ahead(b"" if at_rest else beside.read_bytes(), size)
                return _verify(data, size, ahead, key, earlier, at_rest=at_rest)
    finally:
        if snapshot is not None:
            snapshot.close()


def _snapshot(path: Path) -> sqlite3.Connection | None:
    """Hold a reader beside a running writer, so that nothing it reads is overwritten meanwhile."""
    try:
        connection = connect_reading(path)
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlite3.Error:
        return None
    return connection


def _unreadable_report(message: str) -> Report:
    return Report(findings=(Finding(kind=FindingKind.UNREADABLE, message=message),), size=0, root=EMPTY_ROOT)


def _verify(
    data: mmap.mmap, size: int, ahead: WriteAhead, key: VerifierKey, earlier: Checkpoint | None, *, at_rest: bool
) -> Report:
    def page(number: int) -> bytes:
        return ahead.pages.get(number) or data[(number - 1) * size : number * size].ljust(size, b"\0")

    count = len(data) // size if ahead.count is None else ahead.count
    verifier = RecordVerifier(key, block=BLOCK, wanted=() if earlier is None else (earlier.size,))
    if ahead.tail is Tail.TORN:
        verifier.find(
            FindingKind.WRITE_TORN, "the write-ahead file ends in an unfinished write: a crash, or damage to it"
        )
    elif ahead.tail is Tail.DAMAGED:
        verifier.find(FindingKind.WRITE_AHEAD_DAMAGED, "the write-ahead file is damaged before its end")
    if ahead.count is None and len(data) % size:
        verifier.find(FindingKind.FILE_DAMAGED, "the file does not end with a whole page")
    first = page(1)
    for message in _header_faults(first, size, count):
        verifier.find(FindingKind.FILE_DAMAGED, f"page 1 {message}", page=1)
    walk = PageWalk(page, count=count, size=size, at_rest=at_rest)
    roots = _schema(walk, verifier)
    verifier.entries(_stored(walk, roots["entries"], verifier))
    erased = verifier.bodies(_read_bodies(walk, roots["bodies"], verifier))
    seals = list(_seals(walk, roots["seals"], key.name, verifier))
    head = _head(walk, roots["head"], key.name, verifier)
    walk.finish()
    for fault in walk.faults:
        verifier.find(FindingKind.FILE_DAMAGED, f"page {fault.page} {fault.message}", page=fault.page)
    report = verifier.judge(seals=seals, head=head, earlier=earlier, erased=erased)
    return _with_version(report, first)


def _header_faults(first: bytes, size: int, count: int) -> Iterator[str]:
    """Every field of the file's header that is not what it must be."""

    def number(at: int, width: int = 4) -> int:
        return int.from_bytes(first[at : at + width], "big")

    wanted = {
        "magic": first[:16] == _MAGIC,
        "page size": number(16, 2) == (1 if size == 65536 else size),  # noqa: PLR2004 - written as 1
        "format versions": first[18:20] == b"\2\2",
        "fixed bytes": first[20:24] == b"\0\x40\x20\x20",
        "page count": number(28) == count,
        "free list": number(32) == 0 and number(36) == 0,
        "schema cookie": number(40) == len(TABLES),
        "schema format": number(44) == 4,  # noqa: PLR2004 - SQLite's current one
        "cache size": number(48) == 0,
        "auto-vacuum": number(52) == 0 and number(64) == 0,
        "text encoding": number(56) == 1,
        "user version": number(60) == USER_VERSION,
        "application id": number(68) == APPLICATION_ID,
        "reserved bytes": not any(first[72:92]),
        "change counter": number(24) == number(92),
    }
    for name, right in wanted.items():
        if not right:
            yield f"has a wrong {name} in its header"


def _schema(walk: PageWalk, verifier: RecordVerifier) -> dict[str, int]:
    """Return the tables' root pages; anything but the fixed schema is a finding."""
    roots = {name: at + 2 for at, (name, _) in enumerate(TABLES)}
    found = list(walk.rows(1))
    expected = [Row(at + 1, ("table", name, name, at + 2, text)) for at, (name, text) in enumerate(TABLES)]
    if found != expected:
        verifier.find(FindingKind.FILE_DAMAGED, "page 1 does not hold the ledger's schema", page=1)
    return roots


def _stored(walk: PageWalk, root: int, verifier: RecordVerifier) -> Iterator[Stored]:
    for row in walk.rows(root):
        match row.values:
            case (None, bytes() as leaf, bytes() as hashed):
                yield Stored(index=row.rowid, leaf=leaf, hashed=hashed)
            case _:
                verifier.find(FindingKind.ENTRY_CHANGED, f"row {row.rowid} is not an entry", index=row.rowid)


def _read_bodies(walk: PageWalk, root: int, verifier: RecordVerifier) -> Iterator[tuple[int, int, Body]]:
    for row in walk.rows(root):
        match row.values:
            case (None, str() as name, bytes() as salt, bytes() as value):
                yield row.rowid >> 8, row.rowid & 255, Body(name=name, salt=salt, value=value)
            case _:
                message = f"row {row.rowid} is not a body"
                verifier.find(FindingKind.BODY_CHANGED, message, index=row.rowid >> 8)


def _seals(walk: PageWalk, root: int, origin: str, verifier: RecordVerifier) -> Iterator[BlockSeal]:
    for row in walk.rows(root):
        match row.values:
            case (None, bytes() as seal) if len(seal) == _SEAL_BYTES:
                block, root_hash, signature = unpack_seal(seal)
                checkpoint = Checkpoint(origin=origin, size=row.rowid, root=root_hash)
                yield BlockSeal(checkpoint=checkpoint, block=block, signature=signature)
            case _:
                verifier.find(FindingKind.SIGNATURE_BAD, f"the seal at {row.rowid} entries is not a seal")


def _head(walk: PageWalk, root: int, origin: str, verifier: RecordVerifier) -> tuple[Checkpoint, bytes] | None:
    rows = list(walk.rows(root))
    match rows:
        case []:
            return None
        case [Row(rowid=0, values=(None, bytes() as seal))] if len(seal) == _HEAD_BYTES:
            return unpack_head(seal, origin)
        case _:
            verifier.find(FindingKind.SIGNATURE_BAD, "the newest checkpoint is not a checkpoint")
            return None


def _with_version(report: Report, first: bytes) -> Report:
    """The header names the SQLite that wrote last: it must be one that the log says it was opened with."""
    number = int.from_bytes(first[96:100], "big")
    version = f"{number // 1_000_000}.{number // 1000 % 1000}.{number % 1000}"
    known = report.versions or {sqlite3.sqlite_version}
    if version in known:
        return report
    message = f"page 1 says that SQLite {version} wrote last, which the log does not know"
    finding = Finding(kind=FindingKind.FILE_DAMAGED, message=message, page=1)
    return Report(
        findings=(*report.findings, finding),
        size=report.size,
        root=report.root,
        erased=report.erased,
        versions=report.versions,
    )


__all__ = ["NoteError", "verify_file"]
