# ruff: noqa: E501, ISC004 - scripts of SQL
"""Changes on real PostgreSQL and MariaDB servers: what is done, what is refused, what is taken back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from tests.contracts import servers
from tests.contracts.server_changes import Place, drop, new_place, plan, ready, release, using

from metricgate.adapters.warehouses.mariadb.options import MariaDBOptions
from metricgate.adapters.warehouses.mariadb.warehouse import MariaDBWarehouse
from metricgate.adapters.warehouses.servers.warehouse import ServerWarehouse
from metricgate.adapters.warehouses.servers.writer_options import WriterOptions
from metricgate.approvals.proposal import Reversibility
from metricgate.changing.effect import Cause, ChangeEffect
from metricgate.changing.undo import taking_back
from metricgate.gateway.changes.ports import ChangeFailed, ChangePlan, OutcomeUnknown, View, WritableWarehouse
from metricgate.gateway.changes.preview import reversibility_of

POSTGRES = (
    "CREATE TABLE people (id int PRIMARY KEY, name varchar(20) NOT NULL, boss int REFERENCES people ON DELETE SET NULL)",
    "INSERT INTO people VALUES (1, 'Ada', NULL), (2, 'Bob', 1), (3, 'Cy', 1), (4, 'Di', 3)",
    "CREATE TABLE orders (id int GENERATED ALWAYS AS IDENTITY (START 100) PRIMARY KEY, person int NOT NULL"
    " REFERENCES people ON DELETE CASCADE, amount numeric(10,2) CHECK (amount >= 0), made timestamptz, facts jsonb,"
    " tags text[], blob bytea, code char(3) UNIQUE, note text, doubled numeric GENERATED ALWAYS AS (amount * 2) STORED,"
    " big double precision)",
    "INSERT INTO orders (id, person, amount, made, facts, tags, blob, code, note, big) OVERRIDING SYSTEM VALUE VALUES"
    """ (1, 1, 10.50, '2024-03-31 01:30:00.123456+00', '{"a": [1, 2]}', '{"x,y",NULL}', '\\x00ff', 'A', '', 0.1),"""
    " (2, 2, NULL, NULL, NULL, NULL, NULL, NULL, 'two', 1e300), (3, 2, 7, NULL, NULL, NULL, NULL, 'C', 'x', NULL)",
    'CREATE TABLE lines (order_id int REFERENCES orders ON DELETE CASCADE, place varchar(5), "a ""b""; --" text,'
    " PRIMARY KEY (order_id, place))",
    "INSERT INTO lines VALUES (1, 'x', 'one'), (1, 'y', NULL), (2, 'x', 'two')",
    "CREATE VIEW seen AS SELECT * FROM people",
    "CREATE TABLE loud (id int PRIMARY KEY, v int)",
    "INSERT INTO loud VALUES (1, 1)",
    "CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.v := NEW.v + 1; RETURN NEW; END'",
    "CREATE TRIGGER shouting BEFORE UPDATE ON loud FOR EACH ROW EXECUTE FUNCTION shout()",
)
MARIADB = (
    "CREATE TABLE people (id int PRIMARY KEY, name varchar(20) NOT NULL, boss int,"
    " FOREIGN KEY (boss) REFERENCES people (id) ON DELETE SET NULL)",
    "INSERT INTO people VALUES (1, 'Ada', NULL), (2, 'Bob', 1), (3, 'Cy', 1), (4, 'Di', 3)",
    "CREATE TABLE orders (id int AUTO_INCREMENT PRIMARY KEY, person int NOT NULL, amount decimal(10,2)"
    " CHECK (amount >= 0), made datetime(6), facts json, tags text, `blob` blob, code char(3) UNIQUE, note text,"
    " doubled decimal(12,2) AS (amount * 2) STORED, big double, single float, bits bit(9),"
    " FOREIGN KEY (person) REFERENCES people (id) ON DELETE CASCADE)",
    "INSERT INTO orders (id, person, amount, made, facts, tags, `blob`, code, note, big, single, bits) VALUES"
    """ (1, 1, 10.50, '2024-03-31 01:30:00.123456', '{"a": [1, 2]}', 'x', x'00ff', 'A', '', 0.1, 0.1, b'100000001'),"""
    " (2, 2, NULL, NULL, NULL, NULL, NULL, NULL, 'two', 1e300, NULL, NULL),"
    " (3, 2, 7, NULL, NULL, NULL, NULL, 'C', 'x', NULL, NULL, NULL)",
    'CREATE TABLE `lines` (order_id int, place varchar(5), `a "b"; --` text, PRIMARY KEY (order_id, place),'
    " FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE CASCADE)",
    "INSERT INTO `lines` VALUES (1, 'x', 'one'), (1, 'y', NULL), (2, 'x', 'two')",
    "CREATE VIEW seen AS SELECT * FROM people",
    "CREATE TABLE loud (id int PRIMARY KEY, v int)",
    "INSERT INTO loud VALUES (1, 1)",
    "CREATE TRIGGER shouting BEFORE UPDATE ON loud FOR EACH ROW SET NEW.v = NEW.v + 1",
)
SCRIPTS = {"postgres": POSTGRES, "mariadb": MARIADB}
ODD = 'a "b"; --'
TABLES = ("people", "orders", "lines")


@pytest.fixture(params=["postgres", "mariadb"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    made = new_place(request.param, *SCRIPTS[request.param])
    yield made
    drop(made)


def everything(place: Place) -> list[list[tuple[object, ...]]]:
    """Every row of every table, as the engine gives it."""
    return [place.admin(f"SELECT * FROM {place.schema}.{name} ORDER BY 1, 2") for name in TABLES]


async def carried_out(warehouse: ServerWarehouse, wanted: ChangePlan) -> ChangeEffect:
    rehearsal = await warehouse.rehearse(wanted)
    return await warehouse.apply(release(rehearsal, wanted), ready)


async def undone(warehouse: ServerWarehouse, effect: ChangeEffect, action: str = "act-2") -> None:
    shapes = await warehouse.shapes([each.table for each in effect.tables])
    undo = await warehouse.rehearse_changes(taking_back(effect, shapes), most_rows=20_000, seconds=20)
    await warehouse.apply(release(undo, action=action), ready)


def test_shapes_tell_keys_reactions_and_what_the_engine_fills_in(place: Place):
    """What foreign keys reach comes too; views are not plain; missing tables are not there."""

    async def work(warehouse: ServerWarehouse) -> None:
        assert isinstance(warehouse, WritableWarehouse)
        assert warehouse.writable
        shapes = await warehouse.shapes([place.table(each) for each in ("orders", "seen", "loud", "missing")])
        assert set(shapes) == {place.table(each) for each in ("orders", "seen", "loud", "people", "lines")}
        orders = shapes[place.table("orders")]
        assert (orders.key, shapes[place.table("lines")].key) == (("id",), ("order_id", "place"))
        assert orders.unique == (("code",),)
        assert [each.name for each in orders.columns if each.generated] == ["doubled"]
        assert [each.name for each in orders.columns if each.identity] == ["id"]
        assert {each.on_delete.value for each in shapes[place.table("people")].referenced_by} == {"set_null", "cascade"}
        assert shapes[place.table("loud")].triggers == ("shouting",)
        assert not shapes[place.table("seen")].plain

    using(place, work)


def test_several_steps_are_carried_out_marked_and_taken_back_exactly(place: Place):
    """Insert, update (also to the same values) and delete in one transaction, over every sort of column."""
    new = "SELECT 3, 1.005, '2025-01-01 00:00:00', '{\"b\": null}', NULL, 'é''\\ x'"
    long = (
        f"SELECT order_id, place, {'repeat' if place.engine == 'postgres' else 'REPEAT'}('é', 20000) FROM {{s}}.lines"
    )
    if place.engine == "mariadb":
        new, long = new.replace("\\ x", "\\\\ x"), long.replace("{s}.lines", "{s}.`lines`")
    wanted = plan(
        place.step(
            "update",
            "orders",
            "SELECT id, amount * 2, NULL, note, NULL, 'Z' FROM {s}.orders WHERE id = 1",
            key="id",
            columns="amount made note facts code",
        ),
        place.step("update", "people", "SELECT id, name FROM {s}.people", key="id", columns="name"),
        replace(place.step("update", "lines", long + " WHERE place = 'y'", key="order_id place"), columns=(ODD,)),
        place.step("delete", "orders", "SELECT id FROM {s}.orders WHERE id IN (2, 3)", key="id"),
        place.step("insert", "orders", new, columns="person amount made facts tags note"),
    )

    async def work(warehouse: ServerWarehouse) -> None:
        before = everything(place)
        rehearsal = await warehouse.rehearse(wanted)
        assert everything(place) == before
        assert await warehouse.find_committed(["act-1"]) == frozenset()
        prepared: list[ChangeEffect] = []
        effect = await warehouse.apply(release(rehearsal, wanted), prepared.append)
        assert prepared == [effect]
        assert effect.digest == rehearsal.effect.digest
        assert [(str(each.cause), len(each.rows)) for each in effect.tables] == [
            ("statement", 1),
            ("statement", 4),
            ("statement", 1),
            ("statement", 2),
            ("statement", 1),
            ("cascade", 1),
        ]
        assert await warehouse.find_committed(["act-1", "act-2"]) == {"act-1"}
        await undone(warehouse, effect)
        assert everything(place) == before

    using(place, work)


def test_cascades_are_foretold_and_taken_back(place: Place):
    """CASCADE over two tables, SET NULL and a table that refers to itself."""
    wanted = plan(place.step("delete", "people", "SELECT 1", key="id"))

    async def work(warehouse: ServerWarehouse) -> None:
        before = everything(place)
        effect = await carried_out(warehouse, wanted)
        behind = {each.table[-1]: len(each.rows) for each in effect.of(Cause.CASCADE)}
        assert behind == {"people": 2, "orders": 1, "lines": 2}
        assert not effect.unknown
        await undone(warehouse, effect)
        assert everything(place) == before
        with pytest.raises(ChangeFailed, match="E_TOO_MANY_ROWS"):
            await warehouse.rehearse(replace(wanted, most_rows=3))

    using(place, work)


@pytest.mark.parametrize("engine", ["postgres", "mariadb"])
def test_a_row_that_refers_to_itself_is_deleted_once(engine: str):
    """It is named by the change, not found behind it: as many rows as were shown suffice as the ceiling."""
    place = new_place(
        engine,
        "CREATE TABLE tree (id int PRIMARY KEY, up int, FOREIGN KEY (up) REFERENCES tree (id) ON DELETE CASCADE)",
        "INSERT INTO tree VALUES (1, 1), (2, NULL), (3, 3)",
        "INSERT INTO tree VALUES (4, 3)",
    )

    async def work(warehouse: ServerWarehouse) -> None:
        alone = plan(place.step("delete", "tree", "SELECT 1", key="id"), most=1)
        effect = await carried_out(warehouse, alone)
        assert (effect.rows, effect.of(Cause.CASCADE)) == (1, [])
        await undone(warehouse, effect)
        found = await warehouse.rehearse(plan(place.step("delete", "tree", "SELECT 3", key="id"), most=2))
        assert [len(each.rows) for each in found.effect.of(Cause.CASCADE)] == [1]
        assert place.admin("SELECT count(*) FROM tree") == [(4,)]

    try:
        using(place, work)
    finally:
        drop(place)


def test_columns_that_mariadb_sets_anew_are_put_back_or_left_alone():
    """Moved by the change; set by it to what they were; behind SET NULL, where they do not move: taken back exactly."""
    place = new_place(
        "mariadb",
        *MARIADB[:2],
        "CREATE TABLE stamped (id int PRIMARY KEY, v int, boss int, touched datetime(6) DEFAULT '2020-01-02 03:04:05.000006'"
        " ON UPDATE CURRENT_TIMESTAMP(6), seen timestamp NULL ON UPDATE CURRENT_TIMESTAMP,"
        " FOREIGN KEY (boss) REFERENCES people (id) ON DELETE SET NULL)",
        "INSERT INTO stamped (id, v, boss) VALUES (1, 1, 4), (2, 2, NULL), (3, 3, 2)",
    )
    moved = plan(place.step("update", "stamped", "SELECT id, v + 1 FROM {s}.stamped", key="id", columns="v"))
    held = plan(
        place.step(
            "update", "stamped", "SELECT id, v + 1, touched, seen FROM {s}.stamped", key="id", columns="v touched seen"
        )
    )
    behind = plan(place.step("delete", "people", "SELECT 4", key="id"))

    def rows() -> list[tuple[object, ...]]:
        return place.admin(f"SELECT * FROM {place.schema}.stamped ORDER BY id")

    async def work(warehouse: ServerWarehouse) -> None:
        before = rows()
        shape = (await warehouse.shapes([place.table("stamped")]))[place.table("stamped")]
        assert [each.name for each in shape.columns if each.moving] == ["touched", "seen"]
        for number, (wanted, moves) in enumerate([(moved, True), (held, False), (behind, False)]):
            rehearsal = await warehouse.rehearse(wanted)
            effect = await warehouse.apply(release(rehearsal, wanted, action=f"act-{number}"), ready)
            assert ([row[3:] for row in rows()] != [row[3:] for row in before]) == moves
            await undone(warehouse, effect, f"undo-{number}")
            assert rows() == before
            assert reversibility_of(rehearsal) is Reversibility.R0

    try:
        using(place, work)
    finally:
        drop(place)


def test_triggers_make_the_effect_unknown_and_views_are_not_changed(place: Place):
    """What a trigger did to the row itself is in the effect; what else, nobody says."""

    async def work(warehouse: ServerWarehouse) -> None:
        found = await warehouse.rehearse(plan(place.step("update", "loud", "SELECT 1, 5", key="id", columns="v")))
        assert found.effect.unknown == (f"trigger shouting on {place.schema}.loud",)
        assert found.effect.tables[0].rows[0].after == ("1", "6")
        with pytest.raises(ChangeFailed, match="E_NOT_CHANGEABLE"):
            await warehouse.rehearse(plan(place.step("delete", "seen", "SELECT 1", key="id")))

    using(place, work)


def test_rows_that_changed_after_the_rehearsal_are_told(place: Place):
    """Other values, other rows found (a phantom), rows gone: nothing is done."""
    wanted = plan(
        place.step("update", "people", "SELECT id, 'late' FROM {s}.people WHERE boss = 1", key="id", columns="name")
    )

    async def work(warehouse: ServerWarehouse) -> None:
        for meanwhile, key in (
            (f"UPDATE {place.schema}.people SET boss = 1 WHERE id = 4", "4"),
            (f"INSERT INTO {place.schema}.people VALUES (9, 'New', 1)", "9"),
            (f"DELETE FROM {place.schema}.people WHERE id = 9", "9"),
        ):
            rehearsal = await warehouse.rehearse(wanted)
            place.admin(meanwhile)
            before = everything(place)
            with pytest.raises(ChangeFailed) as caught:
                await warehouse.apply(release(rehearsal, wanted), ready)
            assert (caught.value.code, caught.value.rows) == ("E_ROWS_CHANGED", ((place.table("people"), (key,)),))
            assert everything(place) == before
        rehearsal = await warehouse.rehearse(wanted)
        place.admin(f"UPDATE {place.schema}.people SET name = 'other' WHERE id = 2")
        with pytest.raises(ChangeFailed, match="E_ROWS_CHANGED"):
            await warehouse.apply(release(rehearsal, wanted), ready)

    using(place, work)


def test_constraints_refuse_with_their_sort_and_nothing_is_cut_short(place: Place):
    """Unique keys, foreign keys, NOT NULL, CHECK, and values that do not fit."""
    cases = [
        ("update", "orders", "SELECT 1, 'C'", "id", "code", "a unique key"),
        ("update", "orders", "SELECT 1, 77", "id", "person", "a foreign key"),
        ("update", "people", "SELECT 1, NULL", "id", "name", "NOT NULL"),
        ("update", "orders", "SELECT 1, -1", "id", "amount", "CHECK"),
        ("update", "orders", "SELECT 1, 'LONG'", "id", "code", "a text longer"),
        ("update", "people", "SELECT 1, 'a name of more than twenty letters'", "id", "name", "a text longer"),
    ]
    unfit = [("SELECT 1, 123456789012", "E_SQL_OUT_OF_RANGE"), ("SELECT 1, 'abc'", "E_SQL_BAD_CAST")]

    async def work(warehouse: ServerWarehouse) -> None:
        for kind, name, sql, key, columns, sort in cases:
            with pytest.raises(ChangeFailed) as caught:
                await warehouse.rehearse(plan(place.step(kind, name, sql, key=key, columns=columns)))
            assert (caught.value.code, caught.value.detail[: len(sort)]) == ("E_WRITE_CONSTRAINT", sort), (
                sql,
                caught.value.engine_text,
            )
        for sql, code in unfit:
            with pytest.raises(ChangeFailed) as caught:
                await warehouse.rehearse(plan(place.step("update", "orders", sql, key="id", columns="amount")))
            assert caught.value.code == code, caught.value.engine_text

    using(place, work)


def test_a_row_may_not_leave_its_view_nor_be_found_twice_nor_be_too_many(place: Place):
    view = View(
        table=place.table("people"), key=("id",), source=place.source("SELECT id FROM {s}.people WHERE boss = 1")
    )
    leaving = plan(place.step("update", "people", "SELECT 2, 3", key="id", columns="boss"), views=[view])
    twice = plan(place.step("update", "people", "SELECT 2, 3 UNION ALL SELECT 2, 1", key="id", columns="boss"))

    async def work(warehouse: ServerWarehouse) -> None:
        with pytest.raises(ChangeFailed) as caught:
            await warehouse.rehearse(leaving)
        assert (caught.value.code, caught.value.rows) == ("E_ROW_OUT_OF_VIEW", ((place.table("people"), ("2",)),))
        with pytest.raises(ChangeFailed, match="E_DUPLICATE_TARGET"):
            await warehouse.rehearse(twice)
        many = plan(
            place.step("delete", "lines", "SELECT order_id, place FROM {s}.`lines`", key="order_id place"), most=2
        )
        if place.engine == "postgres":
            source = place.source("SELECT order_id, place FROM {s}.lines")
            many = replace(many, steps=(replace(many.steps[0], source=source),))
        with pytest.raises(ChangeFailed, match="E_TOO_MANY_ROWS"):
            await warehouse.rehearse(many)

    using(place, work)


def test_prepare_that_raises_and_locks_of_others_change_nothing(place: Place):
    """What prepare raises is raised; a row locked by somebody else is a conflict within the limit."""
    wanted = plan(place.step("update", "people", "SELECT 2, 'x'", key="id", columns="name"), seconds=1.5)

    def stop(_effect: ChangeEffect) -> None:
        raise RuntimeError("the disk is full")

    async def work(warehouse: ServerWarehouse) -> None:
        before = everything(place)
        rehearsal = await warehouse.rehearse(wanted)
        with pytest.raises(RuntimeError, match="the disk is full"):
            await warehouse.apply(release(rehearsal, wanted), stop)
        assert everything(place) == before
        with _Holding(place, f"UPDATE {place.schema}.people SET name = 'held' WHERE id = 2"):
            begin = time.monotonic()
            with pytest.raises(ChangeFailed, match="E_WRITE_CONFLICT"):
                await warehouse.apply(release(rehearsal, wanted), ready)
            assert time.monotonic() - begin < 3.5
        assert everything(place) == before
        assert await warehouse.find_committed(["act-1"]) == frozenset()

    using(place, work)


def test_a_connection_killed_before_commit_changes_nothing_and_in_commit_is_unknown(place: Place):
    """Killed while prepare runs, COMMIT finds no connection: the outcome is unknown until the marker is asked for."""
    wanted = plan(place.step("update", "people", "SELECT 2, 'x'", key="id", columns="name"))

    async def work(warehouse: ServerWarehouse) -> None:
        before = everything(place)
        rehearsal = await warehouse.rehearse(wanted)
        with pytest.raises((OutcomeUnknown, ChangeFailed)):
            await warehouse.apply(release(rehearsal, wanted), lambda _effect: kill_writers(place))
        assert everything(place) == before
        assert await warehouse.find_committed(["act-1"]) == frozenset()

    using(place, work)


def test_ten_thousand_rows_take_seconds_and_values_stay_values(place: Place):
    """Inserted, updated and taken back; a value that looks like SQL is one."""
    place.admin("CREATE TABLE many (a int, b varchar(40), c decimal(12,3), PRIMARY KEY (a, b))")
    rows = "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 100) "
    mark = "$1" if place.engine == "postgres" else "?"
    sql = f"{rows}SELECT x.n * 100 + y.n, {mark}, 1.5 FROM r AS x CROSS JOIN r AS y"
    wanted = plan(place.step("insert", "many", sql, "'; DROP TABLE people; --\\", columns="a b c"))
    more = plan(place.step("update", "many", "SELECT a, b, c + 1 FROM {s}.many", key="a b", columns="c"))

    async def work(warehouse: ServerWarehouse) -> None:
        begin = time.monotonic()
        first = await carried_out(warehouse, wanted)
        rehearsal = await warehouse.rehearse(more)
        second = await warehouse.apply(release(rehearsal, more, action="act-3"), ready)
        assert (first.rows, second.rows) == (10_000, 10_000)
        assert first.tables[0].rows[0].after is not None
        assert first.tables[0].rows[0].after[1] == "'; DROP TABLE people; --\\"
        await undone(warehouse, second)
        assert place.admin("SELECT COUNT(*), MAX(c) FROM many")[0][0] == 10_000
        assert time.monotonic() - begin < 12

    using(place, work)


class _Holding:
    """Another connection's transaction that holds what this statement locks."""

    def __init__(self, place: Place, sql: str) -> None:
        postgres = place.engine == "postgres"
        self._connection = (
            servers.postgres_connection(servers.postgres())
            if postgres
            else servers.mariadb_connection(servers.mariadb())
        )
        cursor = self._connection.cursor()
        cursor.execute("BEGIN")
        cursor.execute(sql)

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_error: object) -> None:
        cursor = self._connection.cursor()
        cursor.execute("ROLLBACK")
        self._connection.close()


