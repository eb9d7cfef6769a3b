# ruff: noqa: E501 - scripts of SQL
"""What comes between the moment a change was shown and the moment it runs: nothing of it acts unseen."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from tests.adapters.warehouses.duckdb import changes as duckdb_changes
from tests.contracts import servers
from tests.contracts.server_changes import Place, drop, new_place, plan, ready, release, using

from metricgate.changing.shape import ColumnShape, Location
from metricgate.changing.structure import StructureChange, aside_of
from metricgate.gateway.changes.ports import (
    ChangeFailed,
    ChangePlan,
    Rehearsal,
    WritableWarehouse,
)
from metricgate.vocabulary.structure import StructureKind

POSTGRES = (
    "CREATE TYPE mood AS ENUM ('a', 'b')",
    "CREATE FUNCTION helper() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE FUNCTION noting() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM helper(); RETURN NULL; END'",
    "CREATE DOMAIN small AS int CHECK (VALUE < 1000)",
    "CREATE TABLE goods (id int PRIMARY KEY, n int, note text DEFAULT 'x', twice int GENERATED ALWAYS AS (n * 2) STORED, s small, m mood)",
    "INSERT INTO goods (id, n) SELECT g, g FROM generate_series(1, 60) AS g",
    "CREATE TABLE parts (id int PRIMARY KEY, good int CONSTRAINT to_goods REFERENCES goods ON DELETE CASCADE)",
    "INSERT INTO parts VALUES (1, 1), (2, 60)",
    "CREATE TABLE noted (id int)",
    "CREATE TRIGGER noting AFTER UPDATE ON goods FOR EACH ROW EXECUTE FUNCTION noting()",
    "CREATE TRIGGER off AFTER DELETE ON parts FOR EACH ROW EXECUTE FUNCTION noting()",
    "ALTER TABLE parts DISABLE TRIGGER off",
    "CREATE VIEW few AS SELECT id, n FROM goods WHERE n <= 1",
    "CREATE VIEW fewer AS SELECT id FROM few",
    "CREATE FUNCTION sweep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF pg_trigger_depth() < 2 THEN DELETE FROM goods WHERE n > 10; END IF; RETURN NULL; END'",
)
POSTGRES_BETWEEN = {
    "trigger sweeping of .*goods is new": ["CREATE TRIGGER sweeping AFTER DELETE ON goods EXECUTE FUNCTION sweep()"],
    "trigger sweeping of .*parts is new": ["CREATE TRIGGER sweeping AFTER DELETE ON parts EXECUTE FUNCTION sweep()"],
    "trigger off of .*parts was changed": ["ALTER TABLE parts ENABLE TRIGGER off"],
    "function .*helper was changed": ["CREATE OR REPLACE FUNCTION helper() RETURNS int LANGUAGE sql AS 'SELECT 2'"],
    "function .*noting was changed": [
        "CREATE OR REPLACE FUNCTION noting() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM goods WHERE n > 10; RETURN NULL; END'"
    ],
    "rule quiet of .*goods is new": ["CREATE RULE quiet AS ON DELETE TO goods DO ALSO DELETE FROM parts"],
    "table .*goods was changed.*": ["ALTER TABLE goods ENABLE ROW LEVEL SECURITY"],
    "policy mine of .*goods is new": ["CREATE POLICY mine ON goods USING (n > 3)"],
    "foreign key to_goods of .*parts was changed": [
        "ALTER TABLE parts DROP CONSTRAINT to_goods, ADD CONSTRAINT to_goods FOREIGN KEY (good) REFERENCES goods ON DELETE SET NULL"
    ],
    "foreign key .*from more of .*goods is new": [
        "CREATE TABLE more (id int PRIMARY KEY, good int REFERENCES goods ON DELETE CASCADE)"
    ],
    "column note of .*goods was changed": ["ALTER TABLE goods ALTER note SET DEFAULT 'y'"],
    "column m of .*goods was changed": ["ALTER TABLE goods ALTER m TYPE text"],
    "generated column twice of .*goods": ["ALTER TABLE goods ALTER twice DROP EXPRESSION"],
    "column s of .*goods was changed": ["ALTER DOMAIN small ADD CHECK (VALUE > -5)"],
    "check odd of .*goods is new": ["ALTER TABLE goods ADD CONSTRAINT odd CHECK (n < 5000)"],
    "column more of .*goods is new": ["ALTER TABLE goods ADD more int"],
    "rule _RETURN of .*few was changed": ["CREATE OR REPLACE VIEW few AS SELECT id, n FROM goods WHERE n < 2"],
    "unique key .*index once of .*goods is new": ["CREATE UNIQUE INDEX once ON goods (n)"],
    "E_NOT_CHANGEABLE": ["CREATE TABLE heir () INHERITS (goods)"],
}
MARIADB = (
    "CREATE TABLE goods (id int PRIMARY KEY, n int, note varchar(20) DEFAULT 'x', twice int AS (n * 2) STORED) ENGINE=InnoDB",
    "INSERT INTO goods (id, n) SELECT seq, seq FROM seq_1_to_60",
    "CREATE TABLE parts (id int PRIMARY KEY, good int, CONSTRAINT to_goods FOREIGN KEY (good) REFERENCES goods (id) ON DELETE CASCADE) ENGINE=InnoDB",
    "INSERT INTO parts VALUES (1, 1), (2, 60)",
    "CREATE TABLE noted (id int) ENGINE=InnoDB",
    "CREATE PROCEDURE helper() INSERT INTO noted VALUES (1)",
    "CREATE TRIGGER noting AFTER DELETE ON goods FOR EACH ROW CALL helper()",
    "CREATE VIEW few AS SELECT id, n FROM goods WHERE n <= 1",
    "CREATE VIEW fewer AS SELECT id FROM few",
)
MARIADB_BETWEEN = {
    "trigger sweeping of .*goods is new": [
        "CREATE TRIGGER sweeping AFTER DELETE ON goods FOR EACH ROW DELETE FROM noted"
    ],
    "trigger more of .*noted is new": ["CREATE TRIGGER more AFTER INSERT ON noted FOR EACH ROW SET @x = 1"],
    "function .*helper was changed": ["CREATE OR REPLACE PROCEDURE helper() DELETE FROM noted"],
    "trigger noting of .*goods was changed": [
        "CREATE OR REPLACE TRIGGER noting AFTER DELETE ON goods FOR EACH ROW DELETE FROM noted"
    ],
    "foreign key to_goods of .*parts was changed": [
        "ALTER TABLE parts DROP FOREIGN KEY to_goods",
        "ALTER TABLE parts ADD CONSTRAINT to_goods FOREIGN KEY (good) REFERENCES goods (id) ON DELETE SET NULL",
    ],
    "foreign key .*from more of .*goods is new": [
        "CREATE TABLE more (id int PRIMARY KEY, good int, FOREIGN KEY (good) REFERENCES goods (id) ON DELETE CASCADE) ENGINE=InnoDB"
    ],
    "column note of .*goods was changed": ["ALTER TABLE goods ALTER note SET DEFAULT 'y'"],
    "column n of .*goods was changed": ["ALTER TABLE goods MODIFY n bigint"],
    "generated column twice of .*goods was changed": ["ALTER TABLE goods MODIFY twice int AS (n * 3) STORED"],
    "check odd of .*goods is new": ["ALTER TABLE goods ADD CONSTRAINT odd CHECK (n < 5000)"],
    "column more of .*goods is new": ["ALTER TABLE goods ADD more int"],
    "view .*few was changed": ["CREATE OR REPLACE VIEW few AS SELECT id, n FROM goods WHERE n < 2"],
    "E_NOT_CHANGEABLE": [
        "DROP TABLE parts",
        "DROP TABLE more",
        "ALTER TABLE goods PARTITION BY HASH (id) PARTITIONS 2",
    ],
}
DUCKDB = """
CREATE TABLE goods (id INTEGER PRIMARY KEY, n INTEGER, note VARCHAR DEFAULT 'x');
INSERT INTO goods (id, n) SELECT g, g FROM range(1, 61) AS t(g);
CREATE TABLE noted (id INTEGER);
CREATE TABLE far (id INTEGER);
CREATE TABLE loose (id INTEGER PRIMARY KEY, note VARCHAR DEFAULT 'x');
INSERT INTO loose VALUES (1, 'x');
CREATE TRIGGER noting AFTER DELETE ON goods FOR EACH STATEMENT INSERT INTO noted VALUES (1);
CREATE TRIGGER other AFTER INSERT ON goods FOR EACH STATEMENT INSERT INTO far VALUES (1);
CREATE VIEW few AS SELECT id, n FROM goods WHERE n <= 1;
CREATE VIEW fewer AS SELECT id FROM few;
"""
DUCKDB_BETWEEN = {
    "trigger sweeping of main.goods is new": "CREATE TRIGGER sweeping AFTER DELETE ON goods FOR EACH STATEMENT DELETE FROM noted",
    "trigger noting of main.goods is gone": "DROP TRIGGER noting ON goods",
    "trigger more of main.noted is new": "CREATE TRIGGER more AFTER INSERT ON noted FOR EACH STATEMENT INSERT INTO far VALUES (1)",
    "trigger other of main.goods was changed": "CREATE OR REPLACE TRIGGER other AFTER INSERT ON goods FOR EACH STATEMENT DELETE FROM noted",
    "view main.few was changed": "CREATE OR REPLACE VIEW few AS SELECT id, n FROM goods WHERE n < 2",
    "unique key index once of main.goods is new": "CREATE UNIQUE INDEX once ON goods (n)",
    "column note of main.loose was changed": "ALTER TABLE loose ALTER note SET DEFAULT 'y'",
    "column more of main.loose is new": "ALTER TABLE loose ADD more INTEGER",
}


def deleting(place: Place) -> ChangePlan:
    """Return a plan that deletes one row, which a view over a view finds."""
    wanted = plan(place.step("delete", "goods", "SELECT id FROM {s}.fewer WHERE id = 1", key="id"))
    return replace(wanted, reads=(place.table("fewer"), place.table("goods")))


async def refused(warehouse: WritableWarehouse, rehearsal: Rehearsal, wanted: ChangePlan, about: str = "") -> str:
    """See it refused; return why."""
    try:
        await warehouse.apply(release(rehearsal, wanted), ready)
    except ChangeFailed as failed:
        return f"{failed.code} {failed.detail}"
    pytest.fail(f"carried out although {about}")


@pytest.mark.parametrize(
    ("engine", "script", "betweens"), [("postgres", POSTGRES, POSTGRES_BETWEEN), ("mariadb", MARIADB, MARIADB_BETWEEN)]
)
def test_what_was_not_shown_refuses_by_name(
    engine: str, script: Sequence[str], betweens: Mapping[str, Sequence[str]]
) -> None:
    """Whatever is defined anew between rehearsal and effect: nothing is changed, and the refusal names it."""
    place = new_place(engine, *script)

    async def work(warehouse: WritableWarehouse) -> None:
        wanted = deleting(place)
        for told, between in betweens.items():
            rehearsal = await warehouse.rehearse(wanted)
            await asyncio.to_thread(place.admin, *between)
            found = await refused(warehouse, rehearsal, wanted, told)
            assert re.search(told if told.startswith("E_") else f"E_DEFINITIONS_CHANGED.*{told}", found), (told, found)
            assert place.admin("SELECT count(*) FROM goods") == [(60,)]

    try:
        using(place, work)
    finally:
        drop(place)


def test_a_trigger_made_while_the_change_waits_for_a_row_refuses() -> None:
    """It came after the definitions were read first, on the table and on one behind a foreign key: it is seen after it ran."""
    place = new_place("postgres", *POSTGRES)

    async def work(warehouse: WritableWarehouse) -> None:
        for table in ("goods", "parts"):
            wanted = deleting(place)
            rehearsal = await warehouse.rehearse(wanted)
            with servers.postgres_connection(servers.postgres()) as holder:
                holder.autocommit = False
                holder.execute(f"SELECT 1 FROM {place.schema}.goods WHERE id = 1 FOR UPDATE")
                waiting = asyncio.ensure_future(refused(warehouse, rehearsal, wanted))
                for _ in range(100):
                    await asyncio.sleep(0.05)
                    if place.admin("SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'"):
                        break
                sql = f"CREATE TRIGGER sweeping_{table} AFTER DELETE ON {table} EXECUTE FUNCTION sweep()"
                await asyncio.to_thread(place.admin, sql)
                holder.rollback()
            assert f"trigger sweeping_{table} of {place.schema}.{table} is new" in await waiting
            assert place.admin("SELECT count(*) FROM goods") == [(60,)]

    try:
        using(place, work)
    finally:
        drop(place)


def test_what_was_not_shown_refuses_by_name_on_duckdb(tmp_path: Path) -> None:
    """The same on a file that another process changes while the gateway is away."""
    options = duckdb_changes.built(tmp_path / "w.duckdb", DUCKDB)
    step = duckdb_changes.step("delete", "goods", "SELECT id FROM fewer WHERE id = 1", key="id")
    goods = replace(duckdb_changes.plan(step), reads=(duckdb_changes.table("fewer"), duckdb_changes.table("goods")))
    loose = duckdb_changes.plan(duckdb_changes.step("delete", "loose", "SELECT 1", key="id"))

    async def rehearsed(warehouse: WritableWarehouse) -> list[Rehearsal]:
        return [await warehouse.rehearse(each) for each in (goods, loose)]

    rehearsals = duckdb_changes.using(options, rehearsed)
    with duckdb.connect(str(options.path)) as connection:
        for sql in DUCKDB_BETWEEN.values():
            connection.execute(sql)

    async def tried(warehouse: WritableWarehouse) -> str:
        return " ".join([await refused(warehouse, *each) for each in zip(rehearsals, (goods, loose), strict=True)])

    found = duckdb_changes.using(options, tried)
    assert found.count("E_DEFINITIONS_CHANGED") == 2
    assert [told for told in DUCKDB_BETWEEN if told not in found] == []
    with duckdb.connect(str(options.path)) as connection:
        assert connection.execute("SELECT count(*) FROM goods").fetchall() == [(60,)]


@pytest.mark.parametrize(("engine", "script"), [("postgres", POSTGRES), ("mariadb", MARIADB)])
def test_what_does_not_take_part_refuses_nothing(engine: str, script: Sequence[str]) -> None:
    """Tables, functions and views elsewhere may come and go; plain indexes and rows of other tables too."""
    place = new_place(engine, *script)

    async def work(warehouse: WritableWarehouse) -> None:
        wanted = deleting(place)
        rehearsal = await warehouse.rehearse(wanted)
        place.admin(
            "CREATE TABLE elsewhere (id int PRIMARY KEY, x int)",
            "CREATE VIEW apart AS SELECT * FROM elsewhere",
            "CREATE INDEX plain ON goods (note)",
            "INSERT INTO noted VALUES (5)",
        )
        effect = await warehouse.apply(release(rehearsal, wanted), ready)
        assert effect.rows == 2

    try:
        using(place, work)
    finally:
        drop(place)


STRUCTURES_BETWEEN = {
    "postgres": {
        "trigger sweeping of .*wares is new": [
            "CREATE TRIGGER sweeping AFTER UPDATE ON wares EXECUTE FUNCTION sweep()"
        ],
        "function .*helper was changed": ["CREATE OR REPLACE FUNCTION helper() RETURNS int LANGUAGE sql AS 'SELECT 2'"],
        "rule quiet of .*wares is new": ["CREATE RULE quiet AS ON DELETE TO wares DO ALSO DELETE FROM noted"],
    },
    "mariadb": {
        "trigger sweeping of .*wares is new": [
            "CREATE TRIGGER sweeping AFTER UPDATE ON wares FOR EACH ROW DELETE FROM noted"
        ],
        "function .*helper was changed": ["CREATE OR REPLACE PROCEDURE helper() DELETE FROM noted"],
        "check odd of .*wares is new": ["ALTER TABLE wares ADD CONSTRAINT odd CHECK (id < 5000)"],
    },
    "duckdb": {
        "trigger sweeping of main.goods is new": [
            "CREATE TRIGGER sweeping AFTER UPDATE ON goods FOR EACH STATEMENT DELETE FROM noted"
        ],
        "trigger more of main.noted is new": [
            "CREATE TRIGGER more AFTER INSERT ON noted FOR EACH STATEMENT INSERT INTO far VALUES (1)"
        ],
    },
}
EVENT_TRIGGER = (
    "CREATE FUNCTION on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM {0}.noted; END'",
    "CREATE EVENT TRIGGER {0}_ddl ON ddl_command_end EXECUTE FUNCTION {0}.on_ddl()",
    # Tests run side by side in one database: it must not act on theirs.
    "ALTER EVENT TRIGGER {0}_ddl ENABLE REPLICA",
)


def structures(goods: Location) -> list[StructureChange]:
    """Return a drop, an addition and a new name, of a table and its columns."""
    column = ColumnShape(name="note", type="varchar(20)")
    return [
        StructureChange(kind=StructureKind.DROP_TABLE, table=goods),
        StructureChange(kind=StructureKind.ADD_COLUMN, table=goods, column=ColumnShape(name="more", type="int")),
        StructureChange(kind=StructureKind.RENAME_COLUMN, table=goods, column=column, new_name="remark"),
    ]


async def unchanged(warehouse: WritableWarehouse, change: StructureChange, rehearsal: Rehearsal, told: str) -> None:
    """See a change of a table refused because of what came between."""
    with pytest.raises(ChangeFailed) as failed:
        await warehouse.apply(release(rehearsal, structure=change, action="act_between"), ready)
    assert failed.value.code == "E_DEFINITIONS_CHANGED", (change.kind, failed.value.code, failed.value.detail)
    assert re.search(told, failed.value.detail), (change.kind, told, failed.value.detail)


@pytest.mark.parametrize(("engine", "script"), [("postgres", POSTGRES), ("mariadb", MARIADB)])
def test_a_change_of_a_table_itself_is_bound_to_what_was_shown_too(engine: str, script: Sequence[str]) -> None:
    """A trigger, what it calls, a rule, a check, made between: DROP and ALTER change nothing, and say what came."""
    alone = [each for each in script if not re.search(r"VIEW|(TABLE|INTO|ON) parts", each)]
    # A view of another test over a table of the same name would count as one over this.
    place = new_place(engine, *(each.replace("goods", "wares") for each in alone))

    async def work(warehouse: WritableWarehouse) -> None:
        for change in structures(place.table("wares")):
            for told, between in STRUCTURES_BETWEEN[engine].items():
                rehearsal = await warehouse.rehearse_structure(change, seconds=20)
                await asyncio.to_thread(place.admin, *between)
                await unchanged(warehouse, change, rehearsal, told)
                undone = {
                    "CREATE TRIGGER sweeping": "DROP TRIGGER sweeping" + (" ON wares" if engine == "postgres" else ""),
                    "CREATE RULE quiet": "DROP RULE quiet ON wares",
                    "ALTER TABLE wares ADD": "ALTER TABLE wares DROP CONSTRAINT odd",
                    "CREATE OR REPLACE FUNCTION": POSTGRES[1].replace("CREATE", "CREATE OR REPLACE"),
                    "CREATE OR REPLACE PROCEDURE": "CREATE OR REPLACE PROCEDURE helper() INSERT INTO noted VALUES (1)",
                }
                [again] = [sql for begin, sql in undone.items() if between[0].startswith(begin)]
                await asyncio.to_thread(place.admin, again)
            rehearsal = await warehouse.rehearse_structure(change, seconds=20)
            assert rehearsal.definitions
            assert any(each.acts for each in rehearsal.definitions), "people are shown the trigger"
        last = structures(place.table("wares"))[0]
        rehearsal = await warehouse.rehearse_structure(last, seconds=20)
        await warehouse.apply(release(rehearsal, structure=last, action="act_between"), ready)
        assert place.admin(f"SELECT count(*) FROM {aside_of('act_between')}") == [(60,)]

    try:
        using(place, work)
    finally:
        drop(place)


def test_an_event_trigger_made_between_refuses_a_change_of_a_table() -> None:
    """What acts on DDL itself, on PostgreSQL: its making, and a new body of what it calls."""
    place = new_place("postgres", "CREATE TABLE goods (id int PRIMARY KEY)", "CREATE TABLE noted (id int)")
    name = f"{place.schema}_ddl"

    async def work(warehouse: WritableWarehouse) -> None:
        change = StructureChange(kind=StructureKind.DROP_TABLE, table=place.table("goods"))
        rehearsal = await warehouse.rehearse_structure(change, seconds=20)
        await asyncio.to_thread(place.admin, *(each.format(place.schema) for each in EVENT_TRIGGER))
        await unchanged(warehouse, change, rehearsal, f"event trigger {name} of the database is new")
        rehearsal = await warehouse.rehearse_structure(change, seconds=20)
        body = (
            EVENT_TRIGGER[0].format(place.schema).replace("CREATE", "CREATE OR REPLACE").replace("DELETE", "/**/DELETE")
        )
        await asyncio.to_thread(place.admin, body)
        await unchanged(warehouse, change, rehearsal, "function .*on_ddl was changed")

    try:
        using(place, work)
    finally:
        place.admin(f"DROP EVENT TRIGGER IF EXISTS {name}")
        drop(place)


def test_a_change_of_a_table_itself_is_bound_on_duckdb(tmp_path: Path) -> None:
    """The same on a file that another process changes while the gateway is away."""
    script = DUCKDB.replace("CREATE VIEW few AS SELECT id, n FROM goods WHERE n <= 1;", "").replace(
        "CREATE VIEW fewer AS SELECT id FROM few;", ""
    )
    options = duckdb_changes.built(tmp_path / "w.duckdb", script)
    [add] = [each for each in structures(duckdb_changes.table("goods")) if each.kind is StructureKind.ADD_COLUMN]
    for told, between in STRUCTURES_BETWEEN["duckdb"].items():
        rehearsals: list[Rehearsal] = []

        async def shown(warehouse: WritableWarehouse, found: list[Rehearsal] = rehearsals) -> None:
            found.append(await warehouse.rehearse_structure(add, seconds=20))

        async def work(warehouse: WritableWarehouse, found: list[Rehearsal] = rehearsals, said: str = told) -> None:
            await unchanged(warehouse, add, found[0], said)

        duckdb_changes.using(options, shown)
        with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
            for sql in between:
                connection.execute(sql)
        duckdb_changes.using(options, work)
