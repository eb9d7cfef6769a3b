"""What is DuckDB's own: how its instance is opened, locked and shared. The port's promises are in the contract."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeVar

import duckdb
import pytest
from tests.contracts.warehouse_engines import released

from metricgate.adapters.warehouses.duckdb.file import build_file, read_row
from metricgate.adapters.warehouses.duckdb.options import DuckDBOptions
from metricgate.adapters.warehouses.duckdb.plugin import DuckDBPlugin
from metricgate.adapters.warehouses.duckdb.section import DuckDBSection
from metricgate.adapters.warehouses.duckdb.warehouse import DuckDBWarehouse
from metricgate.gateway import sql_codes
from metricgate.gateway.codes import WAREHOUSE_CODES
from metricgate.gateway.ports import Rows, WarehouseError

Result = TypeVar("Result")
REFUSALS = {"E_WAREHOUSE_FAILED", *(code.name for code in sql_codes.CODES)}
DOCS = Path(__file__).parents[4] / "docs" / "errors" / "warehouse.md"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "w.duckdb"
    with build_file(path) as (builder, _scratch):
        builder.execute("CREATE TABLE t AS SELECT range AS a, 'x' || range AS b FROM range(100000)")
        builder.execute("CREATE SCHEMA other; CREATE VIEW other.v AS SELECT a + 1 AS c FROM t; CREATE SEQUENCE s")
    return path


def using(options: DuckDBOptions, work: Callable[[DuckDBWarehouse], Awaitable[Result]]) -> Result:
    async def main() -> Result:
        warehouse = DuckDBWarehouse(options)
        try:
            return await work(warehouse)
        finally:
            await warehouse.close()

    return asyncio.run(main())


def rows_of(options: DuckDBOptions, sql: str, **limits: object) -> Sequence[Sequence[object]]:
    async def work(warehouse: DuckDBWarehouse) -> Rows:
        return await warehouse.run(released(sql, **limits))

    return [list(row) for row in using(options, work).values]


def failure_of(options: DuckDBOptions, sql: str) -> WarehouseError:
    with pytest.raises(WarehouseError) as caught:
        rows_of(options, sql)
    return caught.value


def test_a_file_that_is_not_there_is_told_and_not_made(tmp_path: Path):
    """DuckDB would make an empty database of a mistyped path."""
    with pytest.raises(WarehouseError) as caught:
        DuckDBWarehouse(DuckDBOptions(path=tmp_path / "typo.duckdb", read_only=False))
    assert caught.value.code == "E_WAREHOUSE_UNAVAILABLE"
    assert "typo.duckdb" in caught.value.engine_text
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_database_is_told(tmp_path: Path):
    """A text file, an empty file and a folder are unavailable, not a crash."""
    (tmp_path / "text.duckdb").write_text("not a database, but long enough to have a header " * 200)
    (tmp_path / "folder.duckdb").mkdir()
    for name in ("text.duckdb", "folder.duckdb"):
        with pytest.raises(WarehouseError) as caught:
            DuckDBWarehouse(DuckDBOptions(path=tmp_path / name))
        assert caught.value.code == "E_WAREHOUSE_UNAVAILABLE"


def test_a_file_that_another_process_writes_is_told(file: Path):
    """The writer's lock makes the file unavailable, with the engine's reason for the record."""
    writer = subprocess.Popen(
        [sys.executable, "-c", f"import duckdb; c = duckdb.connect({str(file)!r}); print(1, flush=True); input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert writer.stdout is not None
        writer.stdout.readline()
        with pytest.raises(WarehouseError) as caught:
            DuckDBWarehouse(DuckDBOptions(path=file))
        assert caught.value.code == "E_WAREHOUSE_UNAVAILABLE"
        assert "lock" in caught.value.engine_text
    finally:
        writer.communicate(b"\n")


@pytest.mark.parametrize("read_only", [True, False])
def test_a_file_cannot_be_written_through_a_statement(file: Path, read_only: bool):
    """Data-changing CTEs, which the parser calls SELECT, are refused in both modes; the rows stay."""
    options = DuckDBOptions(path=file, read_only=read_only)
    for sql in (
        "WITH gone AS (DELETE FROM t RETURNING a) SELECT count(*) FROM gone",
        "WITH more AS (INSERT INTO t VALUES (1, 'x') RETURNING a) SELECT count(*) FROM more",
        "SELECT nextval('s')",
    ):
        assert failure_of(options, sql).code in REFUSALS
    assert rows_of(options, "SELECT count(*) FROM t") == [[100000]]


def test_two_warehouses_of_one_process_may_share_a_file(file: Path):
    """A second one, opened alike, works beside the first and is as locked."""

    async def work(first: DuckDBWarehouse) -> None:
        second = DuckDBWarehouse(DuckDBOptions(path=file))
        one, two = await asyncio.gather(
            first.run(released("SELECT count(*) FROM t")), second.run(released("SELECT count(*) FROM t"))
        )
        assert one.values == two.values
        with pytest.raises(WarehouseError):
            await second.run(released("SELECT * FROM read_text('/etc/hostname')"))
        await second.close()
        assert (await first.run(released("SELECT 1"))).values

    using(DuckDBOptions(path=file), work)


def test_the_configuration_is_what_the_options_say_and_locked(file: Path):
    """Each setting that keeps the engine in its box has the value we rely on."""
    names = {
        "enable_external_access": "false",
        "lock_configuration": "true",
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "allow_community_extensions": "false",
        "allow_unsigned_extensions": "false",
        "allow_persistent_secrets": "false",
        "python_enable_replacements": "false",
        "temp_directory": "",
        "threads": "1",
        "TimeZone": "UTC",
    }
    options = DuckDBOptions(path=file, engine_threads=1)
    rows = rows_of(options, "SELECT name, value FROM duckdb_settings()")
    assert {name: value for name, value in rows if name in names} == names
    [off] = [value for name, value in rows if name == "disabled_optimizers"]
    assert set(off.split(",")) == {"common_subplan", "statistics_propagation"}


def test_a_join_to_a_table_without_rows_leaves_the_groups(tmp_path: Path):
    """What is compared of the groups' sums is compared, whatever is known of an empty table's columns."""
    file = tmp_path / "joined.duckdb"
    with duckdb.connect(str(file)) as made:
        made.execute("CREATE TABLE kinds (k INTEGER); CREATE TABLE sales (k INTEGER, day INTEGER)")
        made.execute("INSERT INTO sales VALUES (7, 1), (5, 2), (-4, 3)")
    grouped = (
        "SELECT sales.day, SUM(sales.k) AS amount FROM sales LEFT JOIN kinds ON kinds.k = sales.k "
        "WHERE sales.k <> 1 GROUP BY 1 HAVING SUM(sales.k) > 1 ORDER BY 1"
    )
    assert [tuple(row) for row in rows_of(DuckDBOptions(path=file), grouped)] == [(1, 7), (2, 5)]


def test_spilling_is_off_unless_a_directory_is_given(file: Path, tmp_path: Path):
    """Without a directory a large sort ends with a memory error; with one it works, inside the quota."""
    sort = "SELECT b FROM t, range(20) ORDER BY b || range::VARCHAR, a DESC"
    tight = DuckDBOptions(path=file, memory_limit="48MB", engine_threads=1)
    assert failure_of(tight, sort).code == "E_WAREHOUSE_MEMORY"
    spill = DuckDBOptions(
        path=file, memory_limit="48MB", engine_threads=1, spill_directory=tmp_path / "spill", spill_limit="1GB"
    )
    assert len(rows_of(spill, sort, rows=10)) == 10
    quota = DuckDBOptions(
        path=file, memory_limit="48MB", engine_threads=1, spill_directory=tmp_path / "small", spill_limit="1MB"
    )
    assert failure_of(quota, sort).code == "E_WAREHOUSE_MEMORY"


def test_statements_leave_nothing_behind_for_the_next(file: Path):
    """Every statement has a cursor of its own: what one sets is not there for another."""

    async def work(warehouse: DuckDBWarehouse) -> None:
        first = await warehouse.run(released("SELECT setseed(0.5), random() AS r"))
        again = await warehouse.run(released("SELECT random() AS r"))
        assert first.values[0][1] != again.values[0][0]

    using(DuckDBOptions(path=file), work)


def test_the_two_ways_of_fetching_agree(file: Path):
    """Rows and Arrow batches give the same values for the same statement, past the size of a batch."""
    sql = (
        "SELECT a, b, a::DECIMAL(18, 3) AS d, DATE '2000-01-01' + (a % 9999)::INT AS e, a / 7.0 AS f FROM t LIMIT 9000"
    )
    options = DuckDBOptions(path=file)
    few = rows_of(options, sql, row_limit=9_500)
    assert few == rows_of(options, sql)
    assert len(few) == 9_000


@pytest.mark.parametrize("row_limit", [None, 1_500])
@pytest.mark.parametrize("confined", [False, True])
def test_types_of_which_each_way_of_fetching_would_lose_one(file: Path, row_limit: int | None, *, confined: bool):
    """Times and unsigned 128-bit integers beside intervals, in order, under parameters and under duplicate names."""
    sql = (
        "SELECT a, CAST('05:06:07.25' AS TIME) AS c, CAST('24:00:00' AS TIME) AS c, to_months(14) AS i,"
        " 340282366920938463463374607431768211455::UHUGEINT AS h, $1 AS p FROM w.main.t"
        " WHERE a >= 96000 ORDER BY a DESC"
    )

    async def work(warehouse: DuckDBWarehouse) -> Rows:
        return await warehouse.run(released(sql, "told", row_limit=row_limit, confined=confined, rows=3_000))

    rows = using(DuckDBOptions(path=file), work)
    assert [column.name for column in rows.columns] == ["a", "c", "c", "i", "h", "p"]
    assert [str(column.type) for column in rows.columns] == ["integer", "time", "time", "interval", "integer", "string"]
    kept = row_limit or 3_000
    assert [row[0] for row in rows.values] == list(range(99_999, 99_999 - kept, -1))
    rest = ("05:06:07.250000", "24:00:00", "P1Y2M", "340282366920938463463374607431768211455", "told")
    assert {tuple(row[1:]) for row in rows.values} == {rest}


def test_a_type_without_a_wire_form_is_refused_by_name(file: Path):
    """Better no answer than a wrong value."""
    error = failure_of(DuckDBOptions(path=file), 'SELECT 1 AS a, MAP {union_value(n := 1): 2} AS "my flags"')
    assert error.code == "E_SQL_TYPE_NOT_CARRIED"
    assert error.details == {
        "column": "my flags",
        "type": "MAP(UNION(n INTEGER), INTEGER)",
        "cast": 'CAST("my flags" AS VARCHAR)',
    }


def test_views_are_described_like_tables(file: Path):
    """A semantic model's source may be a view, named with schema or with database and schema."""

    async def work(warehouse: DuckDBWarehouse) -> None:
        found = await warehouse.describe([("other", "v"), ("w", "other", "v"), ("elsewhere", "other", "v")])
        assert [column.name for column in found["other", "v"] or ()] == ["c"]
        assert found["w", "other", "v"] == found["other", "v"]
        assert found["elsewhere", "other", "v"] is None

    using(DuckDBOptions(path=file), work)


