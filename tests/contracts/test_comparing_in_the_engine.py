# ruff: noqa: E501 - scripts of SQL
"""Of many rows the engine compares what is expected with what is there: it must tell what reading and trying tells."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.adapters.warehouses.duckdb import changes as duckdb_changes
from tests.contracts.server_changes import Place, drop, new_place, plan, ready, release, using

from metricgate.adapters.warehouses.changing import transaction
from metricgate.adapters.warehouses.changing.rows import RowAccess
from metricgate.adapters.warehouses.servers.warehouse import ServerWarehouse
from metricgate.changing.change import RowChangeKind, RowTarget, TableChange
from metricgate.changing.undo import taking_back
from metricgate.gateway.changes.ports import ChangeFailed, Rehearsal, WritableWarehouse

ALL_READ = 1_000_000

ASKED = {
    "postgres": {
        "int": ("7", "8"),
        "numeric(12,2)": ("-1.50", "0"),
        "float8": ("0.1", "'nan'"),
        "varchar(5)": ("'abc'", "'x '"),
        "char(5)": ("'a'", "'b'"),
        "text": ("'NULL'", "NULL"),
        'text COLLATE "C"': ("'Ä'", "''"),
        "bit(4)": ("B'1010'", "B'0000'"),
        "timestamptz": ("'2026-03-29 01:30:00.123456+02'", "'infinity'"),
        "interval": ("'1 mon -3 days'", "NULL"),
        "jsonb": ("""'{"a": [1, null]}'""", "'1'"),
        "int[]": ("'{1,NULL}'", "'{}'"),
        "bytea": ("'\\x00ff'", "''"),
    },
    "mariadb": {
        "int": ("7", "8"),
        "bigint unsigned": ("18446744073709551615", "0"),
        "decimal(12,2)": ("-1.50", "0"),
        "varchar(5)": ("'abc'", "'x '"),
        "char(5)": ("'a'", "'b'"),
        "longtext CHARACTER SET utf8mb4": ("'😀'", "''"),
        "varchar(9) CHARACTER SET latin1": ("'Ä€'", "NULL"),
        "date": ("'2026-02-28'", "NULL"),
        "datetime(6)": ("'2026-02-28 01:02:03.000004'", "'2026-01-01'"),
    },
}
"""Type -> value before and after, where the engine's answer is enough."""
_PG = "CREATE TABLE t (id int PRIMARY KEY, v int, w int{more}); INSERT INTO t (id, v, w) SELECT n, n, n FROM generate_series(1, 9) AS n"
_MY = "CREATE TABLE t (id int PRIMARY KEY, v {kind}, w int{more}); INSERT INTO t (id, v, w) SELECT seq, {value}, seq FROM seq_1_to_9"
TRIED = {
    "postgres": {
        "a check that rows of before break": f"{_PG}; UPDATE t SET v = -v; ALTER TABLE t ADD CHECK (v > 0) NOT VALID",
        "a trigger": f"{_PG}; CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.w := NEW.w + 1;RETURN NEW;END'; CREATE TRIGGER g BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f()",
        "a rule": f"{_PG}; CREATE RULE r AS ON DELETE TO t DO ALSO NOTHING",
        "a unique key": _PG.replace("{more}", ", UNIQUE (v)"),
        "a partial index": f"{_PG}; CREATE INDEX ON t (w) WHERE v > 0",
        "an index over an expression": f"{_PG}; CREATE INDEX ON t ((100 / v))",
        "a generated column": _PG.replace("{more}", ", g int GENERATED ALWAYS AS (v + 1) STORED"),
        "a foreign key to nothing": f"{_PG}; CREATE TABLE p (id int PRIMARY KEY); INSERT INTO p VALUES (1000); ALTER TABLE t ADD FOREIGN KEY (v) REFERENCES p NOT VALID",
        "row-level security": f"{_PG}; ALTER TABLE t ENABLE ROW LEVEL SECURITY",
        "a domain that rows of before break": f"{_PG}; UPDATE t SET v = -v; CREATE DOMAIN d AS int; ALTER TABLE t ALTER v TYPE d; ALTER DOMAIN d ADD CHECK (VALUE > 0) NOT VALID",
        "an enumeration": f"CREATE TYPE e AS ENUM ('1000', 'b'); {_PG}; ALTER TABLE t ALTER v TYPE e USING 'b'::e",
        "a name that is looked up": f"{_PG}; ALTER TABLE t ALTER v TYPE regclass USING 't'::regclass",
    },
    "mariadb": {
        "a check that rows of before break": _MY.format(kind="int", value="-seq", more="")
        + "; SET check_constraint_checks = 0; ALTER TABLE t ADD CHECK (v > 0)",
        "a trigger": _MY.format(kind="int", value="seq", more="")
        + "; CREATE TRIGGER g BEFORE UPDATE ON t FOR EACH ROW SET NEW.w = NEW.w + 1",
        "a unique key": _MY.format(kind="int", value="seq", more=", UNIQUE (v)"),
        "a unique key over a beginning": _MY.format(kind="varchar(9)", value="seq", more=", UNIQUE (v(8))"),
        "a generated column": _MY.format(kind="int", value="seq", more=", g int AS (v + 1) STORED"),
        "a column that moves": _MY.format(
            kind="int", value="seq", more=", m datetime(6) DEFAULT NULL ON UPDATE CURRENT_TIMESTAMP(6)"
        ),
        "an ENUM without a member": "SET sql_mode = ''; " + _MY.format(kind="enum('a', '1000')", value="''", more=""),
        "a day that is none": "SET sql_mode = 'ALLOW_INVALID_DATES'; "
        + _MY.format(kind="date", value="'2026-02-31'", more=""),
        "zeros in front": _MY.format(kind="int(9) zerofill", value="seq", more=""),
        "a float": _MY.format(kind="float", value="seq / 7", more=""),
        "bits": _MY.format(kind="bit(12)", value="seq", more=""),
        "other characters": _MY.format(kind="varchar(9) CHARACTER SET sjis", value="seq", more=""),
    },
}
"""Where only trying it tells, or the engine's answer is not yes."""
_NEW = {
    "a unique key": "id + 1000",
    "a unique key over a beginning": "CAST(id + 1000 AS char)",
    "a name that is looked up": "'pg_class'",
    "bits": "b'1'",
    "a day that is none": "'2026-01-01'",
    **dict.fromkeys(("an enumeration", "an ENUM without a member", "other characters"), "'1000'"),
}
"""What v is set to; else 1000."""


