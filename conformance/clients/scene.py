"""The gateway that the clients are tried against: a project whose answers are known, served as a process."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import duckdb
import httpx2

from metricgate.adapters.state.sqlite.ledger_reader import LedgerReader
from metricgate.adapters.state.sqlite.sqlite_keys import SqliteKeys
from metricgate.adapters.system.clock import SystemClock
from metricgate.state.record import EntryFilter

MODELS: Final = """
semantic_models:
  - name: orders
    source: main.orders
    agg_time_dimension: ordered_at
    entities:
      - {name: order, type: primary, expr: id}
    dimensions:
      - {name: ordered_at, type: time, granularity: day, expr: day}
      - {name: region, type: categorical, expr: region}
  - name: endless
    source: main.endless
    entities: [{name: line, type: primary, expr: v}]
metrics:
  - {name: revenue, domain: sales, owner: sales@acme.example, description: Ordered., type: simple,
     semantic_model: orders, agg: sum, expr: amount}
  - {name: revenue, domain: finance, owner: fin@acme.example, description: Paid., type: simple,
     semantic_model: orders, agg: sum, expr: amount, filter: {member: order__region, op: "=", value: EU}}
  - {name: salaries, domain: hr, owner: hr@acme.example, description: Paid to people., type: simple,
     semantic_model: orders, agg: sum, expr: amount}
  - {name: endless, domain: sales, owner: sales@acme.example, description: Never done., type: simple,
     semantic_model: endless, agg: sum, expr: v}
"""
POLICY: Final = """
version: 1
roles: [{name: clients, members: ["agent:client"]}]
grants:
  - {id: tools, roles: [everyone], actions: [call], on: ["tool:*"]}
  - {id: metrics, roles: [clients], actions: [describe, query, list_values],
     on: ["metric:sales.*", "metric:finance.*", "dimension:*", "dataset:*"]}
  - {id: salaries-are-known, roles: [clients], actions: [describe], on: ["metric:hr.*"]}
  - {id: rows, roles: [clients], actions: [read, delete], on: ["dataset:orders", "column:orders.*"]}
holds:
  - {id: deletes-wait, roles: [everyone], on: ["dataset:*"], actions: [delete],
     because: What is deleted is looked at first.}
limits:
  - {id: usual, roles: [everyone], rows: 1000, seconds: 60}
"""
SETTINGS: Final = """project: clients
warehouse: {kind: duckdb, file: data.duckdb, threads: 2, read_only: false, writes: true}
conduct: {repeats: null, refusals: null}
"""
TABLES: Final = """
CREATE TABLE orders (id INTEGER PRIMARY KEY, day DATE, region VARCHAR, amount DECIMAL(12, 2));
INSERT INTO orders VALUES (1, '2026-01-05', 'EU', 10), (2, '2026-01-20', 'EU', 20), (3, '2026-02-03', 'US', 120);
CREATE VIEW endless AS SELECT (a.i * b.i * c.i) % 1000003 AS v
FROM range(100000) AS a(i), range(100000) AS b(i), range(1000) AS c(i);
"""
_PROGRAM: Final = (sys.executable, "-m", "metricgate")
_SECONDS: Final = 60.0


class Scene:
    """One project and the process that serves it, always on the same port."""

    def __init__(self, folder: Path) -> None:
        """Write the project into an empty folder, and start."""
        self.folder = folder
        for name, text in (("semantic_models/m.yaml", MODELS), ("policies/p.yaml", POLICY)):
            (folder / name).parent.mkdir(parents=True)
            (folder / name).write_text(text)
        (folder / "metricgate.yaml").write_text(SETTINGS)
        with duckdb.connect(str(folder / "data.duckdb")) as connection:
            connection.execute(TABLES)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = int(free.getsockname()[1])
        self.url = f"http://127.0.0.1:{self._port}"
        self.process = self._started()

    def key(self, seconds: float = 86_400.0) -> str:
        """Return a new key of the agent that the policy knows; so long is it good for."""
        keys = SqliteKeys(self.folder / ".metricgate" / "keys.db", clock=SystemClock())
        try:
            return keys.create("client", name=f"client-{time.monotonic_ns()}", expires_in=seconds)[0]
        finally:
            keys.close()

    def cancelled(self) -> int:
        """Return how many calls the record has as cancelled."""
        with LedgerReader(self.folder / ".metricgate" / "ledger.db") as reader:
            found = list(reader.entries(EntryFilter(), newest_first=False))
        return sum(each.fields.get("error.type") == "E_WAREHOUSE_CANCELLED" for each in found)

    def restart(self) -> None:
        """Stop, unless it did, and serve again at the same address."""
        self.stop()
        self.process = self._started()

    def stop(self) -> float:
        """Ask it to stop; return how many seconds it took."""
        begun = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait(_SECONDS)
        return time.monotonic() - begun

    def waited_for_clients(self) -> bool:
        """Whether it ran out of patience with a client that was still connected, when it stopped last."""
        return "graceful shutdown exceeded" in (self.folder / "serve.log").read_text()[self._begins :]

    def _started(self) -> subprocess.Popen[bytes]:
        with (self.folder / "serve.log").open("ab") as log:
            self._begins = log.tell()
            process = subprocess.Popen(  # noqa: S603 - our own program
                [*_PROGRAM, "serve", "--port", str(self._port)],
                cwd=self.folder,
                env=self._environment(),
                stdout=log,
                stderr=log,
            )
        end = time.monotonic() + _SECONDS
        while time.monotonic() < end and process.poll() is None:
            try:
                if httpx2.get(f"{self.url}/readyz").status_code == httpx2.codes.OK:
                    return process
            except httpx2.TransportError:
                pass
            time.sleep(0.1)
        raise RuntimeError((self.folder / "serve.log").read_text())

    def _environment(self) -> dict[str, str]:
        plain = {name: value for name, value in os.environ.items() if not name.startswith("METRICGATE_")}
        return plain | {"METRICGATE_PROJECT": str(self.folder)}