def test_a_script_is_for_memory_only(file: Path):
    """A set-up script cannot change a file by way of the options."""
    with pytest.raises(ValueError, match="memory"):
        DuckDBWarehouse(DuckDBOptions(path=file, script="DROP TABLE t"))


def test_an_interrupted_build_leaves_the_old_file(file: Path):
    """A file is replaced whole or not at all, and no scraps stay."""

    def interrupted() -> None:
        with build_file(file) as (builder, _scratch):
            builder.execute("CREATE TABLE half AS SELECT 1 AS a")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert read_row(file, "SELECT count(*) FROM t") == (100000,)
    assert [each.name for each in file.parent.iterdir()] == [file.name]


def test_a_stale_write_ahead_log_is_not_replayed_onto_a_new_file(file: Path):
    """What a dead process left beside the old file does not reach the new one."""
    stale = file.with_name(file.name + ".wal")
    stale.write_bytes(b"left by a process that died")
    with build_file(file) as (builder, _scratch):
        builder.execute("CREATE TABLE fresh AS SELECT 7 AS a")
    assert not stale.exists()
    assert read_row(file, "SELECT a FROM fresh") == (7,)


def test_reading_a_row_of_what_is_not_there_gives_none(tmp_path: Path, file: Path):
    """No file, no database, no table: None, so that the caller builds anew."""
    (tmp_path / "text").write_text("text")
    assert read_row(tmp_path / "nothing", "SELECT 1") is None
    assert read_row(tmp_path / "text", "SELECT 1") is None
    assert read_row(file, "SELECT a FROM absent") is None


def test_the_settings_section_opens_a_file_of_the_projects_folder(file: Path):
    """Relative paths start at the project; unknown keys are refused."""

    async def main() -> Rows:
        section = DuckDBPlugin.section.model_validate({"kind": "duckdb", "file": file.name, "concurrent": 2})
        warehouse = DuckDBPlugin.from_section(section, file.parent)
        rows = await warehouse.run(released("SELECT count(*) FROM t"))
        await warehouse.close()
        return rows

    assert asyncio.run(main()).values[0][0] == 100_000
    with pytest.raises(ValueError, match="treads"):
        DuckDBSection.model_validate({"kind": "duckdb", "file": "x", "treads": 2})


def test_every_code_is_documented():
    """``docs/errors/warehouse.md`` has a section for each code, with its cause and its cure."""
    text = DOCS.read_text()
    for code in WAREHOUSE_CODES.values():
        assert code.group == "warehouse"
        _before, heading, section = text.partition(f"\n## {code.name}\n")
        assert heading, code.name
        section = section.partition("\n## ")[0]
        assert str(code.status) in section
        assert code.cause in section
        assert code.cure in section
