"""Log lines on standard error: one per call, as JSON for machines or coloured text for people.

A line holds who called which tool, how it ended, how long it took and where the record is. It never holds arguments,
SQL, rows or messages (they may repeat arguments).
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from typing import Literal, Protocol, TextIO

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from metricgate.gateway import span_names
from metricgate.gateway.ports import SpanValue
from metricgate.ledger.events import names

LogForm = Literal["json", "console"]

_FIELDS = {
    names.AGENT_ID: "agent",
    names.TOOL: "tool",
    names.DOOR: "door",
    names.OUTCOME: "outcome",
    names.ERROR_TYPE: "code",
    span_names.RECORD_INDEX: "record",
}


class LineSink(Protocol):
    """Where lines go: a text stream, usually standard error."""

    def write(self, text: str, /) -> int:
        """Write one line."""
        ...

    def flush(self) -> None:
        """Push it out."""
        ...


class CallLog:
    """Writes one line per call. A stream that is gone costs a lost line, never a call."""

    def __init__(self, form: LogForm, stream: TextIO | None = None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._logger = structlog.wrap_logger(
            structlog.PrintLogger(self._stream), processors=processors(form), context_class=dict
        )
        self.lost = 0

    def call(self, *, trace_id: str, milliseconds: float, attributes: Mapping[str, SpanValue]) -> None:
        """Write the line of a finished call, from its root span's attributes."""
        fields = {field: attributes[name] for name, field in _FIELDS.items() if name in attributes}
        try:
            self._logger.info("call", trace_id=trace_id, ms=round(milliseconds, 3), **fields)
        except (OSError, ValueError):
            # Standard error is closed or its reader is gone. The record is elsewhere; the call must go on.
            self.lost += 1


def processors(form: LogForm) -> list[Processor]:
    """Return structlog's processors for a form of log lines."""
    shared: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    match form:
        case "json":
            return [*shared, structlog.processors.format_exc_info, _as_json]
        case "console":
            return [*shared, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]


def quiet_libraries() -> None:
    """Keep libraries from writing log lines that repeat what a caller wrote: sqlglot's warnings quote the text."""
    logging.getLogger("sqlglot").disabled = True


def configure_logs(form: LogForm) -> None:
    """Make every structlog logger of the process write in this form on standard error. For programs, not libraries."""
    structlog.configure(
        processors=processors(form),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def _as_json(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    try:
        return orjson.dumps(event, default=str).decode()
    except TypeError:
        # A lone surrogate in a caller's text: write what can be written.
        return orjson.dumps({name: _encodable_text(value) for name, value in event.items()}).decode()


def _encodable_text(value: object) -> str:
    return str(value).encode("utf-8", "replace").decode("utf-8")
