"""A small shop's tables, and a project made by ``metricgate import`` over them: asked through the gateway."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb

from metricgate.bootstrap.running import running
from metricgate.bootstrap.settings import load_settings
from metricgate.gateway.outcome import Answered, Outcome
from metricgate.gateway.tool import ToolCall
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.principal import Identity, Principal, Proof

TABLES = """
CREATE SCHEMA shop;
CREATE TABLE shop.countries(code VARCHAR, name VARCHAR, continent VARCHAR);
INSERT INTO shop.countries VALUES ('FR', 'France', 'Europe'), ('DE', 'Germany', 'Europe'), ('US', 'States', 'America');
CREATE TABLE shop.customers(id INTEGER, name VARCHAR, country_code VARCHAR, joined_on DATE);
INSERT INTO shop.customers VALUES (1, 'Ada', 'FR', '2024-01-01'), (2, 'Bob', 'DE', '2024-01-15'),
  (3, 'Cid', 'US', '2024-02-01'), (4, 'Dan', NULL, '2024-02-20'), (5, 'Eve', 'XX', NULL);
CREATE TABLE shop.orders(id INTEGER, customer_id INTEGER, placed_at TIMESTAMP, status VARCHAR, channel VARCHAR,
  amount INTEGER, cost INTEGER, ship_to VARCHAR, bill_to VARCHAR);
INSERT INTO shop.orders VALUES
  (1, 1, '2024-01-05 09:30:00', 'paid', 'web', 10, 4, 'FR', 'FR'),
  (2, 1, '2024-01-31 23:30:00', 'paid', 'web', 20, 9, 'DE', 'FR'),
  (3, 2, '2024-02-01 00:10:00', 'open', 'shop', 30, 11, 'DE', 'DE'),
  (4, 2, '2024-02-14 12:00:00', 'paid', 'shop', 40, 20, 'US', 'DE'),
  (5, 3, '2024-02-29 18:45:00', 'void', 'web', 50, 25, 'US', 'US'),
  (6, 9, '2024-03-03 07:00:00', 'paid', 'web', 60, 31, 'FR', NULL),
  (7, NULL, '2024-03-31 01:30:00', 'open', NULL, 70, 40, NULL, 'FR'),
  (8, 4, '2024-03-31 22:30:00', 'paid', 'shop', NULL, 1, 'DE', 'XX'),
  (9, 1, '2024-04-01 00:30:00', 'paid', 'web', 90, 50, 'FR', 'FR');
CREATE TABLE shop.lines(order_id INTEGER, line_no INTEGER, sku VARCHAR, depot INTEGER, quantity INTEGER, price INTEGER);
INSERT INTO shop.lines VALUES (1, 1, 'a', 1, 2, 3), (1, 2, 'b', 1, 1, 4), (2, 1, 'a', 2, 5, 4), (3, 1, 'b', 2, 3, 10),
  (4, 1, 'a', 1, 8, 5), (6, 1, 'c', 1, 6, 10), (7, 1, NULL, 1, 7, 10), (9, 1, 'a', 9, 9, 10), (77, 1, 'b', 1, 1, 1);
CREATE TABLE shop.stock(sku VARCHAR, depot INTEGER, shelf VARCHAR, on_hand INTEGER);
INSERT INTO shop.stock VALUES ('a', 1, 'low', 5), ('a', 2, 'high', 7), ('b', 1, 'low', 11), ('b', 2, 'high', 13);
CREATE TABLE shop.parcels(id INTEGER, order_id INTEGER, line_no INTEGER, sent_on DATE, weight INTEGER);
INSERT INTO shop.parcels VALUES (1, 1, 1, '2024-01-06', 5), (2, 1, 1, '2024-01-07', 6), (3, 2, 1, '2024-02-02', 7),
  (4, 9, 1, '2024-04-02', 8), (5, 9, 9, '2024-04-03', 9), (6, NULL, 1, '2024-04-04', 10);
CREATE TABLE shop.visits(id INTEGER, customer_id INTEGER, visited_at TIMESTAMP, page VARCHAR);
INSERT INTO shop.visits VALUES (1, 1, '2024-01-04 10:00:00', 'home'), (2, 1, '2024-01-30 10:00:00', 'deal'),
  (3, 2, '2024-01-20 10:00:00', 'home'), (4, 3, '2024-02-10 10:00:00', 'deal'), (5, NULL, '2024-02-11 10:00:00', 'home'),
  (6, 2, '2024-02-13 10:00:00', 'deal'), (7, 4, '2024-03-31 20:00:00', 'home');
