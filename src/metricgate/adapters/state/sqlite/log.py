"""Log lines about the state's files. What writes them is imported with the first: most commands have nothing to say."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import structlog


def log_of(subject: str) -> structlog.stdlib.BoundLogger:
    """Return the log ``metricgate.<subject>``."""
    import structlog  # noqa: PLC0415 - a quarter of the start of `keys list`

    log: structlog.stdlib.BoundLogger = structlog.get_logger(f"metricgate.{subject}")
    return log
