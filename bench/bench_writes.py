"""What a change costs beside the bare statement: rehearsal, carrying out, journal and undo, on each engine."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
from tests.adapters.warehouses.duckdb.changes import built, release
from tests.adapters.warehouses.duckdb.changes import table as duckdb_table
from tests.contracts.server_changes import Place, drop, new_place

from bench.timing import Figure
from metricgate.adapters.state.sqlite.seal import Seal
from metricgate.adapters.state.sqlite.sqlite_journal import SqliteJournal
from metricgate.adapters.warehouses.duckdb.warehouse import DuckDBWarehouse
from metricgate.changing.change import RowChangeKind, RowTarget, TableChange
from metricgate.changing.effect import ChangeEffect
from metricgate.changing.serial import effect_to_bytes
from metricgate.changing.undo import taking_back
from metricgate.gateway.changes.ports import WritableWarehouse

SIZES = (1, 1_000, 10_000, 100_000)
ROUNDS = {1: 7, 1_000: 3, 10_000: 1, 100_000: 1}
_TABLE = "CREATE TABLE goods(id integer PRIMARY KEY, name varchar(40), price numeric(12,2))"
_BARE = "UPDATE goods SET price = price + 1 WHERE id <= {rows}"


def figures() -> list[Figure]:
    """Return the figures: milliseconds, each beside the bare statement of the same size on the same engine."""
    found: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="bench-writes-") as folder:
        found += _duckdb(Path(folder))
        for engine in ("postgres", "mariadb"):
            found += _server(engine, Path(folder))
    return found


def _duckdb(folder: Path) -> list[Figure]:
    rows = "INSERT INTO goods SELECT n, 'g' || n, n FROM range(1, 100001) t(n)"
    options = built(folder / "w.duckdb", f"{_TABLE}; {rows}")
    with duckdb.connect(str(folder / "bare.duckdb")) as bare:
        bare.execute(_TABLE)
        bare.execute(rows)
        floors = {size: _median(lambda size=size: bare.execute(_BARE.format(rows=size)), size) for size in SIZES}

    async def measured() -> list[Figure]:
        warehouse = DuckDBWarehouse(options)
        try:
            return await _measured("duckdb", warehouse, duckdb_table("goods"), floors, folder / "d.db")
        finally:
            await warehouse.close()

    return asyncio.run(measured())


def _server(engine: str, folder: Path) -> list[Figure]:
    place: Place = new_place(engine, _TABLE)
    values = ", ".join(f"({n}, 'g{n}', {n})" for n in range(1, 100_001))
    place.admin(f"INSERT INTO goods VALUES {values}")
    floors = {size: _median(lambda size=size: place.admin(_BARE.format(rows=size)), size) for size in SIZES}

    async def measured() -> list[Figure]:
        warehouse = place.warehouse()
        try:
            return await _measured(engine, warehouse, place.table("goods"), floors, folder / f"{engine}.db")
        finally:
            await warehouse.close()

    try:
        return asyncio.run(measured())
    finally:
        drop(place)


def _median(work: Callable[[], object], size: int) -> float:
    times = []
    for _ in range(ROUNDS[size]):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return statistics.median(times) * 1_000


async def _measured(
    engine: str, warehouse: WritableWarehouse, table: tuple[str, ...], floors: dict[int, float], file: Path
) -> list[Figure]:
    journal = SqliteJournal(file, Seal(file.with_suffix(".key")))
    found: list[Figure] = []
    for size in SIZES:
        turns = [await _turn(warehouse, journal, table, size, turn) for turn in range(ROUNDS[size])]
        found += [
            Figure(
                subject=f"changes on {engine}",
                name=f"{name}, {size:,} row{'s' if size > 1 else ''}",
                value=statistics.median(turn[name] for turn in turns) * 1_000,
                unit="ms",
                floor=floors[size],
                floor_name="the bare UPDATE",
            )
            for name in turns[0]
        ]
    journal.close()
    return found


async def _turn(
    warehouse: WritableWarehouse, journal: SqliteJournal, table: tuple[str, ...], size: int, turn: int
) -> dict[str, float]:
    """Change rows once and take it back; returns the seconds of each part."""
    spent: dict[str, float] = {}
    rows = tuple(RowTarget(key=(str(n),), values=(f"{turn}.50",)) for n in range(1, size + 1))
    change = TableChange(kind=RowChangeKind.UPDATE, table=table, key=("id",), columns=("price",), rows=rows)
    action, until = f"bench-{'-'.join(table)}-{size}-{turn}", datetime.now(UTC) + timedelta(days=1)
    begin = time.perf_counter()
    rehearsal = await warehouse.rehearse_changes([change], most_rows=200_000, seconds=300)
    spent["rehearse"] = time.perf_counter() - begin

    def keep(effect: ChangeEffect) -> None:
        start = time.perf_counter()
        journal.prepare(action, effect_to_bytes(effect), until=until)
        spent["of it, the journal"] = time.perf_counter() - start

    begin = time.perf_counter()
    spent["carry out"] = 0.0
    effect = await warehouse.apply(release(rehearsal, action=action, seconds=300), keep)
    spent["carry out"] = time.perf_counter() - begin
    begin = time.perf_counter()
    back = taking_back(effect, await warehouse.shapes([table]))
    again = await warehouse.rehearse_changes(back, most_rows=200_000, seconds=300)
    await warehouse.apply(release(again, action=f"{action}-undo", seconds=300), lambda _effect: None)
    spent["undo"] = time.perf_counter() - begin
    return spent
