"""Notices: what people are told of events at the gate. Their words may come from agents and are untrusted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from metricgate.vocabulary.notice import Notice


class SinkUnusable(Exception):
    """A sink cannot be made as the settings say; the message names what is missing and no secret."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """How an attempt ended; ``failure`` is empty where it was taken. ``final``: trying again is asked not to."""

    failure: str = ""
    final: bool = False


class Sink(Protocol):
    """Where notices go."""

    async def deliver(self, notice: Notice, *, seconds: int) -> Delivery:
        """Try once, within a time limit; ``seconds`` since 1970 is now. Never raises for what the other side does."""
        ...
