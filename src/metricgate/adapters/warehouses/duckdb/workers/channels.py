"""How a worker answers: it opens the database, and each channel has a thread that answers one question after another.

As many statements run at once as there are channels. Imported by ``worker.py`` once the limits are on, because
the drivers start threads when they are imported.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, cast

import duckdb

from metricgate.adapters.warehouses.duckdb.connection import connect
from metricgate.adapters.warehouses.duckdb.engine import DuckDBEngine
from metricgate.adapters.warehouses.duckdb.errors import FAILURES, breaks, code_of, details_of, position_of
from metricgate.adapters.warehouses.duckdb.options import identity_of, unpack_options
from metricgate.adapters.warehouses.duckdb.reading.engine_parse import opinion_of
from metricgate.adapters.warehouses.duckdb.workers import limits
from metricgate.adapters.warehouses.duckdb.workers.frames import LARGEST_QUESTION, Gone, Head, Malformed, receive, send
from metricgate.adapters.warehouses.duckdb.workers.payloads import (
    packed_columns,
    packed_result,
    packed_types,
    scalars,
    type_check,
)
from metricgate.adapters.warehouses.result_caps import ResultCaps
from metricgate.gateway.codes import WAREHOUSE_MEMORY, WAREHOUSE_UNAVAILABLE
from metricgate.vocabulary.json import Json

if TYPE_CHECKING:
    from metricgate.adapters.warehouses.duckdb.changing.write_worker import Carrying

Reply = tuple[Head, bytes | memoryview]

_SPARE = 1536 * 1024 * 1024


class Worker:
    """One open instance and its channels."""

    def __init__(
        self,
        engine: DuckDBEngine,
        channels: list[socket.socket],
        cores: int,
        most_unused: int,
        carrying: Carrying | None,
    ) -> None:
        self._engine = engine
        self._carrying = carrying
        self._channels = channels
        self._cores = cores
        self._most_unused = most_unused
        self._running: dict[int, tuple[int, duckdb.DuckDBPyConnection]] = {}
        self._kinds: dict[str, Callable[[duckdb.DuckDBPyConnection, Head], Reply]] = {
            "run": self._run,
            "types": self._types,
            "relations": self._relations,
            "functions": self._functions,
            "opinion": self._opinion,
        }

    def serve(self, control: socket.socket) -> None:
        """Answer until the control channel ends or says to close."""
        for number in range(len(self._channels)):
            threading.Thread(target=self._answer_all, args=(number,), daemon=True).start()
        with suppress(Gone):
            while True:
                head, _body = receive(control)
                if head["kind"] == "close":
                    self._engine.close()
                    return
                self._interrupt(cast("int", head["channel"]), cast("int", head["question"]))

    def _interrupt(self, channel: int, question: int) -> None:
        asked, cursor = self._running.get(channel, (None, None))
        if cursor is not None and asked == question:
            if self._carrying is not None:
                self._carrying.stop(question)
            with suppress(duckdb.ConnectionException):  # it ended and was closed this very moment
                cursor.interrupt()

    def _answer_all(self, number: int) -> None:
        channel = self._channels[number]
        with suppress(Gone):
            while True:
                question, content = receive(channel, LARGEST_QUESTION if self._carrying is not None else 0)
                if self._carrying is None or not self._carrying.begins(question):
                    send(channel, {"begun": True})
                limits.limit_time(cast("float", question["seconds"]) * self._cores)
                head, body = self._answer(number, question, content)
                head["worn"] = limits.unused_address_space() > self._most_unused
                send(channel, head, body)

    def _answer(self, number: int, question: Head, content: memoryview) -> Reply:
        try:
            with self._engine.cursor() as cursor:
                self._running[number] = (cast("int", question["question"]), cursor)
                try:
                    if question["kind"] in self._kinds:
                        head, body = self._kinds[question["kind"]](cursor, question)
                    elif self._carrying is not None:
                        head, body = self._carrying.answer(self._channels[number], cursor, question, content)
                    else:
                        raise Malformed(f"no such question: {question['kind']}")
                finally:
                    self._running.pop(number, None)
                    if self._carrying is not None:
                        self._carrying.over(cast("int", question["question"]))
        except FAILURES as error:
            position = position_of(error, str(question.get("sql", "")))
            facts: Head = {"position": position, "details": details_of(error), "broken": breaks(error)}
            return {"ok": False, "code": code_of(error), "text": str(error), **facts}, b""
        return {"ok": True, **head}, body

    def _run(self, cursor: duckdb.DuckDBPyConnection, question: Head) -> Reply:
        caps = ResultCaps(rows=cast("int | None", question["rows"]), bytes=cast("int", question["bytes"]))
        parameters = scalars(question["parameters"])
        checks = [type_check(each) for each in cast("list[Json]", question["checks"])]
        return packed_result(self._engine.run(cursor, cast("str", question["sql"]), parameters, caps, checks))

    def _types(self, cursor: duckdb.DuckDBPyConnection, question: Head) -> Reply:
        selects = cast("list[str]", question["selects"])
        return {"types": [packed_types(self._engine.types(cursor, each)) for each in selects]}, b""

    def _relations(self, cursor: duckdb.DuckDBPyConnection, _question: Head) -> Reply:
        found = self._engine.relations(cursor)
        return {"relations": [[list(name), packed_columns(columns)] for name, columns in found.items()]}, b""

    def _functions(self, cursor: duckdb.DuckDBPyConnection, _question: Head) -> Reply:
        return {"functions": list(self._engine.functions(cursor))}, b""

    def _opinion(self, cursor: duckdb.DuckDBPyConnection, question: Head) -> Reply:
        opinion = opinion_of(cursor, cast("str", question["sql"]))
        return {
            "statements": opinion.statements,
            "kind": opinion.kind,
            "tables": [list(parts) for parts in opinion.tables],
            "functions": list(opinion.functions),
        }, b""


def serve(control: socket.socket, head: Head) -> None:
    """Open the database of the first frame, say so on the control channel, and answer until that one ends."""
    threading.excepthook = _end_on_error
    try:
        engine, most_unused = _open_engine(head)
    except FAILURES as error:
        memory = code_of(error) == WAREHOUSE_MEMORY.name
        code = WAREHOUSE_MEMORY if memory else WAREHOUSE_UNAVAILABLE
        send(control, {"ok": False, "code": code.name, "text": str(error)})
        return
    channels = [socket.socket(fileno=number) for number in cast("list[int]", head["channels"])]
    send(control, {"ok": True})
    cores = len(os.sched_getaffinity(0)) if limits.LINUX else (os.cpu_count() or 1)
    Worker(engine, channels, cores, most_unused, _carrying(engine, head)).serve(control)


def _carrying(engine: DuckDBEngine, head: Head) -> Carrying | None:
    """Return what carries changes out, where the file is opened for them; nobody else needs to load it."""
    if not unpack_options(cast("dict[str, Json]", head["options"])).writes:
        return None
    from metricgate.adapters.warehouses.duckdb.changing.write_worker import Carrying  # noqa: PLC0415

    return Carrying(engine)


def _open_engine(head: Head) -> tuple[DuckDBEngine, int]:
    """Open what the first frame names and return the engine with the most address space that may lie unused."""
    options = unpack_options(cast("dict[str, Json]", head["options"]))
    if identity_of(options) != head["identity"]:
        raise OSError(f"{options.path} is not the file that it was when the gateway opened it")
    root = connect(options)
    [(engine_memory, space)] = root.execute(
        "SELECT parse_formatted_bytes(current_setting('memory_limit')), parse_formatted_bytes($space)",
        {"space": options.worker_memory or "0 bytes"},
    ).fetchall()
    space = space or engine_memory + _SPARE
    limits.limit_memory(space)
    writable = options.path is None or not options.read_only
    return DuckDBEngine(root, writable=writable), max(space - engine_memory, _SPARE // 2) * 2 // 3


def _end_on_error(failure: threading.ExceptHookArgs) -> None:
    """End the process: with a thread missing, a question would wait for its answer in vain."""
    traceback.print_exception(failure.exc_type, failure.exc_value, failure.exc_traceback)
    sys.stderr.flush()
    os._exit(1)
