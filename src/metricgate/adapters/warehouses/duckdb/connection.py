"""How a DuckDB instance is opened and locked, so that its statements reach nothing but its own tables.

Order matters: what only a new instance takes comes with ``connect``; the set-up script of an in-memory database runs
next; then external access is cut and the configuration locked, which nothing can undo in the life of the instance.
"""

from __future__ import annotations

import duckdb

from metricgate.adapters.warehouses.duckdb.options import DuckDBOptions

Setting = str | bool | int | float | list[str]
UNSOUND_OPTIMIZERS = "common_subplan,statistics_propagation"
"""What DuckDB 2.0.0 must not do to a statement, since it was seen to give wrong rows.

The first takes two joins of one table, made twice alike, for one (its issue 25819). The second believes that groups are
empty where their rows were joined to a table without rows by a key that is compared: a LEFT JOIN with HAVING gave none.
"""


def connect(options: DuckDBOptions) -> duckdb.DuckDBPyConnection:
    """Return a connection to a locked instance.

    Raises:
        duckdb.Error, OSError: there is no such file, it is no database, or it is being written.
        ValueError: the options contradict each other.
    """
    if options.path is not None and not options.path.is_file():
        raise FileNotFoundError(f"there is no database file {options.path}")
    if options.path is not None and options.script:
        raise ValueError("a set-up script is for databases in memory")
    connection = duckdb.connect(
        str(options.path) if options.path is not None else ":memory:",
        read_only=options.path is not None and options.read_only,
        config=_at_start(options),
    )
    _lock(connection, options)
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
        "allow_unredacted_secrets": False,
        "allow_extensions_metadata_mismatch": False,
        "enable_external_file_cache": False,
        "disabled_optimizers": UNSOUND_OPTIMIZERS,
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
    if options.spill_directory is None and (options.path is None or options.read_only):
        # Nothing is left to open: pages are read through the handle that is open already. A writable file opens its
        # write-ahead log anew, and spilling opens files, so those cannot have it.
        connection.execute("SET GLOBAL disabled_filesystems = 'LocalFileSystem'")
    connection.execute("SET GLOBAL lock_configuration = true")
