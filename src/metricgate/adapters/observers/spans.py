"""Spans while they run: a few fields each, so that a call pays microseconds; OpenTelemetry's form is made on export."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar, Token
from time import perf_counter_ns
from types import TracebackType
from typing import Self

from metricgate.gateway.ports import SpanValue

MOST_SPANS = 1_000
"""A call that makes more spans than this keeps the first ones; the root always stays."""


class Trace:
    """The spans of one call.

    Attributes:
        trace_id: 128 bits, the caller's own where it sent a valid ``traceparent``.
        wall_nano, begin_nano: when the root began, in Unix time and on the monotonic clock.
        finished: ended spans, in the order in which they ended; the root is last.
    """

    __slots__ = ("begin_nano", "finished", "trace_id", "wall_nano")

    def __init__(self, trace_id: int, wall_nano: int) -> None:
        self.trace_id = trace_id
        self.wall_nano = wall_nano
        self.begin_nano = perf_counter_ns()
        self.finished: list[LiveSpan] = []

    def unix_nano(self, monotonic_nano: int) -> int:
        """Return the Unix time, in nanoseconds, of a moment on the monotonic clock."""
        return self.wall_nano + monotonic_nano - self.begin_nano


class LiveSpan:
    """A running span and the block that it spans. Implements ``gateway.ports.Span``.

    ``ended`` is told once, when the block is left.
    """

    __slots__ = (
        "_ended",
        "_token",
        "attributes",
        "begin_nano",
        "end_nano",
        "is_root",
        "name",
        "number",
        "parent",
        "trace",
    )

    def __init__(
        self,
        *,
        name: str,
        trace: Trace,
        number: int,
        parent: int | None,
        is_root: bool,
        attributes: dict[str, SpanValue],
        ended: Callable[[LiveSpan], None],
    ) -> None:
        self.name = name
        self.trace = trace
        self.number = number
        self.parent = parent
        self.is_root = is_root
        self.attributes = attributes
        self.begin_nano = 0
        self.end_nano = 0
        self._ended = ended
        self._token: Token[LiveSpan | None] | None = None

    @property
    def trace_id(self) -> str:
        """32 hex digits."""
        return f"{self.trace.trace_id:032x}"

    @property
    def span_id(self) -> str:
        """16 hex digits."""
        return f"{self.number:016x}"

    @property
    def seconds(self) -> float:
        """How long the block took; meaningful once it ended."""
        return (self.end_nano - self.begin_nano) / 1e9

    def set(self, name: str, value: SpanValue, /) -> None:
        """Set an attribute."""
        self.attributes[name] = value

    def __enter__(self) -> Self:
        self._token = CURRENT.set(self)
        self.begin_nano = perf_counter_ns()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end_nano = perf_counter_ns()
        if self._token is not None:
            CURRENT.reset(self._token)
            self._token = None
        if kind is not None:
            self.attributes.setdefault("error.type", kind.__qualname__)
        self._ended(self)


CURRENT: ContextVar[LiveSpan | None] = ContextVar("metricgate_current_span", default=None)
"""The innermost running span of this task."""
