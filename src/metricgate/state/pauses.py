"""Pauses: agents that were refused too often, and wait. They survive a restart of the gateway."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """An agent that was refused too often.

    Attributes:
        agent: id of the agent.
        refusals: how many different calls of it were refused.
        until: seconds since 1970 at which it is served again.
    """

    agent: str
    refusals: int
    until: float


class Pauses(Protocol):
    """Who is paused, at every gateway on one state. Used in event loops: nothing blocks, and nothing raises."""

    async def begin(self, pause: Pause) -> None:
        """Have an agent wait; a pause that it has already is replaced."""
        ...

    async def current(self, agent: str) -> Pause | None:
        """Return the agent's pause, None where it has none or it is over."""
        ...

    async def all(self) -> Sequence[Pause]:
        """Return every pause that is not over."""
        ...
