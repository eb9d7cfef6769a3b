"""A change over columns of every type of an engine: shown before it is made, carried out, taken back exactly."""

from __future__ import annotations

from pathlib import Path

from tests.adapters.warehouses.duckdb import changes as duckdb_changes
from tests.adapters.warehouses.duckdb import test_types as test_duckdb_types
from tests.adapters.warehouses.mariadb import test_types as test_mariadb_types
from tests.adapters.warehouses.postgres import test_types as test_postgres_types
from tests.contracts.server_changes import drop, new_place, plan, ready, release, using

from metricgate.adapters.warehouses.duckdb.warehouse import DuckDBWarehouse
from metricgate.adapters.warehouses.servers.warehouse import ServerWarehouse
from metricgate.changing.undo import taking_back

LOSSY = {"UNION", "VARIANT", "GEOMETRY"}
"""Types of DuckDB whose texts are not all of them, as are lists of JSON: shown, told as such, and not taken back."""
LISTS_OF_JSON = {"LIST of JSON", "ARRAY of JSON"}
NO_COLUMNS = {"NULL", "TYPE"}
"""Types of values that no column may have."""


def test_every_type_of_duckdb(tmp_path: Path) -> None:
    """Flat and in everything that nests; what does not survive as text is shown too, with a word about it."""
    flat = {kind: sql for kind, (sql, _type, _wire) in test_duckdb_types.FLAT.items() if kind not in NO_COLUMNS}
    # Every type in a third of the ways to nest it, and JSON in all.
    nested = {
        f"{way} of {kind}": text.format(v=sql)
        for at, (way, (text, _type, _shown)) in enumerate(test_duckdb_types.NESTS.items())
        for number, (kind, sql) in enumerate(flat.items())
        if (at + number) % 3 == 0 or kind == "JSON"
    }
    every = {**flat, **nested}
    lossy = [sql for kind, sql in every.items() if LOSSY & set(kind.split()) or kind in LISTS_OF_JSON]
    exact = [sql for sql in every.values() if sql not in lossy]

    def columns(values: list[str], letter: str) -> str:
        return ", ".join(f"{sql} AS {letter}{at}" for at, sql in enumerate(values))

    options = duckdb_changes.built(
        tmp_path / "w.duckdb",
        f"CREATE TABLE made AS SELECT 1 AS k, {columns(exact, 'c')}, {columns(lossy, 'd')};"
        "CREATE TABLE t AS SELECT * FROM made; ALTER TABLE t ADD PRIMARY KEY (k);",
    )

    names = " ".join(f"c{at}" for at in range(len(exact)))
    source = f"SELECT 1, {', '.join(['NULL'] * len(exact))}"
    emptied = duckdb_changes.plan(duckdb_changes.step("update", "t", source, key="k", columns=names))

    async def work(warehouse: DuckDBWarehouse) -> None:
        gone = duckdb_changes.plan(duckdb_changes.step("delete", "t", "SELECT 1", key="k"))
        shown = (await warehouse.rehearse(gone)).effect
        assert None not in (shown.tables[0].rows[0].before or ())
        assert len([word for word in shown.unknown if "text does not hold" in word]) == len(lossy)
        effect = await duckdb_changes.carried_out(warehouse, emptied)
        [row] = effect.tables[0].rows
        assert None not in (row.before or ())[: 1 + len(exact)]
        assert set((row.after or ())[1 : 1 + len(exact)]) == {None}
        back = taking_back(effect, await warehouse.shapes([duckdb_changes.table("t")]))
        undo = await warehouse.rehearse_changes(back, most_rows=10, seconds=30)
        await warehouse.apply(duckdb_changes.release(undo, action="act-2"), duckdb_changes.ready)
        same = "SELECT count(*) FROM (SELECT * FROM t EXCEPT SELECT * FROM made)"
        assert await duckdb_changes.rows(warehouse, same) == [[0]]

    duckdb_changes.using(options, work)


def on_server(engine: str, script: list[str], count: int) -> None:
    """Empty the columns ``c0`` ... of table ``t``'s row 1, look at what is shown, and take it back."""
    place = new_place(engine, *script)
    names = [f"c{at}" for at in range(count)]
    everything = f"SELECT CAST(t AS text) FROM {place.schema}.t" if engine == "postgres" else "SELECT * FROM t"

    async def work(warehouse: ServerWarehouse) -> None:
        before = place.admin(everything)
        source = f"SELECT 1, {', '.join(['NULL'] * count)}"
        wanted = plan(place.step("update", "t", source, key="k", columns=" ".join(names)))
        effect = await warehouse.apply(release(await warehouse.rehearse(wanted), wanted), ready)
        [row] = effect.tables[0].rows
        assert None not in (row.before or ())
        assert set((row.after or ())[1:]) == {None}
        back = taking_back(effect, await warehouse.shapes([place.table("t")]))
        undo = await warehouse.rehearse_changes(back, most_rows=10, seconds=20)
        await warehouse.apply(release(undo, action="act-2"), ready)
        assert place.admin(everything) == before

    try:
        using(place, work)
    finally:
        drop(place)


def test_every_type_of_postgres() -> None:
    """Flat types, and arrays and composites of them."""
    flat = [
        (test_postgres_types.own_name(kind), test_postgres_types.literal(text))
        for kind, (text, _type, _wire) in test_postgres_types.FLAT.items()
    ]
    one = [f"CREATE TYPE one_{at} AS (a {kind}, b {kind})" for at, (kind, _text) in enumerate(flat)]
    columns = [
        *((kind, f"CAST({text} AS {kind})") for kind, text in flat),
        *((f"{kind}[]", f"ARRAY[CAST({text} AS {kind}), NULL]") for kind, text in flat),
        *((f"one_{at}[]", f"ARRAY[CAST(ROW({text}, NULL) AS one_{at}), NULL]") for at, (_k, text) in enumerate(flat)),
    ]
    script = [
        *one,
        f"CREATE TABLE t (k int PRIMARY KEY, {', '.join(f'c{at} {kind}' for at, (kind, _v) in enumerate(columns))})",
        f"INSERT INTO t VALUES (1, {', '.join(value for _kind, value in columns)})",
    ]
    on_server("postgres", script, len(columns))


def test_every_type_of_mariadb() -> None:
    """All of them."""
    kinds = test_mariadb_types.TYPES
    script = [
        f"CREATE TABLE t (k int PRIMARY KEY, {', '.join(f'c{at} {kind} NULL' for at, kind in enumerate(kinds))})",
        f"INSERT INTO t VALUES (1, {', '.join(sql for sql, _type, _wire in kinds.values())})",
    ]
    on_server("mariadb", script, len(kinds))
