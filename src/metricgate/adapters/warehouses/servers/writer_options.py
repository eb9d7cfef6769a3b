"""Who a server's changes are made as."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class WriterOptions:
    """The account that changes rows, apart from the one that reads.

    Attributes:
        marker_schema: where the table ``metricgate_applied`` is: a schema of PostgreSQL, a database of MariaDB.
    """

    user: str
    password: str | None = field(default=None, repr=False)
    marker_schema: str