def _both(place: Place, monkeypatch: pytest.MonkeyPatch, rehearsed) -> tuple[Rehearsal, list[object]]:
    """Rehearse with everything compared in the engine and with everything read; return it, and what was tried of it."""
    found: list[Rehearsal] = []
    tried: list[object] = []
    was = transaction.taken_back

    def spied(*given):
        tried.append(given)
        return was(*given)

    for few in (ALL_READ, 0):
        tried.clear()
        with monkeypatch.context() as patched:
            patched.setattr(RowAccess, "few", few)
            patched.setattr(transaction, "taken_back", spied)
            found.append(using(place, rehearsed))
        assert few == 0 or tried
    every, asked = found
    assert asked.changes == every.changes
    assert asked.effect.digest == every.effect.digest
    moving = any(each.moving for shape in using(place, _shapes(place)).values() for each in shape.columns)
    assert moving or asked.effect == every.effect
    assert (asked.not_back, asked.anew) == (every.not_back, every.anew)
    return asked, tried


def _shapes(place: Place):
    return lambda warehouse: warehouse.shapes([place.table("t")])


@pytest.mark.parametrize("engine", ASKED)
def test_what_the_engine_says_of_values_is_enough(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    columns = ", ".join(f"c{at} {kind}" for at, kind in enumerate(ASKED[engine]))
    before = ", ".join(old for old, _new in ASKED[engine].values())
    after = ", ".join(new for _old, new in ASKED[engine].values())
    names = " ".join(f"c{at}" for at in range(len(ASKED[engine])))
    rows = ", ".join(f"({at}, {before})" for at in range(1, 10))
    place = new_place(engine, f"CREATE TABLE t (id int PRIMARY KEY, {columns})", f"INSERT INTO t VALUES {rows}")
    try:
        wanted = plan(place.step("update", "t", f"SELECT id, {after} FROM {{s}}.t", key="id", columns=names))
        shown, tried = _both(place, monkeypatch, lambda warehouse: warehouse.rehearse(wanted))
        assert (shown.not_back, shown.anew, tried) == ((), (), [])
    finally:
        drop(place)


@pytest.mark.parametrize(("engine", "case"), [(engine, case) for engine, cases in TRIED.items() for case in cases])
def test_whatever_else_takes_part_is_tried(engine: str, case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    place = new_place(engine, *TRIED[engine][case].replace("{more}", "").split("; "))
    try:
        new = _NEW.get(case, "1000")
        wanted = plan(place.step("update", "t", f"SELECT id, {new} FROM {{s}}.t", key="id", columns="v"))
        shown, tried = _both(place, monkeypatch, lambda warehouse: warehouse.rehearse(wanted))
        assert tried
        assert bool(shown.not_back) == ("break" in case or case in {"a foreign key to nothing", "a day that is none"})
    finally:
        drop(place)


ROWS = 400
MOVED = {
    "postgres": (
        f"CREATE TABLE t (id int PRIMARY KEY, v int, note text); INSERT INTO t SELECT n, n, NULL FROM generate_series(1, {ROWS}) AS n",
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF NEW.id > 300 THEN NEW.note = NEW.id; END IF; RETURN NEW; END'",
        "CREATE TRIGGER g BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f()",
    ),
    "mariadb": (
        f"CREATE TABLE t (id int PRIMARY KEY, v int, note text); INSERT INTO t SELECT seq, seq, NULL FROM seq_1_to_{ROWS}",
        "CREATE TRIGGER g BEFORE UPDATE ON t FOR EACH ROW SET NEW.note = IF(NEW.id > 300, NEW.id, NEW.note)",
    ),
}
"""A trigger that moves rows behind the first ones, which alone are read before the rest is compared."""


@pytest.mark.parametrize("engine", MOVED)
def test_rows_that_are_otherwise_than_expected_are_read(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    table, *trigger = MOVED[engine]
    place = new_place(engine, *table.split("; "), *trigger)
    try:
        wanted = plan(place.step("update", "t", "SELECT id, v + 1 FROM {s}.t", key="id", columns="v"))
        shown, _tried = _both(place, monkeypatch, lambda warehouse: warehouse.rehearse(wanted))
        after = {row.key[0]: row.after for row in shown.effect.tables[0].rows}
        assert after == {str(at): (str(at), str(at + 1), str(at) if at > 300 else None) for at in range(1, ROWS + 1)}
    finally:
        drop(place)


@pytest.mark.parametrize("engine", MOVED)
def test_an_undo_sees_what_others_did_meanwhile(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are likely to be as they were left; what others changed since, and what is gone, is found all the same."""
    place = new_place(engine, *MOVED[engine][0].split("; "))
    try:
        wanted = plan(place.step("update", "t", "SELECT id, v + 1 FROM {s}.t", key="id", columns="v"))

        async def changed(warehouse: ServerWarehouse):
            effect = await warehouse.apply(release(await warehouse.rehearse(wanted), wanted), ready)
            return taking_back(effect, await warehouse.shapes([place.table("t")]))

        back = using(place, changed)
        place.admin("UPDATE t SET note = 'mine' WHERE id IN (350, 351)")
        shown, _tried = _both(
            place, monkeypatch, lambda warehouse: warehouse.rehearse_changes(back, most_rows=ROWS, seconds=20, views=())
        )
        before = {row.key[0]: row.before for row in shown.effect.tables[0].rows}
        assert before == {
            str(at): (str(at), str(at + 1), "mine" if at in {350, 351} else None) for at in range(1, ROWS + 1)
        }
        place.admin("DELETE FROM t WHERE id = 360", "UPDATE t SET v = 0 WHERE id = 361")
        for few in (ALL_READ, 0):
            monkeypatch.setattr(RowAccess, "few", few)
            with pytest.raises(ChangeFailed) as caught:
                using(place, lambda warehouse: warehouse.rehearse_changes(back, most_rows=ROWS, seconds=20, views=()))
            assert caught.value.rows == tuple((place.table("t"), (key,)) for key in ("360", "361"))
    finally:
        drop(place)


MANY = RowAccess.few + 200


def _written_otherwise(table: tuple[str, ...]) -> TableChange:
    """Values that are texts of their columns for the first rows, and others of the same meaning for the rest."""
    rows = [RowTarget(key=(str(at),), values=("0.50" if at < MANY - 300 else "0.5",)) for at in range(1, MANY + 1)]
    return TableChange(kind=RowChangeKind.UPDATE, table=table, key=("id",), columns=("price",), rows=rows)


async def _shown_as_stored(warehouse: WritableWarehouse, table: tuple[str, ...]) -> None:
    change = _written_otherwise(table)
    shown = await warehouse.rehearse_changes([change], most_rows=MANY, seconds=60, views=())
    assert {row.after for row in shown.effect.tables[0].rows} == {(str(at), "0.50", None) for at in range(1, MANY + 1)}
    assert (shown.not_back, shown.anew) == ((), ())


@pytest.mark.parametrize("engine", ["postgres", "mariadb"])
def test_values_are_shown_as_servers_store_them(engine: str) -> None:
    place = new_place(engine, "CREATE TABLE t (id int PRIMARY KEY, price decimal(12,2), note varchar(9))")
    try:
        place.admin("INSERT INTO t VALUES " + ", ".join(f"({at}, {at}, NULL)" for at in range(1, MANY + 1)))
        using(place, lambda warehouse: _shown_as_stored(warehouse, place.table("t")))
    finally:
        drop(place)


def test_values_are_shown_as_duckdb_stores_them(tmp_path: Path) -> None:
    script = f"CREATE TABLE t (id int PRIMARY KEY, price decimal(12,2), note varchar); INSERT INTO t SELECT n, n, NULL FROM range(1, {MANY + 1}) AS r(n)"
    options = duckdb_changes.built(tmp_path / "w.duckdb", script)
    duckdb_changes.using(options, lambda warehouse: _shown_as_stored(warehouse, duckdb_changes.table("t")))
