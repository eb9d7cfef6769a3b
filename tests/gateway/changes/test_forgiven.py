"""What is forgiven in a proposal is told with it, whether it is shown, held or carried out."""

import asyncio
from pathlib import Path

from tests.gateway.changes.shop import opened, write_shop
from tests.gateway.test_forgiving import plain

from metricgate.gateway.outcome import Answered, Held


def test_proposals_tell_what_was_forgiven(tmp_path: Path) -> None:
    """By the same rules as everywhere; the repetition in the right form is the same proposal."""

    async def story() -> None:
        async with opened(write_shop(tmp_path / "shop")) as shop:
            pause = {"id": "1", "segment": None, "dry_run": "false", "idempotency_key": "pause-0001"}
            done = await shop.call("action_pause_customer", **pause)
            assert isinstance(done, Answered)
            assert done.answer["state"] == "executed"
            assert [note.split("`")[1] for note in done.answer["notes"]] == ["id", "dry_run", "segment"]
            again = await shop.call("action_pause_customer", id=1, dry_run=False, idempotency_key="pause-0001")
            assert isinstance(again, Answered)
            assert (again.answer["action_id"], again.answer["notes"]) == (done.answer["action_id"], [])
            delete = {"sql": "DELETE FROM orders WHERE id = 3", "idempotency_key": "delete-0001", "warehouse": None}
            shown = await shop.call("propose_write", **delete, dry_run=None)
            assert isinstance(shown, Answered)
            assert shown.answer["notes"] == ["Null counts as left out: `warehouse`, `dry_run`."]
            held = await shop.call("propose_write", **delete, dry_run=False)
            assert isinstance(held, Held)
            assert held.answer["notes"] == ["Null counts as left out: `warehouse`."]
            polled = await shop.call("get_action", action_id=held.action_id, withdraw="false")
            assert isinstance(polled, Answered)
            assert len(polled.answer["notes"]) == 1

    asyncio.run(story())


def test_governed_actions_are_shown_plainly(tmp_path: Path) -> None:
    """Their parameters are of one type each, optional ones too."""

    async def story() -> None:
        async with opened(write_shop(tmp_path / "shop")) as shop:
            (tool,) = [each for each in shop.parts.gateway.tools() if each.name.startswith("action_")]
            plain(tool.input_schema, tool.name)
            assert tool.accepted_schema is not None

    asyncio.run(story())
