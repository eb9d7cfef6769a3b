"""What is kept of changes is altered by hand, or its key is lost: each door says so, and nothing runs on it."""

from __future__ import annotations

import asyncio
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
from tests.gateway.changes.shop import STELLA, STEN, Shop, opened, write_shop

from metricgate.adapters.state.sqlite.sqlite_journal import SqliteJournal
from metricgate.approvals.proposal import ProposedAction, State
from metricgate.bootstrap.definition_source import definition_source
from metricgate.bootstrap.states import state_of
from metricgate.gateway.outcome import Answered, Fault, Held
from metricgate.gateway.people_service import Person
from metricgate.operations.doctor import run_checks
from metricgate.operations.maintenance import tidy
from metricgate.operations.start_refusal import StartRefused
from metricgate.settings.settings import load_settings
from metricgate.state.actions import ActionFilter
from metricgate.state.record import EntryFilter
from metricgate.vocabulary.problem import Problems

CODE = "E_KEPT_UNREADABLE"
FIRST = [[1, "gold"], [2, "gold"], [3, None], [4, "iron"]]
AUDITOR = Person(id="audra", method="oidc", channel="api")


def code(found: object) -> str:
    assert isinstance(found, Problems), found
    return found.first.code.name


def alter(shop: Shop, file: str, sql: str, *values: str) -> None:
    with sqlite3.connect(shop.folder / ".metricgate" / file) as connection:
        assert connection.execute(sql, values).rowcount == 1
    connection.close()


def findings(folder: Path) -> list[str]:
    settings = load_settings(folder)
    found = run_checks(
        definition_source(folder, settings), settings.warehouse_sources(folder), state_of(folder, settings)
    )
    assert not isinstance(found, Problems), found
    return [each.object for name, each in found if name == "state"]


async def changed(shop: Shop, sql: str, key: str) -> Answered | Held:
    outcome = await shop.call("propose_write", sql=sql, dry_run=False, idempotency_key=key)
    assert isinstance(outcome, Answered | Held), outcome
    return outcome


def test_altered_state_is_told_at_every_door_and_runs_nothing(tmp_path: Path) -> None:
    """Images, the rows of a held action, and an action itself; each is named by the doctor."""

    async def story() -> str:
        async with opened(write_shop(tmp_path / "shop")) as shop:
            done = await changed(shop, "UPDATE customers SET segment = 'iron' WHERE id = 1", "change-0001")
            assert isinstance(done, Answered)
            kept = str(done.answer["action_id"])
            alter(shop, "journal.db", "UPDATE journal SET content = zeroblob(200)")
            assert code(await shop.office.undo(STEN, done.answer["action_id"], reason="a mistake")) == CODE

            held = await changed(shop, "DELETE FROM orders WHERE id = 3", "change-0002")
            assert isinstance(held, Held)
            view = await shop.office.action(STEN, held.action_id)
            assert not isinstance(view, Problems)
            alter(shop, "actions.db", "UPDATE changes SET content = x'00' WHERE action = ?", held.action_id)
            bound = {"shown_digest": view.shown_digest, "bound_to": view.action.proposal.digest}
            failed = await shop.office.decide(STEN, held.action_id, approves=True, reason="as agreed", **bound)
            assert isinstance(failed, ProposedAction)
            assert (failed.state, failed.outcome.code) == (State.FAILED, CODE)

            wanted = done.answer["action_id"]
            alter(shop, "actions.db", "UPDATE actions SET state = 'held' WHERE id = ?", wanted)
            asked = await shop.call("get_action", action_id=wanted)
            assert isinstance(asked, Fault)
            assert (asked.problem.code.name, asked.problem.code.status) == (CODE, 503)
            for found in (
                await shop.office.actions(STEN, ActionFilter()),
                await shop.office.action(STEN, wanted),
                await shop.office.decide(STEN, wanted, approves=True, reason="yes", **bound),
                await shop.office.undo(STEN, wanted, reason="a mistake"),
                await shop.office.review(STELLA, wanted, reason="looked at it"),
                await shop.office.agents(AUDITOR),
            ):
                assert code(found) == CODE
            [entry] = await shop.office.entries(AUDITOR, EntryFilter(code=CODE, tool="get_action"))
            assert wanted in str(entry["bodies"])
            assert await shop.rows("SELECT count(*) FROM orders") == [[40]]
            # What is damaged, held as it claims to be, keeps no image longer than was said.
            services = shop.parts.changes
            assert isinstance(services.journal, SqliteJournal)
            assert list(services.journal.find_damaged()) == [kept]
            await tidy(services, services.now() + timedelta(days=services.settings.undo_days + 1))
            assert services.journal.content(kept) is None
            return str(wanted)

    wanted = asyncio.run(story())
    assert findings(tmp_path / "shop") == [f"action {wanted}"]


@pytest.mark.parametrize("key", [None, "ab" * 32, "no key"])
def test_a_lost_key_is_said_at_the_start_and_not_made_anew(tmp_path: Path, key: str | None) -> None:
    """The gateway does not start, doctor says why, and the right key brings all of it back."""
    folder = write_shop(tmp_path / "shop")
    file = folder / ".metricgate" / "journal.key"

    async def first() -> str:
        async with opened(folder) as shop:
            done = await changed(shop, "UPDATE customers SET segment = 'iron' WHERE id = 1", "change-0001")
            assert isinstance(done, Answered)
            return str(done.answer["action_id"])

    async def again(wanted: str) -> None:
        async with opened(folder) as shop:
            undo = await shop.office.undo(STEN, wanted, reason="a mistake")
            assert isinstance(undo, ProposedAction)
            assert await shop.rows("SELECT id, segment FROM customers ORDER BY id") == FIRST

    action = asyncio.run(first())
    assert findings(folder) == []
    whole = file.read_text()
    file.unlink()
    if key is not None:
        file.write_text(key)
        file.chmod(0o600)
    with pytest.raises(StartRefused, match="the actions cannot be opened"):
        asyncio.run(again(action))
    assert file.exists() == (key is not None)
    assert findings(folder) == ["what is kept of changes"]
    file.write_text(whole)
    asyncio.run(again(action))
