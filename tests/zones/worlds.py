"""One table of moments in each kind of column, on three engines, and the project that asks about it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from uuid import uuid4
from zoneinfo import ZoneInfo

import duckdb
from tests.contracts import servers
from tests.gateway.warehouses.several import password_words

ZONES = ("America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kolkata", "Asia/Kathmandu")
ENGINES = ("duckdb", "postgres", "mariadb")
CHANGES = (  # hours at which clocks change, in UTC: New York, Berlin, Lord Howe (half an hour), both ways
    *(datetime(2024, 3, 10, 7), datetime(2024, 11, 3, 6)),  # noqa: DTZ001 - UTC
    *(datetime(2024, 3, 31, 1), datetime(2024, 10, 27, 1)),  # noqa: DTZ001
    *(datetime(2024, 4, 6, 15), datetime(2024, 10, 5, 15, 30)),  # noqa: DTZ001
    datetime(2024, 12, 31, 20),  # noqa: DTZ001
)
MOMENTS = tuple(
    (change + timedelta(minutes=20 * step)).replace(tzinfo=UTC)
    for change in CHANGES
    for step in (-90, -73, -40, -31, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 29, 44, 73, 80)
)
"""In UTC, in order."""

POLICY = """
version: 1
roles: [{name: readers, members: ["agent:reader"]}]
grants:
  - {id: tools, roles: [readers], actions: [call], on: ["tool:*"]}
  - {id: all, roles: [readers], actions: [describe, query, list_values, read],
     on: ["metric:*", "dimension:*", "dataset:*", "column:*", "function:*"]}
"""
_TYPES = {
    "duckdb": ("TIMESTAMPTZ", "TIMESTAMP"),
    "postgres": ("TIMESTAMPTZ", "TIMESTAMP"),
    "mariadb": ("TIMESTAMP NULL", "DATETIME"),
}


def moments_of(stored: str) -> tuple[datetime, ...]:
    """Return those that the clock of a zone tells apart: without the hour that it shows twice."""
    zone = ZoneInfo(stored)
    shown = ((each, each.astimezone(zone)) for each in MOMENTS)
    return tuple(each for each, at in shown if at.utcoffset() == at.replace(fold=1 - at.fold).utcoffset())


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Where one engine's table is: ``schema`` to name it by, ``settings`` of the warehouse."""

    engine: str
    schema: str
    settings: str
    at: servers.Address | None
    file: Path | None

    def execute(self, *texts: str) -> None:
        """Run statements as whoever owns the tables, in a session of UTC."""
        with closing(self._connected()) as connection, closing(connection.cursor()) as cursor:
            cursor.execute("SET time_zone = '+00:00'" if self.engine == "mariadb" else "SET TimeZone = 'UTC'")
            for text in texts:
                cursor.execute(text)

    def _connected(self) -> duckdb.DuckDBPyConnection:
        if self.at is None:
            return duckdb.connect(str(self.file))
        connect = servers.postgres_connection if self.engine == "postgres" else servers.mariadb_connection
        return connect(self.at)


@contextmanager
def world(engine: str, folder: Path, *, stored: str = "UTC") -> Iterator[World]:
    """Make the table ``events``: zoned, local (as a clock of ``stored`` showed it), the day of that, and an id."""
    schema = f"{servers.SCHEMA}_{uuid4().hex[:8]}"
    if engine == "duckdb":
        found = World(engine=engine, schema="main", settings="{kind: duckdb, file: data.duckdb, threads: 1}", at=None,
                      file=folder / "data.duckdb")  # fmt: skip
    else:
        at = servers.postgres() if engine == "postgres" else zoned_mariadb()
        words = password_words(at, f"METRICGATE_ZONES_{engine.upper()}")
        where = f"host: {at.host}, port: {at.port}, user: {at.user}{words}"
        if engine == "postgres":
            settings = f"{{kind: postgres, {where}, database: {at.database}, tls: disable}}"
        else:
            settings = f"{{kind: mariadb, {where}, database: {schema}}}"
        found = World(engine=engine, schema=schema, settings=settings, at=at, file=None)
        found.execute(f"CREATE SCHEMA {schema}")
    try:
        found.execute(*_tables(found, stored))
        yield found
    finally:
        if engine != "duckdb":
            found.execute(f"DROP SCHEMA {schema}{' CASCADE' if engine == 'postgres' else ''}")


def _tables(found: World, stored: str) -> Sequence[str]:
    zoned, local = _TYPES[found.engine]
    rows = ", ".join(
        f"({at}, '{each:%Y-%m-%d %H:%M:%S}{'' if found.engine == 'mariadb' else '+00'}', "
        f"'{clock:%Y-%m-%d %H:%M:%S}', '{clock:%Y-%m-%d}', 'k{at % 3}')"
        for at, each in enumerate(moments_of(stored))
        for clock in [each.astimezone(ZoneInfo(stored))]
    )
    name = f"{found.schema}.events"
    return (
        f"CREATE TABLE {name} (id INT PRIMARY KEY, zoned {zoned}, local {local}, day DATE, kind VARCHAR(9))",
        f"INSERT INTO {name} VALUES {rows}",
    )


def write_project(folder: Path, found: World, models: str) -> Path:
    """Write the project; ``{schema}`` in the models names the tables' schema."""
    texts = {
        "semantic_models/m.yaml": models.replace("{schema}", found.schema),
        "policies/p.yaml": POLICY,
        "metricgate.yaml": f"project: zones\nconduct: {{repeats: null, refusals: null}}\nwarehouse: {found.settings}\n",
    }
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@cache
def zoned_mariadb() -> servers.Address:
    """Return a MariaDB that knows the zones: the usual one, or one of the tests' own with its tables filled."""
    usual = servers.mariadb()
    if _knows(usual):
        return usual
    at = servers.own_mariadb("--default-time-zone=+05:00")
    client = ["mariadb", f"--host={at.host}", f"--port={at.port}", f"--user={at.user}", "mysql"]
    for zone in ("UTC", *ZONES):
        read = ["mariadb-tzinfo-to-sql", f"/usr/share/zoneinfo/{zone}", zone]
        text = subprocess.run(read, check=True, capture_output=True).stdout
        subprocess.run(client, check=True, capture_output=True, input=text)
    return at


def _knows(at: servers.Address) -> bool:
    known = " AND ".join(f"CONVERT_TZ('2020-01-01', 'UTC', '{each}') IS NOT NULL" for each in ZONES)
    with closing(servers.mariadb_connection(at)) as connection, closing(connection.cursor()) as cursor:
        cursor.execute(f"SELECT {known}")
        return cursor.fetchone()[0] == 1
