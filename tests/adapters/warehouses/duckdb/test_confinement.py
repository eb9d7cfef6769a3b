"""Escapes that reach the adapter as if every guard before it had failed: what a confined statement still cannot do.

The sentinel lies in a file, in the gateway's environment and in a Python variable. It must not come back in rows, in
the error's code, nor in the engine's words; and nothing may be changed or left behind.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from tests.adapters.warehouses.duckdb.jailed import SECRET, build, confined, facts_of, files_of, options_of, using
from tests.contracts.warehouse_engines import released

from metricgate.adapters.warehouses.duckdb.file import build_file
from metricgate.adapters.warehouses.duckdb.options import DuckDBOptions
from metricgate.adapters.warehouses.duckdb.warehouse import DuckDBWarehouse
from metricgate.gateway import sql_codes
from metricgate.gateway.ports import WarehouseError

REFUSALS = {"E_WAREHOUSE_FAILED", *(code.name for code in sql_codes.CODES)}
KINDS = ["read-only", "writable", "memory"]
REFUSED = (
    # files
    "SELECT * FROM read_csv('{folder}/secret.csv')",
    "SELECT * FROM read_csv_auto('{folder}/secret.csv', header = false)",
    "SELECT * FROM read_text('{folder}/secret.csv')",
    "SELECT * FROM read_text('/proc/self/environ')",
    "SELECT * FROM read_text('/proc/{gateway}/environ')",
    "SELECT * FROM read_text('/proc/self/fd/0')",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_blob('{folder}/secret.csv')",
    "SELECT * FROM read_json('{folder}/secret.csv')",
    "SELECT * FROM read_parquet('{folder}/secret.csv')",
    "SELECT * FROM read_duckdb('{folder}/other.duckdb', table_name = 'secrets')",
    "SELECT * FROM sniff_csv('{folder}/secret.csv')",
    "SELECT * FROM parquet_metadata('{folder}/secret.csv')",
    "SELECT * FROM glob('{folder}/*')",
    "SELECT * FROM '{folder}/secret.csv'",
    'SELECT * FROM "{folder}/secret.csv"',
    "FROM '{folder}/../{name}/secret.csv'",
    "FROM '{folder}/link.csv'",
    "FROM 'file://{folder}/secret.csv'",
    "SELECT * FROM query('FROM ''{folder}/secret.csv''')",
    "SELECT * FROM query_table('{folder}/secret.csv')",
    "SELECT * FROM json_execute_serialized_sql(json_serialize_sql('FROM ''{folder}/secret.csv'''))",
    "FROM duckdb_extensions()",
    # the network
    "FROM 'http://127.0.0.1:{port}/secret.csv'",
    "FROM read_text('https://127.0.0.1:{port}/secret.csv')",
    "FROM 's3://bucket/secret.csv'",
    # Python
    "SELECT * FROM a_python_variable",
    "SELECT * FROM python_map_function((SELECT 1), 1)",
    "SELECT getenv('METRICGATE_TEST_SENTINEL') AS v",
    "SELECT getenv('HOME') AS v",
    # writing
    "COPY t TO '{folder}/stolen.csv'",
    "COPY (SELECT 1) TO '{folder}/stolen.parquet'",
    "WITH x AS (COPY t TO '{folder}/stolen.csv') SELECT 1 AS a",
    "EXPORT DATABASE '{folder}/stolen'",
    "WITH gone AS (DELETE FROM t RETURNING a) SELECT count(*) AS n FROM gone",
    "WITH more AS (INSERT INTO t VALUES (1, 'x') RETURNING a) SELECT count(*) AS n FROM more",
    "WITH else_ AS (UPDATE t SET a = 0 RETURNING a) SELECT count(*) AS n FROM else_",
    "INSERT INTO t VALUES (1, 'x')",
    "DELETE FROM t",
    "DROP TABLE t",
    "TRUNCATE t",
    "ALTER TABLE t ADD COLUMN c INT",
    "CREATE TABLE u (a INT)",
    "SELECT nextval('s') AS n",
    "SELECT setval('s', 9) AS n",
    # other databases, extensions, settings
    "ATTACH '{folder}/other.duckdb' AS other",
    "ATTACH ':memory:' AS other",
    "CONNECT '{folder}/other.duckdb'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "LOAD '{folder}/evil.duckdb_extension'",
    "CREATE SECRET x (TYPE s3)",
    "SET enable_external_access = true",
    "SET lock_configuration = false",
    "RESET enable_external_access",
    "SET memory_limit = '100GB'",
    "SET search_path = 'other'",
    "SET VARIABLE v = 1",
    "PRAGMA enable_profiling",
    "PRAGMA database_list",
    "CALL enable_logging()",
    "SELECT * FROM enable_logging(storage := 'file', storage_path := '{folder}/log')",
    "SELECT * FROM enable_profiling(save_location := '{folder}/profile.json')",
    "USE other",
    # shadowing and state
    "CREATE TEMP TABLE t AS SELECT 0 AS a",
    "CREATE TEMP VIEW t AS SELECT 0 AS a",
    "CREATE TEMP MACRO count(x) AS 0",
    "CREATE MACRO sum(x) AS 0",
    "PREPARE p AS DELETE FROM t",
    "EXECUTE p",
    "BEGIN",
    "COMMIT",
    "COMMIT; DELETE FROM t",
    "ROLLBACK; BEGIN; DELETE FROM t; COMMIT",
    "SELECT 1 AS a; DROP TABLE t",
    "CHECKPOINT",
    "VACUUM",
    "EXPLAIN ANALYZE DELETE FROM t",
    "PIVOT t ON b",
    "",
)
LOCKED = {
    "enable_external_access": "false",
    "lock_configuration": "true",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "allow_unsigned_extensions": "false",
    "allow_extensions_metadata_mismatch": "false",
    "allow_persistent_secrets": "false",
    "allow_unredacted_secrets": "false",
    "allow_parser_override_extension": "DEFAULT",
    "python_enable_replacements": "false",
    "enable_logging": "0",
    "enable_external_file_cache": "false",
    "allowed_configs": "[]",
    "allowed_directories": "[]",
    "temp_directory": "",
    "TimeZone": "UTC",
    "threads": "1",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder beside the database's, with what must not be seen."""
    folder = tmp_path / "private"
    folder.mkdir()
    (folder / "secret.csv").write_text(f"v\n{SECRET}\n")
    (folder / "link.csv").symlink_to(folder / "secret.csv")
    with build_file(folder / "other.duckdb") as (builder, _scratch):
        builder.execute(f"CREATE TABLE secrets AS SELECT '{SECRET}' AS v")
    return folder


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return build(tmp_path / "data" / "w.duckdb")


