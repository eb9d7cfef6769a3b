"""One change of many rows with whatever release of Metricgate is on the path: seconds and memory, as JSON.

Usage: python changes_once.py ENGINE ROWS
``bench_changes`` runs it, with this tree on the path and with an old one, so only names that df0a88a has are used here.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
from tests.contracts import servers
from tests.contracts.server_changes import Place, drop, new_place

from metricgate.changing.change import RowChangeKind, RowTarget, TableChange
from metricgate.changing.effect import ChangeEffect
from metricgate.changing.serial import effect_to_bytes
from metricgate.changing.undo import taking_back
from metricgate.gateway.changes.ports import WritableWarehouse
from server_time import ServerTime


def _module(now: str, then: str) -> ModuleType:
    """Import what lay elsewhere in the earlier release."""
    try:
        return import_module(now)
    except ModuleNotFoundError:
        return import_module(then)


DuckDBWarehouse = _module(
    "metricgate.adapters.warehouses.duckdb.warehouse", "metricgate.adapters.warehouses.duckdb"
).DuckDBWarehouse
_CHANGES = _module("tests.adapters.warehouses.duckdb.changes", "tests.adapters.warehouses.duckdb_changes")
Seal = _module("metricgate.adapters.state.sqlite.seal", "metricgate.adapters.stores.sealing").Seal
SqliteJournal = _module(
    "metricgate.adapters.state.sqlite.sqlite_journal", "metricgate.adapters.stores.sqlite_journal"
).SqliteJournal
_TABLE = "CREATE TABLE goods(id integer PRIMARY KEY, name varchar(40), price numeric(12,2))"
_BARE = "UPDATE goods SET price = price + 1"
_SECONDS = 600
_SERVER = ServerTime()
_JSON = "JSON_TABLE(%s, '$[*]' COLUMNS (id int PATH '$[0]'{}))"
_PRICE = ", price decimal(12,2) PATH '$[1]'"
_BY_KEY = {
    "postgres": (
        "SELECT g.* FROM unnest(%s::int[]) AS k(id) JOIN goods AS g USING (id) FOR UPDATE OF g",
        "UPDATE goods AS g SET price = k.price FROM unnest(%s::int[], %s::numeric[]) AS k(id, price) WHERE g.id = k.id",
    ),
    "mariadb": (
        f"SELECT g.* FROM {_JSON.format('')} AS k JOIN goods AS g USING (id) FOR UPDATE",
        f"UPDATE {_JSON.format(_PRICE)} AS k JOIN goods AS g USING (id) SET g.price = k.price",
    ),
}
"""The least that a change of named rows has the server do: read them, and set them to values that are given."""
_AT_ONCE = {"postgres": 1_000_000, "mariadb": 100_000}
"""Rows of one such statement: MariaDB takes no more than ``max_allowed_packet``."""


def main() -> None:
    engine, rows = sys.argv[1], int(sys.argv[2])
    with tempfile.TemporaryDirectory(prefix="bench-changes-") as folder:
        found = _duckdb(Path(folder), rows) if engine == "duckdb" else _server(engine, Path(folder), rows)
    print(json.dumps(found))


def _duckdb(folder: Path, rows: int) -> dict[str, float]:
    fill = f"INSERT INTO goods SELECT n, 'g' || n, n FROM range(1, {rows + 1}) t(n)"
    options = _CHANGES.built(folder / "w.duckdb", f"{_TABLE}; {fill}")
    with duckdb.connect(str(folder / "bare.duckdb")) as bare:
        bare.execute(_TABLE)
        bare.execute(fill)
        floor = _timed(lambda: bare.execute(_BARE))

    async def work() -> dict[str, float]:
        warehouse = DuckDBWarehouse(options)
        try:
            return await _changed(warehouse, _CHANGES.table("goods"), folder, rows)
        finally:
            await warehouse.close()

    return {"bare": floor, **asyncio.run(work())}


def _server(engine: str, folder: Path, rows: int) -> dict[str, float]:
    place = new_place(engine, _TABLE)
    try:
        for start in range(1, rows + 1, 100_000):
            values = ", ".join(f"({n}, 'g{n}', {n})" for n in range(start, min(start + 100_000, rows + 1)))
            place.admin(f"INSERT INTO goods VALUES {values}")
        del values
        _SERVER.watch()
        floors = {"bare": _timed(lambda: place.admin(_BARE)), **_bare_by_key(place, rows)}

        async def work() -> dict[str, float]:
            warehouse = place.warehouse()
            try:
                return await _changed(warehouse, place.table("goods"), folder, rows)
            finally:
                await warehouse.close()

        return {**floors, **asyncio.run(work())}
    finally:
        drop(place)


def _bare_by_key(place: Place, rows: int) -> dict[str, float]:
    """Return seconds, of the server's processor too, of a bare change by key that is rolled back or committed."""
    found: dict[str, float] = {}
    read, update = _BY_KEY[place.engine]
    for name, end, add in (("rehearse", "ROLLBACK", 1), ("carry out", "COMMIT", 0)):
        given = [
            _given(place.engine, range(first, min(first + _AT_ONCE[place.engine], rows + 1)), add)
            for first in range(1, rows + 1, _AT_ONCE[place.engine])
        ]
        begin, server, cpu = time.perf_counter(), _SERVER.seconds, _cpu()
        with _connection(place) as connection, connection.cursor() as cursor:
            cursor.execute("BEGIN")
            for keys, _values in given:
                cursor.execute(read, keys)
                cursor.fetchall()
            for _keys, values in given:
                cursor.execute(update, values)
            cursor.execute(end)
        found[f"{name}, bare"] = time.perf_counter() - begin
        found[f"{name}, bare, processor"] = _cpu() - cpu + _SERVER.seconds - server
    return found | {
        f"undo, bare{each}": found[f"rehearse, bare{each}"] + found[f"carry out, bare{each}"]
        for each in ("", ", processor")
    }


