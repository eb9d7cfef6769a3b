"""Where the tests find PostgreSQL and MariaDB: the address of a variable, the usual one, or a server of their own.

``METRICGATE_TEST_POSTGRES`` and ``METRICGATE_TEST_MARIADB`` name servers as URLs. Where neither they nor the usual
addresses answer, a server is started if its binary is installed, and stopped at exit. Each run of the tests has a
schema or database of its own, dropped at exit.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pymysql

_START_SECONDS = 30
SCHEMA = f"metricgate_{uuid.uuid4().hex[:12]}"


class NoServer(Exception):
    """No server answers and none can be started."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a server is."""

    host: str
    port: int
    user: str
    password: str | None
    database: str


def _address(url: str) -> Address:
    parts = urlsplit(url)
    return Address(
        host=parts.hostname or "127.0.0.1",
        port=parts.port or 0,
        user=parts.username or "",
        password=parts.password,
        database=parts.path.lstrip("/") or "test",
    )


@contextmanager
def alone() -> Iterator[None]:
    """Keep others of this machine's test runs out meanwhile: what is granted to everybody concerns every account."""
    with (Path(tempfile.gettempdir()) / "metricgate-tests-rights.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def postgres_connection(at: Address) -> psycopg.Connection:
    return psycopg.connect(
        host=at.host, port=at.port, user=at.user, password=at.password, dbname=at.database, autocommit=True
    )


def mariadb_connection(at: Address) -> pymysql.Connection:
    return pymysql.connect(host=at.host, port=at.port, user=at.user, password=at.password or "", autocommit=True)


@cache
def postgres() -> Address:
    """Return the server's address, with the run's own schema made."""
    at = _found(
        "METRICGATE_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/test", postgres_connection, _start_postgres
    )
    with postgres_connection(at) as connection:
        connection.execute(f"CREATE SCHEMA {SCHEMA}")
    atexit.register(_drop_schema, at)
    return at


@cache
def mariadb() -> Address:
    """Return the server's address, with the run's own database made."""
    at = _found("METRICGATE_TEST_MARIADB", "mysql://root@127.0.0.1:3306/test", mariadb_connection, _start_mariadb)
    with mariadb_connection(at) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {SCHEMA}")
    atexit.register(_drop_database, at)
    return at


@cache
def own_mariadb(*options: str) -> Address:
    """Return the address of a server of the run's own, with options that the usual one need not have."""
    at = _start_mariadb(Path(tempfile.mkdtemp(prefix="metricgate-server-")), free_port(), *options)
    _await(at, mariadb_connection)
    return at


def _drop_schema(at: Address) -> None:
    with postgres_connection(at) as connection:
        connection.execute(f"DROP SCHEMA {SCHEMA} CASCADE")


def _drop_database(at: Address) -> None:
    with mariadb_connection(at) as connection, connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE {SCHEMA}")


def _found(
    variable: str, usual: str, connected: Callable[[Address], object], start: Callable[[Path, int], Address]
) -> Address:
    at = _address(os.environ.get(variable, usual))
    try:
        connected(at).close()
    except (psycopg.Error, pymysql.Error) as error:
        if variable in os.environ:
            raise NoServer(f"{variable} names a server that does not answer: {error}") from error
        why = str(error)
    else:
        return at
    try:
        at = start(Path(tempfile.mkdtemp(prefix="metricgate-server-")), free_port())
    except FileNotFoundError as error:
        raise NoServer(
            f"nothing answers at {usual} ({why}) and no server is installed ({error}); "
            f"install one, or name one by {variable}"
        ) from error
    _await(at, connected)
    return at


def _await(at: Address, connected: Callable[[Address], object]) -> None:
    end = time.monotonic() + _START_SECONDS
    while True:
        try:
            connected(at).close()
        except (psycopg.Error, pymysql.Error):
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
        else:
            return


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def binary(*names: str) -> str:
    """Return the path of an installed program, by the first of these names that is found.

    Raises:
        FileNotFoundError: none is installed.
    """
    places = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True), Path("/usr/sbin")]
    path = os.pathsep.join([*(str(place) for place in places), os.environ.get("PATH", "")])
    for name in names:
        found = shutil.which(name, path=path)
        if found:
            return found
    raise FileNotFoundError(f"no {names[0]}")


def _serve(command: list[str], folder: Path, **options: object) -> None:
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)

    def stop() -> None:
        server.terminate()
        server.wait(_START_SECONDS)
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(stop)


def _start_postgres(folder: Path, port: int) -> Address:
    initdb, server = binary("initdb"), binary("postgres")
    # PostgreSQL does not run as root.
    options = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
    if options:
        shutil.chown(folder, "postgres", "postgres")
    data = folder / "data"
    command = [initdb, "-U", "postgres", "-A", "trust", "-E", "UTF8", str(data)]
    subprocess.run(command, check=True, capture_output=True, cwd=folder, **options)
    settings = ["-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={folder}", "-c", "fsync=off"]
    _serve([server, "-D", str(data), "-p", str(port), *settings], folder, cwd=folder, **options)
    return Address(host="127.0.0.1", port=port, user="postgres", password=None, database="postgres")


def _start_mariadb(folder: Path, port: int, *options: str) -> Address:
    install, server = binary("mariadb-install-db"), binary("mariadbd", "mysqld")
    data = folder / "data"
    who = [f"--user={'root' if os.geteuid() == 0 else os.environ.get('USER', '')}"]
    quiet = ["--no-defaults", f"--datadir={data}", *who]
    plain = ["--auth-root-authentication-method=normal", "--skip-test-db"]
    subprocess.run([install, *quiet, *plain], check=True, capture_output=True)
    here = [f"--port={port}", "--bind-address=127.0.0.1", f"--socket={folder}/s.sock", "--skip-name-resolve"]
    texts = ["--character-set-server=utf8mb4", "--collation-server=utf8mb4_general_ci"]
    _serve([server, *quiet, *here, *texts, f"--pid-file={folder}/pid", *options], folder)
    return Address(host="127.0.0.1", port=port, user="root", password=None, database="mysql")