def kill_writers(place: Place) -> None:
    """Kill the connections that have changed the place's tables and not yet committed."""
    if place.engine == "postgres":
        place.admin(
            "SELECT pg_terminate_backend(l.pid) FROM pg_locks AS l JOIN pg_class AS c ON c.oid = l.relation "
            f"WHERE c.relnamespace = '{place.schema}'::regnamespace AND l.pid <> pg_backend_pid() "
            "AND l.mode = 'RowExclusiveLock'"
        )
        return
    for (number,) in place.admin(
        f"SELECT id FROM information_schema.processlist WHERE db = '{place.schema}' AND command = 'Sleep'"
    ):
        place.admin(f"KILL {number}")


@pytest.mark.parametrize("process", [True, False])
def test_what_an_account_of_mariadb_may_not_see_is_unknown(process: bool):
    """Cascades are followed where the rule is hidden; without PROCESS, nobody knows of hidden tables."""
    place = new_place("mariadb", *MARIADB)
    user, at = f"u_{place.schema}"[-30:], servers.mariadb()
    place.admin(
        f"CREATE USER {user}@'%'",
        *([f"GRANT PROCESS ON *.* TO {user}@'%'"] if process else []),
        *[f"GRANT SELECT, DELETE, TRIGGER ON `{name}` TO {user}@'%'" for name in TABLES],
    )
    options = MariaDBOptions(
        host=at.host,
        port=at.port,
        database=place.schema,
        user=at.user,
        password=at.password,
        writer=WriterOptions(user=user, marker_schema=place.schema),
    )

    async def main() -> None:
        warehouse = MariaDBWarehouse(options)
        try:
            found = await warehouse.rehearse(plan(place.step("delete", "people", "SELECT 1", key="id")))
        finally:
            await warehouse.close()
        assert found.effect.rows == 6
        assert bool(found.effect.unknown) != process

    try:
        asyncio.run(main())
    finally:
        place.admin(f"DROP USER {user}@'%'")
        drop(place)
