"""Ask a suite's probes at a real gateway on a live engine, and look for the sentinel in all that an agent may see."""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import duckdb
from tests.contracts import servers

from conformance.sql_safety.probes import Suite
from metricgate.bootstrap.running_gateway import RunningGateway, run_gateway
from metricgate.gateway.outcome import Answered, Fault, Outcome, RefusedCall
from metricgate.gateway.tool import ToolCall
from metricgate.operations.start_refusal import StartRefused
from metricgate.settings.settings import Settings, load_settings
from metricgate.surfaces.problem_document import document_of, to_bytes
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.principal import Identity, Principal, Proof
from metricgate.vocabulary.problem import Problems

ENGINES = ("duckdb", "postgres", "mariadb")
_PASSWORD = "CONFORMANCE_PASSWORD"  # noqa: S105 - the name of a variable
_EQUALS = re.compile(r"(\w+)\s*=\s*'((?:[^']|'')*)'")
_AGENT = Principal(agent=Identity(id="prober", proof=Proof.VERIFIED, method="api_key"), credential="key")


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """What came of one probe.

    Attributes:
        how: ``answered``, or the code of the refusal or fault.
        leaks: where the sentinel was seen: ``answer``, ``receipt``; empty where it was not.
    """

    sql: str
    how: str
    leaks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One engine's probes, and the places beside answers in which the sentinel was seen (logs, spans, metrics)."""

    engine: str
    probed: tuple[Probed, ...]
    beside: tuple[str, ...]

    @property
    def leaking(self) -> tuple[Probed, ...]:
        """The probes that showed the sentinel."""
        return tuple(each for each in self.probed if each.leaks)


def probe(suite: Suite, engine: str, texts: Sequence[str] | None = None) -> Report:
    """Make the suite's tables on the engine, govern them by its policy, and ask every probe as an agent.

    Args:
        suite: tables, policy and sentinel.
        engine: one of ``ENGINES``.
        texts: instead of the suite's own probes.
    """
    with tempfile.TemporaryDirectory(prefix="metricgate-probes-") as name, _collector() as (endpoint, spans):
        folder = Path(name)
        _write_project(folder, suite, engine, endpoint)
        out = io.StringIO()
        with redirect_stdout(out), redirect_stderr(out):
            probed, exposition = asyncio.run(_ask(folder, suite, suite.probes if texts is None else texts))
        beside = {"logs": out.getvalue(), "metrics": exposition, "spans": b"".join(spans).decode("latin-1")}
    # The probes' own texts are no leak; no log, metric or span repeats them.
    seen = tuple(place for place, text in beside.items() if suite.sentinel in text)
    return Report(engine=engine, probed=probed, beside=seen)


def asked(suite: Suite, engine: str, calls: Sequence[dict[str, Json]]) -> list[Outcome]:
    """Return what comes of calls of ``query_sql`` with these arguments, over the suite's tables on the engine."""

    async def answers(folder: Path) -> list[Outcome]:
        settings = load_settings(folder)
        if isinstance(settings, Problems):
            raise SystemExit(str(settings))
        async with _opened(folder, settings) as parts:
            return [
                await parts.gateway.call(ToolCall(tool="query_sql", arguments=each, principal=_AGENT, door="python"))
                for each in calls
            ]

    with tempfile.TemporaryDirectory(prefix="metricgate-asked-") as name, redirect_stderr(io.StringIO()):
        _write_project(Path(name), suite, engine, None)
        return asyncio.run(answers(Path(name)))


async def _ask(folder: Path, suite: Suite, texts: Sequence[str]) -> tuple[tuple[Probed, ...], str]:
    settings = load_settings(folder)
    if isinstance(settings, Problems):
        raise SystemExit(str(settings))
    async with _opened(folder, settings) as parts:
        found = [await _probed(parts, suite.sentinel, text) for text in texts]
        return tuple(found), parts.telemetry.exposition().decode()


@asynccontextmanager
async def _opened(folder: Path, settings: Settings) -> AsyncIterator[RunningGateway]:
    try:
        async with run_gateway(folder, settings, watch=False) as parts:
            yield parts
    except StartRefused as error:
        raise SystemExit(f"{error}: {error.problems}") from error


async def _probed(parts: RunningGateway, sentinel: str, text: str) -> Probed:
    outcome = await parts.gateway.call(
        ToolCall(tool="query_sql", arguments={"sql": text}, principal=_AGENT, door="python")
    )
    leaks = []
    shown = _shown(outcome, text)
    if sentinel in shown:
        leaks.append("answer")
    if outcome.record is not None:
        receipt = await parts.gateway.call(
            ToolCall(tool="get_receipt", arguments={"index": outcome.record.index}, principal=_AGENT, door="python")
        )
        if isinstance(receipt, Answered) and sentinel in receipt.body.decode().replace(text, ""):
            leaks.append("receipt")
    return Probed(sql=text, how=_how(outcome), leaks=tuple(leaks))


