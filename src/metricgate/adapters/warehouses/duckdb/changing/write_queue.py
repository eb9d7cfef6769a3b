"""Whose turn it is to change a DuckDB file: one transaction at a time, and what was approved goes first."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import duckdb

from metricgate.gateway.changes.ports import ChangeFailed
from metricgate.gateway.codes import WAREHOUSE_TIMEOUT

_LOOK_SECONDS = 0.02


class GaveWay(Exception):
    """The rehearsal was broken off for a change that was approved; it may begin again."""


class WriteQueue:
    """A lock that an approved change takes from a rehearsal: DuckDB would refuse both to touch the same row at once.

    A rehearsal that gives way was to be rolled back anyway. Safe from several threads.
    """

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._counting = threading.Lock()
        self._approved = 0
        self._rehearsing: duckdb.DuckDBPyConnection | None = None
        self._gives_way = False
        self._stopped: set[int] = set()

    def stop(self, question: int) -> None:
        """Have the question of this number wait no longer."""
        self._stopped.add(question)

    def over(self, question: int) -> None:
        """Forget the question of this number, which need not have waited for a turn at all."""
        self._stopped.discard(question)

    @contextmanager
    def take_approved(self, question: int) -> Iterator[None]:
        """Take the turn, from a rehearsal if need be.

        Raises:
            ChangeFailed: it was stopped while it waited.
        """
        with self._counting:
            self._approved += 1
        try:
            self._wait(question, self._break_off)
        finally:
            with self._counting:
                self._approved -= 1
        try:
            yield
        finally:
            self._end(question)

    @contextmanager
    def take_rehearsal(self, question: int, cursor: duckdb.DuckDBPyConnection) -> Iterator[None]:
        """Take the turn when nothing approved waits for it.

        Raises:
            ChangeFailed: it was stopped while it waited.
            GaveWay: it failed because it was broken off.
        """
        self._wait(question, lambda: None, after=lambda: self._approved == 0)
        self._gives_way, self._rehearsing = False, cursor
        try:
            yield
        except ChangeFailed as error:
            if self._gives_way and question not in self._stopped:
                raise GaveWay from error
            raise
        finally:
            self._rehearsing = None
            self._end(question)

    def _wait(self, question: int, again: Callable[[], None], after: Callable[[], bool] = lambda: True) -> None:
        while True:
            if question in self._stopped:
                self._stopped.discard(question)
                raise ChangeFailed(WAREHOUSE_TIMEOUT.name, "stopped before its turn came")
            if self._turn.acquire(timeout=_LOOK_SECONDS):
                if after():
                    return
                self._turn.release()
                time.sleep(_LOOK_SECONDS)
            again()

    def _break_off(self) -> None:
        rehearsing = self._rehearsing
        if rehearsing is not None:
            self._gives_way = True
            with suppress(duckdb.ConnectionException):  # it ended this very moment
                rehearsing.interrupt()

    def _end(self, question: int) -> None:
        self._stopped.discard(question)
        self._turn.release()
