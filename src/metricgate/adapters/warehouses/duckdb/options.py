"""What one DuckDB warehouse is opened with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from metricgate.vocabulary.json import Json

_PATHS = ("path", "spill_directory")


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


def pack_options(options: DuckDBOptions) -> dict[str, Json]:
    """Return the options in a form that JSON holds, with absolute paths."""
    facts = asdict(options)
    for name in _PATHS:
        facts[name] = str(Path(facts[name]).absolute()) if facts[name] is not None else None
    return facts


def unpack_options(facts: Mapping[str, Json]) -> DuckDBOptions:
    """Return the options that ``packed`` packed."""
    paths = {name: Path(str(facts[name])) if facts[name] is not None else None for name in _PATHS}
    return DuckDBOptions(**{**facts, **paths})  # type: ignore[arg-type]


def identity_of(options: DuckDBOptions) -> list[int] | None:
    """Return numbers that change when another file is put in the place of the database; None for one in memory.

    A file that nobody may write must not have changed either.
    """
    if options.path is None:
        return None
    facts = options.path.stat()
    return [facts.st_dev, facts.st_ino, *([facts.st_mtime_ns, facts.st_size] if options.read_only else [])]