CREATE TABLE shop.balances(account INTEGER, day DATE, amount INTEGER);
INSERT INTO shop.balances VALUES (1, '2024-01-01', 100), (1, '2024-01-31', 150), (1, '2024-02-15', 90),
  (2, '2024-01-10', 10), (2, '2024-02-15', 40);
CREATE TABLE shop.days AS SELECT unnest(range(DATE '2024-01-01', DATE '2024-05-01', INTERVAL 1 DAY))::DATE AS day,
  date_trunc('month', day)::DATE AS period;
"""
POLICY = """
version: 1
grants:
  - {id: all, roles: [everyone], actions: [call, describe, query, list_values],
     on: ["tool:*", "metric:*", "dimension:*", "dataset:*"]}
"""
Rows = list[tuple[object, ...]]


@dataclass(frozen=True)
class Project:
    """A project's folder whose models (and policy, where the source has one) were imported and not touched since."""

    folder: Path
    told: tuple[str, ...]

    def ask_all(
        self, questions: list[dict[str, Json]], *, agent: str = "any", user: str | None = None
    ) -> list[Outcome]:
        """Ask through the gateway, as one caller."""

        async def asked() -> list[Outcome]:
            who = Principal(
                agent=Identity(id=agent, proof=Proof.VERIFIED, method="api_key"),
                user=None if user is None else Identity(id=user, proof=Proof.ASSERTED, method="header"),
                credential="key",
            )
            calls = [ToolCall(tool="query_metrics", arguments=each, principal=who, door="python") for each in questions]
            async with running(self.folder, load_settings(self.folder), watch=False, logs=False) as parts:
                return [await parts.gateway.call(each) for each in calls]

        return asyncio.run(asked())

    def check(self, cases: list[tuple[dict[str, Json], str]]) -> None:
        """Ask each question, and compare with the SQL beside it over the same tables; rows in any order."""
        outcomes = self.ask_all([question for question, _ in cases])
        wrong = []
        with duckdb.connect(str(self.folder / "data.duckdb"), read_only=True) as connection:
            for (question, sql), outcome in zip(cases, outcomes, strict=True):
                wanted = _plain(connection.execute(sql).fetchall())
                got = _plain(outcome.answer["rows"]) if isinstance(outcome, Answered) else outcome
                if got != wanted:
                    wrong.append(f"{question}\n  got    {got}\n  wanted {wanted}")
        assert not wrong, "\n".join(wrong)


def imported(folder: Path, kind: str, files: dict[str, str], *options: str, policy: str | None = POLICY) -> Project:
    """Write the source's files, import them by the command line, and make a project of what comes out."""
    source, target = folder / "source", folder / "project"
    for name, text in files.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(text)
    target.mkdir()
    (target / "policies").mkdir()
    rules = ("--policies", str(target / "policies")) if policy is None else ()
    command = [
        sys.executable,
        "-m",
        "metricgate",
        "import",
        kind,
        str(source),
        "--out",
        str(target / "semantic_models"),
    ]
    done = subprocess.run([*command, *rules, *options, "--json"], capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert told["problems"] == []
    if policy is not None:
        (target / "policies" / "policy.yaml").write_text(policy)
    (target / "metricgate.yaml").write_text(
        "project: imported\nwarehouse: {kind: duckdb, file: data.duckdb, threads: 1}\n"
    )
    with duckdb.connect(str(target / "data.duckdb")) as connection:
        connection.execute(TABLES)
    return Project(target, tuple(f"{each['kind']} {each['subject']}: {each['reason']}" for each in told["changes"]))


def _plain(rows: list[list[object]] | Rows) -> Rows:
    """Return rows to compare: dates as text, numbers rounded, in one order."""
    return sorted((tuple(_value(each) for each in row) for row in rows), key=repr)


def _value(value: object) -> object:
    if isinstance(value, (datetime, date)):
        return value.isoformat().replace("T00:00:00", "")
    if isinstance(value, str):
        return value.replace("T00:00:00", "")
    if isinstance(value, (float, Decimal, int)) and not isinstance(value, bool):
        return round(float(value), 9)
    return value