def _given(engine: str, numbers: range, add: int) -> tuple[list[Any], list[Any]]:
    """Return parameters of the reading and of the update."""
    if engine == "postgres":
        return [list(numbers)], [list(numbers), [each + add for each in numbers]]
    keys = [json.dumps([[each] for each in numbers])]
    return keys, [json.dumps([[each, each + add] for each in numbers])]


@contextmanager
def _connection(place: Place) -> Iterator[Any]:
    if place.engine == "postgres":
        with servers.postgres_connection(servers.postgres()) as connection:
            connection.execute(f'SET search_path = "{place.schema}"')
            yield connection
    else:
        with servers.mariadb_connection(servers.mariadb()) as connection:
            connection.select_db(place.schema)
            yield connection


async def _changed(warehouse: WritableWarehouse, table: tuple[str, ...], folder: Path, rows: int) -> dict[str, float]:
    journal = SqliteJournal(folder / "journal.db", Seal(folder / "journal.key"))
    await _turn(warehouse, journal, table, 1)
    rest = _memory("VmRSS")
    _forget_peaks()
    spent = await _turn(warehouse, journal, table, rows)
    spent |= {"peak": _memory("VmHWM"), "growth": _memory("VmHWM") - rest}
    journal.close()
    return spent


async def _turn(warehouse: WritableWarehouse, journal: Any, table: tuple[str, ...], rows: int) -> dict[str, float]:
    """Change rows once and take it back; returns the seconds of each part."""
    targets = tuple(RowTarget(key=(str(n),), values=("0.50",)) for n in range(1, rows + 1))
    change = TableChange(kind=RowChangeKind.UPDATE, table=table, key=("id",), columns=("price",), rows=targets)
    del targets
    action, until = f"bench-{rows}-{time.time_ns()}", datetime.now(UTC) + timedelta(days=1)
    begin, cpu, server = time.perf_counter(), _cpu(), _SERVER.seconds
    rehearsal = await warehouse.rehearse_changes([change], most_rows=2 * rows, seconds=_SECONDS)
    del change
    shown, shown_cpu, shown_server = time.perf_counter(), _cpu(), _SERVER.seconds

    def keep(effect: ChangeEffect) -> None:
        journal.prepare(action, effect_to_bytes(effect), until=until)

    effect = await warehouse.apply(_release(rehearsal, action, rows), keep)
    done, done_cpu, done_server = time.perf_counter(), _cpu(), _SERVER.seconds
    back = taking_back(effect, await warehouse.shapes([table]))
    again = await warehouse.rehearse_changes(back, most_rows=2 * rows, seconds=_SECONDS)
    await warehouse.apply(_release(again, f"{action}-undo", rows), lambda _effect: None)
    return {
        "rehearse": shown - begin,
        "carry out": done - shown,
        "undo": time.perf_counter() - done,
        "rehearse, processor": shown_cpu - cpu,
        "carry out, processor": done_cpu - shown_cpu,
        "undo, processor": _cpu() - done_cpu,
        "rehearse, server": shown_server - server,
        "carry out, server": done_server - shown_server,
        "undo, server": _SERVER.seconds - done_server,
    }


def _release(rehearsal, action: str, rows: int):
    """Release what was rehearsed, however many rows it has."""
    return replace(_CHANGES.release(rehearsal, action=action, seconds=_SECONDS), most_rows=2 * rows)


def _timed(work) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def _processes() -> list[int]:
    """Return this process and its children: DuckDB's file is held by one."""
    found = [os.getpid()]
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, IndexError):
            if int(path.read_text().rpartition(")")[2].split()[1]) == os.getpid():
                found.append(int(path.parent.name))
    return found


def _memory(name: str) -> float:
    """Return megabytes of all processes together."""
    total = 0
    for pid in _processes():
        with suppress(OSError):
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
            total += sum(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))
    return total / 1024


def _cpu() -> float:
    """Return the processor's seconds of all processes so far: what others do on the machine is not among them."""
    found = time.process_time()
    for pid in _processes()[1:]:
        with suppress(OSError):
            found += sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13])) / 100
    return found


def _forget_peaks() -> None:
    for pid in _processes():
        with suppress(OSError):
            Path(f"/proc/{pid}/clear_refs").write_text("5")


if __name__ == "__main__":
    main()
