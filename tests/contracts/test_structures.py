"""Tables dropped, and columns added, dropped and renamed, on every engine; and all of it taken back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import duckdb
import pytest
from tests.adapters.warehouses.duckdb import changes as duckdb_changes
from tests.contracts import server_changes, servers
from tests.contracts.server_changes import release

from metricgate.changing.effect import ChangeEffect
from metricgate.changing.shape import ColumnShape, Location
from metricgate.changing.structure import StructureChange, aside_of, taking_back_structure
from metricgate.gateway.changes.ports import ChangeFailed, Rehearsal, WritableWarehouse
from metricgate.vocabulary.structure import StructureKind

SCRIPT = (
    "CREATE TABLE people (id int PRIMARY KEY, name varchar(20) NOT NULL, rank int DEFAULT 7, note varchar(50))",
    "INSERT INTO people VALUES (1, 'Ada', 1, 'x'), (2, 'Bob', NULL, NULL), (3, 'Cy', 3, 'z')",
    "CREATE INDEX by_name ON people (name)",
    "CREATE TABLE teams (id int PRIMARY KEY, title varchar(20))",
    "INSERT INTO teams VALUES (1, 'red')",
    "CREATE TABLE members (team int, person int, PRIMARY KEY (team, person), FOREIGN KEY (team) REFERENCES teams (id))",
    "CREATE TABLE viewed (id int PRIMARY KEY, v int)",
    "CREATE VIEW looks AS SELECT v FROM viewed",
)
PEOPLE = [(1, "Ada", 1, "x"), (2, "Bob", None, None), (3, "Cy", 3, "z")]
Story = Callable[[WritableWarehouse], Awaitable[None]]


class Ground(Protocol):
    """Tables of one engine to change."""

    engine: str

    def at(self, name: str) -> Location:
        """Return where a table is."""
        ...

    def run(self, *statements: str) -> list[tuple[object, ...]]:
        """Run statements beside the warehouse; return the last one's rows."""
        ...

    def play(self, story: Story) -> None:
        """Do something with the warehouse."""
        ...


class OnServer:
    """On PostgreSQL or MariaDB."""

    def __init__(self, engine: str) -> None:
        self.engine = engine
        self._place = server_changes.new_place(engine, *SCRIPT)

    def at(self, name: str) -> Location:  # noqa: D102
        return self._place.schema, name

    def run(self, *statements: str) -> list[tuple[object, ...]]:  # noqa: D102
        return self._place.admin(*statements)

    def play(self, story: Story, user: str = "") -> None:  # noqa: D102
        server_changes.using(self._place, story, user)

    def close(self) -> None:  # noqa: D102
        server_changes.drop(self._place)


class InFile:
    """In a DuckDB file, which one process at a time may have open."""

    engine = "duckdb"

    def __init__(self, folder: Path) -> None:
        self._path = folder / "w.duckdb"
        self._options = duckdb_changes.built(self._path, ";".join(SCRIPT))

    def at(self, name: str) -> Location:  # noqa: D102
        return "w", "main", name

    def run(self, *statements: str) -> list[tuple[object, ...]]:  # noqa: D102
        with duckdb.connect(str(self._path)) as connection:
            rows = [connection.execute(each).fetchall() for each in statements]
        return rows[-1]

    def play(self, story: Story) -> None:  # noqa: D102
        duckdb_changes.using(self._options, story)

    def close(self) -> None:  # noqa: D102
        pass


@pytest.fixture(params=["duckdb", "postgres", "mariadb"])
def ground(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ground]:
    made = InFile(tmp_path) if request.param == "duckdb" else OnServer(request.param)
    yield made
    made.close()


async def carried_out(warehouse: WritableWarehouse, change: StructureChange, action: str) -> ChangeEffect:
    rehearsal = await warehouse.rehearse_structure(change, seconds=20)
    return await warehouse.apply(release(rehearsal, structure=change, action=action), lambda _effect: None)


def named(name: str, kind: str = "") -> ColumnShape:
    return ColumnShape(name=name, type=kind)


def tables(ground: Ground) -> set[str]:
    schema = "main" if ground.engine == "duckdb" else ground.at("x")[0]
    rows = ground.run(f"SELECT table_name FROM information_schema.tables WHERE table_schema = '{schema}'")
    return {str(name) for (name,) in rows} - {"metricgate_applied"}


