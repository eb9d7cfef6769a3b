"""A real `metricgate serve` in a process of its own, on a project of its own and a free port."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import httpx2
from tests.gateway.conftest import MODELS, POLICY, write_project

from metricgate.adapters.state.sqlite.ledger_audit import verify_file
from metricgate.adapters.state.sqlite.ledger_reader import LedgerReader
from metricgate.adapters.state.sqlite.sqlite_keys import SqliteKeys
from metricgate.adapters.system.clock import SystemClock
from metricgate.state.record import EntryFilter, Recorded
from metricgate.vocabulary.json import Json

SLOW_MODELS = (
    MODELS.replace(
        "metrics:\n",
        """  - {name: endless, source: main.endless, entities: [{name: line, type: primary, expr: v}]}
  - {name: lengthy, source: main.lengthy, entities: [{name: row, type: primary, expr: v}]}
metrics:
""",
        1,
    )
    + """
  - {name: endless, domain: sales, owner: s@acme.example, description: Never done., type: simple,
     semantic_model: endless, agg: sum, expr: v}
  - {name: lengthy, domain: sales, owner: s@acme.example, description: Takes a moment., type: simple,
     semantic_model: lengthy, agg: sum, expr: v}
"""
)
"""The models of the gateway's tests, with one metric that never ends and one that takes a moment.

The moment is short, so that on a machine ten times as slow it is over before a stopping gateway waits no longer."""

SLOW_POLICY = (
    POLICY.replace(
        "roles:\n",
        'roles:\n  - {name: hasty, members: ["agent:hasty"]}\n',
        1,
    ).replace("roles: [all-seeing], actions", "roles: [all-seeing, hasty], actions")
    + "  - {id: hurry, roles: [hasty], seconds: 1}\n"
)

_KEY_SECONDS = 7 * 86_400.0
"""Longer than any run, a soak of a day included."""

_VIEWS = """
CREATE VIEW endless AS SELECT (a.i * b.i * c.i) % 1000003 AS v
FROM range(100000) AS a(i), range(100000) AS b(i), range(1000) AS c(i);
CREATE VIEW lengthy AS SELECT (a.i * b.i) % 1000003 AS v FROM range(20000) AS a(i), range(5000) AS b(i);
"""

PATIENCE = float(os.environ.get("METRICGATE_TEST_PATIENCE", "30"))
"""Seconds until a gateway that does not come up, answer or end counts as one that will not."""


def slow_project(folder: Path) -> Path:
    """Make the project folder, with its slow views."""
    write_project(folder, models=SLOW_MODELS, policy=SLOW_POLICY)
    with duckdb.connect(str(folder / "data.duckdb")) as connection:
        connection.execute(_VIEWS)
    return folder


def make_key(folder: Path, agent: str, *, may_act_for: tuple[str, ...] = (), or_alone: bool = False) -> str:
    """Return a new key's secret."""
    keys = SqliteKeys(folder / ".metricgate" / "keys.db", clock=SystemClock())
    try:
        return keys.create(agent, name=agent, expires_in=_KEY_SECONDS, may_act_for=may_act_for, or_alone=or_alone)[0]
    finally:
        keys.close()


