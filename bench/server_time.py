"""The processor's seconds that servers of this machine spend for this process's connections."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import psycopg
from pymysql.connections import Connection
from tests.contracts import servers


class ServerTime:
    """Looks after each statement at what the server's process or thread behind its connection has spent so far.

    Servers elsewhere are not seen: nothing is counted for them.
    """

    def __init__(self) -> None:
        self._first: dict[tuple[str, int], float] = {}
        self._last: dict[tuple[str, int], float] = {}
        self._threads: dict[int, int] = {}
        self._watching = False

    @property
    def seconds(self) -> float:
        """All of it so far."""
        return sum(last - self._first[each] for each, last in self._last.items())

    def watch(self) -> None:
        """Begin, for all connections from now on."""
        execute, query = psycopg.Cursor.execute, Connection.query

        def executed(cursor, *given, **named):
            try:
                return execute(cursor, *given, **named)
            finally:
                backend = cursor.connection.info.backend_pid
                self._note(("postgres", backend), backend)

        def queried(connection, *given, **named):
            try:
                return query(connection, *given, **named)
            finally:
                self._note(("mariadb", connection.thread_id()), self._thread(connection))

        psycopg.Cursor.execute, Connection.query = executed, queried

    def _note(self, connection: tuple[str, int], task: int) -> None:
        with suppress(OSError, ValueError, IndexError):
            fields = Path(f"/proc/{task}/task/{task}/stat").read_text().rpartition(")")[2].split()
            self._last[connection] = (int(fields[11]) + int(fields[12])) / 100
            self._first.setdefault(connection, self._last[connection])

    def _thread(self, connection: Connection) -> int:
        number = connection.thread_id()
        if number not in self._threads and not self._watching:
            self._watching = True  # what asks is no statement to count
            try:
                with servers.mariadb_connection(servers.mariadb()) as asking, asking.cursor() as cursor:
                    cursor.execute("SELECT tid FROM information_schema.processlist WHERE id = %s", (number,))
                    self._threads[number] = cursor.fetchall()[0][0]
            finally:
                self._watching = False
        return self._threads.get(number, 0)
