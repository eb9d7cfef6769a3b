"""The worker processes of one database, and how a question gets its answer from them.

A place is one channel of one process, and one question's at a time. The processes of a pool have one place each, so
that killing one ends one statement. The single process of a writable file has many: who was in it when it was killed
for somebody else's statement is asked again in its replacement, because the questions only read.
"""

from __future__ import annotations

import queue
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from itertools import count

from metricgate.adapters.warehouses.duckdb.options import DuckDBOptions, identity_of
from metricgate.adapters.warehouses.duckdb.workers.frames import Gone, Head, Malformed, receive, send
from metricgate.adapters.warehouses.duckdb.workers.process import Process, remove_stale_spill
from metricgate.adapters.warehouses.engine_calls import Call
from metricgate.gateway.codes import WAREHOUSE_FAILED, WAREHOUSE_UNAVAILABLE
from metricgate.gateway.ports import WarehouseError
from metricgate.vocabulary.json import Json

_LOOK_SECONDS = 0.02
_START_SECONDS = 30.0
_ATTEMPTS = 3


Reply = Callable[[memoryview], Head]
"""Takes the effect of a change and returns whether to commit."""


class _NotBegun(Gone):
    """The process was gone before it began."""


class WorkerPool:
    """A fixed number of processes, each replaced as soon as it ends. Thread-safe.

    Processes start when they are first needed.
    """

    def __init__(self, options: DuckDBOptions, *, processes: int, places: int) -> None:
        """Make a jail of ``processes`` with ``places`` each.

        Raises:
            OSError: there is no such file.
        """
        self._options = options
        remove_stale_spill(options)
        self._identity: Json = identity_of(options)
        self._places = places
        self._processes: list[Process | None] = [None] * processes
        self._lock = threading.Lock()
        self._closed = False
        self._numbers = count(1)
        self._free: queue.LifoQueue[tuple[int, int]] = queue.LifoQueue()
        for place in reversed([(process, channel) for channel in range(places) for process in range(processes)]):
            self._free.put(place)

    def start(self) -> None:
        """Start the processes that do not run, without waiting for them."""
        for number in range(len(self._processes)):
            self._current(number)

    def start_and_wait(self) -> None:
        """Start the processes and wait until each has opened the database.

        Raises:
            WarehouseError: one could not.
        """
        self.start()
        for number in range(len(self._processes)):
            process = self._current(number)
            if not process.ready.wait(_START_SECONDS):
                raise WarehouseError(WAREHOUSE_UNAVAILABLE.name, "the worker process does not start")
            if process.failure is not None:
                raise process.failure

    def ask(
        self, call: Call, question: Mapping[str, Json], largest_body: int = 0, *, trusted: bool = True
    ) -> tuple[Head, memoryview]:
        """Ask a question in the first place that is free, and return the answer.

        A question that was in a process that another call's deadline ended is asked again; one that is ``trusted`` (its
        text is our own) also once when the process died by itself.

        Raises:
            WarehouseError: with the code that fits.
        """
        place = self._free.get()
        again = False
        try:
            for _attempt in range(_ATTEMPTS):
                process = self._waited_for(call, place[0])
                if process.failure is not None:
                    continue
                try:
                    return self._asked(call, process, place[1], question, largest_body)
                except Gone as gone:
                    process.over = True
                    call.unless_stopped()
                    if isinstance(gone, _NotBegun):
                        continue
                    if not process.killed and (again or not trusted):
                        raise process.failure_of_death() from None
                    again = again or not process.killed
            raise process.failure or WarehouseError(WAREHOUSE_FAILED.name, "it met a dying worker process every time")
        finally:
            self._free.put(place)

    def tell(
        self, call: Call, question: Mapping[str, Json], body: bytes, largest_body: int, reply: Reply | None = None
    ) -> tuple[Head, memoryview]:
        """Ask a question that is about a change: once it has begun, it is never asked again.

        Args:
            call: the call that waits for it.
            question: its head.
            body: its body.
            largest_body: bytes of the answer's body at most.
            reply: what to answer when the worker asks, once, whether to commit.

        Raises:
            Gone: the process ended after it had begun.
            WarehouseError: with the code that fits.
        """
        place = self._free.get()
        try:
            for _attempt in range(_ATTEMPTS):
                process = self._waited_for(call, place[0])
                if process.failure is not None:
                    continue
                try:
                    return self._asked(call, process, place[1], question, largest_body, body, reply)
                except _NotBegun:
                    process.over = True
                    call.unless_stopped()
                except Gone:
                    process.over = True
                    raise
            raise process.failure or WarehouseError(WAREHOUSE_FAILED.name, "it met a dying worker process every time")
        finally:
            self._free.put(place)

    def close(self) -> None:
        """End all processes and wait for them. A writable file is closed by its process."""
        with self._lock:
            self._closed = True
            processes = [process for process in self._processes if process is not None]
        gently = self._options.path is not None and not self._options.read_only
        for process in processes:
            process.close(gently=gently)

    def pids(self) -> tuple[int, ...]:
        """Return the numbers of the processes that run."""
        return tuple(process.pid for process in self._processes if process is not None and not process.gone.is_set())

    def _waited_for(self, call: Call, number: int) -> Process:
        """Return the process when it is ready, or when it ended without a word while it started.

        A call that must stop meanwhile leaves the process alone: it is not in it yet.

        Raises:
            WarehouseError: the database does not open, or the call must stop.
        """
        while True:
            call.unless_stopped()
            process = self._current(number)
            if process.over:
                process.gone.wait(_LOOK_SECONDS)
            elif process.ready.wait(_LOOK_SECONDS):
                if process.failure is None:
                    return process
                process.gone.wait(_START_SECONDS)
                if process.fell:
                    return process
                raise process.failure

    def _asked(
        self,
        call: Call,
        process: Process,
        channel: int,
        question: Mapping[str, Json],
        largest_body: int,
        content: bytes = b"",
        reply: Reply | None = None,
    ) -> tuple[Head, memoryview]:
        number = next(self._numbers)
        call.interrupt = lambda: process.interrupt(channel, number)
        call.kill = process.kill
        try:
            _begin_question(process.channels[channel], {**question, "question": number}, content)
            head, body = receive(process.channels[channel], largest_body)
            if reply is not None and head == {"prepare": True}:
                send(process.channels[channel], reply(body))
                head, body = receive(process.channels[channel], largest_body)
        except Malformed as error:
            process.kill()
            raise WarehouseError(WAREHOUSE_FAILED.name, str(error)) from error
        finally:
            call.interrupt = call.kill = None
        if head.get("broken"):
            # Its instance answers nothing any more; who else is in it is asked again in the next one.
            process.over = True
            process.kill()
        if head.get("worn") and (self._places == 1 or self._free.qsize() == self._places - 1):
            # Freed memory that DuckDB keeps takes its address space from the next statement's. Nobody else is in it.
            process.kill()
        if not head.get("ok"):
            raise _failure(head, call.stopped_for)
        return head, body

    def _current(self, number: int) -> Process:
        """Return the process that serves a number, started anew where it has ended."""
        with self._lock:
            process = self._processes[number]
            if process is None or process.gone.is_set():
                if self._closed:
                    raise WarehouseError(WAREHOUSE_UNAVAILABLE.name, "the warehouse is closed")
                process = Process(self._options, self._identity, self._places, self._replace)
                self._processes[number] = process
            return process

    def _replace(self, gone: Process) -> None:
        """Start the replacement of a process that had worked.

        One that could not open the database waits until it is asked for.
        """
        with self._lock:
            if self._closed or gone.failure is not None or gone not in self._processes:
                return
            number = self._processes.index(gone)
            with suppress(WarehouseError):  # whoever needs it next tries again and is told
                self._processes[number] = Process(self._options, self._identity, self._places, self._replace)


def _failure(head: Head, stopped_for: str | None) -> WarehouseError:
    position, details = head.get("position"), head.get("details")
    return WarehouseError(
        stopped_for or str(head.get("code")),
        str(head.get("text")),
        position=position if isinstance(position, int) else None,
        details=details if isinstance(details, dict) else {},
    )


def _begin_question(channel: socket.socket, question: Mapping[str, Json], content: bytes) -> None:
    """Send a question and wait until it has begun."""
    try:
        send(channel, question, content)
        head, _body = receive(channel)
    except Gone as error:
        raise _NotBegun from error
    if head != {"begun": True}:
        raise Malformed("an answer before it has begun")
