"""A project on three real engines: a DuckDB file, PostgreSQL, MariaDB; one of them behind a door that can be shut."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import threading
from functools import cache
from pathlib import Path

import duckdb
from tests.contracts import servers

from metricgate.adapters.system.clock import SystemClock

SCHEMA = servers.SCHEMA
MODELS = f"""
semantic_models:
  - name: orders
    source: main.orders
    agg_time_dimension: at
    entities: [{{name: order, type: primary, expr: id}}, {{name: customer, type: foreign, expr: customer_id}}]
    dimensions:
      - {{name: at, type: time, granularity: day, expr: day}}
      - {{name: region, type: categorical}}
    metrics:
      - {{name: order_total, type: simple, agg: sum, expr: amount}}
      - {{name: orders_every_day, type: simple, agg: count, join_to_timespine: true, fill_nulls_with: 0}}
  - name: invoices
    source: {SCHEMA}.wh_invoices
    warehouse: bills
    agg_time_dimension: at
    entities: [{{name: invoice, type: primary, expr: id}}, {{name: customer, type: foreign, expr: customer_id}}]
    dimensions: [{{name: at, type: time, granularity: day, expr: day}}]
    metrics:
      - {{name: invoiced, type: simple, agg: sum, expr: amount}}
      - {{name: invoices_every_day, type: simple, agg: count, join_to_timespine: true, fill_nulls_with: 0}}
  - name: customers
    source: {SCHEMA}.wh_customers
    warehouse: bills
    entities: [{{name: customer, type: primary, expr: id}}]
    dimensions: [{{name: segment, type: categorical}}]
  - name: tickets
    source: {SCHEMA}.wh_tickets
    warehouse: desk
    agg_time_dimension: at
    entities: [{{name: ticket, type: primary, expr: id}}]
    dimensions: [{{name: at, type: time, granularity: day, expr: day}}, {{name: state, type: categorical}}]
    metrics: [{{name: ticket_count, type: simple, agg: count}}]
time_spines:
  - {{name: days, source: main.days, column: day, granularity: day}}
  - {{name: bills_days, source: {SCHEMA}.wh_days, warehouse: bills, column: day, granularity: day}}
"""
POLICY = """
version: 1
roles:
  - {name: all-seeing, members: ["agent:omni"]}
  - {name: billing, members: ["agent:biller"]}
grants:
  - {id: tools, roles: [everyone], actions: [call], on: ["tool:*"]}
  - id: everything
    roles: [all-seeing]
    actions: [describe, query, list_values, read, read_record]
    on: ["metric:*", "dimension:*", "dataset:*", "column:*", "function:*", "record:*"]
  - id: bills-only
    roles: [billing]
    actions: [describe, query, list_values, read]
    on: ["metric:invoiced", "dimension:invoices.*", "dataset:invoices", "column:invoices.*", "function:*"]
"""
TABLES = """
CREATE TABLE {0}wh_invoices (id INT, customer_id INT, day DATE, amount INT);
CREATE TABLE {0}wh_customers (id INT, segment VARCHAR(20));
CREATE TABLE {0}wh_days (day DATE);
INSERT INTO {0}wh_invoices VALUES (1, 1, '2026-01-05', 100), (2, 2, '2026-01-07', 300), (3, 2, '2026-02-01', 7);
INSERT INTO {0}wh_customers VALUES (1, 'small'), (2, 'big');
INSERT INTO {0}wh_days VALUES ('2026-01-05'), ('2026-01-06'), ('2026-01-07')
"""


@cache
def loaded_postgres() -> servers.Address:
    at = servers.postgres()
    with servers.postgres_connection(at) as connection:
        for statement in TABLES.format(f"{SCHEMA}.").split(";"):
            connection.execute(statement)
    return at


@cache
def loaded_mariadb() -> servers.Address:
    at = servers.mariadb()
    with servers.mariadb_connection(at) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {SCHEMA}.wh_tickets (id INT, day DATE, state VARCHAR(20))")
        rows = "(1, '2026-01-05', 'open'), (2, '2026-01-06', 'done'), (3, '2026-01-06', 'open')"
        cursor.execute(f"INSERT INTO {SCHEMA}.wh_tickets VALUES {rows}")
    return at


def settings_of(bills_port: int) -> str:
    bills, desk = loaded_postgres(), loaded_mariadb()
    first, second = password_words(bills, "METRICGATE_WH_BILLS"), password_words(desk, "METRICGATE_WH_DESK")
    return f"""
project: test
conduct: {{repeats: null, refusals: null}}
warehouses:
  bills: {{kind: postgres, host: {bills.host}, port: {bills_port}, database: {bills.database}, user: {bills.user},
          search_path: {SCHEMA}, tls: disable, connect_seconds: 2{first}}}
  shop: {{kind: duckdb, file: data.duckdb, threads: 1}}
  desk: {{kind: mariadb, host: {desk.host}, port: {desk.port}, database: {SCHEMA}, user: {desk.user}{second}}}
default_warehouse: shop
"""


def password_words(at: servers.Address, variable: str) -> str:
    """Return the settings' words for the server's password, which goes into the environment; none where it has none."""
    if at.password is None:
        return ""
    os.environ[variable] = at.password
    return f", password_variable: {variable}"


def write_three(folder: Path, *, bills_port: int | None = None, models: str = MODELS, settings: str = "") -> Path:
    """Make the project; ``bills_port`` is where PostgreSQL is looked for, by default where it is."""
    written = settings or settings_of(loaded_postgres().port if bills_port is None else bills_port)
    texts = {"semantic_models/m.yaml": models, "policies/p.yaml": POLICY, "metricgate.yaml": written}
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    with duckdb.connect(str(folder / "data.duckdb")) as connection:
        connection.execute(
            "CREATE TABLE orders AS SELECT * FROM (VALUES (1, 1, DATE '2026-01-05', 'EU', 10), "
            "(2, 2, DATE '2026-01-07', 'US', 20)) AS t(id, customer_id, day, region, amount);"
            "CREATE TABLE days AS SELECT unnest(['2026-01-05', '2026-01-06', '2026-01-07'])::DATE AS day"
        )
    return folder


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Hurried(SystemClock):
    """A clock that can be put forward."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def monotonic(self) -> float:
        """Return the machine's, and what was added."""
        return super().monotonic() + self.ahead


class Door:
    """A port through which a server is reached while the door is open; shutting it cuts every connection."""

    def __init__(self, to: servers.Address) -> None:
        self._to = (to.host, to.port)
        self.port = closed_port()
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def open(self) -> None:
        """Let connections through."""
        asyncio.run_coroutine_threadsafe(self._open(), self._loop).result(10)

    def shut(self) -> None:
        """Cut every connection and take no new one."""
        asyncio.run_coroutine_threadsafe(self._shut(), self._loop).result(10)

    def remove(self) -> None:
        """Shut it and end its thread."""
        self.shut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _open(self) -> None:
        self._server = await asyncio.start_server(self._pass, "127.0.0.1", self.port)

    async def _shut(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.sleep(0.05)

    async def _pass(self, inside: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        outside, out = await asyncio.open_connection(*self._to)
        self._writers |= {back, out}
        with contextlib.suppress(OSError):
            await asyncio.gather(_copy(inside, out), _copy(outside, back))


async def _copy(source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
    while part := await source.read(65_536):
        to.write(part)
        await to.drain()
    to.close()
