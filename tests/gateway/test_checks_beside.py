"""``validate --data`` beside a gateway that runs: by that gateway, in its record, known to its answers from then on."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from tests.faults.served import entries_of
from tests.gateway.conftest import PATIENT, ask, opened
from tests.gateway.test_broken_keys import MODELS as SHOP
from tests.gateway.test_broken_keys import POLICY as SHOP_POLICY
from tests.gateway.test_broken_keys import TABLES as SHOP_TABLES
from tests.gateway.test_data_checks import THREE, states
from tests.gateway.warehouses.several import write_three
from tests.zones.worlds import POLICY, World, world, write_project

from metricgate.adapters.state.sqlite.sqlite_ledger import SqliteLedger
from metricgate.bootstrap.project import OpenedProject
from metricgate.bootstrap.states import state_of
from metricgate.gateway.data_checks.result import CheckResult, CheckState
from metricgate.gateway.outcome import Answered, Outcome, RefusedCall
from metricgate.settings.settings import Settings, load_settings
from metricgate.vocabulary.problem import Problems


def settings_of(folder: Path) -> Settings:
    settings = load_settings(folder)
    assert isinstance(settings, Settings), str(settings)
    return settings


def command(folder: Path, parties: tuple[str, str | None] | None = None, told: list | None = None) -> dict:
    """Run the command's own side, as a process of its own would."""
    heard = [] if told is None else told
    found = OpenedProject(folder, settings_of(folder)).check_data(parties, lambda *each: heard.append(each))
    assert not isinstance(found, Problems), str(found)
    return {f"{each.kind} {each.subject}": each for each in found}


def code(outcome: Outcome) -> str:
    return outcome.problems.first.code.name if isinstance(outcome, RefusedCall) else type(outcome).__name__


def test_a_running_gateway_runs_them(tmp_path):
    """The same results as without one, on DuckDB, PostgreSQL and MariaDB; told as they come, and in its own record."""
    folder = write_three(tmp_path / "three", models=THREE)
    (folder / "policies" / "p.yaml").write_text("version: 1\n")
    alone = command(folder)
    told: list[tuple[CheckResult, int, int]] = []

    async def beside() -> dict:
        async with opened(folder, watch=True):
            return await asyncio.to_thread(command, folder, None, told)

    together = asyncio.run(beside())
    assert together == alone
    assert states(together)["key invoices.bad"] == "broken"
    assert [(done, total) for _result, done, total in told] == [(n, len(alone)) for n in range(1, len(alone) + 1)]
    intents = entries_of(folder / ".metricgate" / "ledger.db", "gov.call.released")
    assert [len(each.fields["gov.checks"]) for each in intents] == [len(alone), len(alone)]
    assert not list((folder / ".metricgate" / "checks").iterdir())


SALES = """
semantic_models:
  - name: sales
    source: {schema}.sales
    entities: [{{name: sale, type: primary, expr: id}}, {{name: cust, type: foreign, expr: cust_id}}]
    metrics: [{{name: revenue, type: simple, agg: sum, expr: amount}}]
  - name: custs
    source: {schema}.custs
    entities: [{{name: cust, type: primary, expr: cid}}]
    dimensions: [{{name: tier, type: categorical}}]
"""


@pytest.fixture(params=["postgres", "mariadb"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Path, World]]:
    """A project over a server, which does not tell when its data changes."""
    with world(request.param, tmp_path) as found:
        found.execute(
            f"CREATE TABLE {found.schema}.sales (id INT, cust_id INT, amount INT)",
            f"CREATE TABLE {found.schema}.custs (cid INT, tier VARCHAR(9))",
            f"INSERT INTO {found.schema}.sales VALUES (1, 1, 10), (2, 2, 20)",
            f"INSERT INTO {found.schema}.custs VALUES (1, 'gold'), (2, 'gold')",
        )
        yield write_project(tmp_path, found, SALES.replace("{{", "{").replace("}}", "}")), found


def test_what_it_finds_reaches_answers_at_once(place):
    """A key that breaks on a server is noticed within ten minutes, or as soon as somebody checks; so is its mending."""
    folder, found = place
    question = {"metrics": ["revenue"], "group_by": ["cust__tier"]}

    async def played() -> list[str]:
        said = []
        async with opened(folder, watch=True) as parts:
            for statement in ("INSERT INTO {}.custs VALUES (1, 'tin')", "DELETE FROM {}.custs WHERE tier = 'tin'"):
                said.append(code(await ask(parts, "reader", "query_metrics", question)))
                await asyncio.to_thread(found.execute, statement.format(found.schema))
                said.append(code(await ask(parts, "reader", "query_metrics", {**question, "limit": len(said)})))
                results = await asyncio.to_thread(command, folder)
                said.append(str(results["key custs.cust"].state))
            said.append(code(await ask(parts, "reader", "query_metrics", question)))
        return said

    first, unnoticed, broken, refused, remembered, mended, last = asyncio.run(played())
    assert (first, unnoticed, broken) == ("Answered", "Answered", "broken")
    assert (refused, remembered, mended, last) == ("E_KEY_NOT_UNIQUE", "E_KEY_NOT_UNIQUE", "holds", "Answered")


