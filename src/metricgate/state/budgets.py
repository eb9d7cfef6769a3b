"""Budgets: how many calls, at once, a minute and a day, and how many rows a day a party has under a rule of policy.

Minutes slide; days are days of UTC. Each rule counts for each party apart. A call is charged once for each rule,
however many of its verdicts name the rule.

What a day was charged survives a restart of the gateway. The calls of the last minute and those that run need not: they
are over, or forgotten within the minute.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from metricgate.vocabulary.obligation import Budget, BudgetMeasure


@dataclass(frozen=True, slots=True, kw_only=True)
class SpentBudget:
    """A budget that has nothing left, and in how many seconds it has again (at the earliest)."""

    budget: Budget
    seconds: float


@dataclass(slots=True)
class Charges:
    """What one call has been charged for so far. Filled by ``Budgets.charge``; given back by ``Budgets.finish``.

    Attributes:
        budgets: (rule, party) -> the measures that the call was charged for.
        running: (rule, party) of which the call takes up one of the calls at once.
    """

    budgets: dict[tuple[str, str], set[BudgetMeasure]] = field(default_factory=dict)
    running: set[tuple[str, str]] = field(default_factory=set)


class Budgets(Protocol):
    """The accounts of all parties, which every gateway on one state shares. Nothing blocks an event loop, or raises."""

    async def charge(self, budgets: Iterable[Budget], charges: Charges) -> SpentBudget | None:
        """Charge a call for each budget it was not charged for yet; return the first that is spent, if one is.

        None lets the call go on. Budgets before the spent one stay charged until ``finish``.

        Args:
            budgets: that bind the call, by its verdicts.
            charges: the call's; what it is charged for now is added.
        """
        ...

    async def add_rows(self, budgets: Iterable[Budget], rows: int) -> None:
        """Count rows that were answered, once for each rule and party of budgets that limit rows a day."""
        ...

    async def finish(self, charges: Charges) -> None:
        """Say that the call is over, however it ended: it runs no more. A second time does nothing."""
        ...
