"""A DuckDB file to change, and the plans, changes and releases of tests."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from tests.contracts import server_changes
from tests.contracts.warehouse_engines import released

from metricgate.adapters.warehouses.duckdb.file import build_file
from metricgate.adapters.warehouses.duckdb.options import DuckDBOptions
from metricgate.adapters.warehouses.duckdb.warehouse import DuckDBWarehouse
from metricgate.changing.change import RowChangeKind, RowTarget, TableChange
from metricgate.changing.effect import ChangeEffect
from metricgate.compiling.statement import ExpectedColumn, Statement
from metricgate.gateway.changes.ports import ChangePlan, ChangeStep, Rehearsal, ReleasedChange, View
from metricgate.gateway.ports import Rows
from metricgate.vocabulary.predicate import Scalar

Result = TypeVar("Result")
Work = Callable[[DuckDBWarehouse], Awaitable[Result]]
Doing = Callable[[Work[None]], None]


def built(path: Path, script: str) -> DuckDBOptions:
    """Return options for a file that this script made and that may be changed."""
    with build_file(path) as (builder, _scratch):
        builder.execute(script)
    return DuckDBOptions(path=path, read_only=False, writes=True, engine_threads=1)


def using(options: DuckDBOptions, work: Work[Result]) -> Result:
    """Do ``work`` with a warehouse."""

    async def main() -> Result:
        warehouse = DuckDBWarehouse(options)
        try:
            return await work(warehouse)
        finally:
            await warehouse.close()

    return asyncio.run(main())


@contextmanager
def kept_open(options: DuckDBOptions) -> Iterator[Doing]:
    """Yield what does work with one warehouse, in one event loop: starting a worker takes longer than most tests."""
    with asyncio.Runner() as runner:

        async def opened() -> DuckDBWarehouse:
            return DuckDBWarehouse(options)

        warehouse = runner.run(opened())

        async def working(work: Work[None]) -> None:
            await work(warehouse)

        yield lambda work: runner.run(working(work))
        runner.run(warehouse.close())


def table(name: str) -> tuple[str, ...]:
    """Return where a table is, in the file ``w.duckdb``."""
    return ("w", *(("main", name) if "." not in name else tuple(name.split("."))))


def source(sql: str, *parameters: Scalar) -> Statement:
    """Return a confined SELECT."""
    return Statement(
        sql=sql,
        parameters=parameters,
        dialect="duckdb",
        columns=(ExpectedColumn(name="v", type=None),),
        digest="sha256:test",
        row_limit=None,
        confined=True,
    )


def step(kind: str, name: str, sql: str, *parameters: Scalar, key: str = "", columns: str = "") -> ChangeStep:
    """Return a step; names of columns are separated by blanks."""
    return ChangeStep(
        kind=RowChangeKind(kind),
        table=table(name),
        key=tuple(key.split()),
        columns=tuple(columns.split()),
        source=source(sql, *parameters),
    )


def plan(*steps: ChangeStep, most: int = 20_000, seconds: float = 30.0, views: Sequence[View] = ()) -> ChangePlan:
    """Return a plan."""
    return ChangePlan(steps=steps, most_rows=most, seconds=seconds, views=tuple(views))


def inserting(name: str, columns: str, *rows: tuple[str | None, ...]) -> TableChange:
    """Return rows to insert that are spelt out."""
    return TableChange(
        kind=RowChangeKind.INSERT,
        table=table(name),
        columns=tuple(columns.split()),
        rows=tuple(RowTarget(values=row) for row in rows),
    )


def release(
    rehearsal: Rehearsal, wanted: ChangePlan | None = None, *, action: str = "act-1", seconds: float = 30.0
) -> ReleasedChange:
    """Release what was rehearsed."""
    return server_changes.release(rehearsal, wanted, action=action, most_rows=200_000, seconds=seconds)


def ready(_effect: ChangeEffect) -> None:
    """Prepare nothing."""


async def carried_out(warehouse: DuckDBWarehouse, wanted: ChangePlan, action: str = "act-1") -> ChangeEffect:
    """Rehearse and apply."""
    rehearsal = await warehouse.rehearse(wanted)
    return await warehouse.apply(release(rehearsal, wanted, action=action), ready)


async def rows(warehouse: DuckDBWarehouse, sql: str) -> list[list[object]]:
    """Return what a SELECT gives."""
    found: Rows = await warehouse.run(released(sql))
    return [list(row) for row in found.values]
