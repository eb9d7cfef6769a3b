"""What each warehouse is known to have, by its manual: whatever else is written in its dialect is told."""

from __future__ import annotations

import re

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

WRITERS = {
    "snowflake": "snowflake",
    "bigquery": "bigquery",
    "databricks": "databricks",
    "clickhouse": "clickhouse",
    "trino": "trino",
    "redshift": "redshift",
    "mysql8": "mysql",
}
_SYNTAX = "and as by case distinct else filter from group in join not on or over select then using when where with"
_WORDS = frozenset(_SYNTAX.split())
_EVERYWHERE = "avg cast coalesce count max min nullif row_number sum abs round lower upper least greatest floor ceil"
_OWN = {
    "snowflake": "convert_timezone date_part date_trunc dateadd datediff dayofweekiso dayofyear extract "
    "percentile_cont percentile_disc weekiso varchar decimal number timestampntz",
    "bigquery": "date_diff date_trunc datetime datetime_trunc extract mod percentile_cont percentile_disc timestamp "
    "to_json_string",
    "databricks": "convert_timezone date_trunc datediff dayofyear extract percentile_cont percentile_disc weekday "
    "weekofyear decimal",
    "clickhouse": "date_diff datetime64 decimal nullable todate todatetime64 todayofmonth todayofweek todayofyear "
    "toisoweek tomonday tomonth toquarter tostartofday tostartofhour tostartofmillisecond tostartofminute "
    "tostartofmonth tostartofquarter tostartofsecond tostartofyear tostring totimezone toyear trunc",
    "trino": "at_timezone date_add date_diff date_trunc day_of_week day_of_year decimal extract timestamp week_of_year "
    "with_timezone",
    "redshift": "convert_timezone date_trunc datediff decimal extract mod percentile_cont percentile_disc varchar",
    "mysql8": "convert_tz char char_length date_format datediff datetime dayofyear decimal extract makedate quarter "
    "exp regexp_instr rtrim subdate timestampadd timestampdiff week weekday year",
}
_FUNCTIONS = {name: frozenset(f"{_EVERYWHERE} {words}".split()) for name, words in _OWN.items()}
_NO_FILTER = frozenset(WRITERS) - {"databricks"}
_WRONG: tuple[tuple[frozenset[str], re.Pattern[str], str], ...] = (
    (_NO_FILTER, re.compile(r"\bFILTER\s*\("), "an aggregate under FILTER"),
    (frozenset({"mysql8"}), re.compile(r"\bFULL\b.*\bJOIN\b"), "FULL JOIN"),
    (
        frozenset({"redshift", "databricks", "snowflake"}),
        re.compile(r"WITHIN GROUP \(ORDER BY [^()]*\bNULLS\b"),
        "a place for NULLs in WITHIN GROUP",
    ),
    (frozenset({"mysql8"}), re.compile(r"\bNULLS (FIRST|LAST)\b"), "NULLS FIRST or LAST"),
    (frozenset({"bigquery", "clickhouse"}), re.compile(r"\bINTERVAL\s+'"), "an interval of text"),
    (frozenset({"bigquery", "clickhouse"}), re.compile(r"\bESCAPE\b"), "ESCAPE"),
    (frozenset({"trino"}), re.compile(r"\bLIMIT\b.*\bOFFSET\b", re.DOTALL), "OFFSET behind LIMIT"),
    (frozenset({"bigquery", "redshift"}), re.compile(r"\bIS (NOT )?DISTINCT FROM\b"), "IS DISTINCT FROM"),
    (
        frozenset({"databricks"}),
        re.compile(r"\b(PERCENTILE_APPROX|APPROX_PERCENTILE)\b"),
        "an exact percentile made approximate",
    ),
    (frozenset({"mysql8", "bigquery"}), re.compile(r"\bOFFSET \S+\s+LIMIT\b"), "OFFSET before LIMIT"),
    (frozenset(WRITERS), re.compile(r"::|\bILIKE\b|\bQUALIFY\b"), "a word of few engines"),
)
_QUOTED = re.compile(r"'(?:[^'\\]|''|\\.)*'|`[^`]*`|\"[^\"]*\"", re.DOTALL)
_CALL = re.compile(r"([A-Za-z_]\w*)\s*\(")


def faults(name: str, sql: str) -> list[str]:
    """Return what is wrong with a text for one warehouse, in words; empty where nothing is known to be."""
    return [*_unread(WRITERS[name], sql), *_unknown(name, _QUOTED.sub("''", sql))]


def _unread(writer: str, sql: str) -> list[str]:
    try:
        trees = sqlglot.parse(sql, read=writer)
    except SqlglotError as error:
        return [f"does not parse: {str(error).splitlines()[0]}"]
    if len(trees) != 1 or not isinstance(trees[0], exp.Query):
        return ["is not one query"]
    return ["holds a command"] if trees[0].find(exp.Command) is not None else []


def _unknown(name: str, bare: str) -> list[str]:
    words = {each.lower() for each in _CALL.findall(bare)} - _WORDS - _FUNCTIONS[name]
    return [
        *(f"has no function {word}" for word in sorted(words)),
        *(what for names, pattern, what in _WRONG if name in names and pattern.search(bare)),
    ]
