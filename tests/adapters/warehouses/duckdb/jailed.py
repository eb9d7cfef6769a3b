"""Shared by the tests of DuckDB's worker processes: a file to read, ways to open it, and how to look at a process."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeVar

from tests.contracts.warehouse_engines import released

from metricgate.adapters.warehouses.duckdb.file import build_file
from metricgate.adapters.warehouses.duckdb.options import DuckDBOptions
from metricgate.adapters.warehouses.duckdb.warehouse import DuckDBWarehouse

Result = TypeVar("Result")

SECRET = "SENTINEL-b7f3c1"
SCRIPT = """
CREATE TABLE t AS SELECT range AS a, 'x' || range AS b FROM range(100000);
CREATE SCHEMA other; CREATE VIEW other.v AS SELECT a + 1 AS c FROM t; CREATE SEQUENCE s;
"""


def build(path: Path) -> Path:
    """Write the database that the tests read."""
    with build_file(path) as (builder, _scratch):
        builder.execute(SCRIPT)
    return path


def options_of(kind: str, file: Path, **others: object) -> DuckDBOptions:
    """Return the options of a source: ``read-only`` or ``writable`` (the file) or ``memory`` (a copy)."""
    if kind == "memory":
        return DuckDBOptions(path=None, script=SCRIPT, **others)  # type: ignore[arg-type]
    return DuckDBOptions(path=file, read_only=kind == "read-only", **others)  # type: ignore[arg-type]


def using(options: DuckDBOptions, work: Callable[[DuckDBWarehouse], Awaitable[Result]]) -> Result:
    """Open a warehouse, do ``work`` with it, close it, in one event loop."""

    async def main() -> Result:
        warehouse = DuckDBWarehouse(options)
        try:
            return await work(warehouse)
        finally:
            await warehouse.close()

    return asyncio.run(main())


async def confined(
    warehouse: DuckDBWarehouse, sql: str, *parameters: object, **limits: object
) -> Sequence[Sequence[object]]:
    """Run an agent's statement and return its rows."""
    rows = await warehouse.run(released(sql, *parameters, confined=True, **limits))  # type: ignore[arg-type]
    return [list(row) for row in rows.values]


def alive(pid: int) -> bool:
    """Whether there is such a process, zombies excepted."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def gone_within(pids: Sequence[int], seconds: float) -> bool:
    """Whether all these processes end in time."""
    until = time.monotonic() + seconds
    while any(alive(pid) for pid in pids):
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


def facts_of(pid: int) -> dict[str, str]:
    """Return what the kernel tells of a process (``/proc/<pid>/status``)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _colon, value in (line.partition(":") for line in lines)}


def files_of(process: int | str) -> set[str]:
    """Return what a process (a number, or ``self``) has open."""
    return {str(link.readlink()) for link in Path(f"/proc/{process}/fd").iterdir() if link.is_symlink()}


def address_space_of(pid: int) -> int:
    """Return the most address space that a process may have, in bytes."""
    lines = Path(f"/proc/{pid}/limits").read_text().splitlines()
    [line] = [line for line in lines if "address space" in line]
    return int(line.split()[3])


def descriptors() -> int:
    """Return how many descriptors this process has open."""
    return len([*Path("/proc/self/fd").iterdir()])
