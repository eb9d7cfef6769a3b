"""Budgets in the memory of one gateway: no write for a call. A restart begins with what the record says of the day."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from metricgate.state.budgets import Charges, SpentBudget
from metricgate.vocabulary.clock import Clock
from metricgate.vocabulary.obligation import Budget, BudgetMeasure

_MINUTE = 60.0
_DAY_SECONDS = 86_400
_NANO = 1_000_000_000


@dataclass(slots=True)
class _Account:
    """What one party has used under one rule."""

    minute: deque[float] = field(default_factory=deque)
    day: int = 0
    calls: int = 0
    rows: int = 0
    running: int = 0

    def lately(self, now: float) -> bool:
        """Whether a call of the last minute counts."""
        return bool(self.minute) and now - self.minute[-1] < _MINUTE


class MemoryBudgets:
    """Implements ``state.budgets.Budgets`` for one gateway, in one event loop."""

    def __init__(self, clock: Clock, used_today: Mapping[str, tuple[int, int]] | None = None) -> None:
        """Begin.

        Args:
            clock: the gateway's.
            used_today: ``agent:<id>`` or ``user:<id>`` -> (calls, rows) of the running day.
        """
        self._clock = clock
        self._accounts: dict[tuple[str, str], _Account] = {}
        self._used_today = dict(used_today or {})
        self._first_day = self._latest_day = self._day()

    async def charge(self, budgets: Iterable[Budget], charges: Charges) -> SpentBudget | None:
        """Charge a call for each budget it was not charged for yet; return the first that is spent, if one is."""
        for budget in budgets:
            about = (budget.rule, budget.party)
            charged = charges.budgets.setdefault(about, set())
            if budget.measure in charged:
                continue
            spent = self._charged(budget, charges)
            if spent is not None:
                return spent
            charged.add(budget.measure)
        return None

    async def add_rows(self, budgets: Iterable[Budget], rows: int) -> None:
        """Count rows that were answered."""
        for about in {(each.rule, each.party) for each in budgets}:
            self._account(*about).rows += rows

    async def finish(self, charges: Charges) -> None:
        """Say that the call is over."""
        for about in charges.running:
            self._account(*about).running -= 1
        charges.running.clear()

    def _charged(self, budget: Budget, charges: Charges) -> SpentBudget | None:
        account = self._account(budget.rule, budget.party)
        now = self._clock.monotonic()
        match budget.measure:
            case BudgetMeasure.CONCURRENT:
                if account.running >= budget.value:
                    return SpentBudget(budget=budget, seconds=1.0)
                account.running += 1
                charges.running.add((budget.rule, budget.party))
            case BudgetMeasure.CALLS_PER_MINUTE:
                while account.minute and now - account.minute[0] >= _MINUTE:
                    account.minute.popleft()
                if len(account.minute) >= budget.value:
                    return SpentBudget(budget=budget, seconds=_MINUTE - (now - account.minute[0]))
                account.minute.append(now)
            case BudgetMeasure.CALLS_PER_DAY:
                if account.calls >= budget.value:
                    return SpentBudget(budget=budget, seconds=self._left_of_day())
                account.calls += 1
            case BudgetMeasure.ROWS_PER_DAY:
                if account.rows >= budget.value:
                    return SpentBudget(budget=budget, seconds=self._left_of_day())
        return None

    def _account(self, rule: str, party: str) -> _Account:
        today = self._day()
        if today != self._latest_day:
            self._close_old(today)
        account = self._accounts.get((rule, party))
        if account is None:
            calls, rows = self._used_today.get(party, (0, 0)) if today == self._first_day else (0, 0)
            account = self._accounts[rule, party] = _Account(day=today, calls=calls, rows=rows)
        if account.day != today:
            account.day, account.calls, account.rows = today, 0, 0
        return account

    def _close_old(self, today: int) -> None:
        """Forget who called on earlier days only: what a day was charged is given back, and so is a minute."""
        now = self._clock.monotonic()
        self._latest_day = today
        self._accounts = {about: each for about, each in self._accounts.items() if each.running or each.lately(now)}

    def _day(self) -> int:
        return self._clock.unix_nano() // (_DAY_SECONDS * _NANO)

    def _left_of_day(self) -> float:
        return _DAY_SECONDS - (self._clock.unix_nano() // _NANO) % _DAY_SECONDS
