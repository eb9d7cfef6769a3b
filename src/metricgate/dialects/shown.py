"""Dialects by the words in which people ask for SQL in them."""

from __future__ import annotations

from typing import Final, Literal

Shown = Literal[
    "duckdb", "postgres", "mariadb", "mysql8", "snowflake", "bigquery", "databricks", "clickhouse", "trino", "redshift"
]
"""Kinds of warehouses in whose words SQL can be shown."""

DEFAULT: Final = "duckdb"
"""In which SQL is shown where no warehouse is asked."""

_NAMES = {"mariadb": "mysql"}


def dialect_of(shown: Shown) -> str:
    """Return the name of the dialect."""
    return _NAMES.get(shown, shown)