def _shown(outcome: Outcome, text: str) -> str:
    """What the agent sees, without what it said itself: the SQL that ran repeats its own literals."""
    if isinstance(outcome, Answered):
        return json.dumps([outcome.answer["columns"], outcome.answer["rows"], outcome.answer["notes"]], default=list)
    if isinstance(outcome, RefusedCall | Fault):
        return to_bytes(document_of(outcome)).decode().replace(json.dumps(text)[1:-1], "")
    return ""


def _how(outcome: Outcome) -> str:
    match outcome:
        case RefusedCall():
            return outcome.problems.first.code.name
        case Fault():
            return outcome.problem.code.name
        case _:
            return "answered"


def _write_project(folder: Path, suite: Suite, engine: str, endpoint: str | None) -> None:
    schema, warehouse = _loaded(folder, suite, engine)
    models, filters, masks, columns = [], [], [], []
    for table, rules in suite.policy.items():
        if not isinstance(rules, dict):
            continue
        found = _EQUALS.fullmatch(str(rules["filter"])) if "filter" in rules else None
        if "filter" in rules and found is None:
            raise SystemExit(f"the filter of {table} is not of the form column = 'value': {rules['filter']}")
        dimensions = [] if found is None else [{"name": found[1], "type": "categorical"}]
        models.append(
            {"name": table, "source": f"{schema}.{table}", "primary_entity": f"{table}_row", "dimensions": dimensions}
        )
        columns += [f"column:{table}.{column}" for column in rules["columns"]]
        if found is not None:
            where = {"member": found[1], "op": "=", "value": found[2].replace("''", "'")}
            filters.append({"id": f"rows-of-{table}", "roles": ["agents"], "dataset": table, "where": where})
        for column, text in rules.get("mask", {}).items():
            masks.append(
                {
                    "id": f"mask-{table}-{column}",
                    "roles": ["agents"],
                    "on": [f"column:{table}.{column}"],
                    "method": "constant",
                    "value": str(text).strip("'"),
                    "usable_in": ["filter", "group", "order", "join", "aggregate"],
                }
            )
    policy = {
        "version": 1,
        "roles": [{"name": "agents", "members": ["agent:prober"]}],
        "grants": [
            {"id": "tools", "roles": ["agents"], "actions": ["call"], "on": ["tool:*"]},
            {"id": "data", "roles": ["agents"], "actions": ["read"], "on": ["dataset:*", "function:*", *columns]},
        ],
        "row_filters": filters,
        "masks": masks,
        "limits": [{"id": "soon", "roles": ["agents"], "seconds": 5, "rows": 1000}],
    }
    settings = {
        "project": "probes",
        "warehouse": warehouse,
        "conduct": {"repeats": None, "refusals": None},
        **({} if endpoint is None else {"telemetry": {"otlp_endpoint": endpoint}}),
    }
    documents = {
        "semantic_models/models.yaml": {"semantic_models": models},
        "policies/policy.yaml": policy,
        "metricgate.yaml": settings,
    }
    for path, document in documents.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(json.dumps(document), encoding="utf-8")


def _loaded(folder: Path, suite: Suite, engine: str) -> tuple[str, dict[str, object]]:
    """Make the tables; return their schema and the settings' ``warehouse`` section."""
    tables = re.findall(r"create table (\w+)", " ".join(suite.ddl), re.IGNORECASE)
    if engine == "duckdb":
        with duckdb.connect(str(folder / "probes.duckdb")) as connection:
            for statement in suite.ddl:
                connection.execute(statement)
        return "main", {"kind": "duckdb", "file": "probes.duckdb"}
    drops = [f"DROP TABLE IF EXISTS {table}" for table in tables]
    at = servers.postgres() if engine == "postgres" else servers.mariadb()
    if engine == "postgres":
        with servers.postgres_connection(at) as connection:
            connection.execute(f"SET search_path = {servers.SCHEMA}")
            for statement in (*drops, *suite.ddl):
                connection.execute(statement)
        section: dict[str, object] = {"kind": "postgres", "database": at.database, "search_path": servers.SCHEMA}
    else:
        with servers.mariadb_connection(at) as connection, connection.cursor() as cursor:
            for statement in (f"USE {servers.SCHEMA}", *drops, *suite.ddl):
                cursor.execute(statement)
        section = {"kind": "mariadb", "database": servers.SCHEMA}
    section |= {"host": at.host, "port": at.port, "user": at.user}
    if at.password is not None:
        os.environ[_PASSWORD] = at.password
        section["password_variable"] = _PASSWORD
    return servers.SCHEMA, section


@contextmanager
def _collector() -> Iterator[tuple[str, list[bytes]]]:
    """Take spans as an OTLP collector would, and keep their bytes."""
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Keep the body."""
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/traces", bodies
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