def test_a_dropped_table_lies_aside_and_comes_back_whole(ground: Ground):
    before = tables(ground)
    drop = StructureChange(kind=StructureKind.DROP_TABLE, table=ground.at("people"))
    found: list[ChangeEffect] = []

    async def goes(warehouse: WritableWarehouse) -> None:
        found.append(await carried_out(warehouse, drop, "act_1"))
        assert await warehouse.find_committed(["act_1"]) == {"act_1"}
        assert ground.at("people") not in await warehouse.shapes([ground.at("people")])

    async def comes_back(warehouse: WritableWarehouse) -> None:
        back = taking_back_structure(found[0].structure, "act_1")
        await carried_out(warehouse, back, "act_2")

    ground.play(goes)
    assert found[0].structure.rows == 3
    assert "by_name" in " ".join(found[0].structure.belongings)
    assert tables(ground) == before - {"people"} | {aside_of("act_1")}
    ground.play(comes_back)
    assert tables(ground) == before
    assert ground.run("SELECT * FROM people ORDER BY id") == PEOPLE
    with pytest.raises(Exception, match=r"(?i)duplicate|unique|primary"):
        ground.run("INSERT INTO people VALUES (1, 'Eve', NULL, NULL)")
    ground.run("DROP INDEX by_name" + (" ON people" if ground.engine == "mariadb" else ""))


def test_what_was_set_aside_is_forgotten_for_good(ground: Ground):
    drop = StructureChange(kind=StructureKind.DROP_TABLE, table=ground.at("people"))

    async def story(warehouse: WritableWarehouse) -> None:
        effect = await carried_out(warehouse, drop, "act_1")
        await warehouse.forget_aside(["act_2"])
        await warehouse.rehearse_structure(taking_back_structure(effect.structure, "act_1"), seconds=20)
        await warehouse.forget_aside(["act_1"])
        with pytest.raises(ChangeFailed, match="E_NOT_CHANGEABLE"):
            await warehouse.rehearse_structure(taking_back_structure(effect.structure, "act_1"), seconds=20)

    ground.play(story)
    assert aside_of("act_1") not in tables(ground)


def test_a_name_that_was_taken_since_is_not_taken_back(ground: Ground):
    drop = StructureChange(kind=StructureKind.DROP_TABLE, table=ground.at("people"))
    found: list[ChangeEffect] = []

    async def goes(warehouse: WritableWarehouse) -> None:
        found.append(await carried_out(warehouse, drop, "act_1"))

    async def stays(warehouse: WritableWarehouse) -> None:
        with pytest.raises(ChangeFailed, match="E_ROWS_CHANGED"):
            await carried_out(warehouse, taking_back_structure(found[0].structure, "act_1"), "act_2")

    ground.play(goes)
    ground.run("CREATE TABLE people (id int)")
    ground.play(stays)
    assert ground.run("SELECT * FROM people") == []


@pytest.mark.parametrize("column", ["rank", "note"])
def test_a_dropped_column_comes_back_with_its_values(ground: Ground, column: str):
    drop = StructureChange(kind=StructureKind.DROP_COLUMN, table=ground.at("people"), column=named(column))
    found: list[ChangeEffect] = []

    async def goes(warehouse: WritableWarehouse) -> None:
        found.append(await carried_out(warehouse, drop, "act_1"))
        shape = (await warehouse.shapes([ground.at("people")]))[ground.at("people")]
        assert column not in shape.names

    async def comes_back(warehouse: WritableWarehouse) -> None:
        await carried_out(warehouse, taking_back_structure(found[0].structure, "act_1"), "act_2")

    ground.play(goes)
    assert found[0].structure.values == 2
    ground.run("DELETE FROM people WHERE id = 3", "INSERT INTO people (id, name) VALUES (4, 'Di')")
    ground.play(comes_back)
    rows = {row[0]: row[-1] for row in ground.run(f"SELECT id, {column} FROM people ORDER BY id")}
    at = 2 if column == "rank" else 3
    assert rows == {1: PEOPLE[0][at], 2: None, 4: None}
    if column == "rank":
        ground.run("INSERT INTO people (id, name) VALUES (5, 'Eve')")
        assert ground.run("SELECT rank FROM people WHERE id = 5") == [(7,)]


