"""How a DuckDB instance is opened and locked, so that its statements reach nothing but its own tables.

Order matters: what only a new instance takes comes with ``connect``; the set-up script of an in-memory database runs
next; then external access is cut and the configuration locked, which nothing can undo in the life of the instance.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from metricgate.gateway.codes import WAREHOUSE_UNAVAILABLE
from metricgate.gateway.ports import WarehouseError

Setting = str | bool | int | float | list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DuckDBOptions:
    """Settings of one DuckDB warehouse.

    Attributes:
        path: the database file; None opens an empty database in memory.
        read_only: open the file read-only, so that other processes may read it too. False keeps a writer's lock on it;
            statements still run in read-only transactions.
        script: SQL that fills an in-memory database before it is locked. Trusted text of tests and benches.
        memory_limit: what the engine may use, e.g. ``1GB``. Soft: some functions pass it for moments.
        engine_threads: threads the engine uses for all queries together.
        callers: how many statements run at once; others wait, and waiting counts as their time.
        spill_directory: where big sorts and joins may spill; None forbids spilling.
        spill_limit: how much may be spilled.
        longest_seconds: time limit of a statement whose verdict sets none.
        largest_result_bytes: byte cap of a result whose verdict sets none.
    """

    path: Path | None
    read_only: bool = True
    script: str = ""
    memory_limit: str = "1GB"
    engine_threads: int = 2
    callers: int = 4
    spill_directory: Path | None = None
    spill_limit: str = "2GB"
    longest_seconds: float = 60.0
    largest_result_bytes: int = 64 * 1024 * 1024


def opened(options: DuckDBOptions) -> duckdb.DuckDBPyConnection:
    """Return a connection to a locked instance.

    Raises:
        WarehouseError: ``E_WAREHOUSE_UNAVAILABLE``; there is no such file, it is no database, or it is being written.
    """
    if options.path is not None and not options.path.is_file():
        raise WarehouseError(WAREHOUSE_UNAVAILABLE.name, f"there is no database file {options.path}")
    if options.path is not None and options.script:
        raise ValueError("a set-up script is for databases in memory")
    try:
        connection = duckdb.connect(
            str(options.path) if options.path is not None else ":memory:",
            read_only=options.path is not None and options.read_only,
            config=_at_start(options),
        )
        _lock(connection, options)
    except duckdb.Error as error:
        raise WarehouseError(WAREHOUSE_UNAVAILABLE.name, str(error)) from error
    return connection


def _at_start(options: DuckDBOptions) -> dict[str, Setting]:
    spill = options.spill_directory
    return {
        "python_enable_replacements": False,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
        "allow_unsigned_extensions": False,
        "allow_persistent_secrets": False,
        "threads": options.engine_threads,
        "memory_limit": options.memory_limit,
        "temp_directory": str(spill) if spill is not None else "",
    }


def _lock(connection: duckdb.DuckDBPyConnection, options: DuckDBOptions) -> None:
    # Two warehouses of one process on one file share the instance, and the first has locked it.
    if connection.execute("SELECT current_setting('lock_configuration')").fetchone() == (True,):
        return
    if options.script:
        connection.execute(options.script)
    if options.spill_directory is not None:
        # Given to connect, DuckDB 2.0.0 shows this limit and does not keep it.
        connection.execute("SET GLOBAL max_temp_directory_size = $limit", {"limit": options.spill_limit})
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    connection.execute("SET GLOBAL enable_external_access = false")
    connection.execute("SET GLOBAL lock_configuration = true")
