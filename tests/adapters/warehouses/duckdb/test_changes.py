"""Changes to a DuckDB file through the worker that holds it: what is done, what is refused, what a crash leaves."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError
from tests.adapters.warehouses.duckdb.changes import (
    Doing,
    built,
    carried_out,
    inserting,
    kept_open,
    plan,
    ready,
    release,
    rows,
    source,
    step,
    table,
    using,
)

from metricgate.adapters.warehouses.duckdb.options import DuckDBOptions
from metricgate.adapters.warehouses.duckdb.section import DuckDBSection
from metricgate.adapters.warehouses.duckdb.warehouse import DuckDBWarehouse
from metricgate.changing.effect import ChangeEffect
from metricgate.changing.undo import taking_back
from metricgate.gateway.changes.ports import ChangeFailed, Rehearsal, View, WritableWarehouse

SCRIPT = """
CREATE SEQUENCE numbers START 100;
CREATE TABLE orders(
    id INTEGER PRIMARY KEY DEFAULT nextval('numbers'), status VARCHAR NOT NULL, amount DECIMAL(10,2),
    made TIMESTAMPTZ, facts JSON, doubled INTEGER GENERATED ALWAYS AS (id * 2), code VARCHAR UNIQUE,
    CHECK (amount >= 0));
INSERT INTO orders (id, status, amount, made, facts, code) VALUES
    (1, 'open', 10.50, '2024-01-01 00:00:00+00', '{"a": [1, 2]}', 'A'), (2, 'open', 20, NULL, NULL, 'B'),
    (3, 'paid', NULL, '2024-03-31 01:30:00.123456+00', '"x"', NULL), (4, 'paid', 7.25, NULL, NULL, NULL);
CREATE TABLE lines(
    order_id INTEGER REFERENCES orders(id), place VARCHAR, "a ""name""; --" VARCHAR, PRIMARY KEY (order_id, place));
