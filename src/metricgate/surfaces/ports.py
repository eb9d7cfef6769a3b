"""What a network door needs from the inside: somebody to serve calls, and somebody to say who is calling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from metricgate.gateway.outcome import Outcome
from metricgate.gateway.tool import ToolCall, ToolDefinition
from metricgate.vocabulary.principal import Principal
from metricgate.vocabulary.problem import Problems

RawHeaders = Sequence[tuple[bytes, bytes]]
"""Header names (lower case) and values as they came, in order, repetitions kept."""


class Gate(Protocol):
    """The gateway as a door sees it."""

    def tools(self, principal: Principal | None = None) -> tuple[ToolDefinition, ...]:
        """Return the tools in a fixed order; with a principal, only those that it may call."""
        ...

    async def call(self, call: ToolCall) -> Outcome:
        """Serve one call. Cancelling the awaiting task stops what runs; the record still gets its outcome."""
        ...


class Doorkeeper(Protocol):
    """Knows callers by the credentials in their headers."""

    async def admit(self, raw: RawHeaders) -> Principal | Problems:
        """Return who calls, or why not (codes of ``docs/errors/identity.md``)."""
        ...
