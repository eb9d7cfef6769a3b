"""What is remembered of callers has a bound, and forgetting takes nothing away that still counts."""

from __future__ import annotations

import asyncio

import pytest
from tests.contracts.test_conduct_stores import Hand, budget

from metricgate.adapters.state.memory import pauses
from metricgate.adapters.state.memory.budgets import MemoryBudgets
from metricgate.adapters.state.memory.pauses import MemoryPauses
from metricgate.gateway.conduct.conduct import Conduct, ConductSettings
from metricgate.state.budgets import Charges
from metricgate.state.switches import NoSwitches
from metricgate.vocabulary.obligation import BudgetMeasure
from metricgate.vocabulary.principal import Identity, Principal, Proof

DAY = 86_400.0


def agent(name: str) -> Principal:
    return Principal(agent=Identity(id=name, proof=Proof.VERIFIED, method="api_key"))


def refuse(kept: Conduct, name: str, call: str) -> bool:
    """Whether the refusal begins a pause."""
    return asyncio.run(kept.note_end(agent(name), call, "E_DENIED", failed=True, refused=True)) is not None


def test_accounts_of_earlier_days_are_closed() -> None:
    """But not those of calls that run, or whose last minute still counts."""
    clock = Hand(seconds=3 * DAY - 30)
    budgets = MemoryBudgets(clock)

    async def charge(measure: BudgetMeasure, party: str, charges: Charges) -> None:
        assert await budgets.charge([budget(measure, 1, party)], charges) is None

    async def over_midnight() -> None:
        for number in range(50):
            await charge(BudgetMeasure.CALLS_PER_DAY, f"agent:{number}", Charges())
        running = Charges()
        await charge(BudgetMeasure.CONCURRENT, "agent:runs", running)
        await charge(BudgetMeasure.CALLS_PER_MINUTE, "agent:fast", Charges())
        clock.seconds += 31
        await charge(BudgetMeasure.CALLS_PER_DAY, "agent:0", Charges())
        assert len(budgets._accounts) == 3
        await budgets.finish(running)
        clock.seconds += DAY
        await charge(BudgetMeasure.CONCURRENT, "agent:runs", Charges())
        assert len(budgets._accounts) == 1

    asyncio.run(over_midnight())


def test_one_call_refused_again_and_again_takes_one_place() -> None:
    """Old tries fall out one by one: what is refused within the time is what counts."""
    clock = Hand()
    kept = made(clock, refusals=4)
    for _ in range(1_000):
        assert not refuse(kept, "a", "same")
        clock.seconds += 0.01
    assert len(kept._refusals["a"]) == 1
    clock.seconds += 40
    assert not any(refuse(kept, "a", call) for call in ("b", "c"))
    clock.seconds += 20
    assert not refuse(kept, "a", "d")  # "same" is a minute old
    assert refuse(kept, "a", "e")


@pytest.mark.parametrize("again", [False, True])
def test_a_call_counts_by_when_it_was_last_refused(again: bool) -> None:
    clock = Hand()
    kept = made(clock, refusals=3)
    assert not refuse(kept, "a", "first")
    clock.seconds += 50
    if again:
        assert not refuse(kept, "a", "first")
    clock.seconds += 20
    assert not refuse(kept, "a", "second")
    assert refuse(kept, "a", "third") is again


def test_agents_that_behave_again_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """A refusal that is too old to count is gone with the next one of anybody; so are pauses, when there are many."""
    monkeypatch.setattr(pauses, "_MOST", 10)
    clock = Hand()
    kept = made(clock, refusals=2)
    for number in range(100):
        assert not refuse(kept, f"{number}", "a")
        assert refuse(kept, f"{number}", "b")
        assert not refuse(kept, f"once {number}", "a")
        clock.seconds += 1
    assert len(kept._refusals) <= 61
    assert set(kept._pauses._pauses) == {f"{number}" for number in range(100)}
    clock.seconds += 300 - 50
    assert not refuse(kept, "late", "a")
    assert set(kept._refusals) == {"late"}
    assert refuse(kept, "late", "b")
    assert len(kept._pauses._pauses) <= 50
    assert "99" in asyncio.run(kept.paused_agents())


def made(clock: Hand, *, refusals: int) -> Conduct:
    settings = ConductSettings(patience=None, refusals=refusals)
    return Conduct(
        clock=clock, board=NoSwitches(), budgets=MemoryBudgets(clock), pauses=MemoryPauses(clock), settings=settings
    )
