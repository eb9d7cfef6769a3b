"""Budgets and pauses by the clock, on every registered state.

Minutes slide, days end at midnight UTC, calls that are over give their place back; no restart ends a day or a pause.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
from tests.contracts.test_state import PLACES, again, opened

from metricgate.ledger.events import names
from metricgate.state.budgets import Charges, SpentBudget
from metricgate.state.pauses import Pause
from metricgate.state.state import ConductStores, ProjectState
from metricgate.vocabulary.obligation import Budget, BudgetMeasure

NANO = 1_000_000_000
DAY = 86_400.0
PAUSE = 300.0
T = TypeVar("T")


@dataclass
class Hand:
    """A clock that is moved by hand."""

    seconds: float = 1_000.0

    def unix_nano(self) -> int:
        """Nanoseconds since 1970."""
        return int(self.seconds * NANO)

    def monotonic(self) -> float:
        """The same, in seconds."""
        return self.seconds


@dataclass
class Desk:
    """Budgets and pauses of one state, asked one after the other in one loop."""

    stores: ConductStores
    clock: Hand
    loop: asyncio.Runner

    def charge(self, budgets: Sequence[Budget], charges: Charges | None = None) -> SpentBudget | None:
        """Charge a call, one of its own where none is given."""
        return self.run(self.stores.budgets.charge(budgets, Charges() if charges is None else charges))

    def add_rows(self, budgets: Sequence[Budget], rows: int) -> None:
        """Count rows."""
        self.run(self.stores.budgets.add_rows(budgets, rows))

    def finish(self, charges: Charges) -> None:
        """End a call."""
        self.run(self.stores.budgets.finish(charges))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Ask."""
        return self.loop.run(work)


@pytest.fixture(params=PLACES)
def state(request: pytest.FixtureRequest, tmp_path: Path) -> ProjectState:
    return opened(request.param, tmp_path)


@pytest.fixture
def loop() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture
def desk(state: ProjectState, loop: asyncio.Runner) -> Desk:
    return at(state, loop, Hand(seconds=3 * DAY - 60))


def at(state: ProjectState, loop: asyncio.Runner, clock: Hand) -> Desk:
    """The state as a gateway that starts now has it."""
    return Desk(state.conduct(clock, pause_seconds=PAUSE), clock, loop)


def budget(measure: BudgetMeasure, value: int, party: str = "agent:a") -> Budget:
    return Budget(rule="r", party=party, measure=measure, value=value)


def test_a_minute_slides(desk: Desk) -> None:
    """Two a minute: the third must wait until the first is a minute old, and not longer."""
    budgets = [budget(BudgetMeasure.CALLS_PER_MINUTE, 2)]
    assert desk.charge(budgets) is None
    desk.clock.seconds += 50
    assert desk.charge(budgets) is None
    spent = desk.charge(budgets)
    assert spent is not None
    assert spent.seconds == 10
    desk.clock.seconds += 10
    assert desk.charge(budgets) is None
    assert desk.charge(budgets) is not None


def test_a_day_ends_at_midnight(desk: Desk) -> None:
    """Calls and rows of a day are given back at midnight UTC."""
    desk.clock.seconds += 55
    calls, rows = budget(BudgetMeasure.CALLS_PER_DAY, 1), budget(BudgetMeasure.ROWS_PER_DAY, 100)
    assert desk.charge([calls, rows]) is None
    desk.add_rows([rows], 100)
    assert desk.charge([rows]) is not None
    spent = desk.charge([calls])
    assert spent is not None
    assert spent.seconds == 5
    desk.clock.seconds += 5
    assert desk.charge([calls, rows]) is None


def test_calls_at_once(desk: Desk) -> None:
    """A place is taken until the call is over, however it ends; finishing twice gives nothing back twice."""
    budgets = [budget(BudgetMeasure.CONCURRENT, 1)]
    first, second = Charges(), Charges()
    assert desk.charge(budgets, first) is None
    assert desk.charge(budgets, second) is not None
    desk.finish(second)
    assert desk.charge(budgets, second) is not None
    desk.finish(first)
    desk.finish(first)
    assert desk.charge(budgets, second) is None
    assert desk.charge(budgets) is not None