def test_values_that_come_back_move_no_times_of_their_rows():
    """MariaDB would set a column anew that is set ON UPDATE."""
    ground = OnServer("mariadb")
    columns = "id int PRIMARY KEY, v int, touched datetime DEFAULT '2020-01-02 03:04:05' ON UPDATE CURRENT_TIMESTAMP"
    ground.run(f"CREATE TABLE stamped ({columns})", "INSERT INTO stamped (id, v) VALUES (1, 5)")
    drop = StructureChange(kind=StructureKind.DROP_COLUMN, table=ground.at("stamped"), column=named("v"))

    async def goes_and_comes_back(warehouse: WritableWarehouse) -> None:
        found = await carried_out(warehouse, drop, "act_1")
        assert found.structure is not None
        await carried_out(warehouse, taking_back_structure(found.structure, "act_1"), "act_2")

    try:
        ground.play(goes_and_comes_back)
        assert ground.run("SELECT id, v, CAST(touched AS CHAR) FROM stamped") == [(1, 5, "2020-01-02 03:04:05")]
    finally:
        ground.close()


def test_a_column_is_added_and_goes_again_while_it_is_empty(ground: Ground):
    add = StructureChange(kind=StructureKind.ADD_COLUMN, table=ground.at("people"), column=named("grade", "int"))
    found: list[ChangeEffect] = []

    async def comes(warehouse: WritableWarehouse) -> None:
        found.append(await carried_out(warehouse, add, "act_1"))

    async def stays(warehouse: WritableWarehouse) -> None:
        with pytest.raises(ChangeFailed, match="E_ROWS_CHANGED"):
            await warehouse.rehearse_structure(taking_back_structure(found[0].structure, "act_1"), seconds=20)

    async def goes(warehouse: WritableWarehouse) -> None:
        await carried_out(warehouse, taking_back_structure(found[0].structure, "act_1"), "act_2")

    ground.play(comes)
    ground.run("UPDATE people SET grade = 5 WHERE id = 1")
    ground.play(stays)
    ground.run("UPDATE people SET grade = NULL")
    ground.play(goes)
    assert ground.run("SELECT * FROM people ORDER BY id") == PEOPLE


def test_a_column_is_renamed_and_renamed_back(ground: Ground):
    rename = StructureChange(
        kind=StructureKind.RENAME_COLUMN, table=ground.at("people"), column=named("note"), new_name="remark"
    )

    async def story(warehouse: WritableWarehouse) -> None:
        effect = await carried_out(warehouse, rename, "act_1")
        shape = (await warehouse.shapes([ground.at("people")]))[ground.at("people")]
        assert shape.names == ("id", "name", "rank", "remark")
        await carried_out(warehouse, taking_back_structure(effect.structure, "act_1"), "act_2")

    ground.play(story)
    assert ground.run("SELECT id, note FROM people WHERE id = 1") == [(1, "x")]


def test_what_others_depend_on_stays(ground: Ground):
    wanted = {
        "people.id": "key",
        "people.name": "by_name",
        "teams": "members",
        "viewed": "looks",
        "viewed.v": "looks",
    }

    async def story(warehouse: WritableWarehouse) -> None:
        for place, why in wanted.items():
            name, _, column = place.partition(".")
            kind = StructureKind.DROP_COLUMN if column else StructureKind.DROP_TABLE
            change = StructureChange(kind=kind, table=ground.at(name), column=named(column) if column else None)
            with pytest.raises(ChangeFailed, match="E_DEPENDED_ON") as failed:
                await warehouse.rehearse_structure(change, seconds=20)
            assert why in failed.value.detail, place

    before = tables(ground)
    ground.play(story)
    assert tables(ground) == before


def test_a_table_that_changed_since_it_was_shown_is_left_alone(ground: Ground):
    drop = StructureChange(kind=StructureKind.DROP_TABLE, table=ground.at("teams"))
    ground.run("DROP TABLE members")
    shown: list[Rehearsal] = []

    async def shows(warehouse: WritableWarehouse) -> None:
        shown.append(await warehouse.rehearse_structure(drop, seconds=20))

    async def refuses(warehouse: WritableWarehouse) -> None:
        change = release(shown[0], structure=drop, action="act_1")
        with pytest.raises(ChangeFailed, match="E_ROWS_CHANGED"):
            await warehouse.apply(change, lambda _effect: None)
        assert await warehouse.find_committed(["act_1"]) == set()

    ground.play(shows)
    ground.run("INSERT INTO teams VALUES (2, 'blue')")
    ground.play(refuses)
    assert "teams" in tables(ground)


