"""A gateway that is killed while it carries a change out leaves nothing half done, and nothing without its record."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.gateway.changes.shop import opened, write_shop

from metricgate.adapters.state.sqlite.ledger_reader import LedgerReader
from metricgate.approvals.proposal import State
from metricgate.bootstrap.states import state_of
from metricgate.gateway.changes.expiry import find_action
from metricgate.state.record import EntryFilter

ROOT = Path(__file__).parents[3]
POINTS = {
    "before:ledger:append:gov.action.decided": State.HELD,
    "after:ledger:append:gov.action.decided": State.HELD,
    "after:steps:begin": State.HELD,
    "before:steps:end": State.HELD,
    "after:steps:end": State.FAILED,
    "before:ledger:append:gov.action.released": State.FAILED,
    "after:ledger:append:gov.action.released": State.FAILED,
    "before:journal:prepare": State.FAILED,
    "after:journal:prepare": State.FAILED,
    "before:journal:commit": State.EXECUTED,
    "after:journal:commit": State.EXECUTED,
    "before:ledger:append:gov.action.executed": State.EXECUTED,
    "after:ledger:append:gov.action.executed": State.EXECUTED,
}
"""Where the gateway dies -> how the action stands once the next one has started."""


@pytest.mark.parametrize("point", POINTS)
def test_nothing_half_done_and_nothing_unrecorded(tmp_path: Path, point: str) -> None:
    """On DuckDB; ``python -m conformance.faults`` does the same on servers."""
    killed_at(write_shop(tmp_path / "shop"), point)


def killed_at(folder: Path, point: str) -> None:
    """Kill the gateway of a shop at a point of a change, start it again, and look what is there."""

    async def propose() -> str:
        async with opened(folder) as shop:
            held = await shop.call(
                "propose_write",
                sql="DELETE FROM orders WHERE status = 'open'",
                dry_run=False,
                idempotency_key="delete-01",
            )
            return held.action_id

    action_id = asyncio.run(propose())
    words = [sys.executable, "-m", "tests.gateway.changes.dying", str(folder), action_id, point]
    paths = os.pathsep.join([str(ROOT), str(ROOT / "src")])
    done = subprocess.run(words, cwd=ROOT, env={**os.environ, "PYTHONPATH": paths}, capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()

    async def look() -> tuple[State, int, list[str]]:
        async with opened(folder) as shop:
            action = await find_action(shop.parts.changes, action_id)
            [[count]] = await shop.rows("SELECT count(*) FROM orders")
            with LedgerReader(state_of(folder, shop.settings).paths.ledger) as reader:
                own = [each for each in reader.entries(EntryFilter()) if each.text("gov.action.id") == action_id]
            return action.state, count, [each.event for each in own]

    state, count, events = asyncio.run(look())
    assert state is POINTS[point]
    assert count == (27 if state is State.EXECUTED else 40)
    final = {State.EXECUTED: "gov.action.executed", State.FAILED: "gov.action.failed"}.get(state)
    assert final is None or final in events
    # Who reads the record alone knows which decisions counted.
    counted = "gov.action.decided" in events and "gov.action.uncounted" not in events
    assert counted is (state is not State.HELD)
