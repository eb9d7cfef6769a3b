"""An undo takes the road of any change, and what is shown of it holds."""

from __future__ import annotations

import asyncio
from pathlib import Path

import duckdb
from tests.gateway.changes.shop import STEN, opened, write_shop

from metricgate.approvals.proposal import ProposedAction, State
from metricgate.gateway.outcome import Answered
from metricgate.vocabulary.problem import Problems

UPDATE = {"sql": "UPDATE customers SET segment = 'lead' WHERE id = 4", "dry_run": False}
NOTHING = {"sql": "UPDATE customers SET segment = 'lead' WHERE id = 77", "dry_run": False}
TRIGGER = "CREATE TRIGGER sweep AFTER UPDATE ON customers FOR EACH STATEMENT DELETE FROM orders WHERE id > 3"


def test_a_change_that_fitted_no_row_says_so_and_leaves_nothing_to_take_back(tmp_path: Path) -> None:
    """Neither its answer nor the undo speaks of what did not happen."""

    async def story() -> None:
        async with opened(write_shop(tmp_path / "shop")) as shop:
            done = await shop.call("propose_write", **NOTHING, idempotency_key="nothing-0001")
            assert isinstance(done, Answered)
            assert done.answer["message"].startswith("No row fitted, so that nothing was changed")
            assert done.answer["undo_until"] is None
            assert done.answer["preview"]["undo"] == "changes no row, so that there is nothing to take back"
            undo = await shop.office.undo(STEN, done.answer["action_id"], reason="Why not.")
            assert isinstance(undo, Problems)
            assert undo.first.message == "It changed no row, so that there is nothing to take back."
            some = await shop.call("propose_write", **UPDATE, idempotency_key="some-0001")
            assert some.answer["message"] == "It was carried out."

    asyncio.run(story())


def test_an_undo_that_would_run_a_new_trigger_waits_for_somebody_to_look(tmp_path: Path) -> None:
    """The trigger came after the action: its undo is shown with it, and runs only once that is approved."""
    folder = write_shop(tmp_path / "shop")

    async def story() -> None:
        async with opened(folder) as shop:
            done = await shop.call("propose_write", **UPDATE, idempotency_key="some-0001")
            assert done.answer["preview"]["reversibility"] == "R0"
            action_id = done.answer["action_id"]
        with duckdb.connect(str(folder / "data.duckdb")) as connection:
            connection.execute(TRIGGER)
        async with opened(folder) as shop:
            undo = await shop.office.undo(STEN, action_id, reason="It was wrong.")
            assert isinstance(undo, ProposedAction)
            assert undo.state is State.HELD
            assert undo.preview.unknown == ("trigger sweep on data.main.customers",)
            assert undo.preview.definitions.acting == ("trigger sweep of main.customers",)
            assert await shop.rows("SELECT count(*) FROM orders") == [[40]]
            view = await shop.office.action(STEN, undo.id)
            ended = await shop.office.decide(
                STEN,
                undo.id,
                approves=True,
                reason="The trigger may run.",
                shown_digest=view.shown_digest,
                bound_to=view.action.proposal.digest,
            )
            assert isinstance(ended, ProposedAction)
            assert ended.state is State.EXECUTED, ended.outcome
            assert await shop.rows("SELECT segment FROM customers WHERE id = 4") == [["iron"]]

    asyncio.run(story())