def test_large_tables_are_known_by_it(tmp_path):
    """Of more than a million rows no look before an answer tells; a survey does, for who sees the same rows."""
    texts = {"semantic_models/m.yaml": SHOP, "policies/p.yaml": SHOP_POLICY, "metricgate.yaml": PATIENT}
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    with duckdb.connect(str(tmp_path / "data.duckdb")) as connection:
        connection.execute(SHOP_TABLES)
        connection.execute("DELETE FROM custs WHERE cid = 1 AND region = 'east'")
        connection.execute("INSERT INTO custs SELECT range, 'none', 'west' FROM range(3, 1000002)")
        connection.execute("INSERT INTO custs VALUES (1, 'gold', 'east'), (2, 'gold', 'east')")
    question = {"metrics": ["revenue"], "group_by": ["cust__tier"]}

    async def played() -> list[Outcome]:
        async with opened(tmp_path, watch=True) as parts:
            before = await ask(parts, "omni", "query_metrics", question)
            await asyncio.to_thread(command, tmp_path)
            return [before, *[await ask(parts, agent, "query_metrics", question) for agent in ("omni", "west", "few")]]

    before, after, west, few = asyncio.run(played())
    assert isinstance(before, Answered)
    assert "was not checked" in str(json.loads(before.body)["notes"])
    assert (code(after), after.problems.first.details["repeated_keys"]) == ("E_KEY_NOT_UNIQUE", 2)
    assert code(west) == "Answered"  # the second row of each is in the east: nothing that west sees is doubled
    assert (code(few), "repeated_keys" in after.problems.first.details) == ("E_KEY_NOT_UNIQUE", True)
    assert not any(letter.isdigit() for letter in few.problems.first.message)

    async def restarted(change: str | None = None) -> list[str]:
        if change is not None:
            with duckdb.connect(str(tmp_path / "data.duckdb")) as connection:
                connection.execute(change)
        async with opened(tmp_path) as parts:
            return [code(await ask(parts, agent, "query_metrics", question)) for agent in ("omni", "west")]

    assert asyncio.run(restarted()) == ["E_KEY_NOT_UNIQUE", "Answered"]
    # Of other data that survey says nothing.
    mended = "DELETE FROM custs WHERE region = 'east'"
    assert asyncio.run(restarted(mended)) == ["Answered", "Answered"]


@pytest.mark.parametrize("text", ["", "[]", "{", '{"parties": 1}', '{"parties": ["a"]}', '{"parties": [null, null]}'])
def test_what_is_no_request_runs_nothing(place, text):
    """Nor does it end the watch: the next request is served."""
    folder, _found = place
    checks = state_of(folder, settings_of(folder)).folder / "checks"

    async def played() -> dict:
        async with opened(folder, watch=True):
            checks.mkdir(mode=0o700)
            (checks / "1.asked.json").write_text(text)
            return await asyncio.to_thread(command, folder)

    assert asyncio.run(played())["key custs.cust"].state is CheckState.HOLDS
    assert len(entries_of(folder / ".metricgate" / "ledger.db", "gov.call.released")) == 1
    assert "cannot be read" in (checks / "1.told.jsonl").read_text()


def test_files_are_their_owners_alone(place):
    """Results may hold an engine's own words."""
    folder, _found = place
    checks = state_of(folder, settings_of(folder)).folder / "checks"
    modes = set()

    def told(*_each: object) -> None:
        modes.update(oct(path.stat().st_mode & 0o777) for path in (checks, *checks.iterdir()))

    async def played() -> None:
        async with opened(folder, watch=True):
            await asyncio.to_thread(OpenedProject(folder, settings_of(folder)).check_data, None, told)

    asyncio.run(played())
    assert modes == {"0o700", "0o600"}


def test_one_that_ends_meanwhile_is_told_of(place):
    """Such as a command that held the ledger for a moment."""
    folder, _found = place
    settings = settings_of(folder)
    ledger = state_of(folder, settings).take()
    assert isinstance(ledger, SqliteLedger)
    threading.Timer(1.0, ledger.close).start()
    found = OpenedProject(folder, settings).check_data(None, lambda *_each: None)
    assert isinstance(found, Problems)
    assert "stopped meanwhile" in found.first.message
    assert not list((state_of(folder, settings).folder / "checks").iterdir())


HIDDEN = "  - {id: no, roles: [readers], effect: deny, actions: [read], on: ['column:custs.cid']}\n"
MASKED = "masks: [{id: m, roles: [readers], on: ['column:custs.cid'], method: constant, value: 7}]\n"
HASHED = """masks:
  - {id: m, roles: [readers], on: ["column:custs.cid", "column:sales.cust_id"], method: hash, usable_in: [join]}
"""
FILTERED = "row_filters: [{id: gold, roles: [readers], dataset: custs, where: {member: tier, op: '=', value: gold}}]\n"
NOT_ALLOWED = {"key custs.cust": "not_allowed", "reference sales.cust -> custs": "not_allowed"}


@pytest.mark.parametrize(
    ("rules", "found"),
    [
        ("", {"key custs.cust": "broken", "reference sales.cust -> custs": "holds"}),
        (HIDDEN, NOT_ALLOWED),
        (MASKED, NOT_ALLOWED),
        (HASHED, {"key custs.cust": "broken", "reference sales.cust -> custs": "holds"}),
        (FILTERED, {"key custs.cust": "holds", "reference sales.cust -> custs": "warns"}),
    ],
)
def test_checks_go_as_far_as_the_callers_joins(place, rules, found):
    """A column that is hidden or masked is not counted by; rows behind a row filter are not there."""
    folder, there = place
    (folder / "policies" / "p.yaml").write_text(POLICY + rules)
    there.execute(f"UPDATE {there.schema}.custs SET tier = 'tin' WHERE cid = 2")
    there.execute(f"INSERT INTO {there.schema}.custs VALUES (1, 'tin')")

    async def played() -> dict:
        async with opened(folder, watch=True):
            return await asyncio.to_thread(command, folder, ("reader", None))

    results = asyncio.run(played())
    assert {name: str(each.state) for name, each in results.items()} == {"key sales.sale": "holds", **found}
    assert not any(each.counts for each in results.values() if each.state is CheckState.NOT_ALLOWED)