def test_one_call_is_charged_once(desk: Desk) -> None:
    """A rule that several verdicts of one call name is charged once."""
    budgets, charges = [budget(BudgetMeasure.CALLS_PER_MINUTE, 1)], Charges()
    assert desk.charge(budgets, charges) is None
    assert desk.charge(budgets, charges) is None
    assert desk.charge(budgets) is not None


def test_parties_and_rules_are_apart(desk: Desk) -> None:
    """Each party has its own account under each rule."""
    assert desk.charge([budget(BudgetMeasure.CALLS_PER_DAY, 1)]) is None
    assert desk.charge([budget(BudgetMeasure.CALLS_PER_DAY, 1, party="user:u")]) is None
    assert desk.charge([budget(BudgetMeasure.CALLS_PER_DAY, 1)]) is not None


def test_a_new_day_leaves_alone_what_still_counts(desk: Desk) -> None:
    """Calls that run, and those of the last minute."""
    desk.clock.seconds += 30
    running = Charges()
    at_once = [budget(BudgetMeasure.CONCURRENT, 1, "agent:runs")]
    lately = [budget(BudgetMeasure.CALLS_PER_MINUTE, 1, "agent:fast")]
    assert desk.charge(at_once, running) is None
    assert desk.charge(lately) is None
    desk.clock.seconds += 31
    assert desk.charge(at_once) is not None
    assert desk.charge(lately) is not None
    desk.finish(running)
    assert desk.charge(at_once) is None


def test_a_restart_gives_no_day_back(state: ProjectState, loop: asyncio.Runner) -> None:
    """Calls and rows of the running day count on, of the agent and of its user; of that day only."""
    record = state.take(instance="gateway_1")
    for event, rows in (
        (names.CALL_COMPLETED, 40),
        (names.CALL_REFUSED, None),
        (names.CALL_FAILED, None),
        ("gov.other", 9),
    ):
        fields = {"gen_ai.agent.id": "a", "gov.user.id": "u"} | ({} if rows is None else {"gov.effect.rows": rows})
        record.append_blocking(event, fields)
    record.close()
    now = Hand(seconds=time.time())
    desk = at(again(state), loop, now)
    for party in ("agent:a", "user:u"):
        assert desk.charge([budget(BudgetMeasure.CALLS_PER_DAY, 4, party)]) is None
        assert desk.charge([budget(BudgetMeasure.CALLS_PER_DAY, 4, party)]) is not None
        assert desk.charge([budget(BudgetMeasure.ROWS_PER_DAY, 40, party)]) is not None
        assert desk.charge([budget(BudgetMeasure.ROWS_PER_DAY, 41, party)]) is None
    now.seconds += DAY
    assert desk.charge([budget(BudgetMeasure.CALLS_PER_DAY, 1)]) is None
    assert at(again(state), loop, now).charge([budget(BudgetMeasure.CALLS_PER_DAY, 1)]) is None


def test_a_pause_ends_by_itself(desk: Desk) -> None:
    pauses = desk.stores.pauses
    now = desk.clock.seconds
    assert desk.run(pauses.current("a")) is None
    desk.run(pauses.begin(Pause(agent="a", refusals=20, until=now + 10)))
    longer = Pause(agent="b", refusals=21, until=now + 100)
    desk.run(pauses.begin(longer))
    desk.clock.seconds += 10
    assert desk.run(pauses.current("a")) is None
    assert desk.run(pauses.current("b")) == longer
    assert list(desk.run(pauses.all())) == [longer]


def test_a_restart_ends_no_pause(state: ProjectState, loop: asyncio.Runner) -> None:
    """Nor makes it longer; the newest of an agent counts, and one that is over is over."""
    record = state.take(instance="gateway_1")
    record.append_blocking(names.AGENT_PAUSED, {"gen_ai.agent.id": "a", "gov.refusals": 7})
    record.append_blocking(names.AGENT_PAUSED, {"gen_ai.agent.id": "a", "gov.refusals": 8})
    record.close()
    with state.reader() as reader:
        begun = next(iter(reader.entries())).time_unix_nano / NANO
    found = loop.run(at(again(state), loop, Hand(seconds=begun + 1)).stores.pauses.current("a"))
    assert found is not None
    assert (found.refusals, found.until) == (8, pytest.approx(begun + PAUSE))
    assert loop.run(at(again(state), loop, Hand(seconds=begun + PAUSE)).stores.pauses.current("a")) is None
