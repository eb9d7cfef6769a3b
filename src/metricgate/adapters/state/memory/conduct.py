"""Budgets and pauses in memory, together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from metricgate.adapters.state.memory.budgets import MemoryBudgets
from metricgate.adapters.state.memory.pauses import MemoryPauses
from metricgate.state.pauses import Pause
from metricgate.vocabulary.clock import Clock


class MemoryConduct:
    """Implements ``state.state.ConductStores`` for the one gateway that a state has at a time."""

    def __init__(
        self, clock: Clock, *, used_today: Mapping[str, tuple[int, int]] | None = None, begun: Iterable[Pause] = ()
    ) -> None:
        """Begin with what parties used of the running day, and with the pauses that last."""
        self.budgets = MemoryBudgets(clock, used_today)
        self.pauses = MemoryPauses(clock, begun)
