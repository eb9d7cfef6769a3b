"""Ledger append beside bare SQLite and a bare fdatasync, on the same disk in the same run."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.timing import Figure
from metricgate.adapters.state.sqlite.ledger_audit import verify_file
from metricgate.adapters.state.sqlite.ledger_keys import load_signer
from metricgate.adapters.state.sqlite.sqlite_ledger import SqliteLedger

_CALLS, _WRITERS, _EACH = 1_000, 16, 250
_FIELDS = {
    "gen_ai.agent.id": "sales-copilot",
    "gen_ai.tool.name": "query_metrics",
    "gov.metrics": [{"name": "sales.revenue", "version": "sha256:" + "a" * 64}],
    "gov.decision.rules": ["analysts-read-sales", "default-limits"],
    "db.query.text": "SELECT " + "x" * 500,
}
_BODIES = {"gov.user.id": "ana@acme.example", "gov.arguments": {"metrics": ["revenue"], "group_by": ["region"]}}


class _Clock:
    def unix_nano(self) -> int:
        return time.time_ns()

    def monotonic(self) -> float:
        return time.monotonic()


def figures() -> list[Figure]:
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        folder = Path(name)
        sync, bare = _fdatasync(folder), _bare_sqlite(folder)
        signer = load_signer(folder / "key", folder / "vkey", name="bench")
        ledger = SqliteLedger(folder / "ledger.db", signer=signer, clock=_Clock())
        single = asyncio.run(_single(ledger))
        rate = asyncio.run(_many(ledger))
        size = ledger.size
        ledger.close()
        begin = time.perf_counter()
        report = verify_file(folder / "ledger.db", str(signer.verifier))
        seconds = time.perf_counter() - begin
        check = _integrity_check(folder / "ledger.db")
        assert not [finding for finding in report.findings if finding.kind != "intent_open"]

    def figure(what: str, value: float, unit: str, floor: str, beside: float, aim: str) -> Figure:
        return Figure(subject="ledger", name=what, value=value, unit=unit, floor_name=floor, floor=beside, aim=aim)

    return [
        figure("append, 1 writer, p50", single, "us", "bare SQLite FULL insert", bare, "< 500 us"),
        figure("append, 1 writer, p50", single, "us", "bare 900 B write + fdatasync", sync, ""),
        figure(f"append, {_WRITERS} writers", rate, "/s", "bare SQLite FULL insert", 1e6 / bare, "> 3,000 /s"),
        figure("verify a file, every byte", size / seconds, "/s", "SQLite integrity_check", size / check, ""),
    ]


async def _single(ledger: SqliteLedger) -> float:
    times = []
    for _ in range(_CALLS):
        begin = time.perf_counter()
        await ledger.append("gov.call.refused", _FIELDS, bodies=_BODIES)
        times.append(time.perf_counter() - begin)
    return statistics.median(times) * 1e6


async def _many(ledger: SqliteLedger) -> float:
    async def writer() -> None:
        for _ in range(_EACH):
            await ledger.append("gov.call.refused", _FIELDS, bodies=_BODIES)

    begin = time.perf_counter()
    await asyncio.gather(*[writer() for _ in range(_WRITERS)])
    return _WRITERS * _EACH / (time.perf_counter() - begin)


def _median(work: Callable[[int], object]) -> float:
    times = []
    for turn in range(_CALLS):
        begin = time.perf_counter()
        work(turn)
        times.append(time.perf_counter() - begin)
    return statistics.median(times) * 1e6


def _fdatasync(folder: Path) -> float:
    with (folder / "bare").open("wb", buffering=0) as file:

        def write(_: int) -> None:
            file.write(b"x" * 900)
            os.fdatasync(file.fileno())

        return _median(write)


def _integrity_check(path: Path) -> float:
    connection = sqlite3.connect(path)
    begin = time.perf_counter()
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    seconds = time.perf_counter() - begin
    connection.close()
    return seconds


def _bare_sqlite(folder: Path) -> float:
    connection = sqlite3.connect(folder / "bare.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE t(i INTEGER PRIMARY KEY, b BLOB)")
    found = _median(lambda turn: connection.execute("INSERT INTO t VALUES (?,?)", (turn, b"x" * 900)))
    connection.close()
    return found


if __name__ == "__main__":
    for each in figures():
        print(f"{each.name:40} {each.value:10.1f} {each.unit}  {each.floor_name} {each.floor:.1f}  {each.aim}")
