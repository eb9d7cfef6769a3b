"""Two gateways on one state: one stands still in the middle of a change, another takes its place, the first comes back.

The first one's next write is refused by the number of its lease. What it had committed is found and recorded; what it
had not begun never happens; while its transaction is open the other one waits to see how that ends.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conformance.faults.kills import shop_on
from tests.gateway.changes.shop import Shop, opened, write_shop

from metricgate.adapters.state.sqlite.ledger_audit import verify_file
from metricgate.adapters.state.sqlite.ledger_reader import LedgerReader
from metricgate.approvals.proposal import State
from metricgate.bootstrap.states import state_of
from metricgate.gateway.changes.expiry import find_action
from metricgate.operations.start_refusal import StartRefused

ROOT = Path(__file__).parents[2]
LEASE = 2.0
POINTS = {
    "before:steps:end": State.HELD,
    "after:ledger:append:gov.action.released": State.FAILED,
    "before:journal:prepare": State.EXECUTING,
    "after:journal:prepare": State.EXECUTING,
    "before:journal:commit": State.EXECUTED,
    "before:ledger:append:gov.action.executed": State.EXECUTED,
}
"""Where the first gateway stands still -> what the second one finds. While the first one's transaction is open, nobody
can say how it ends, and the second one leaves it alone."""
COMMITS = {"before:journal:prepare": False, "after:journal:prepare": True}
"""Whether that transaction ends in a commit once the first one wakes: its images must be kept before, by a write."""


@pytest.mark.parametrize("engine", ["postgres", "mariadb"])
@pytest.mark.parametrize("point", POINTS)
def test_who_comes_back_changes_nothing(tmp_path: Path, engine: str, point: str) -> None:
    """The rows, the record and the action are of one mind, before and after the first gateway woke."""
    with shop_on(engine, tmp_path / "shop") as folder:
        _lease_of(folder, LEASE)
        action_id = asyncio.run(_proposed(folder))
        first = _standing_still(folder, action_id, point)
        try:
            state, told = asyncio.run(_taken_over(folder, action_id, first, COMMITS.get(point, False)))
        finally:
            first.kill()
    assert state is POINTS[point]
    assert "E_LEDGER_UNAVAILABLE" in told.splitlines()[-1]


def test_an_embedded_warehouse_is_not_had_twice(tmp_path: Path) -> None:
    """The file is locked by the first one's process: the second does not start, and takes nothing."""
    folder = write_shop(tmp_path / "shop")
    _lease_of(folder, LEASE)
    action_id = asyncio.run(_proposed(folder))
    first = _standing_still(folder, action_id, "before:journal:prepare")
    try:
        time.sleep(LEASE + 1)
        with pytest.raises(StartRefused):
            asyncio.run(_proposed(folder))
        first.send_signal(signal.SIGCONT)
        told, _errors = first.communicate(timeout=60)
    finally:
        first.kill()
    assert "executed" in told


def _lease_of(folder: Path, seconds: float) -> None:
    file = folder / "metricgate.yaml"
    text = file.read_text(encoding="utf-8")
    try:
        settings = json.loads(text)
    except ValueError:
        file.write_text(f"{text}\nledger: {{lease_seconds: {seconds}}}\n", encoding="utf-8")
    else:
        file.write_text(json.dumps({**settings, "ledger": {"lease_seconds": seconds}}), encoding="utf-8")


async def _proposed(folder: Path) -> str:
    async with opened(folder) as shop:
        held = await shop.call(
            "propose_write",
            sql="DELETE FROM orders WHERE status = 'open'",
            dry_run=False,
            idempotency_key="delete-01",
        )
        return str(held.action_id)


def _standing_still(folder: Path, action_id: str, point: str) -> subprocess.Popen[str]:
    words = [sys.executable, "-m", "tests.gateway.changes.dying", str(folder), action_id, point, "SIGSTOP"]
    paths = os.pathsep.join([str(ROOT), str(ROOT / "src")])
    first = subprocess.Popen(
        words,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    _process, status = os.waitpid(first.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status), first.communicate()[1]
    return first


async def _taken_over(folder: Path, action_id: str, first: subprocess.Popen[str], commits: bool) -> tuple[State, str]:
    """Take the first one's place, look, wake it, and look again; return what was found and what the first was told."""
    with pytest.raises(StartRefused, match="already writes the ledger"):
        async with opened(folder):
            pass
    await asyncio.sleep(LEASE + 1)
    async with opened(folder) as shop:
        found = await find_action(shop.parts.changes, action_id)
        assert found is not None
        count = await _count(shop) if found.state is not State.EXECUTING else None
        first.send_signal(signal.SIGCONT)
        told, errors = await asyncio.to_thread(first.communicate, timeout=60)
        assert first.returncode == 0, errors
        if found.state is State.EXECUTING:
            found = await _settled(shop, action_id)
            assert found.state is (State.EXECUTED if commits else State.FAILED)
            assert await _count(shop) == (27 if commits else 40)
            return State.EXECUTING, told
        again = await find_action(shop.parts.changes, action_id)
        assert again is not None
        assert (again.state, await _count(shop)) == (found.state, count)
        assert count == (27 if found.state is State.EXECUTED else 40)
        # Whoever has the place works as ever.
        held = await shop.call(
            "propose_write", sql="DELETE FROM orders WHERE id = 1", dry_run=False, idempotency_key="delete-02"
        )
        assert getattr(held, "action_id", None), held
    paths = state_of(folder, shop.settings).paths
    assert verify_file(paths.ledger, paths.public_key.read_text(encoding="utf-8"), None).findings == ()
    with LedgerReader(paths.ledger) as reader:
        events = [each.event for each in reader.entries()]
    assert events.count("gov.gateway.replaced") == 1
    return found.state, told


async def _settled(shop: Shop, action_id: str):
    """Wait until the second gateway could find out what became of the first one's transaction."""
    for _attempt in range(100):
        action = await find_action(shop.parts.changes, action_id)
        if action is not None and action.state is not State.EXECUTING:
            return action
        await asyncio.sleep(0.5)
    raise AssertionError("never settled")


async def _count(shop: Shop) -> int:
    [[count]] = await shop.rows("SELECT count(*) FROM orders")
    return int(count)
