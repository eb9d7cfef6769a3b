"""What a soak tells: what grew, what stays open, and what a process holds."""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import threading
from pathlib import Path

import pytest
from bench.soak.figures import OpenIntents, told
from bench.soak.inside import holdings
from tests.gateway.conftest import ask, opened, write_project

LOOK = {
    "memory_mb": 300.0,
    "own_mb": 170.0,
    "files": 90.0,
    "threads": 44.0,
    "open_intents": 5.0,
    "wal_mb": 12.0,
    "latency_ms": 50.0,
    "slowest_ms": 900.0,
    "queue": 0.0,
    "calls": 400.0,
}


@pytest.mark.parametrize(
    ("name", "a_look", "grown"),
    [
        ("memory_mb", 0.1, []),
        ("memory_mb", 0.5, ["memory_mb"]),
        ("files", 0.3, ["files"]),
        ("threads", 0.15, ["threads"]),
        ("open_intents", 0.2, ["open_intents"]),
        ("wal_mb", 0.05, ["wal_mb"]),
        ("wal_mb", 0.005, []),
        ("calls", 10.0, []),
    ],
)
def test_what_grows_by_more_than_a_twentieth_is_named(name, a_look, grown, capsys):
    """Of what must not grow."""
    figures = [{"second": 5 * at, **LOOK, name: LOOK[name] + a_look * at} for at in range(60)]
    assert told(figures) == grown
    assert ("GREW" in capsys.readouterr().out) is bool(grown)


def test_intents_that_stay_open_are_counted_however_old_they_are(tmp_path: Path):
    """One call is not settled; what comes after it does not push it out of sight."""
    folder = write_project(tmp_path / "project")

    async def go():
        async with opened(folder) as parts:
            ledger = folder / ".metricgate" / "ledger.db"
            intents = OpenIntents(ledger)
            assert intents.count() == 0
            await ask(parts, "omni", "query_metrics", {"metrics": ["sales.orders"]})
            assert intents.count() == 0
            await parts.ledger.append("gov.call.released", {}, bodies={})
            for _ in range(20):
                await ask(parts, "omni", "query_metrics", {"metrics": ["sales.orders"]})
                assert intents.count() == 1
            assert OpenIntents(ledger).count() == 1

    asyncio.run(go())


def test_what_a_process_holds_is_told():
    """A block of the C library's, blocks of Python's and a long container are seen where they lie."""
    before = holdings()
    large = bytes(60_000_000)
    objects = [[number] for number in range(50_000)]
    after = holdings()
    assert after["c_mapped_mb"] - before["c_mapped_mb"] == pytest.approx(60, abs=1)
    assert after["python_blocks"] - before["python_blocks"] >= len(objects)
    assert any(length == len(objects) for length in after["containers"].values())
    assert all("/" in each for each in after["caches"].values())
    assert json.loads(json.dumps(after)) == after
    assert len(large) == 60_000_000
    del large, objects
    gc.collect()
    assert holdings()["c_mapped_mb"] - before["c_mapped_mb"] == pytest.approx(0, abs=1)


def test_who_looks_is_not_in_the_way_of_who_works():
    """A tuple that is being made while all objects are looked at comes out whole."""
    over = threading.Event()
    failed: list[BaseException] = []

    def work():
        while not over.is_set():
            try:
                assert len(tuple(number for number in range(200))) == 200
            except BaseException as error:  # noqa: BLE001 - whatever it is, it is told
                failed.append(error)

    workers = [threading.Thread(target=work) for _ in range(3)]
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for each in workers:
            each.start()
        for _ in range(20):
            holdings()
    finally:
        over.set()
        sys.setswitchinterval(before)
    for each in workers:
        each.join()
    assert failed == []
