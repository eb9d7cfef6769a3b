"""A small project on real devices: DuckDB file, SQLite ledger, casbin, telemetry."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import duckdb
import pytest

from metricgate.bootstrap.running_gateway import RunningGateway, run_gateway
from metricgate.gateway.outcome import Outcome
from metricgate.gateway.tool import ToolCall
from metricgate.settings.settings import load_settings
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.principal import Identity, Principal, Proof

MODELS = """
semantic_models:
  - name: orders
    source: main.orders
    agg_time_dimension: ordered_at
    entities:
      - {name: order, type: primary, expr: id}
      - {name: customer, type: foreign, expr: customer_id}
    dimensions:
      - {name: ordered_at, type: time, granularity: day, expr: day}
      - {name: status, type: categorical, expr: status}
      - {name: region, type: categorical, expr: region}
  - name: customers
    source: main.customers
    entities: [{name: customer, type: primary, expr: id}]
    dimensions: [{name: segment, type: categorical, expr: segment}]
metrics:
  - {name: revenue, domain: sales, owner: sales@acme.example, description: Ordered., type: simple,
     semantic_model: orders, agg: sum, expr: amount, synonyms: [turnover]}
  - {name: revenue, domain: finance, owner: fin@acme.example, description: Paid., type: simple,
     semantic_model: orders, agg: sum, expr: amount, filter: {member: order__status, op: "=", value: paid}}
  - {name: orders, domain: sales, owner: sales@acme.example, description: Orders., type: simple,
     semantic_model: orders, agg: count}
"""

POLICY = """
version: 1
roles:
  - {name: all-seeing, members: ["agent:omni", "user:olga"]}
  - {name: sales, members: ["agent:seller", "user:sam"]}
  - {name: bound, members: ["user:sam"], attributes: {region: EU}}
  - {name: small, members: ["agent:small"]}
domains: [{id: sales-words, roles: [sales], domain: sales}]
grants:
  - {id: tools, roles: [everyone], actions: [call], on: ["tool:*"]}
  - {id: all, roles: [all-seeing], actions: [describe, query, list_values, read_record],
     on: ["metric:*", "dimension:*", "dataset:*", "record:*"]}
  - {id: sales-metrics, roles: [sales, small], actions: [describe, query, list_values],
     on: ["metric:sales.*", "dimension:*", "dataset:*"]}
  - {id: sales-may-read-about-finance, roles: [sales], actions: [describe], on: ["metric:finance.*"]}
row_filters:
  - {id: own-region, roles: [bound], dataset: orders, where: {member: region, op: "=", value: {attribute: region}}}
limits:
  - {id: usual, roles: [everyone], rows: 1000, seconds: 20}
  - {id: tiny, roles: [small], rows: 2}
"""

Ask = Callable[..., Awaitable[Outcome]]


SETTINGS = "project: test\nwarehouse: {kind: duckdb, file: data.duckdb, threads: 1}\n"
PATIENT = SETTINGS + "conduct: {repeats: null, refusals: null}\n"
"""For tests that ask the same more often than an agent should."""


def write_project(folder: Path, *, models: str = MODELS, policy: str = POLICY, settings: str = PATIENT) -> Path:
    """Make a project folder with two small tables."""
    (folder / "semantic_models").mkdir(parents=True)
    (folder / "policies").mkdir()
    (folder / "semantic_models" / "models.yaml").write_text(models)
    (folder / "policies" / "policy.yaml").write_text(policy)
    (folder / "metricgate.yaml").write_text(settings)
    with duckdb.connect(str(folder / "data.duckdb")) as connection:
        connection.execute(
            "CREATE TABLE customers AS SELECT * FROM (VALUES (1, 'small'), (2, 'big')) AS t(id, segment);"
            "CREATE TABLE orders AS SELECT * FROM (VALUES "
            "(1, 1, DATE '2026-01-05', 'paid', 'EU', 10.00::DECIMAL(12, 2)), "
            "(2, 2, DATE '2026-01-20', 'open', 'EU', 20.00), (3, 2, DATE '2026-02-03', 'paid', 'US', 40.00), "
            "(4, 9, DATE '2026-02-28', 'paid', 'US', 80.00)) AS t(id, customer_id, day, status, region, amount)"
        )
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_project(tmp_path / "project")


def principal(agent: str, user: str | None = None) -> Principal:
    return Principal(
        agent=Identity(id=agent, proof=Proof.VERIFIED, method="api_key"),
        user=None if user is None else Identity(id=user, proof=Proof.ASSERTED, method="header"),
        credential="key",
    )


@asynccontextmanager
async def opened(folder: Path, *, watch: bool = False) -> AsyncIterator[RunningGateway]:
    settings = load_settings(folder)
    async with run_gateway(folder, settings, watch=watch, logs=False) as parts:
        yield parts


async def ask(parts: RunningGateway, agent: str, tool: str, arguments: Json, *, user: str | None = None) -> Outcome:
    return await parts.gateway.call(
        ToolCall(tool=tool, arguments=arguments, principal=principal(agent, user), door="python")
    )


def asked(folder: Path, agent: str, tool: str, arguments: Json, *, user: str | None = None) -> Outcome:
    """Open, ask once, close."""

    async def once() -> Outcome:
        async with opened(folder) as parts:
            return await ask(parts, agent, tool, arguments, user=user)

    return asyncio.run(once())
