"""What the record says of an action is what happened to it: races, keys used at once, halves left apart."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from tests.gateway.changes.shop import OLAF, STELLA, STEN, Shop, opened, write_shop
from tests.gateway.changes.test_changes import played

from metricgate.adapters.state.sqlite.ledger_reader import LedgerReader
from metricgate.approvals import lifecycle
from metricgate.approvals.proposal import State
from metricgate.bootstrap.states import state_of
from metricgate.gateway import answer_stages, answers
from metricgate.gateway.changes.expiry import find_action
from metricgate.gateway.outcome import Held, RefusedCall
from metricgate.ledger.events import names
from metricgate.ledger.events.calls import CallHeld
from metricgate.state.actions import ActionStep
from metricgate.state.record import LedgerUnavailable, Recorded
from metricgate.vocabulary.problem import Problems

RACES = 40


def recorded(shop: Shop) -> list[Recorded]:
    with LedgerReader(state_of(shop.folder, shop.settings).paths.ledger) as reader:
        return list(reader.entries(newest_first=False))


async def held(shop: Shop, number: int, key: str | None = None) -> str:
    outcome = await shop.call(
        "propose_write",
        sql=f"DELETE FROM orders WHERE id = {number}",
        dry_run=False,
        idempotency_key=key or f"delete-{number:04}",
    )
    assert isinstance(outcome, Held), outcome
    return outcome.action_id


async def ready(shop: Shop, person, action_id: str) -> Mapping[str, str]:
    view = await shop.office.action(person, action_id)
    return {"shown_digest": view.shown_digest, "bound_to": view.action.proposal.digest}


def test_of_two_decisions_at_once_the_record_tells_which_counted(tmp_path: Path) -> None:
    """One approves while another denies, many times: one decision counts, and nothing runs after a denial."""

    async def story(shop: Shop) -> None:
        waiting = await asyncio.gather(*(held(shop, number) for number in range(1, RACES + 1)))
        for number, action_id in enumerate(waiting):
            people = (STEN, STELLA) if number % 2 else (STELLA, STEN)
            shown = [await ready(shop, person, action_id) for person in people]
            await asyncio.gather(
                shop.office.decide(people[0], action_id, approves=bool(number % 3), reason="one", **shown[0]),
                shop.office.decide(people[1], action_id, approves=not number % 3, reason="other", **shown[1]),
            )
        found = recorded(shop)
        own = {each.index for each in found if each.text(names.ACTION_STEP)}
        for action_id in waiting:
            action = await find_action(shop.parts.changes, action_id)
            events = [each.event for each in found if each.text("gov.action.id") == action_id]
            assert events.count(names.ACTION_DECIDED) == 1, events
            assert events.count(names.ACTION_UNCOUNTED) == 1, events
            assert len(action.decisions) == 1
            ran = names.ACTION_RELEASED in events
            assert ran is action.decisions[0].approves is (action.state is State.EXECUTED)
            assert set(action.records) <= own

    played(tmp_path, story)


def test_a_decision_that_is_not_the_persons_is_recorded_as_one_that_did_not_count(tmp_path: Path) -> None:
    async def story(shop: Shop) -> None:
        action_id = await held(shop, 1)
        shown = await ready(shop, OLAF, action_id)
        refused = await shop.office.decide(OLAF, action_id, approves=True, reason="mine", **shown)
        assert isinstance(refused, Problems)
        [entry] = [each for each in recorded(shop) if each.event == names.ACTION_UNCOUNTED]
        assert entry.text("gov.decision.person") == "olaf"
        assert entry.text("error.type") == "E_NOT_YOURS_TO_DECIDE"
        assert (await find_action(shop.parts.changes, action_id)).state is State.HELD

    played(tmp_path, story)


def test_calls_at_once_under_one_key_have_one_outcome(tmp_path: Path) -> None:
    """Eight at once: equal ones are told the same action, others that the key is taken; one proposal is recorded."""

    async def story(shop: Shop) -> None:
        def call(number: int):
            sql = f"DELETE FROM orders WHERE id = {number}"
            return shop.call("propose_write", sql=sql, dry_run=False, idempotency_key="one-key-1")

        outcomes = await asyncio.gather(*[call(number) for number in range(1, 9)])
        [waits] = [each for each in outcomes if isinstance(each, Held)]
        refused = [each for each in outcomes if isinstance(each, RefusedCall)]
        assert [each.problems.first.code.name for each in refused] == ["E_IDEMPOTENCY_CONFLICT"] * 7
        number = 1 + outcomes.index(waits)
        assert f"{number}" in waits.answer["statement"]
        again = await asyncio.gather(*[call(number) for _each in range(8)])
        assert {each.answer["action_id"] for each in again} == {waits.action_id}
        proposals = [each for each in recorded(shop) if each.event == names.ACTION_PROPOSED]
        assert [each.text("gov.action.id") for each in proposals] == [waits.action_id]
        paths = state_of(shop.folder, shop.settings).paths
        with sqlite3.connect(paths.actions) as connection:
            assert connection.execute("SELECT action FROM changes").fetchall() == [(waits.action_id,)]

    played(tmp_path, story)


class Failing:
    """A ledger that cannot write one kind of entry."""

    def __init__(self, ledger, event: str) -> None:
        self._ledger, self._event = ledger, event

    def __getattr__(self, name: str):
        return getattr(self._ledger, name)

    async def append(self, event, fields, *, bodies=None):
        """Append an entry of another kind."""
        if event == self._event:
            raise LedgerUnavailable("no room")
        return await self._ledger.append(event, fields, bodies=bodies)


def test_what_cannot_be_recorded_did_not_happen(tmp_path: Path) -> None:
    """A proposal and a decision whose entry cannot be written are as if they had never been."""

    async def story(shop: Shop) -> None:
        services, ledger = shop.parts.changes, shop.parts.ledger
        services.ledger = Failing(ledger, names.ACTION_PROPOSED)
        sql = "DELETE FROM orders WHERE id = 1"
        await shop.call("propose_write", sql=sql, dry_run=False, idempotency_key="key-00001")
        assert services.store.by_key("desk", None, "key-00001") is None
        assert services.steps.ownerless() == []
        services.ledger = ledger
        action_id = await held(shop, 1, "key-00001")
        shown = await ready(shop, STEN, action_id)
        services.ledger = Failing(ledger, names.ACTION_DECIDED)
        assert isinstance(await shop.office.decide(STEN, action_id, approves=True, reason="yes", **shown), Problems)
        services.ledger = ledger
        action = await find_action(services, action_id)
        assert (action.state, action.decisions) == (State.HELD, ())
        assert services.steps.open_steps() == []
        shown = await ready(shop, STEN, action_id)
        done = await shop.office.decide(STEN, action_id, approves=True, reason="yes", **shown)
        assert done.state is State.EXECUTED

    played(tmp_path, story)


def test_halves_left_apart_are_found_and_mended_at_start(tmp_path: Path) -> None:
    """A proposal without its action, rows and images without an owner, a step that nobody recorded."""
    folder = write_shop(tmp_path / "shop")

    async def leave() -> tuple[str, str]:
        async with opened(folder) as shop:
            gone, stays = await held(shop, 1), await held(shop, 2)
            services = shop.parts.changes
            action = services.store.get(stays)
            step = ActionStep(id="f" * 32, action_id=stays, event=names.ACTION_ENDED, after=action.records[-1])
            assert services.steps.begin(step, lifecycle.cancel(action, services.now())) is not None
            services.store.keep_changes("act_00000000000000000000000001", b"rows")
            services.journal.prepare("act_00000000000000000000000002", b"images", until=services.now())
            services.journal.commit("act_00000000000000000000000002")
            services.journal.prepare("act_00000000000000000000000003", b"images", until=services.now())
            return gone, stays

    gone, stays = asyncio.run(leave())
    with sqlite3.connect(folder / ".metricgate" / "actions.db") as connection:
        connection.execute("DELETE FROM actions WHERE id = ?", (gone,))

    async def look() -> None:
        async with opened(folder) as shop:
            services = shop.parts.changes
            assert (await find_action(services, stays)).state is State.HELD
            assert services.steps.open_steps() == services.steps.ownerless() == services.journal.all() == []
            said = [
                (each.text("gov.action.id"), each.text("gov.recovery.what"))
                for each in recorded(shop)
                if each.event == names.RECOVERY_MENDED
            ]
            assert sorted(said) == sorted(
                [
                    (gone, "changes without an action were removed"),
                    ("act_00000000000000000000000001", "changes without an action were removed"),
                    ("act_00000000000000000000000002", "images without an action were removed"),
                    ("act_00000000000000000000000003", "images without an action were removed"),
                    (gone, "a proposal has no action"),
                ]
            )

    asyncio.run(look())
    asyncio.run(look())


def test_verdicts_beside_a_held_change_are_recorded_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stage adds to what is said of a change that waits for people as to every answer."""

    async def doubt(_desk: object, draft: answers.AnswerDraft) -> answers.AnswerDraft:
        return replace(draft, verdicts=replace(draft.verdicts, confidence={"sure": "hardly"}))

    async def story(shop: Shop) -> None:
        await held(shop, 1)
        monkeypatch.setattr(answer_stages, "STAGES", (*answer_stages.STAGES, doubt))
        await held(shop, 2)
        found = [CallHeld.from_entry(each) for each in recorded(shop) if each.event == names.CALL_HELD]
        assert [each.verdicts for each in found] == [None, {"confidence": {"sure": "hardly"}}]

    played(tmp_path, story)
