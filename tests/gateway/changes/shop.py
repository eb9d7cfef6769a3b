"""A shop whose customers and orders may be changed: a writable DuckDB file, rules, people, a governed action."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from metricgate.bootstrap.running_gateway import RunningGateway, run_gateway
from metricgate.bootstrap.states import state_of
from metricgate.gateway.outcome import Outcome
from metricgate.gateway.people_service import Person
from metricgate.gateway.tool import ToolCall
from metricgate.operations.people_service import ProjectPeopleService
from metricgate.settings.settings import Settings, load_settings
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.principal import Identity, Principal, Proof

MODELS = """
semantic_models:
  - name: customers
    source: main.customers
    entities: [{name: customer, type: primary, expr: id}]
    dimensions:
      - {name: segment, type: categorical, expr: segment}
      - {name: region, type: categorical, expr: region}
    columns: [{name: email, sensitivity: [pii]}]
  - name: orders
    source: main.orders
    entities: [{name: order, type: primary, expr: id}, {name: customer, type: foreign, expr: customer_id}]
    dimensions: [{name: status, type: categorical, expr: status}]
"""

POLICY = """
version: 1
roles:
  - {name: desk, members: ["agent:desk", "user:dora"]}
  - {name: eu-only, members: ["user:dora"]}
  - {name: stewards, members: ["user:sten", "user:stella", "user:olaf"]}
  - {name: auditors, members: ["user:audra"]}
principals:
  - {id: "agent:desk", owner: "user:olaf"}
grants:
  - {id: tools, roles: [everyone], actions: [call], on: ["tool:*"]}
  - {id: reads, roles: [desk], actions: [read, describe], on: ["dataset:*", "column:*", "function:*"]}
  - {id: writes, roles: [desk], actions: [insert, update, delete],
     on: ["dataset:customers", "dataset:orders", "column:customers.*", "column:orders.*"]}
  - {id: empties, roles: [desk], actions: [truncate], on: ["dataset:orders"]}
  - {id: pauses, roles: [desk], actions: [execute], on: ["action:pause_customer"]}
  - {id: no-email, roles: [desk], actions: [update], on: ["column:customers.email"], effect: deny,
     because: Only people change addresses.}
  - {id: stewards-decide, roles: [stewards], actions: [approve, undo],
     on: ["dataset:*", "action:*"]}
  - {id: auditors-read, roles: [auditors], actions: [read_record], on: ["record:*"]}
row_filters:
  - {id: eu, roles: [eu-only], dataset: customers, where: {member: region, op: "=", value: EU}}
holds:
  - {id: deletes-wait, roles: [everyone], on: ["dataset:*"], actions: [delete, truncate],
     because: What is deleted is looked at first.}
  - {id: many-rows-wait, roles: [everyone], on: ["dataset:*"], stakes: {rows_over: 2}}
"""

ACTIONS = """
actions:
  - name: pause_customer
    description: Put one customer on hold.
    owner: user:sten
    target: customers
    statement: UPDATE customers SET segment = :segment WHERE id = :id
    risk: low
    parameters:
      - {name: id, type: integer, min: 1, description: The customer.}
      - {name: segment, type: string, one_of: [paused, closed], required: false, default: paused}
    most_rows: 1
"""

SETTINGS = """project: shop
warehouse: {kind: duckdb, file: data.duckdb, read_only: false, writes: true, threads: 1}
conduct: {repeats: null, refusals: null}
writes: {environment: staging}
"""

TABLES = """
CREATE TABLE customers(id INTEGER PRIMARY KEY, name VARCHAR NOT NULL, segment VARCHAR, region VARCHAR, email VARCHAR,
  credit DECIMAL(10,2), since TIMESTAMP);
INSERT INTO customers VALUES
 (1,'Ana','gold','EU','ana@x.example',10.50,'2024-01-01 00:00:00'),
 (2,'Ben','gold','EU','ben@x.example',0.00,'2024-02-29 12:00:00'),
 (3,'Cem',NULL,'ASIA','cem@x.example',NULL,NULL),
 (4,'Dee','iron','EU','dee@x.example',99999999.99,'1999-12-31 23:59:59.999999');
CREATE TABLE orders(id INTEGER PRIMARY KEY, customer_id INTEGER, status VARCHAR, amount DECIMAL(10,2));
INSERT INTO orders
 SELECT n, 1 + n % 4, CASE WHEN n % 3 = 0 THEN 'open' ELSE 'paid' END, n * 1.25 FROM range(1, 41) t(n);
"""

STEN = Person(id="sten", method="oidc", channel="console")
STELLA = Person(id="stella", method="oidc", channel="console")
OLAF = Person(id="olaf", method="oidc", channel="console")
AUDRA = Person(id="audra", method="oidc", channel="console")


def write_shop(folder: Path, *, policy: str = POLICY, actions: str = ACTIONS) -> Path:
    """Make the project."""
    for name, text in (("semantic_models", MODELS), ("policies", policy), ("actions", actions)):
        (folder / name).mkdir(parents=True)
        (folder / name / "all.yaml").write_text(text)
    (folder / "metricgate.yaml").write_text(SETTINGS)
    with duckdb.connect(str(folder / "data.duckdb")) as connection:
        connection.execute(TABLES)
    return folder


@dataclass
class Shop:
    """The running shop."""

    folder: Path
    settings: Settings
    parts: RunningGateway
    office: ProjectPeopleService

    async def call(self, tool: str, *, user: str | None = None, **arguments: Json) -> Outcome:
        """Call a tool as the agent ``desk``."""
        agent = Identity(id="desk", proof=Proof.VERIFIED, method="api_key")
        on_behalf = None if user is None else Identity(id=user, proof=Proof.ASSERTED, method="header")
        principal = Principal(agent=agent, user=on_behalf, credential="k")
        return await self.parts.gateway.call(
            ToolCall(tool=tool, arguments=arguments, principal=principal, door="python")
        )

    async def rows(self, sql: str) -> list[list[Json]]:
        """Read by way of the gateway."""
        outcome = await self.call("query_sql", sql=sql)
        return [list(row) for row in outcome.answer["rows"]]


@asynccontextmanager
async def opened(folder: Path, *, watch: bool = True) -> AsyncIterator[Shop]:
    """Run the gateway of a shop; unless it watches, nothing is done from time to time."""
    settings = load_settings(folder)
    async with run_gateway(folder, settings, watch=watch, logs=False) as parts:
        office = ProjectPeopleService(parts.changes, parts.governance, parts.conduct, state_of(folder, settings))
        yield Shop(folder, settings, parts, office)
