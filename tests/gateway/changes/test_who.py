"""Each entry of the record says who acted, in a field of its own; counts and filters go by it."""

import asyncio
from pathlib import Path

from tests.gateway.changes.shop import AUDRA, STEN, Shop, opened, write_shop
from tests.gateway.conduct.test_at_the_gate import project_of

from metricgate.adapters.state.sqlite.switch_file import SwitchFile
from metricgate.bootstrap.states import state_of
from metricgate.gateway.changes.judgement import find_recent_activity
from metricgate.operations.switches import throw_switch
from metricgate.state.actions import ActionFilter
from metricgate.state.record import EntryFilter

UPDATE = {"sql": "UPDATE customers SET segment = 'lead' WHERE id = 4", "dry_run": False}


async def undone(shop: Shop) -> str:
    """Change a row as the agent, take it back as a person; returns the undo's id."""
    outcome = await shop.call("propose_write", **UPDATE, idempotency_key="update-0001")
    done = await shop.office.undo(STEN, outcome.answer["action_id"], reason="It was wrong.")
    return done.id


def test_what_a_person_takes_back_is_that_persons_act(tmp_path: Path) -> None:
    """The undo is in no count, no list and no filter of the agent's."""

    async def story() -> None:
        async with opened(write_shop(tmp_path / "shop")) as shop:
            undo = await undone(shop)
            entries = await shop.office.entries(AUDRA, EntryFilter(action=undo), limit=500)
            assert {each["actor"] for each in entries} == {"person:sten"}
            assert all(each["fields"]["gov.actor.kind"] == "person" for each in entries)
            assert all(each["bodies"]["gov.actor.id"] == "sten" for each in entries)
            assert not any("gen_ai.agent.id" in each["fields"] for each in entries)
            assert len(entries) == 3
            by_agent = await shop.office.entries(AUDRA, EntryFilter(agent="desk"), limit=500)
            assert by_agent
            assert undo not in {each["fields"].get("gov.action.id") for each in by_agent}
            by_person = await shop.office.entries(AUDRA, EntryFilter(actor="person:sten"), limit=500)
            assert {each["index"] for each in by_person} == {each["index"] for each in entries}
            assert by_person == await shop.office.entries(AUDRA, EntryFilter(actor="person"), limit=500)
            listed = shop.parts.changes.store.list(ActionFilter(agent="desk"))
            assert [each.undoes for each in listed] == [None]
            [agent] = [each for each in await shop.office.agents(AUDRA) if each.id == "desk"]
            assert agent.actions == {"undone": 1}
            assert (await find_recent_activity(shop.parts.changes, "desk", "customers")).changes_today == 1

    asyncio.run(story())


def test_every_entry_has_its_actor(tmp_path: Path) -> None:
    """Calls are an agent's, decisions a person's, switches an operator's or a person's, the rest the gateway's own."""

    async def story() -> None:
        async with opened(write_shop(tmp_path / "shop")) as shop:
            await undone(shop)
            held = await shop.call(
                "propose_write", sql="DELETE FROM orders WHERE id = 3", dry_run=False, idempotency_key="delete-0001"
            )
            view = await shop.office.action(STEN, held.action_id)
            await shop.office.decide(
                STEN,
                held.action_id,
                approves=False,
                reason="No.",
                shown_digest=view.shown_digest,
                bound_to=view.action.proposal.digest,
            )
            project_of(shop.folder).throw_switch("freeze", "agent:other", "by an operator")
            throw_switch(
                SwitchFile(state_of(shop.folder, shop.settings).paths.switches), "freeze", "agent:more", "x", by="sten"
            )
            await asyncio.sleep(1.5)
            entries = await shop.office.entries(AUDRA, limit=500)
            found = {(each["event"], each["actor"]) for each in entries}
            assert all(each["fields"].get("gov.actor.kind") for each in entries)
            assert {
                ("gov.log.opened", "gateway"),
                ("gov.definitions.published", "gateway"),
                ("gov.call.completed", "agent:desk"),
                ("gov.call.held", "agent:desk"),
                ("gov.action.proposed", "agent:desk"),
                ("gov.action.executed", "agent:desk"),
                ("gov.action.executed", "person:sten"),
                ("gov.action.shown", "person:sten"),
                ("gov.action.decided", "person:sten"),
                ("gov.switch.thrown", "person:sten"),
            } <= found
            operators = [actor for event, actor in found if event == "gov.switch.thrown" and actor != "person:sten"]
            assert [each.split(":")[0] for each in operators] == ["operator"]

    asyncio.run(story())
