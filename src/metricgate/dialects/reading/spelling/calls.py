"""Calls that are read and written as they stand, because sqlglot would make others of them; see ``spelling``."""

from __future__ import annotations

from typing import Final

MARK = "\ue000"
"""Before the name of such a call while it is parsed. Of private use: intake refuses it in every text."""

_MYSQL = """
    ascii date_format from_unixtime get_format insert interval median str_to_date time_format timestampadd timestampdiff
    to_days utc_date utc_time utc_timestamp
"""
_POSTGRES = "date_part regexp_like to_hex"
_DUCKDB = "row time_bucket"

KEPT_BY_DUCKDB: Final = frozenset(_DUCKDB.split())
KEPT_BY_MYSQL: Final = frozenset(_MYSQL.split())
KEPT_BY_POSTGRES: Final = frozenset(_POSTGRES.split())
"""Their names, in lower case."""

WORD_FIRST = frozenset({"get_format", "timestampadd", "timestampdiff"})
"""Those whose first argument is a word of the grammar and no column."""

_PERIODS = "microsecond second minute hour day week month quarter year".split()  # noqa: SIM905 - as in a sentence
UNITS = frozenset({*_PERIODS, *(f"sql_tsi_{each}" for each in _PERIODS), "frac_second", "date", "datetime", "time"})
"""What these words may be."""
