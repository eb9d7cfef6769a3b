# ruff: noqa: E501, ISC004 - scripts of SQL
"""Texts of every form and length go to the engines, come back, and are told apart to the byte."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.adapters.warehouses.duckdb import changes as duckdb_changes
from tests.contracts.server_changes import drop, new_place, plan, ready, release, using

from metricgate.changing.change import RowChangeKind, RowTarget, TableChange
from metricgate.changing.undo import taking_back
from metricgate.gateway.changes.ports import ChangeFailed, WritableWarehouse

TEXTS = (
    *(
        "",
        " ",
        "NULL",
        "null",
        "{}",
        '{"a","b"}',
        "[1,null]",
        "\\",
        "\\\\N",
        "'",
        "''; --",
        '"',
        "%s %% $1 ?",
        "a\tb\nc\rd",
    ),
    *("\x1a\x01\x7f", "ä", "😀\u2028\u0301", "x" * 250, "x" * 251, "x" * 252, "é" * 126, "😀" * 16_400, "y" * 70_000),
)


async def _there_and_back(warehouse: WritableWarehouse, table: tuple[str, ...]) -> None:
    """Insert texts, change each into another, delete them; take each step back: images hold what was given."""
    rows = tuple(RowTarget(values=(str(at), text, None)) for at, text in enumerate(TEXTS))
    added = TableChange(kind=RowChangeKind.INSERT, table=table, columns=("id", "one", "two"), rows=rows)
    effects = []
    for number, change in enumerate((added, _others(table), _gone(table))):
        rehearsal = await warehouse.rehearse_changes([change], most_rows=100, seconds=20)
        assert (rehearsal.not_back, rehearsal.anew) == ((), ())
        effects.append(await warehouse.apply(release(rehearsal, action=f"act-{number}"), ready))
    assert _texts(effects[0], "after") == {str(at): (text, None) for at, text in enumerate(TEXTS)}
    assert _texts(effects[1], "after") == {str(at): (TEXTS[-1 - at], text) for at, text in enumerate(TEXTS)}
    assert _texts(effects[2], "before") == _texts(effects[1], "after")
    for number, effect in enumerate(reversed(effects)):
        changes = taking_back(effect, await warehouse.shapes([table]))
        undo = await warehouse.rehearse_changes(changes, most_rows=100, seconds=20)
        done = await warehouse.apply(release(undo, action=f"undo-{number}"), ready)
        assert _texts(done, "after") == _texts(effect, "before")


def _others(table: tuple[str, ...]) -> TableChange:
    rows = [RowTarget(key=(str(at),), values=(TEXTS[-1 - at], text)) for at, text in enumerate(TEXTS)]
    return TableChange(kind=RowChangeKind.UPDATE, table=table, key=("id",), columns=("one", "two"), rows=rows)


def _gone(table: tuple[str, ...]) -> TableChange:
    rows = [RowTarget(key=(str(at),)) for at in range(len(TEXTS))]
    return TableChange(kind=RowChangeKind.DELETE, table=table, key=("id",), rows=rows)


def _texts(effect, side: str) -> dict:
    found = [getattr(row, side) for each in effect.tables for row in each.rows]
    return {row[0]: row[1:] for row in found if row is not None}


@pytest.mark.parametrize("engine", ["postgres", "mariadb"])
def test_texts_on_servers(engine: str) -> None:
    kind = "text" if engine == "postgres" else "longtext CHARACTER SET utf8mb4"
    place = new_place(engine, f"CREATE TABLE texts (id int PRIMARY KEY, one {kind}, two {kind})")
    try:
        using(place, lambda warehouse: _there_and_back(warehouse, place.table("texts")))
    finally:
        drop(place)


def test_texts_on_duckdb(tmp_path: Path) -> None:
    options = duckdb_changes.built(tmp_path / "w.duckdb", "CREATE TABLE texts (id INT PRIMARY KEY, one TEXT, two TEXT)")
    duckdb_changes.using(options, lambda warehouse: _there_and_back(warehouse, duckdb_changes.table("texts")))


def test_the_character_zero_is_refused_by_postgres() -> None:
    """It may not split one text into two."""
    place = new_place("postgres", "CREATE TABLE texts (id int PRIMARY KEY, one text)")
    rows = tuple(RowTarget(values=(str(at), text)) for at, text in enumerate(("a\x00b", "c", None)))
    change = TableChange(kind=RowChangeKind.INSERT, table=place.table("texts"), columns=("id", "one"), rows=rows)

    async def work(warehouse: WritableWarehouse) -> None:
        with pytest.raises(ChangeFailed):
            await warehouse.rehearse_changes([change], most_rows=100, seconds=20)

    try:
        using(place, work)
    finally:
        drop(place)


LOUD = {
    "postgres": (
        "CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
        "CREATE TABLE loud (id int PRIMARY KEY, v int, note text COLLATE loose)",
        "INSERT INTO loud VALUES (1, 1, 'abc'), (2, 1, 'ABC')",
        "CREATE FUNCTION louder() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN NEW.note := pg_catalog.upper(NEW.note COLLATE pg_catalog.\"C\"); RETURN NEW; END'",
        "CREATE TRIGGER louder BEFORE UPDATE ON loud FOR EACH ROW EXECUTE FUNCTION louder()",
    ),
    "mariadb": (
        "CREATE TABLE loud (id int PRIMARY KEY, v int, note varchar(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci)",
        "INSERT INTO loud VALUES (1, 1, 'abc'), (2, 1, 'ABC')",
        "CREATE TRIGGER louder BEFORE UPDATE ON loud FOR EACH ROW SET NEW.note = CONCAT(UPPER(NEW.note), ' ')",
    ),
}


@pytest.mark.parametrize("engine", LOUD)
def test_equal_under_a_collation_is_not_back(engine: str) -> None:
    """A trigger makes another text of it that the column's collation calls the same."""
    place = new_place(engine, *LOUD[engine])
    wanted = plan(place.step("update", "loud", "SELECT id, 2 FROM {s}.loud", key="id", columns="v"))

    async def work(warehouse: WritableWarehouse) -> None:
        rehearsal = await warehouse.rehearse(wanted)
        told = {*rehearsal.not_back, *rehearsal.anew}
        assert any("note" in each for each in told), told

    try:
        using(place, work)
    finally:
        drop(place)