INSERT INTO lines VALUES (1, 'x', 'one'), (1, 'y', NULL), (2, 'x', 'two');
CREATE TABLE keyless(a INTEGER, b VARCHAR);
CREATE TABLE spare(a INTEGER, b VARCHAR NOT NULL UNIQUE, c INTEGER UNIQUE);
CREATE VIEW seen AS SELECT * FROM orders WHERE status = 'open';
"""
ODD = 'a "name"; --'


@pytest.fixture
def options(tmp_path: Path) -> DuckDBOptions:
    return built(tmp_path / "w.duckdb", SCRIPT)


@pytest.fixture(scope="module")
def leaving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doing]:
    """One warehouse for tests that leave the data as it was."""
    with kept_open(built(tmp_path_factory.mktemp("kept") / "w.duckdb", SCRIPT)) as doing:
        yield doing


@pytest.mark.usefixtures("options")
def test_only_a_file_that_the_worker_holds_can_be_opened_for_changes(tmp_path: Path):
    """`writes` needs `read_only: false`, in words that name both; without it nothing is writable."""
    with pytest.raises(ValidationError, match="writes: true needs read_only: false"):
        DuckDBSection(kind="duckdb", file="w.duckdb", writes=True)
    section = DuckDBSection(kind="duckdb", file="w.duckdb", writes=True, read_only=False)

    async def work(warehouse: DuckDBWarehouse) -> bool:
        assert isinstance(warehouse, WritableWarehouse)
        return warehouse.writable

    assert using(section.options(tmp_path), work)
    assert not using(DuckDBOptions(path=tmp_path / "w.duckdb"), work)
    assert not using(DuckDBOptions(path=None, writes=True), work)


def test_shapes_tell_keys_and_what_the_engine_fills_in(leaving: Doing):
    """Keys, foreign keys both ways, generated columns, sequences; views are not plain, missing tables not there."""

    async def work(warehouse: DuckDBWarehouse) -> None:
        names = [table(each) for each in ("orders", "lines", "keyless", "spare", "seen", "missing")]
        shapes = await warehouse.shapes(names)
        assert set(shapes) == set(names[:-1])
        orders, lines = shapes[names[0]], shapes[names[1]]
        assert (orders.key, lines.key) == (("id",), ("order_id", "place"))
        assert [each.name for each in orders.columns if each.generated] == ["doubled"]
        assert [each.name for each in orders.columns if each.identity] == ["id"]
        assert orders.unique == (("code",),)
        assert [key.table for key in orders.referenced_by] == [names[1]]
        assert [(key.columns, key.referenced) for key in lines.references] == [(("order_id",), names[0])]
        assert (shapes[names[2]].key, shapes[names[3]].key) == ((), ("b",))
        assert [shapes[each].plain for each in names[:-1]] == [True, True, True, True, False]
        assert table("ORDERS") in await warehouse.shapes([table("ORDERS")])

    leaving(work)


def test_several_steps_change_rows_of_several_tables_and_are_taken_back_exactly(options: DuckDBOptions):
    """Insert, update (also to the same values) and delete in one transaction; the undo restores every value."""
    paid = "SELECT id, 'paid', amount * 2 FROM orders WHERE id IN (1, 4)"
    new = """SELECT 'new', 1.005, TIMESTAMP '2025-01-01', '{"b": null}'"""
    long = "SELECT order_id, place, repeat('é', 50000) FROM lines WHERE place = 'y'"
    wanted = plan(
        step("update", "orders", paid, key="id", columns="status amount"),
        step("delete", "lines", "SELECT order_id, place FROM lines WHERE place = $1", "x", key="order_id place"),
        step("insert", "orders", new, columns="status amount made facts"),
        replace(step("update", "lines", long, key="order_id place"), columns=(ODD,)),
    )
    everything = "SELECT id::VARCHAR, status, amount, made::VARCHAR, facts::VARCHAR, code FROM orders ORDER BY id"
    lines = "SELECT * FROM lines ORDER BY ALL"

    async def work(warehouse: DuckDBWarehouse) -> None:
        before = [await rows(warehouse, everything), await rows(warehouse, lines)]
        rehearsal = await warehouse.rehearse(wanted)
        assert [await rows(warehouse, everything), await rows(warehouse, lines)] == before
        prepared: list[ChangeEffect] = []
        effect = await warehouse.apply(release(rehearsal, wanted), prepared.append)
        assert prepared == [effect]
        assert effect.digest == rehearsal.effect.digest
        assert [len(each.rows) for each in effect.tables] == [2, 2, 1, 1]
        assert effect.tables[0].rows[0].after[1:3] == ("paid", "21.00")
        assert await warehouse.find_committed(["act-1", "act-2"]) == {"act-1"}
        assert await rows(warehouse, "SELECT length(" + '"a ""name""; --"' + ") FROM lines") == [[50000]]
        shapes = await warehouse.shapes([each.table for each in effect.tables])
        back = taking_back(effect, shapes)
        undo = await warehouse.rehearse_changes(back, most_rows=100, seconds=30)
        await warehouse.apply(release(undo, action="act-2"), ready)
        assert [await rows(warehouse, everything), await rows(warehouse, lines)] == before
        assert await warehouse.find_committed(["act-1", "act-2"]) == {"act-1", "act-2"}

    using(options, work)


def test_rows_that_changed_after_the_rehearsal_are_told_and_nothing_is_done(options: DuckDBOptions):
    """Other values, other rows found, rows gone: E_ROWS_CHANGED with their keys."""
    wanted = plan(
        step("update", "orders", "SELECT id, 'late' FROM orders WHERE status = 'open'", key="id", columns="status")
    )
    meanwhile = [
        step("update", "orders", "SELECT 1, 11.0", key="id", columns="amount"),
        step("update", "orders", "SELECT 3, 'open'", key="id", columns="status"),
        step("delete", "orders", "SELECT 3", key="id"),
    ]

    async def work(warehouse: DuckDBWarehouse) -> None:
        async def refused(rehearsal: Rehearsal) -> ChangeFailed:
            with pytest.raises(ChangeFailed) as caught:
                await warehouse.apply(release(rehearsal, wanted, action="late"), ready)
            assert await rows(warehouse, "SELECT count(*) FROM orders WHERE status = 'late'") == [[0]]
            return caught.value

        first = await warehouse.rehearse(wanted)
        await carried_out(warehouse, plan(meanwhile[0]), "m0")
        assert (await refused(first)).code == "E_ROWS_CHANGED"
        second = await warehouse.rehearse(wanted)
        await carried_out(warehouse, plan(meanwhile[1]), "m1")
        found = await refused(second)
        assert (found.code, found.rows) == ("E_ROWS_CHANGED", ((table("orders"), ("3",)),))
        third = await warehouse.rehearse(wanted)
        await carried_out(warehouse, plan(meanwhile[2]), "m2")
        found = await refused(third)
        assert (found.code, found.rows) == ("E_ROWS_CHANGED", ((table("orders"), ("3",)),))
        assert await warehouse.find_committed(["late"]) == frozenset()

    using(options, work)


REFUSED = [
    (step("update", "orders", "SELECT 4, 'A'", key="id", columns="code"), "E_WRITE_CONSTRAINT", "a unique key"),
    (step("insert", "orders", "SELECT 1, 'x'", columns="id status"), "E_WRITE_CONSTRAINT", "a unique key"),
    (step("insert", "lines", "SELECT 99, 'x'", columns="order_id place"), "E_WRITE_CONSTRAINT", "a foreign key"),
    (step("delete", "orders", "SELECT 1", key="id"), "E_WRITE_CONSTRAINT", "a foreign key"),
    # DuckDB deletes and inserts the row again, and looks at the foreign key in between.
    (step("update", "orders", "SELECT 2, 'Z'", key="id", columns="code"), "E_WRITE_CONSTRAINT", "a foreign key"),
    (step("update", "orders", "SELECT 1, -1", key="id", columns="amount"), "E_WRITE_CONSTRAINT", "CHECK"),
    (step("update", "orders", "SELECT 1, NULL", key="id", columns="status"), "E_WRITE_CONSTRAINT", "NOT NULL"),
    (step("update", "orders", "SELECT 1, 'x'", key="id", columns="amount"), "E_SQL_BAD_CAST", ""),
    (step("update", "orders", "SELECT 9, 'x'", key="id", columns="status"), "E_ROWS_CHANGED", ""),
    (step("update", "orders", "VALUES (1, 'x'), (1, 'y')", key="id", columns="status"), "E_DUPLICATE_TARGET", ""),
    (step("update", "keyless", "SELECT 1, 'x'", key="a", columns="b"), "E_WRITE_NO_KEY", ""),
    (step("update", "seen", "SELECT 1, 'x'", key="id", columns="status"), "E_NOT_CHANGEABLE", ""),
    (step("delete", "missing", "SELECT 1", key="id"), "E_NOT_CHANGEABLE", ""),
    (step("delete", "metricgate_applied", "SELECT 'act-1'", key="action_id"), "E_NOT_CHANGEABLE", ""),
    # Sources that would do something.
    (step("delete", "orders", "SELECT nextval('numbers')", key="id"), "E_WAREHOUSE_FAILED", ""),
    (step("delete", "orders", "SELECT 1; DROP TABLE lines", key="id"), "E_WAREHOUSE_FAILED", ""),
    (step("delete", "orders", "SELECT 1) SELECT 1; DROP TABLE lines --", key="id"), "E_WAREHOUSE_FAILED", ""),
    (step("delete", "orders", "DELETE FROM lines RETURNING 1", key="id"), "E_WAREHOUSE_FAILED", ""),
    (
        step("delete", "orders", "WITH d AS (DELETE FROM lines RETURNING 1 AS a) SELECT a FROM d", key="id"),
        "E_WAREHOUSE_FAILED",
        "",
    ),
    (step("delete", "orders", "PRAGMA show_tables", key="id"), "E_WAREHOUSE_FAILED", ""),
    (step("delete", "orders", "COMMIT", key="id"), "E_WAREHOUSE_FAILED", ""),
    (step("delete", "orders", "FROM query('SELECT 1')", key="id"), "E_WAREHOUSE_FAILED", ""),
    (step("delete", "orders", "SELECT id, id FROM orders", key="id"), "E_SQL_MIXED_TYPES", ""),
]


def test_what_cannot_be_done_is_refused_with_its_code_and_changes_nothing(leaving: Doing):
    """Constraints, missing rows, rows found twice, tables without a key, views, markers, sources that write."""
    everything = (
        "SELECT (SELECT list(o.id || o.status ORDER BY o.id) FROM orders o)::VARCHAR, (SELECT count(*) FROM lines)"
    )

    async def work(warehouse: DuckDBWarehouse) -> None:
        before = await rows(warehouse, everything)
        for each, code, detail in REFUSED:
            with pytest.raises(ChangeFailed) as caught:
                await warehouse.rehearse(plan(each))
            assert (caught.value.code, caught.value.detail) == (code, detail), (
                each.source.sql,
                caught.value.engine_text,
            )
        with pytest.raises(ChangeFailed) as caught:
            await warehouse.rehearse(
                plan(step("delete", "lines", "SELECT order_id, place FROM lines", key="order_id place"), most=2)
            )
        assert caught.value.code == "E_TOO_MANY_ROWS"
        assert await rows(warehouse, everything) == before

    leaving(work)


def test_a_row_does_not_leave_its_proposers_view(leaving: Doing):
    """An update and an insert that the row filter would hide are refused, at rehearsal and when carried out."""
    view = View(table=table("orders"), key=("id",), source=source("SELECT id FROM orders WHERE status = $1", "open"))
    out = step("update", "orders", "SELECT 1, 'paid'", key="id", columns="status")
    new = step("insert", "orders", "SELECT 50, 'paid'", columns="id status")
    within = step("insert", "orders", "SELECT 51, 'open'", columns="id status")

    async def work(warehouse: DuckDBWarehouse) -> None:
        for each, key in ((out, "1"), (new, "50")):
            with pytest.raises(ChangeFailed) as caught:
                await warehouse.rehearse(plan(each, views=[view]))
            assert (caught.value.code, caught.value.rows) == ("E_ROW_OUT_OF_VIEW", ((table("orders"), (key,)),))
            rehearsal = await warehouse.rehearse(plan(each))
            with pytest.raises(ChangeFailed) as caught:
                await warehouse.apply(release(rehearsal, plan(each, views=[view])), ready)
            assert caught.value.code == "E_ROW_OUT_OF_VIEW"
        assert (await warehouse.rehearse(plan(within, views=[view]))).effect.rows == 1

    leaving(work)


TYPES = {
    "HUGEINT": "-170141183460469231731687303715884105727",
    "UHUGEINT": "340282366920938463463374607431768211455",
    "DOUBLE": "1.7976931348623157e+308",
    "FLOAT": "0.1",
    "DECIMAL(38,10)": "1234567890123456789012345678.0123456789",
    "TIMESTAMP": "2024-02-29 23:59:59.999999",
    "TIMESTAMP_NS": "2024-02-29 23:59:59.999999999",
    "TIMESTAMPTZ": "2024-03-30 23:30:00.123456+00",
    "DATE": "infinity",
    "TIME": "24:00:00",
    "INTERVAL": "-10 months 3 days -04:05:06.000001",
    "BLOB": "\\x00\\xFFabc\\x5C\\x27",
    "UUID": "b5a1c5b0-8d5c-4d4f-9d1e-0123456789ab",
    "BIT": "0101010",
    "BIGNUM": "123456789012345678901234567890123456789012345",
    "ENUM('a''b', 'c, d', '\"q\"')": '"q"',
    "JSON": '{"a": [1, 2, "x\\n"]}',
    'STRUCT("a b" INTEGER, b VARCHAR[])': """{'a b': NULL, 'b': ['x, y', NULL, 'NULL', 'it\\'s', '', ' lead']}""",
    "MAP(VARCHAR, DOUBLE)": "{'a=b'=nan, ''=NULL}",
    "INTEGER[3]": "[1, NULL, 3]",
    "BLOB[]": "['\\\\x00\\\\xFF,']",
}


def test_values_of_every_type_survive_a_change_and_its_undo(tmp_path: Path):
    """What is changed to NULL and deleted comes back as it was, to the engine's own eyes; what cannot is told."""
    names = [f"c{at}" for at in range(len(TYPES))]
    columns = ", ".join(f"{name} {kind}" for name, kind in zip(names, TYPES, strict=True))
    texts = ", ".join("'" + text.replace("'", "''") + "'" for text in TYPES.values())
    nulls = ", ".join("NULL" for _name in names)
    script = f"""
    CREATE TABLE t(k VARCHAR, n INTERVAL, {columns}, u UNION(i INTEGER, s VARCHAR), PRIMARY KEY (k));
    INSERT INTO t VALUES ('it''s', NULL, {texts}, NULL), ('', NULL, {texts}, NULL), ('gone', NULL, {texts}, NULL);
    CREATE TABLE kept AS SELECT * FROM t;
    """
    options = built(tmp_path / "w.duckdb", script)
    same = "SELECT count(*) FROM (SELECT * FROM t EXCEPT SELECT * FROM kept)"

    async def work(warehouse: DuckDBWarehouse) -> None:
        [texts_now] = await rows(warehouse, f"SELECT {', '.join(f'{each}::VARCHAR' for each in names)} FROM t LIMIT 1")
        assert texts_now == list(TYPES.values())
        forward = plan(
            step("update", "t", f"SELECT k, {nulls} FROM t WHERE k <> 'gone'", key="k", columns=" ".join(names)),
            step("delete", "t", "SELECT 'gone'", key="k"),
        )
        effect = await carried_out(warehouse, forward)
        assert [text for text in effect.unknown if "UNION" not in text] == []
        assert await rows(warehouse, same) == [[2]]
        back = taking_back(effect, await warehouse.shapes([table("t")]))
        undo = await warehouse.rehearse_changes(back, most_rows=10, seconds=30)
        await warehouse.apply(release(undo, action="act-2"), ready)
        assert await rows(warehouse, same) == [[0]]
        one = step("update", "t", "SELECT '', 3", key="k", columns="u")
        assert "w.main.t.u: text does not hold" in (await warehouse.rehearse(plan(one))).effect.unknown[0]

    using(options, work)


def test_values_and_names_are_never_taken_for_sql(leaving: Doing):
    """Quotes, semicolons and comments in values, keys and names of columns stay what they are."""
    odd = "'); DROP TABLE orders; --"

    async def work(warehouse: DuckDBWarehouse) -> None:
        first = inserting("lines", "order_id place", ("1", odd))
        first = replace(
            first, columns=("order_id", "place", ODD), rows=(replace(first.rows[0], values=("1", odd, '"\\')),)
        )
        rehearsal = await warehouse.rehearse_changes([first], most_rows=5, seconds=30)
        effect = await warehouse.apply(release(rehearsal), ready)
        assert effect.tables[0].rows[0].key == ("1", odd)
        changed = replace(
            step("update", "lines", "SELECT 1, $1, $2 -- the end", odd, odd, key="order_id place"), columns=(ODD,)
        )
        await carried_out(warehouse, plan(changed), "act-2")
        assert await rows(warehouse, 'SELECT "a ""name""; --" FROM lines WHERE place LIKE \'%DROP%\'') == [[odd]]
        await carried_out(warehouse, plan(step("delete", "lines", "SELECT 1, $1", odd, key="order_id place")), odd)
        assert await warehouse.find_committed([odd, "act-2", "' OR 1=1"]) == {odd, "act-2"}

    leaving(work)


def test_keys_move_and_come_back_in_one_transaction(options: DuckDBOptions):
    """A key changes, a row is replaced by one of the same key, two rows swap their keys; the undo puts each back."""
    moved = step("update", "orders", "SELECT 4, 44, 'moved'", key="id", columns="id status")
    replaced = [
        step("delete", "orders", "SELECT 3", key="id"),
        step("insert", "orders", "SELECT 3, 'again', 'C'", columns="id status code"),
    ]
    swapped = step("update", "spare", "VALUES ('x', 'y'), ('y', 'x')", key="b", columns="b")

    async def work(warehouse: DuckDBWarehouse) -> None:
        effect = await carried_out(warehouse, plan(moved))
        row = effect.tables[0].rows[0]
        assert (row.key, row.before[:2], row.after[:2]) == (("4",), ("4", "paid"), ("44", "moved"))
        back = taking_back(effect, await warehouse.shapes([table("orders")]))
        undo = await warehouse.rehearse_changes(back, most_rows=5, seconds=30)
        await warehouse.apply(release(undo, action="act-2"), ready)
        assert await rows(warehouse, "SELECT id, status FROM orders WHERE id > 3") == [[4, "paid"]]
        effect = await carried_out(warehouse, plan(*replaced), "act-3")
        assert [len(each.rows) for each in effect.tables] == [1, 1]
        assert await rows(warehouse, "SELECT status, code FROM orders WHERE id = 3") == [["again", "C"]]
        await carried_out(warehouse, plan(step("insert", "spare", "VALUES (1, 'x'), (2, 'y')", columns="a b")), "act-4")
        effect = await carried_out(warehouse, plan(swapped), "act-5")
        assert [(row.key, row.after) for row in effect.tables[0].rows] == [
            (("x",), ("1", "y", None)),
            (("y",), ("2", "x", None)),
        ]
        back = taking_back(effect, await warehouse.shapes([table("spare")]))
        undo = await warehouse.rehearse_changes(back, most_rows=5, seconds=30)
        await warehouse.apply(release(undo, action="act-6"), ready)
        assert await rows(warehouse, "SELECT a, b FROM spare ORDER BY a") == [[1, "x"], [2, "y"]]

    using(options, work)


def test_ten_thousand_rows_take_seconds(tmp_path: Path):
    """With a composite key, in a table of ten times as many."""
    script = "CREATE TABLE t(a INTEGER, b VARCHAR, c DECIMAL(10,2), PRIMARY KEY (a, b));"
    script += "INSERT INTO t SELECT i // 2, i % 2, i FROM range(100000) r(i)"
    options = built(tmp_path / "w.duckdb", script)
    wanted = plan(step("update", "t", "SELECT a, b, c + 1 FROM t WHERE a < 5000", key="a b", columns="c"))

    async def work(warehouse: DuckDBWarehouse) -> None:
        begin = time.perf_counter()
        effect = await carried_out(warehouse, wanted)
        assert time.perf_counter() - begin < 8
        assert effect.rows == 10_000
        assert await rows(warehouse, "SELECT sum(c) - 4999950000 FROM t") == [["10000.00"]]

    using(options, work)
