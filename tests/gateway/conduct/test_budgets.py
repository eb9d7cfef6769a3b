"""Budgets by the clock: minutes slide, days end at midnight UTC, calls that are over give their place back."""

from __future__ import annotations

from dataclasses import dataclass

from metricgate.gateway.conduct.budgets import Charges, Spending
from metricgate.vocabulary.obligation import Budget, BudgetMeasure

NANO = 1_000_000_000


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


def budget(measure: BudgetMeasure, value: int, party: str = "agent:a") -> Budget:
    return Budget(rule="r", party=party, measure=measure, value=value)


def test_a_minute_slides() -> None:
    """Two a minute: the third must wait until the first is a minute old, and not longer."""
    clock = Hand()
    spending = Spending(clock)
    budgets = [budget(BudgetMeasure.CALLS_PER_MINUTE, 2)]
    assert spending.charge(budgets, Charges()) is None
    clock.seconds += 50
    assert spending.charge(budgets, Charges()) is None
    spent = spending.charge(budgets, Charges())
    assert spent is not None
    assert spent.seconds == 10
    clock.seconds += 10
    assert spending.charge(budgets, Charges()) is None
    assert spending.charge(budgets, Charges()) is not None


def test_a_day_ends_at_midnight() -> None:
    """Calls and rows of a day are given back at midnight UTC."""
    clock = Hand(seconds=86_400.0 * 3 - 5)
    spending = Spending(clock)
    calls, rows = budget(BudgetMeasure.CALLS_PER_DAY, 1), budget(BudgetMeasure.ROWS_PER_DAY, 100)
    assert spending.charge([calls, rows], Charges()) is None
    spending.add_rows([rows], 100)
    assert spending.charge([rows], Charges()) is not None
    spent = spending.charge([calls], Charges())
    assert spent is not None
    assert spent.seconds == 5
    clock.seconds += 5
    assert spending.charge([calls, rows], Charges()) is None


def test_calls_at_once() -> None:
    """A place is taken until the call is over, however it ends; finishing twice gives nothing back twice."""
    spending = Spending(Hand())
    budgets = [budget(BudgetMeasure.CONCURRENT, 1)]
    first, second = Charges(), Charges()
    assert spending.charge(budgets, first) is None
    assert spending.charge(budgets, second) is not None
    spending.finish(second)
    assert spending.charge(budgets, second) is not None
    spending.finish(first)
    spending.finish(first)
    assert spending.charge(budgets, second) is None
    assert spending.charge(budgets, Charges()) is not None


def test_one_call_is_charged_once() -> None:
    """A rule that several verdicts of one call name is charged once."""
    spending = Spending(Hand())
    budgets, charges = [budget(BudgetMeasure.CALLS_PER_MINUTE, 1)], Charges()
    assert spending.charge(budgets, charges) is None
    assert spending.charge(budgets, charges) is None
    assert spending.charge(budgets, Charges()) is not None


def test_parties_and_rules_are_apart() -> None:
    """Each party has its own account under each rule."""
    spending = Spending(Hand())
    assert spending.charge([budget(BudgetMeasure.CALLS_PER_DAY, 1)], Charges()) is None
    assert spending.charge([budget(BudgetMeasure.CALLS_PER_DAY, 1, party="user:u")], Charges()) is None
    assert spending.charge([budget(BudgetMeasure.CALLS_PER_DAY, 1)], Charges()) is not None


def test_what_the_record_tells_counts() -> None:
    """After a restart the day goes on where it was, and only that day."""
    clock = Hand(seconds=86_400.0 * 3 - 5)
    spending = Spending(clock, {"agent:a": (4, 90)})
    assert spending.charge([budget(BudgetMeasure.CALLS_PER_DAY, 5)], Charges()) is None
    assert spending.charge([budget(BudgetMeasure.CALLS_PER_DAY, 5)], Charges()) is not None
    assert spending.charge([budget(BudgetMeasure.ROWS_PER_DAY, 90)], Charges()) is not None
    clock.seconds += 5
    assert spending.charge([budget(BudgetMeasure.CALLS_PER_DAY, 5)], Charges()) is None
    other = Spending(clock, {"agent:a": (4, 90)})
    clock.seconds += 86_400
    assert other.charge([budget(BudgetMeasure.CALLS_PER_DAY, 1)], Charges()) is None