def test_equal_under_a_collation_is_not_back_on_duckdb(tmp_path: Path) -> None:
    """What the engine compares are bytes, whatever the column's collation is."""
    import duckdb

    from metricgate.adapters.warehouses.changing.rows import RowAccess
    from metricgate.adapters.warehouses.duckdb.changing.dialect import DuckDBDialect
    from metricgate.adapters.warehouses.duckdb.changing.session import DuckDBSession
    from metricgate.adapters.warehouses.duckdb.engine import DuckDBEngine
    from metricgate.changing.images import Images

    connection = duckdb.connect(str(tmp_path / "w.duckdb"))
    connection.execute("CREATE TABLE loud (id INT PRIMARY KEY, note TEXT COLLATE NOCASE, num DOUBLE)")
    connection.execute("INSERT INTO loud VALUES (1, 'abc', 'nan'), (2, 'ABC', 0.1), (3, NULL, '-0'), (4, 'x', NULL)")
    session = DuckDBSession(DuckDBEngine(connection, writable=True), connection.cursor())
    tables = RowAccess(session, DuckDBDialect(session.check))
    session.begin(0)
    location = ("w", "main", "loud")
    shape = tables.dialect.shapes(session, [location])[location]
    images = [("1", "ABC", "nan"), ("2", "ABC", "0.1"), ("3", None, "0.0"), ("4", "x", None), ("5", None, None)]
    assert tables.find_differing(shape, Images.of(images, 3)) == [0, 2, 4]
    session.rollback()
    connection.close()


NUMBERS = ("0.1", "1234567.891", "1e-7", "16777217", "3.4e38", "0.5", "-2.25", "12345678901234567")


def test_numbers_that_mariadb_copies_into_texts_keep_the_digits_that_it_gives_them() -> None:
    """A FLOAT's text has six digits, in a text column all; decimals and integers have no others than their own."""
    kinds = {"f": "float", "d": "double", "e": "decimal(38,10)", "i": "bigint", "t": "time", "y": "year"}
    place = new_place(
        "mariadb",
        f"CREATE TABLE numbers (id int PRIMARY KEY, {', '.join(f'{name} {kind}' for name, kind in kinds.items())})",
        "CREATE TABLE texts (id int PRIMARY KEY, one varchar(99), two varchar(99))",
    )
    try:
        for at, each in enumerate(NUMBERS):
            place.admin(
                f"INSERT INTO numbers VALUES ({at}, {each}, {each}, LEAST({each}, 1e27), LEAST({each}, 1e18), '10:11:12', 2024)"
            )
        for name in kinds:
            place.admin(f"INSERT INTO texts SELECT id, {name}, CONCAT({name}) FROM numbers")
            wanted = {row[0]: row[1:] for row in place.admin("SELECT CAST(id AS CHAR), one, two FROM texts")}
            place.admin("DELETE FROM texts")
            source = f"SELECT id, {name}, CONCAT({name}) FROM {{s}}.numbers"
            step = plan(place.step("insert", "texts", source, columns="id one two"))

            async def work(warehouse: WritableWarehouse, step=step, wanted=wanted, name=name) -> None:
                rehearsal = await warehouse.rehearse(step)
                assert _texts(rehearsal.effect, "after") == wanted, name

            using(place, work)
    finally:
        drop(place)


def test_bytes_that_are_no_characters_are_refused_as_a_cast() -> None:
    """By MariaDB's text columns; those that are characters are taken."""
    place = new_place("mariadb", "CREATE TABLE texts (id int PRIMARY KEY, one varchar(99), two varbinary(9))")
    try:
        place.admin("INSERT INTO texts VALUES (1, 'a', x'ff41'), (2, 'b', 'ok')")

        async def work(warehouse: WritableWarehouse) -> None:
            for source in ("SELECT id, two FROM {s}.texts WHERE id = 1", "SELECT 1, x'ff41'"):
                with pytest.raises(ChangeFailed) as failed:
                    await warehouse.rehearse(plan(place.step("update", "texts", source, key="id", columns="one")))
                assert failed.value.code == "E_SQL_BAD_CAST", failed.value.engine_text
            source = "SELECT id, two FROM {s}.texts WHERE id = 2"
            rehearsal = await warehouse.rehearse(plan(place.step("update", "texts", source, key="id", columns="one")))
            assert _texts(rehearsal.effect, "after") == {"2": ("ok", "6F6B")}

        using(place, work)
    finally:
        drop(place)