@pytest.mark.parametrize("kind", KINDS)
def test_no_escape_gets_anywhere(file: Path, folder: Path, kind: str, monkeypatch: pytest.MonkeyPatch):
    """Files, network, Python, writes, attaching, settings and shadowing fail; nothing that comes has the sentinel."""
    monkeypatch.setenv("METRICGATE_TEST_SENTINEL", SECRET)
    a_python_variable = {"v": [SECRET]}
    held = {path.name for path in folder.iterdir()}
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(0.1)
    words = {
        "folder": str(folder),
        "name": folder.name,
        "gateway": os.getpid(),
        "port": server.getsockname()[1],
    }

    async def work(warehouse: DuckDBWarehouse) -> list[str]:
        escaped = []
        for sql in REFUSED:
            try:
                rows = await confined(warehouse, sql.format(**words), row_limit=10)
            except WarehouseError as error:
                if error.code not in REFUSALS or SECRET in f"{error} {error!r} {error.engine_text}":
                    escaped.append(f"{sql}: {error.code} {error.engine_text}")
            else:
                escaped.append(f"{sql}: {rows}")
        assert await confined(warehouse, "SELECT count(*) AS n, sum(a) AS s FROM t") == [[100_000, 4_999_950_000]]
        return escaped

    assert using(options_of(kind, file), work) == []
    assert {path.name for path in folder.iterdir()} == held
    assert {path.name for path in file.parent.iterdir()} == {file.name}
    with server, pytest.raises(TimeoutError):
        server.accept()
    assert a_python_variable


@pytest.mark.parametrize("kind", KINDS)
def test_a_workers_engine_is_locked(file: Path, kind: str):
    """Each setting that keeps the engine in its box has the value that we rely on, in every kind of source."""

    async def work(warehouse: DuckDBWarehouse) -> None:
        values = dict(await confined(warehouse, "SELECT name, value FROM duckdb_settings()"))
        assert {name: values[name] for name in LOCKED} == LOCKED
        assert await confined(warehouse, "SELECT count(*) AS n FROM duckdb_secrets()") == [[0]]

    using(options_of(kind, file, engine_threads=1), work)


