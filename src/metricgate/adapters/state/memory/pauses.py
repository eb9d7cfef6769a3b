"""Pauses in the memory of one gateway. A restart begins with those that the record tells of."""

from __future__ import annotations

from collections.abc import Iterable

from metricgate.state.pauses import Pause
from metricgate.vocabulary.clock import Clock

_NANO = 1_000_000_000
_MOST = 10_000
"""So many are held before those that are over are looked for."""


class MemoryPauses:
    """Implements ``state.pauses.Pauses`` for one gateway, in one event loop."""

    def __init__(self, clock: Clock, begun: Iterable[Pause] = ()) -> None:
        """Begin with the pauses that began before the gateway did."""
        self._clock = clock
        self._pauses = {each.agent: each for each in begun}

    async def begin(self, pause: Pause) -> None:
        """Have an agent wait."""
        self._pauses[pause.agent] = pause
        if len(self._pauses) > _MOST:
            self._pauses = {each.agent: each for each in await self.all()}

    async def current(self, agent: str) -> Pause | None:
        """Return the agent's pause, None where it has none or it is over."""
        pause = self._pauses.get(agent)
        if pause is None or self._now() < pause.until:
            return pause
        del self._pauses[agent]
        return None

    async def all(self) -> list[Pause]:
        """Return every pause that is not over."""
        now = self._now()
        return [each for each in self._pauses.values() if now < each.until]

    def _now(self) -> float:
        return self._clock.unix_nano() / _NANO
