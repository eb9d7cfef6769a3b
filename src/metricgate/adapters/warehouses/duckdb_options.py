"""How a DuckDB instance is opened and locked, so that its statements reach nothing but its own tables.

Order matters: what only a new instance takes comes with ``connect``; the set-up script of an in-memory database runs
next; then external access is cut and the configuration locked, which nothing can undo in the life of the instance.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb

from metricgate.vocabulary.json import Json

_PATHS = ("path", "spill_directory")
Setting = str | bool | int | float | list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DuckDBOptions:
    """Settings of one DuckDB warehouse.

    Attributes:
        path: the database file; None opens an empty database in memory.
        read_only: open the file read-only, so that other processes may read it too. False keeps a writer's lock on it,
            held by a worker process that runs all statements; they still run in read-only transactions.
        writes: changes may be carried out, by that worker; needs a file with ``read_only`` off.
        script: SQL that fills an in-memory database before it is locked, in the gateway and in every worker anew.
            Trusted text of tests and benches.
        memory_limit: what the engine may use, e.g. ``1GB``. Soft: some functions pass it for moments.
        engine_threads: threads the engine uses for all queries together.
        callers: how many statements run at once; others wait, and waiting counts as their time.
        spill_directory: where big sorts and joins may spill; None forbids spilling.
        spill_limit: how much may be spilled.
        longest_seconds: time limit of a statement whose verdict sets none.
        largest_result_bytes: byte cap of a result whose verdict sets none.
        workers: how many processes run confined statements of a file that is opened read-only, or of a database in
            memory, one statement each at a time. Each has an instance of its own with ``memory_limit`` and
            ``engine_threads``. A file that is not read-only has one process for all its statements.
        worker_memory: address space of a worker; None: 1.5 GiB more than ``memory_limit``.
    """

    path: Path | None
    read_only: bool = True
    writes: bool = False
    script: str = ""
    memory_limit: str = "1GB"
    engine_threads: int = 2
    callers: int = 4
    spill_directory: Path | None = None
    spill_limit: str = "2GB"
    longest_seconds: float = 60.0
    largest_result_bytes: int = 64 * 1024 * 1024
    workers: int = 2
    worker_memory: str | None = None


def packed(options: DuckDBOptions) -> dict[str, Json]:
    """Return the options in a form that JSON holds, with absolute paths."""
    facts = asdict(options)
    for name in _PATHS:
        facts[name] = str(Path(facts[name]).absolute()) if facts[name] is not None else None
    return facts


def unpacked(facts: Mapping[str, Json]) -> DuckDBOptions:
    """Return the options that ``packed`` packed."""
    paths = {name: Path(str(facts[name])) if facts[name] is not None else None for name in _PATHS}
    return DuckDBOptions(**{**facts, **paths})  # type: ignore[arg-type]


def connected(options: DuckDBOptions) -> duckdb.DuckDBPyConnection:
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


def identity_of(options: DuckDBOptions) -> list[int] | None:
    """Return numbers that change when another file is put in the place of the database; None for one in memory.

    A file that nobody may write must not have changed either.
    """
    if options.path is None:
        return None
    facts = options.path.stat()
    return [facts.st_dev, facts.st_ino, *([facts.st_mtime_ns, facts.st_size] if options.read_only else [])]


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
        # DuckDB 2.0.0 takes two joins of one table, made twice alike, for one: wrong values (its issue 25819).
        "disabled_optimizers": "common_subplan",
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
