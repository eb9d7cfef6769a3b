"""A PostgreSQL server of the run's own, which may be killed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg
from tests.contracts.servers import Address, binary, free_port

_SECONDS = 30.0


class OwnPostgres:
    """The server, from ``with`` to its end; its files go with it."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="metricgate-soak-"))
        self._as: dict[str, Any] = {"cwd": self._folder}
        if os.geteuid() == 0:  # PostgreSQL does not run as root
            shutil.chown(self._folder, "postgres", "postgres")
            self._as |= {"user": "postgres", "group": "postgres", "extra_groups": []}
        self.at = Address(host="127.0.0.1", port=free_port(), user="postgres", password=None, database="postgres")
        self._server: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        command = [binary("initdb"), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync", str(self._data)]
        subprocess.run(command, check=True, capture_output=True, **self._as)
        self.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def start(self) -> None:
        """Start it and wait until it answers."""
        (self._data / "postmaster.pid").unlink(missing_ok=True)
        settings = ["-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={self._folder}"]
        command = [binary("postgres"), "-D", str(self._data), "-p", str(self.at.port), *settings, "-c", "fsync=off"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self._server = subprocess.Popen(command, **quiet, **self._as)
        end = time.monotonic() + _SECONDS
        while True:
            try:
                self.run("SELECT 1")
            except psycopg.Error:
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)
            else:
                return

    def kill(self) -> None:
        """End it at once, without a word to whoever is connected."""
        if self._server is not None:
            self._server.send_signal(signal.SIGQUIT)
            self._server.wait(_SECONDS)

    def run(self, *statements: str) -> None:
        """Run statements in it."""
        with psycopg.connect(
            host=self.at.host, port=self.at.port, user=self.at.user, dbname=self.at.database, autocommit=True
        ) as connection:
            for each in statements:
                connection.execute(each.encode())
