"""The table of docs/expressions.md: what each word means, and where it was seen to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from conformance.expressions.asking import asked
from conformance.expressions.cases import CASES

PAGE = "docs/expressions.md"
TESTED = {"duckdb": "DuckDB", "postgres": "PostgreSQL", "mysql": "MariaDB"}
FROM_PACKAGES = {"clickhouse": "ClickHouse", "databricks": "Databricks", "datafusion": "DataFusion"}
NOT_RUN = {
    "mysql8": "MySQL 8",
    "snowflake": "Snowflake",
    "bigquery": "BigQuery",
    "trino": "Trino",
    "redshift": "Redshift",
}
YES, PART, NO, UNSEEN = "yes", "in part", "refused", "not run"

MEANINGS: Mapping[str, str] = {
    "+": "sum; of a date and an interval see below",
    "-": "difference; of dates see below",
    "*": "product",
    "/": "quotient as `DOUBLE`, of whole numbers too; NULL for a divisor of 0",
    "DIV": "quotient without what follows the point, as `BIGINT`; NULL for a divisor of 0",
    "%": "remainder, with the sign of what is divided; NULL for a divisor of 0",
    "- (sign)": "the number with the other sign",
    "ABS": "size",
    "SIGN": "-1, 0 or 1",
    "CEIL": "least whole number that is not less",
    "FLOOR": "greatest whole number that is not greater",
    "ROUND": "to a number of digits, before the point where negative; halves away from zero, as a `DOUBLE` has them",
    "TRUNC": "without the digits after that one, towards zero",
    "SQRT": "as `DOUBLE`; NULL for less than 0",
    "EXP": "as `DOUBLE`; NULL beyond the range, 0 below it",
    "LN": "as `DOUBLE`; NULL for 0 and less",
    "POWER": "as `DOUBLE`; NULL for 0 to less than 0, for a root of less than 0, and beyond the range",
    "GREATEST": "greatest of those that are not NULL; NULL only where all are",
    "LEAST": "least of those that are not NULL; NULL only where all are",
    "=": "equal; texts in every character, trailing spaces too",
    "<>": "not equal, also `!=`",
    "<": "less; texts by the order of the engine",
    "<=": "not greater",
    ">": "greater",
    ">=": "not less",
    "IS NOT DISTINCT FROM": "equal, NULL to NULL; never NULL",
    "IS DISTINCT FROM": "the contrary",
    "IS NULL": "also `IS NOT NULL`",
    "IS TRUE": "true, and not NULL",
    "AND": "false where one side is false, though the other be NULL",
    "OR": "true where one side is true, though the other be NULL",
    "NOT": "the contrary",
    "BETWEEN": "not less than the first, not greater than the second",
    "IN": "equal to one of the values; NULL where it is equal to none and one is NULL",
    "CASE": "value of the first branch that is true; without `ELSE`, NULL",
    "IF": "`IF(condition, a, b)`: b where it is false or NULL",
    "COALESCE": "first that is not NULL",
    "NULLIF": "NULL where both are equal, else the first",
    "||": "one text after the other; numbers and dates as `CAST AS TEXT` has them",
    "CONCAT": "as `||`: NULL where one is NULL",
    "CONCAT_WS": "with the first between the others; NULL where one is NULL",
    "LIKE": "`%` any characters, `_` one; a backslash is one; `ESCAPE` names what comes before a plain wildcard",
    "ILIKE": "`LIKE` whatever the letters' case",
    "LOWER": "small letters",
    "UPPER": "capital letters",
    "TRIM": "without spaces (U+0020 only) at both ends, or without the characters named, `LEADING` or `TRAILING`",
    "LTRIM": "without spaces at the beginning",
    "RTRIM": "without spaces at the end",
    "LENGTH": "number of characters",
    "SUBSTRING": "`(s, start, length)`; a start below 0 counts from the end; places before the first hold nothing",
    "LEFT": "first n characters; less than 0: all but the last n",
    "RIGHT": "last n characters; less than 0: all but the first n",
    "REPLACE": "every occurrence; of the empty text none",
    "STRPOS": "`(s, x)`: first place of x in s, from 1; 0 where there is none; 1 for the empty text",
    "STARTS_WITH": "whether s begins with exactly these characters",
    "SPLIT_PART": "`(s, by, n)`: nth part, from the end where n is less than 0; the empty text where there is none",
    "REVERSE": "characters from the last to the first",
    "MD5": "of the text in UTF-8, 32 small hexadecimal digits",
    "REGEXP_LIKE": "whether the pattern occurs: `. [] () |`, `* + ? {m,n}`, `^ $`, `\\d \\w \\s`, `(?i)` in front",
    "YEAR": "also `EXTRACT(year FROM x)`",
    "QUARTER": "1 to 4",
    "MONTH": "1 to 12",
    "WEEK": "ISO 8601's, 1 to 53",
    "DAY": "day of the month",
    "DAYOFYEAR": "1 to 366",
    "HOUR": "0 to 23",
    "MINUTE": "0 to 59",
    "SECOND": "0 to 59, without a fraction",
    "EXTRACT millisecond": "of the minute: seconds times 1,000 and what follows, whole",
    "EXTRACT microsecond": "of the minute, whole",
    "EXTRACT dow": "0 (Sunday) to 6; also `dayofweek`",
    "EXTRACT isodow": "1 (Monday) to 7",
    "EXTRACT doy": "also `dayofyear`",
    "EXTRACT isoyear": "year of the ISO 8601 week",
    "EXTRACT epoch": "seconds since 1970, UTC, with their fraction, as `DOUBLE`",
    "DATE_TRUNC below a day": "`(unit, x)` for hour, minute, second, millisecond, microsecond; a `TIMESTAMP`",
    "DATE_TRUNC day and above": "day, week, month, quarter, year; a `DATE`",
    "TIMESTAMP_TRUNC": "`(x, unit)`: the same",
    "DATEDIFF day": "how often midnight lies between; less than 0 where the end is before the start",
    "DATEDIFF week": "days between, by seven, towards zero",
    "DATEDIFF month, quarter, year": "how often one begins between",
    "DATEDIFF below a day": "how often an hour, minute, second, ... begins between",
    "LAST_DAY": "last day of the month, a `DATE`",
    "DATE": "day of a timestamp",
    "date - date": "days between",
    "date + interval": "`INTERVAL '1' MONTH`; a month's last day where it lacks one; a `DATE` and days stay a `DATE`",
    "date - interval": "the same, back",
    "CAST whole numbers": "decimals and texts: halves away from zero; `DOUBLE`: to the even one; true is 1",
    "CAST DECIMAL": "rounded to its digits; a number that has more before the point fails, or is NULL on MariaDB",
    "CAST DOUBLE": "nearest there is",
    "CAST BOOLEAN": "a number that is not 0; texts true, t, yes, y, 1 and false, f, no, n, 0",
    "CAST TEXT": "dates as 2024-02-29, truth as true and false; how many digits a `DOUBLE` has is the engine's matter",
    "CAST VARCHAR(n)": "the first n characters; `CHAR(n)` too, without padding",
    "CAST DATE": "day of a timestamp; texts as 2024-02-29",
    "CAST TIMESTAMP": "midnight of a date; to the microsecond",
    "TRY_CAST numbers": "NULL for a text that is no number, or one that the type cannot hold",
    "TRY_CAST times": "NULL for a text that is no day of the form 2024-02-29, with a clock 12:34:56 for `TIMESTAMP`",
}

_GROUPS: Mapping[str, str] = {
    **{
        f"EXTRACT {part}": part.upper()
        for part in ("year", "quarter", "month", "week", "day", "hour", "minute", "second")
    },
    "EXTRACT dayofweek": "EXTRACT dow",
    "EXTRACT dayofyear": "EXTRACT doy",
    **{
        f"DATE_TRUNC {unit}": "DATE_TRUNC below a day"
        for unit in ("microsecond", "millisecond", "second", "minute", "hour")
    },
    **{f"DATE_TRUNC {unit}": "DATE_TRUNC day and above" for unit in ("day", "week", "month", "quarter", "year")},
    **{f"DATEDIFF {unit}": "DATEDIFF month, quarter, year" for unit in ("month", "quarter", "year")},
    **{
        f"DATEDIFF {unit}": "DATEDIFF below a day"
        for unit in ("hour", "minute", "second", "millisecond", "microsecond")
    },
    **{f"CAST {kind}": "CAST whole numbers" for kind in ("SMALLINT", "INT", "BIGINT")},
    "CAST CHAR": "CAST TEXT",
    "CAST CHAR(n)": "CAST VARCHAR(n)",
    **{f"TRY_CAST {kind}": "TRY_CAST numbers" for kind in ("INT", "BIGINT", "DOUBLE", "DECIMAL")},
    **{f"TRY_CAST {kind}": "TRY_CAST times" for kind in ("DATE", "TIMESTAMP")},
}


def word(name: str) -> str:
    """Return the line of the table that a case belongs to."""
    return _GROUPS.get(name, name)


def lines() -> Iterator[str]:
    """Yield the table's lines."""
    dialects = {**TESTED, **FROM_PACKAGES, **NOT_RUN}
    cells = {dialect: _cells(dialect) for dialect in dialects}
    yield "| | meaning | " + " | ".join(dialects.values()) + " |"
    yield "|---" * (2 + len(dialects)) + "|"
    for name, meaning in MEANINGS.items():
        shown = name.replace("|", "\\|")
        told = meaning.replace("|", "\\|")
        yield f"| `{shown}` | {told} | " + " | ".join(cells[each][name] for each in dialects) + " |"


def _cells(dialect: str) -> dict[str, str]:
    found, refused = asked(dialect)
    given = {word(each.case.name) for each in found}
    lacking = {word(each.case.name) for each in refused}
    seen = YES if dialect not in NOT_RUN else UNSEEN
    return {
        name: NO if name in lacking and name not in given else PART if name in lacking else seen for name in MEANINGS
    }


def unknown() -> set[str]:
    """Return the words of cases that have no line, and the lines without a case."""
    return {word(case.name) for case in CASES} ^ set(MEANINGS)


def put_in(text: str, table: Iterator[str]) -> str:
    """Return the page with this table between its marks."""
    before, begin, rest = text.partition(_BEGIN)
    _old, end, after = rest.partition(_END)
    if not begin or not end:
        raise ValueError(f"{PAGE} has no place for the table")
    return f"{before}{begin}\n" + "\n".join(table) + f"\n{end}{after}"


_BEGIN = "<!-- words: generated by python -m conformance.expressions --page -->"
_END = "<!-- end of words -->"
