"""Schema ``calendar``: one row per day, from the first order to the last flight, for metrics that look back in time."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from metricgate.adapters.warehouses.duckdb.file import Builder

KEYS: Mapping[str, tuple[str, ...]] = MappingProxyType({"days": ("day",)})
"""Its one table with its primary key."""


def load_calendar(builder: Builder) -> None:
    """Make ``calendar.days``: 1992-01-01 to 2013-12-31, without gaps."""
    builder.execute("CREATE SCHEMA calendar")
    builder.execute(
        "CREATE TABLE calendar.days AS SELECT day::DATE AS day "
        "FROM generate_series(DATE '1992-01-01', DATE '2013-12-31', INTERVAL 1 DAY) AS t(day)"
    )
