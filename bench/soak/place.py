"""The project that is soaked: three warehouses, and what goes wrong with them."""

from __future__ import annotations

import os
import shutil
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import duckdb
from tests.gateway.changes.shop import MODELS, POLICY, write_shop

from bench.soak.doors import PERSON
from bench.soak.server import OwnPostgres

_LINES = 20_000
_AWAY_SECONDS = 2.0
_MORE_MODELS = """
  - name: lines
    source: main.lines
    warehouse: files
    entities: [{name: line, type: primary, expr: id}]
  - name: invoices
    source: public.invoices
    warehouse: bills
    entities: [{name: invoice, type: primary, expr: id}]
"""
_SETTINGS = """project: soak
conduct: {{repeats: null, refusals: null}}
writes: {{environment: staging}}
warehouses:
  shop: {{kind: duckdb, file: data.duckdb, read_only: false, writes: true, threads: 1}}
  files: {{kind: duckdb, file: lines.duckdb, threads: 1}}
  bills: {{kind: postgres, host: 127.0.0.1, port: {port}, database: postgres, user: postgres, tls: disable,
          connect_seconds: 5, writer: {{user: postgres, marker_schema: public}}}}
"""
_INVOICES = (
    "CREATE TABLE invoices(id int PRIMARY KEY, status text)",
    "INSERT INTO invoices SELECT n, 'open' FROM generate_series(1, 40) AS n",
)


@dataclass(frozen=True, slots=True)
class Place:
    """The project and its server."""

    folder: Path
    server: OwnPostgres
    every_seconds: float = 10.0

    def disturb(self, number: int, gateway: int) -> str:
        """Do the next thing that goes wrong; returns what, in words. Blocks."""
        match number % 3:
            case 0:
                for each in _workers(gateway):
                    os.kill(each, signal.SIGKILL)
                return "workers killed"
            case 1:
                made = _lines(self.folder / f"lines-{number}.duckdb", _LINES + number)
                made.replace(self.folder / "lines.duckdb")
                return "file swapped"
            case _:
                self.server.kill()
                time.sleep(_AWAY_SECONDS)
                self.server.start()
                return "PostgreSQL killed and started"


def made(folder: Path, server: OwnPostgres) -> Place:
    """Make project and tables."""
    policy = POLICY.replace('["agent:desk"', '["agent:omni", "agent:desk"').replace(
        '["dataset:customers", "dataset:orders", "column:customers.*", "column:orders.*"]',
        '["dataset:customers", "dataset:orders", "dataset:invoices", "column:customers.*", "column:orders.*",\n'
        '         "column:invoices.*"]',
    )
    policy = policy.replace('members: ["user:audra"]', f'members: ["user:audra", "user:{PERSON}"]')
    write_shop(folder, policy=policy)
    models = MODELS.replace("    source: main.", "    warehouse: shop\n    source: main.")
    (folder / "semantic_models" / "all.yaml").write_text(models.rstrip("\n") + _MORE_MODELS)
    (folder / "metricgate.yaml").write_text(_SETTINGS.format(port=server.at.port))
    _lines(folder / "lines.duckdb", _LINES)
    server.run(*_INVOICES)
    return Place(folder, server)


def _lines(file: Path, rows: int) -> Path:
    with duckdb.connect(str(file)) as connection:
        connection.execute(f"CREATE TABLE lines AS SELECT n AS id, n * 1.5 AS amount FROM range({rows}) AS t(n)")
    shutil.copymode(file.parent / "data.duckdb", file)
    return file


def _workers(parent: int) -> list[int]:
    """Return the numbers of the engines' worker processes."""
    children = Path(f"/proc/{parent}/task/{parent}/children")
    return [int(each) for each in children.read_text().split()] if children.exists() else []