@pytest.mark.parametrize("kind", ["read-only", "writable"])
def test_the_database_file_itself_cannot_be_opened_again(file: Path, kind: str):
    """DuckDB lets a statement read the files of attached databases even with external access off; here it cannot."""

    async def work(warehouse: DuckDBWarehouse) -> None:
        sql = f"FROM read_duckdb('{file}', table_name = 't')"
        for run in (confined(warehouse, sql), warehouse.run(released(sql))):
            with pytest.raises(WarehouseError) as caught:
                await run
            assert caught.value.code in REFUSALS

    using(options_of(kind, file), work)


@pytest.mark.parametrize("kind", ["read-only", "writable"])
def test_one_statement_leaves_nothing_for_the_next(file: Path, kind: str):
    """Seeds, variables and temporary objects end with the statement: the next one has a fresh cursor."""

    async def work(warehouse: DuckDBWarehouse) -> None:
        first = await confined(warehouse, "SELECT setseed(0.5) AS s, random() AS r")
        assert (await confined(warehouse, "SELECT random() AS r"))[0][0] != first[0][1]
        for sql in ("CREATE TEMP TABLE t AS SELECT 0 AS a", "SET VARIABLE v = 1", "BEGIN", "USE other"):
            with pytest.raises(WarehouseError):
                await confined(warehouse, sql)
        assert await confined(warehouse, "SELECT count(*) AS n, getvariable('v') AS v FROM t") == [[100_000, None]]

    using(options_of(kind, file, workers=1), work)


def test_the_process_has_nothing_to_give_away(file: Path, monkeypatch: pytest.MonkeyPatch):
    """No variable of the gateway's, none of its descriptors, no core dump, no new privileges, a session of its own."""
    monkeypatch.setenv("METRICGATE_TEST_SENTINEL", SECRET)

    async def work(warehouse: DuckDBWarehouse) -> None:
        await confined(warehouse, "SELECT 1 AS a")
        [pid] = warehouse.worker_pids
        assert SECRET not in await asyncio.to_thread(Path(f"/proc/{pid}/environ").read_text)
        limits = await asyncio.to_thread(Path(f"/proc/{pid}/limits").read_text)
        hard = {
            line[:25].strip(): line.split()[-2 if line.split()[-1].isalpha() else -1] for line in limits.splitlines()
        }
        assert hard["Max core file size"] == "0"
        assert hard["Max file size"] == str(1024**2)
        assert hard["Max address space"] != "unlimited"
        soft_seconds = next(line for line in limits.splitlines() if line.startswith("Max cpu time")).split()[3]
        assert soft_seconds.isdigit()
        assert facts_of(pid)["NoNewPrivs"] == "1"
        assert os.getsid(pid) == pid
        others = {name for name in files_of(pid) if not name.startswith(("socket:", "pipe:", "anon_inode:"))}
        assert {name for name in others if "deleted" not in name} <= {"/dev/null", str(file), "/dev/urandom"}

    with socket.create_server(("127.0.0.1", 0)) as server:
        server.set_inheritable(True)
        using(options_of("read-only", file, workers=1), work)


LOCKED_FILES = """
import ctypes, sys
from pathlib import Path
from metricgate.adapters.warehouses.duckdb.workers.landlock import lock_files
ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)
print(lock_files([], []))
try:
    print(Path(sys.argv[1]).read_text())
except PermissionError:
    print("refused")
"""


def test_the_kernel_keeps_files_from_an_engine_that_has_lost_its_lock(file: Path, folder: Path):
    """While its set-up script runs, an engine may do anything: in a worker it still reaches no file but its own."""
    command = [sys.executable, "-c", LOCKED_FILES, folder / "secret.csv"]
    known, seen = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    if known == "False":
        pytest.skip("this kernel has no Landlock")
    assert seen == "refused"
    script = f"CREATE TABLE t AS SELECT content FROM read_text('{folder}/secret.csv')"
    others = (f"ATTACH '{folder}/other.duckdb' AS other", f"COPY (SELECT 1) TO '{folder}/stolen.csv'")

    async def work(warehouse: DuckDBWarehouse) -> None:
        rows = await warehouse.run(released("SELECT count(*) AS n FROM duckdb_databases()", row_limit=10))
        assert rows.values  # the gateway's own instance runs the script unhindered: it is trusted
        with pytest.raises(WarehouseError) as caught:
            await confined(warehouse, "SELECT 1 AS a")
        assert caught.value.code == "E_WAREHOUSE_UNAVAILABLE"
        assert SECRET not in caught.value.engine_text
        assert "ermission denied" in caught.value.engine_text

    for text in (script, *others):
        using(DuckDBOptions(path=None, script=text), work)
    (folder / "stolen.csv").unlink()
