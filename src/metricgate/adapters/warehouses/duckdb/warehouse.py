"""DuckDB as a warehouse: what the gateway wrote runs in its own process, what an agent wrote in one that can be killed.

- A file that is opened read-only, and a database in memory: the gateway's own statements run in a locked instance in
  this process, a cursor for each and threads of its own. ``confined`` statements run in a pool of worker processes,
  each with an instance of its own.
- A file that may be written has one process that holds it, because DuckDB lets no second one in. All statements run
  there and this process never opens it. Killing it loses nothing that was committed: its replacement replays the log.

Texts are parsed for ``opinion`` in a process of its own that holds no data.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar, cast

from metricgate.adapters.warehouses.duckdb.changing.writer import CHANNELS, Writing, sealed_of
from metricgate.adapters.warehouses.duckdb.engine import Relations
from metricgate.adapters.warehouses.duckdb.errors import FAILURES
from metricgate.adapters.warehouses.duckdb.options import DuckDBOptions
from metricgate.adapters.warehouses.duckdb.reading.in_process import Own, failure_of
from metricgate.adapters.warehouses.duckdb.reading.results import Batches, Fetched, to_wire
from metricgate.adapters.warehouses.duckdb.workers import payloads
from metricgate.adapters.warehouses.duckdb.workers.frames import Head, Malformed
from metricgate.adapters.warehouses.duckdb.workers.pool import WorkerPool
from metricgate.adapters.warehouses.engine_calls import Call, EngineCalls
from metricgate.adapters.warehouses.kept_rows import caps_of
from metricgate.changing.change import TableChange
from metricgate.changing.effect import ChangeEffect
from metricgate.changing.shape import Location, TableShape
from metricgate.changing.structure import StructureChange
from metricgate.gateway.changes.kept_change import KeptChange
from metricgate.gateway.changes.ports import ChangePlan, Rehearsal, ReleasedChange, View
from metricgate.gateway.codes import WAREHOUSE_FAILED, WAREHOUSE_UNAVAILABLE
from metricgate.gateway.ports import ReleasedStatement, Rows, WarehouseError
from metricgate.vocabulary.account_finding import ADVICE, WRONG, AccountFinding
from metricgate.vocabulary.digest import digest_of
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.opinion import Opinion
from metricgate.vocabulary.result import Column, ValueType

_Result = TypeVar("_Result")
_METADATA_SECONDS = 30.0
_OPINION_SECONDS = 10.0
_DIGITS = 12
_ROOM = 16 * 1024 * 1024
_MOST_ON_THE_WIRE = 8
_PARSER = DuckDBOptions(path=None, memory_limit="256MB", engine_threads=1)


class DuckDBWarehouse:
    """A ``gateway.ports.Warehouse`` on DuckDB. Made and used in one event loop; statements run off it."""

    name = "duckdb"
    dialect = "duckdb"

    def __init__(self, options: DuckDBOptions) -> None:
        """Open the database and lock it.

        Raises:
            WarehouseError: ``E_WAREHOUSE_UNAVAILABLE``.
        """
        self._options = options
        shared = options.path is None or options.read_only
        self._own = Own(options) if shared else None
        try:
            places = 1 if shared else options.callers + (CHANNELS if options.writes else 0)
            self._jail = WorkerPool(options, processes=options.workers if shared else 1, places=places)
            if not shared:
                self._jail.start_and_wait()
        except OSError as error:
            raise WarehouseError(WAREHOUSE_UNAVAILABLE.name, str(error)) from error
        except WarehouseError:
            self._jail.close()
            raise
        self._jailed = EngineCalls(options.workers if shared else options.callers, "duckdb-jail")
        self._writing = Writing(self._jail) if options.writes and not shared else None
        self._parser = WorkerPool(_PARSER, processes=1, places=1)
        self._opinions = EngineCalls(1, "duckdb-opinion")
        self._data_state = _state_of(options.path)

    @property
    def data_state(self) -> Json:
        """``{"as_of": time of the file's last change, UTC, "file": which file}``; nothing for a database in memory.

        Of two files, or one file before and after a change, ``file`` differs, in whatever second they are of.
        """
        return self._data_state

    @property
    def worker_pids(self) -> tuple[int, ...]:
        """The numbers of the worker processes that run, the parser's last."""
        return (*self._jail.pids(), *self._parser.pids())

    async def run(self, released: ReleasedStatement) -> Rows:
        """Run the statement within the verdict's limits, or within the options' where it sets none.

        The time limit counts from the call, waiting included. When the awaiting task is cancelled, this statement alone
        is interrupted, and killed where it is confined and does not end.

        Raises:
            WarehouseError: with the code that fits; ``engine_text`` has the engine's words.
        """
        limit = released.verdict.obligations.seconds
        seconds = limit.value if limit is not None else self._options.longest_seconds
        own = self._own
        if own is not None and not released.statement.confined:
            return await own.do(seconds, lambda call: self._timed(lambda: own.rows(call, released)))
        return await self._jailed.do(seconds, lambda call: self._timed(lambda: self._rows(call, released, seconds)))

    async def describe(
        self, relations: Sequence[tuple[str, ...]]
    ) -> Mapping[tuple[str, ...], tuple[Column, ...] | None]:
        """Return the columns of each relation, or None where it does not exist.

        A relation is ``(table,)``, ``(schema, table)`` or ``(database, schema, table)``; a bare table is looked up in
        schema ``main``. Letter case does not matter, as in DuckDB. A column of a type without a wire form counts as
        JSON, so that the rest of its table stays usable.
        """
        found, database = await self._catalogue()
        return {relation: found.get(_full_name(relation, database)) for relation in relations}

    async def types(self, selects: Sequence[str]) -> Sequence[tuple[ValueType, ...]]:
        """Return the types of the columns of SELECTs of our own that read no row."""
        own = self._own
        if own is not None:
            return await own.do(_METADATA_SECONDS, lambda call: own.types(call, selects))
        return await self._jailed.do(_METADATA_SECONDS, lambda call: self._types(call, selects))

    async def locate(self, relations: Sequence[tuple[str, ...]]) -> Mapping[tuple[str, ...], tuple[str, ...]]:
        """Return ``(database, schema, table)`` of each relation that exists."""
        found, database = await self._catalogue()
        full = {relation: _full_name(relation, database) for relation in relations}
        return {relation: name for relation, name in full.items() if name in found}

    async def findings(self, _relations: Sequence[tuple[str, ...]]) -> tuple[AccountFinding, ...]:
        """Say who else may write the file, and whether it is opened for writing without need."""
        path = self._options.path
        if path is None:
            return ()
        found = [
            AccountFinding(severity=WRONG, right="written by anyone", object=str(each), cure=f"chmod o-w {each}")
            for each in (path, path.parent)
            if each.exists() and each.stat().st_mode & 0o002 and not each.stat().st_mode & 0o1000
        ]
        if not self._options.read_only and not self._options.writes:
            cure = "read_only: true under the warehouse in metricgate.yaml"
            found.append(AccountFinding(severity=ADVICE, right="opened for writing", object=str(path), cure=cure))
        return tuple(found)

    async def functions(self) -> frozenset[str]:
        """Return the engine's own functions, its built-in macros too.

        A name that a macro of the database has taken is not among them: DuckDB would call the macro.
        """
        own = self._own
        if own is not None:
            return await own.do(_METADATA_SECONDS, own.functions)
        return await self._jailed.do(_METADATA_SECONDS, self._functions)

    async def opinion(self, sql: str) -> Opinion:
        """Return what DuckDB's parser makes of a text: see ``reading.opinion``.

        Starts the processes that the statement will need next.
        """
        return await self._opinions.do(_OPINION_SECONDS, lambda call: self._opinion(call, sql))

    async def close(self) -> None:
        """Stop what runs, wait for its threads, and close instances and processes. Later calls are refused."""
        if self._writing is not None:
            await self._writing.close()
        await asyncio.gather(self._jailed.close(), self._opinions.close(), *([self._own.close()] if self._own else []))
        await asyncio.to_thread(self._jail.close)
        await asyncio.to_thread(self._parser.close)

    @property
    def writable(self) -> bool:
        """Whether changes may be carried out."""
        return self._writing is not None

    async def shapes(self, relations: Sequence[Location]) -> Mapping[Location, TableShape]:
        """Return the shapes of those relations that exist, and of the tables that their foreign keys name."""
        return await self._opened().shapes(relations)

    async def rehearse(self, plan: ChangePlan) -> Rehearsal:
        """Carry the plan out and roll it back, as ``WritableWarehouse`` says."""
        return await self._opened().rehearse(sealed_of(plan, (), plan.views, plan.most_rows, plan.seconds))

    async def rehearse_changes(
        self, changes: Sequence[TableChange], *, most_rows: int, seconds: float, views: Sequence[View] = ()
    ) -> Rehearsal:
        """Carry the changes out and roll them back, as ``WritableWarehouse`` says."""
        return await self._opened().rehearse(sealed_of(None, changes, views, most_rows, seconds))

    async def rehearse_structure(self, change: StructureChange, *, seconds: float) -> Rehearsal:
        """Look up what a change of a table itself would do, as ``WritableWarehouse`` says."""
        wanted = KeptChange(plan=None, changes=(), views=(), most_rows=1, seconds=seconds, structure=change)
        return await self._opened().rehearse(wanted)

    async def is_restructured(self, change: StructureChange, action_id: str) -> bool:
        """Return False: DuckDB rolls DDL back, and the marker tells."""
        _ = change, action_id
        return False

    async def forget_aside(self, action_ids: Sequence[str]) -> None:
        """Drop what these actions set aside, as ``WritableWarehouse`` says."""
        await self._opened().forget_aside(action_ids)

    async def apply(self, released: ReleasedChange, prepare: Callable[[ChangeEffect], None]) -> ChangeEffect:
        """Carry it out and commit, or change nothing, as ``WritableWarehouse`` says."""
        effect = await self._opened().apply(released, prepare)
        self._data_state = _state_of(self._options.path)
        return effect

    async def find_committed(self, action_ids: Sequence[str]) -> frozenset[str]:
        """Return those actions whose transaction was committed, by the table of markers."""
        return await self._opened().find_committed(action_ids)

    async def close_off(self, action_ids: Sequence[str]) -> frozenset[str]:
        """Return those that were committed; none of the others will be."""
        return await self._opened().close_off(action_ids)

    def _opened(self) -> Writing:
        if self._writing is None:
            raise WarehouseError(WAREHOUSE_UNAVAILABLE.name, "not opened for changes")
        return self._writing

    def _timed(self, work: Callable[[], Batches | Fetched]) -> Rows:
        begin = time.perf_counter()
        got = work()
        try:
            fetched = to_wire(got) if isinstance(got, Batches) else got
        except FAILURES as error:
            raise failure_of(error) from error
        return Rows(
            columns=fetched.columns,
            values=fetched.values,
            truncated=fetched.truncated,
            bytes=fetched.bytes,
            seconds=time.perf_counter() - begin,
        )

    def _rows(self, call: Call, released: ReleasedStatement, seconds: float) -> Batches | Fetched:
        statement, caps = released.statement, caps_of(released, self._options.largest_result_bytes)
        question: Head = {
            "kind": "run",
            "sql": statement.sql,
            "parameters": payloads.packed_scalars(statement.parameters),
            "rows": caps.rows,
            "bytes": caps.bytes,
            "seconds": seconds,
            "checks": [payloads.packed_check(each) for each in statement.checks],
        }
        room = caps.bytes * _MOST_ON_THE_WIRE + _ROOM
        head, body = self._jail.ask(call, question, room, trusted=not statement.confined)
        return _read_reply(lambda: payloads.result(head, body))

    async def _catalogue(self) -> tuple[Relations, str]:
        """Return the columns of every relation by its full name, and the database's name."""
        own = self._own
        if own is not None:
            found = await own.do(_METADATA_SECONDS, own.relations)
        else:
            found = await self._jailed.do(_METADATA_SECONDS, self._relations)
        database = found.pop(())[0].name
        return found, database

    def _relations(self, call: Call) -> Relations:
        head, _body = self._jail.ask(call, {"kind": "relations", "seconds": _METADATA_SECONDS})
        pairs = cast("list[tuple[list[str], Json]]", head["relations"])
        return _read_reply(lambda: {tuple(name): payloads.columns(columns) for name, columns in pairs})

    def _types(self, call: Call, selects: Sequence[str]) -> Sequence[tuple[ValueType, ...]]:
        question: Head = {"kind": "types", "selects": list(selects), "seconds": _METADATA_SECONDS}
        head, _body = self._jail.ask(call, question)
        return _read_reply(lambda: [payloads.types(each) for each in cast("list[Json]", head["types"])])

    def _functions(self, call: Call) -> frozenset[str]:
        head, _body = self._jail.ask(call, {"kind": "functions", "seconds": _METADATA_SECONDS})
        return frozenset(cast("list[str]", head["functions"]))

    def _opinion(self, call: Call, sql: str) -> Opinion:
        self._jail.start()
        question: Head = {"kind": "opinion", "sql": sql, "seconds": _OPINION_SECONDS}
        head, _body = self._parser.ask(call, question, trusted=False)
        return Opinion(
            statements=cast("int", head["statements"]),
            kind=cast("str", head["kind"]),
            tables=frozenset(tuple(parts) for parts in cast("list[list[str]]", head["tables"])),
            functions=frozenset(cast("list[str]", head["functions"])),
        )


def _read_reply(work: Callable[[], _Result]) -> _Result:
    """Do ``work`` on what a worker sent."""
    try:
        return work()
    except Malformed as error:
        raise WarehouseError(WAREHOUSE_FAILED.name, str(error)) from error


def _full_name(relation: tuple[str, ...], database: str) -> tuple[str, ...]:
    parts = tuple(part.lower() for part in relation)
    missing = (database, "main")[: 3 - len(parts)]
    return (*missing, *parts)


def _state_of(path: Path | None) -> Json:
    if path is None:
        return {}
    log = path.with_name(f"{path.name}.wal")
    facts = [each.stat() for each in (path, log) if each.exists()]
    changed = datetime.fromtimestamp(max(each.st_mtime for each in facts), tz=UTC)
    # Numbers of files that are gone are given anew, and times can be set, but that of the last rename or write.
    told: list[Json] = [[each.st_dev, each.st_ino, each.st_ctime_ns, each.st_mtime_ns, each.st_size] for each in facts]
    return {
        "as_of": changed.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "file": digest_of(told).rpartition(":")[2][:_DIGITS],
    }