@dataclass(kw_only=True)
class Served:
    """A running gateway."""

    folder: Path
    process: subprocess.Popen[bytes]
    url: str
    keys: dict[str, str] = field(default_factory=dict)

    @property
    def ledger(self) -> Path:
        """The ledger's file."""
        return self.folder / ".metricgate" / "ledger.db"

    @property
    def log(self) -> str:
        """Everything it said on standard error."""
        return (self.folder / "stderr.log").read_text(errors="replace")

    def key(self, agent: str, *, may_act_for: tuple[str, ...] = ()) -> str:
        """Return the agent's key, made at its first use."""
        if agent not in self.keys:
            self.keys[agent] = make_key(self.folder, agent, may_act_for=may_act_for)
        return self.keys[agent]

    def post(
        self, tool: str, arguments: Json, *, agent: str = "omni", headers: Mapping[str, str] | None = None
    ) -> httpx2.Response:
        """Call a tool over HTTP."""
        return httpx2.post(
            f"{self.url}/v1/tools/{tool}",
            json=arguments,
            headers={"Authorization": f"Bearer {self.key(agent)}", **(headers or {})},
            timeout=PATIENCE,
        )

    def ask(self, metric: str = "sales.orders", *, agent: str = "omni") -> httpx2.Response:
        """Ask for one number."""
        return self.post("query_metrics", {"metrics": [metric]}, agent=agent)

    def meanwhile(self, metric: str, *, agent: str = "omni") -> Later:
        """Ask in a thread."""
        return Later(lambda: self.ask(metric, agent=agent))

    def alive(self) -> bool:
        """Whether the process still serves."""
        return self.process.poll() is None and httpx2.get(f"{self.url}/healthz", timeout=PATIENCE).status_code == 200

    def entries(self, event: str | None = None) -> list[Recorded]:
        """Return the ledger's entries in order, or those of one event."""
        return entries_of(self.ledger, event)

    def until(self, done: Callable[[], object], *, seconds: float = PATIENCE) -> None:
        """Wait until ``done`` says so; fail with the log where it does not."""
        end = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < end, self.log
            time.sleep(0.03)

    def until_event(self, event: str, *, count: int = 1) -> None:
        """Wait until the ledger has so many entries of the event."""
        self.until(lambda: len(self.entries(event)) >= count)

    def get(self, path: str) -> httpx2.Response:
        """Fetch a page."""
        return httpx2.get(f"{self.url}{path}", timeout=PATIENCE)

    def stop(self, how: int = signal.SIGTERM) -> int:
        """Send the signal and wait for the end."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(PATIENCE)

    def verified(self) -> None:
        """Check the ledger as an auditor would, with the file and the public key alone."""
        report = verify_file(self.ledger, self.ledger.with_suffix(".vkey").read_text())
        assert not report.findings, report


def entries_of(ledger: Path, event: str | None = None) -> list[Recorded]:
    """Return a ledger file's entries in order, oldest first."""
    with LedgerReader(ledger) as reader:
        found = list(reader.entries(EntryFilter(), newest_first=False))
    return [each for each in found if event is None or each.event == event]


class Later:
    """A call that runs in a thread."""

    def __init__(self, call: Callable[[], httpx2.Response]) -> None:
        self._call = call
        self._answer: httpx2.Response | Exception | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._answer = self._call()
        except httpx2.TransportError as error:
            self._answer = error

    def result(self) -> httpx2.Response | Exception:
        """Wait for the reply, or the failure of the connection."""
        self._thread.join(PATIENCE)
        assert self._answer is not None, "no reply in time"
        return self._answer


def command(folder: Path, *words: str) -> list[str]:
    """Return the command line of ``metricgate`` on the project."""
    return [sys.executable, "-m", "metricgate", *words, "--project", str(folder)]


def run(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        command(folder, *words),
        env={**_environment(), **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def _environment() -> dict[str, str]:
    mine = {name: value for name, value in os.environ.items() if not name.startswith("METRICGATE_")}
    return {**mine, "NO_COLOR": "1", "COLUMNS": "200"}


@contextlib.contextmanager
def served(folder: Path, *, keys: Mapping[str, str] | None = None, wrapper: tuple[str, ...] = ()) -> Iterator[Served]:
    """Start the gateway and wait until it serves; kill it at the end if it still runs.

    Args:
        folder: the project's.
        keys: secrets of earlier runs, by agent.
        wrapper: words before the command line.
    """
    address = folder / ".metricgate" / "serve.json"
    address.unlink(missing_ok=True)
    made = dict(keys or {}) or {agent: make_key(folder, agent) for agent in ("omni", "hasty", "small", "seller")}
    with (folder / "stderr.log").open("ab") as log:
        process = subprocess.Popen(
            [*wrapper, *command(folder, "serve", "--port", "0")], stderr=log, stdout=log, env=_environment()
        )
    gate = Served(folder=folder, process=process, url="", keys=made)
    try:
        gate.until(lambda: process.poll() is not None or (address.exists() and address.read_text().endswith("}")))
        assert process.poll() is None, gate.log
        gate.url = json.loads(address.read_text())["url"]
        gate.until(lambda: _answers(gate.url))
        yield gate
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(PATIENCE)


def _answers(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/healthz", timeout=PATIENCE).status_code == 200
    except httpx2.TransportError:
        return False
