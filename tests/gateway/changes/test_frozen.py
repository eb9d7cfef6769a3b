"""A freeze lets an agent ask how its change stands, and take it off the desk."""

import asyncio
from pathlib import Path

from tests.gateway.changes.shop import opened, write_shop
from tests.gateway.conduct.test_at_the_gate import project_of

from metricgate.gateway.outcome import Answered, Held, RefusedCall

DELETE = {"sql": "DELETE FROM orders WHERE id = 3", "dry_run": False}


def test_a_freeze_stops_changes_only(tmp_path: Path) -> None:
    """What is held may be polled and withdrawn; nothing new is proposed."""

    async def story() -> None:
        async with opened(write_shop(tmp_path / "shop")) as shop:
            held = await shop.call("propose_write", **DELETE, idempotency_key="delete-0001")
            assert isinstance(held, Held)
            project_of(shop.folder).throw_switch("freeze", "all", "month end")
            refused = await shop.call("propose_write", **DELETE, idempotency_key="delete-0002")
            assert isinstance(refused, RefusedCall)
            assert refused.problems.first.code.name == "E_FROZEN"
            asked = await shop.call("get_action", action_id=held.action_id)
            assert isinstance(asked, Answered)
            assert asked.answer["state"] == "held"
            gone = await shop.call("get_action", action_id=held.action_id, withdraw=True)
            assert isinstance(gone, Answered)
            assert gone.answer["state"] == "cancelled"

    asyncio.run(story())