def test_nothing_is_done_where_the_journal_cannot_be_kept(ground: Ground):
    drop = StructureChange(kind=StructureKind.DROP_COLUMN, table=ground.at("people"), column=named("note"))

    def fails(_effect: ChangeEffect) -> None:
        raise OSError("the disk is full")

    async def story(warehouse: WritableWarehouse) -> None:
        rehearsal = await warehouse.rehearse_structure(drop, seconds=20)
        change = release(rehearsal, structure=drop, action="act_1")
        with pytest.raises(OSError, match="full"):
            await warehouse.apply(change, fails)

    before = tables(ground)
    ground.play(story)
    assert tables(ground) == before
    assert ground.run("SELECT * FROM people ORDER BY id") == PEOPLE


@pytest.mark.parametrize(
    ("change", "done"),
    [
        (StructureChange(kind=StructureKind.DROP_TABLE, table=("", "people")), "RENAME TABLE people TO {aside}"),
        (
            StructureChange(kind=StructureKind.DROP_COLUMN, table=("", "people"), column=named("note")),
            "ALTER TABLE people DROP COLUMN note",
        ),
        (
            StructureChange(kind=StructureKind.ADD_COLUMN, table=("", "people"), column=named("grade", "int")),
            "ALTER TABLE people ADD COLUMN grade int",
        ),
        (
            StructureChange(
                kind=StructureKind.RENAME_COLUMN, table=("", "people"), column=named("note"), new_name="remark"
            ),
            "ALTER TABLE people RENAME COLUMN note TO remark",
        ),
    ],
)
def test_a_crash_between_ddl_that_commits_at_once_and_its_marker_is_seen(change: StructureChange, done: str):
    """MariaDB keeps no marker for what it committed by itself: the table tells."""
    ground = OnServer("mariadb")
    change = replace(change, table=ground.at("people"))
    found: list[bool] = []

    async def looks(warehouse: WritableWarehouse) -> None:
        found.append(await warehouse.is_restructured(change, "act_1"))
        assert await warehouse.find_committed(["act_1"]) == set()

    try:
        ground.play(looks)
        ground.run(done.format(aside=aside_of("act_1")))
        ground.play(looks)
    finally:
        ground.close()
    assert found == [False, True]


def test_an_account_that_may_not_change_tables_is_told_so_and_changes_nothing():
    """A server that says no has done nothing, also where DDL commits at once; what was begun is cleaned away."""
    ground = OnServer("mariadb")
    user = f"{ground.at('people')[0]}_w"[:30]
    schema = ground.at("people")[0]
    ground.run(
        f"CREATE USER {user}@'%' IDENTIFIED BY '{user}'",
        f"GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, SHOW VIEW ON {schema}.* TO {user}@'%'",
        f"GRANT PROCESS ON *.* TO {user}@'%'",
    )
    drop = StructureChange(kind=StructureKind.DROP_COLUMN, table=ground.at("people"), column=named("note"))

    async def story(warehouse: WritableWarehouse) -> None:
        with pytest.raises(ChangeFailed, match="E_WAREHOUSE_FAILED"):
            await carried_out(warehouse, drop, "act_1")
        assert await warehouse.find_committed(["act_1"]) == set()
        assert not await warehouse.is_restructured(drop, "act_1")

    before = tables(ground)
    try:
        ground.play(story, user)
        assert tables(ground) == before
    finally:
        ground.run(f"DROP USER {user}@'%'")
        ground.close()


@pytest.mark.parametrize("engine", ["postgres", "mariadb"])
def test_a_value_that_others_commit_meanwhile_is_kept_too(engine: str):
    """Somebody's update is open when the column goes: it is waited for, and what it wrote comes back."""
    ground = OnServer(engine)
    drop = StructureChange(kind=StructureKind.DROP_COLUMN, table=ground.at("people"), column=named("note"))
    connect = {
        "postgres": lambda: servers.postgres_connection(servers.postgres()),
        "mariadb": lambda: servers.mariadb_connection(servers.mariadb()),
    }[engine]

    async def story(warehouse: WritableWarehouse) -> None:
        with connect() as connection, connection.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute(f"UPDATE {ground.at('people')[0]}.people SET note = 'late' WHERE id = 1")
            going = asyncio.ensure_future(carried_out(warehouse, drop, "act_1"))
            await asyncio.sleep(0.5)
            assert not going.done()
            cursor.execute("COMMIT")
        effect = await going
        await carried_out(warehouse, taking_back_structure(effect.structure, "act_1"), "act_2")

    try:
        ground.play(story)
        assert ground.run("SELECT id, note FROM people ORDER BY id") == [(1, "late"), (2, None), (3, "z")]
    finally:
        ground.close()
