"""The traps of joins, time and emptiness: each asked through the gateway, beside SQL or rows worked out by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from tests.cases.reader import Case, Expected, cases_under, difference

from metricgate.bootstrap.running_gateway import RunningGateway, run_gateway
from metricgate.gateway.outcome import Answered, Outcome, RefusedCall
from metricgate.gateway.tool import ToolCall
from metricgate.settings.settings import load_settings
from metricgate.vocabulary.principal import Identity, Principal, Proof

FOLDER = Path(__file__).parent
CASES = list(cases_under(FOLDER))


@dataclass(slots=True, kw_only=True)
class Shop:
    """A gateway over the traps' tables, and a connection of the oracle's own."""

    loop: asyncio.AbstractEventLoop
    parts: RunningGateway
    tables: duckdb.DuckDBPyConnection

    def ask(self, case: Case) -> Outcome:
        """Ask the case's question as its caller."""
        who = case.document.as_
        call = ToolCall(
            tool="query_metrics",
            arguments=case.document.question.model_dump(mode="json", exclude_defaults=True),
            principal=Principal(agent=Identity(id=who.agent, proof=Proof.VERIFIED, method="local")),
            door="python",
        )
        return self.loop.run_until_complete(self.parts.gateway.call(call))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("traps")
    script = (FOLDER / "tables.sql").read_text()
    with duckdb.connect(str(folder / "shop.duckdb")) as connection:
        connection.execute(script)
    for home, name in (("semantic_models", "models"), ("policies", "policy")):
        (folder / home).mkdir()
        (folder / home / f"{name}.yaml").write_text((FOLDER / f"{name}.yml").read_text())
    file = str(folder / "shop.duckdb")
    (folder / "metricgate.yaml").write_text(
        f"project: traps\nwarehouse: {{kind: duckdb, file: {file!r}, threads: 1}}\n"
    )
    tables = duckdb.connect()
    tables.execute(script)
    stack = AsyncExitStack()
    loop = asyncio.new_event_loop()
    opened = run_gateway(folder, load_settings(folder), watch=False, logs=False)
    yield Shop(loop=loop, parts=loop.run_until_complete(stack.enter_async_context(opened)), tables=tables)
    loop.run_until_complete(stack.aclose())
    loop.close()


def wanted(case: Case, tables: duckdb.DuckDBPyConnection) -> list[list[object]]:
    """Return the oracle's rows as they look on the wire."""
    expect = case.document.expect
    rows = expect.rows if expect.rows is not None else tables.execute(expect.check_sql or "").fetchall()
    return [[wire(value) for value in row] for row in rows]


def wire(value: object) -> object:
    if isinstance(value, date):
        return value.isoformat()
    return float(value) if isinstance(value, Decimal) else value


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_trap_is_answered_right_or_refused(case: Case, shop: Shop):
    """The gateway's rows are the oracle's, in order where the question orders or cuts; or it refuses with the code."""
    outcome, expect, question = shop.ask(case), case.document.expect, case.document.question
    if expect.verdict is not Expected.ALLOW:
        assert isinstance(outcome, RefusedCall), outcome
        assert expect.code in {problem.code.name for problem in outcome.problems}, str(outcome.problems)
        assert set(expect.rules) <= set(outcome.rules)
        return
    assert isinstance(outcome, Answered), getattr(outcome, "problems", outcome)
    ordered = bool(question.order_by) or question.limit is not None
    found = difference(outcome.answer["rows"], wanted(case, shop.tables), keys=len(question.group_by), ordered=ordered)
    assert found is None, f"{found}\n{outcome.answer['sql']}"
    if expect.columns is not None:
        assert [column["name"] for column in outcome.answer["columns"]] == expect.columns


def test_there_are_enough_of_them():
    """At least 100 cases, each with its own name and an oracle; and more refusals than a handful."""
    assert len(CASES) >= 100
    assert len({str(case) for case in CASES}) == len(CASES)
    refused = [case for case in CASES if case.document.expect.verdict is not Expected.ALLOW]
    assert len(refused) >= 15
    for case in CASES:
        expect = case.document.expect
        assert (expect.code is not None) == (case in refused)
        assert (expect.check_sql is not None or expect.rows is not None) == (case not in refused)
