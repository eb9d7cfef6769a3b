"""What expressions give: worked out by hand from what docs/expressions.md says of them, not asked from an engine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum


class Type(Enum):
    """The types of columns that cases read."""

    INTEGER = "INTEGER"
    DECIMAL = "DECIMAL"
    DOUBLE = "DOUBLE"
    TEXT = "TEXT"
    BOOLEAN = "BOOLEAN"
    DATE = "DATE"
    TIMESTAMP = "TIMESTAMP"


Value = int | Decimal | float | str | bool | date | datetime | None
Input = Value | Type
"""A value of a column, or the type of a column that holds NULL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One expression over columns ``{0}``, ``{1}``, ..., with inputs and the value that it gives for each.

    Attributes:
        name: of the function, operator or type, as docs/expressions.md lists it.
        typed: an engine gives this only where the types of its columns are known.
    """

    name: str
    text: str
    rows: tuple[tuple[tuple[Input, ...], Value], ...]
    typed: bool = False


def type_of(value: Input) -> Type:
    """Return the type of the column that holds the value."""
    if isinstance(value, Type):
        return value
    for kind, found in _TYPES:
        if isinstance(value, kind):
            return found
    raise TypeError(f"{value!r} says no type")


_TYPES: tuple[tuple[type, Type], ...] = (
    (bool, Type.BOOLEAN),
    (int, Type.INTEGER),
    (Decimal, Type.DECIMAL),
    (float, Type.DOUBLE),
    (str, Type.TEXT),
    (datetime, Type.TIMESTAMP),
    (date, Type.DATE),
)


def _case(name: str, text: str, *rows: tuple[Input, ...], typed: bool = False) -> Case:
    """Rows are inputs and, last, the value."""
    made = []
    for row in rows:
        *inputs, value = row
        if isinstance(value, Type):
            raise TypeError(f"{name}: a value is no type")
        made.append((tuple(inputs), value))
    return Case(name=name, text=text, rows=tuple(made), typed=typed)


def _d(text: str) -> Decimal:
    return Decimal(text)


def _day(text: str) -> date:
    return date.fromisoformat(text)


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


INT, DEC, DBL, TXT, BOO, DAY, TIM = (
    Type.INTEGER,
    Type.DECIMAL,
    Type.DOUBLE,
    Type.TEXT,
    Type.BOOLEAN,
    Type.DATE,
    Type.TIMESTAMP,
)
_LEAP = _day("2024-02-29")
_NEW_YEAR = _at("2024-01-01 00:00:00")
_LATE = _at("2023-12-31 23:50:00.250")
_NOON = _at("2024-12-30 12:34:56.789123")

_NUMBERS = (
    _case("+", "{0} + {1}", (1, 2, 3), (_d("1.5"), 2, _d("3.5")), (1.5, _d("0.25"), 1.75), (INT, 2, None)),
    _case("-", "{0} - {1}", (1, 2, -1), (_d("0.3"), _d("0.1"), _d("0.2")), (0.5, 1, -0.5), (1, INT, None)),
    _case("*", "{0} * {1}", (3, 4, 12), (_d("1.25"), _d("0.4"), _d("0.5")), (0.5, 3, 1.5), (DEC, 2, None)),
    _case("/", "{0} / {1}", (7, 2, 3.5), (_d("1"), _d("3"), 1 / 3), (7, 0, None), (1.5, 0.0, None), (INT, 2, None)),
    _case("DIV", "{0} DIV {1}", (7, 2, 3), (-7, 2, -3), (7, -2, -3), (_d("7.5"), 2, 3), (7, 0, None), (INT, 2, None)),
    _case("%", "{0} % {1}", (7, 3, 1), (-7, 3, -1), (7, -3, 1), (_d("7.5"), 2, _d("1.5")), (7, 0, None),
          (7, INT, None)),
    _case("%", "CAST({0} AS DOUBLE) % 2", (7.5, 1.5), (-7.5, -1.5)),
    _case("- (sign)", "-{0}", (3, -3), (_d("-0.5"), _d("0.5")), (0.5, -0.5), (INT, None)),
    _case("ABS", "ABS({0})", (-3, 3), (_d("-0.5"), _d("0.5")), (-0.5, 0.5), (INT, None)),
    _case("SIGN", "SIGN({0})", (-3, -1), (0, 0), (_d("0.5"), 1), (-0.5, -1), (INT, None)),
    _case("CEIL", "CEIL({0})", (_d("1.2"), 2), (_d("-1.2"), -1), (1.2, 2), (-0.5, 0), (5, 5), (DBL, None)),
    _case("FLOOR", "FLOOR({0})", (_d("1.8"), 1), (_d("-1.2"), -2), (-1.2, -2), (5, 5), (DEC, None)),
    _case("ROUND", "ROUND({0})", (_d("2.5"), 3), (_d("-2.5"), -3), (_d("2.4"), 2), (7, 7), (DEC, None)),
    _case("ROUND", "ROUND({0}, 2)", (_d("1.005"), _d("1.01")), (_d("-1.005"), _d("-1.01")), (_d("1.0049"), _d("1")),
          (DEC, None)),
    _case("ROUND", "ROUND({0}, -2)", (1234, 1200), (1250, 1300), (_d("-1250"), -1300)),
    _case("ROUND", "ROUND({0}, 1)", (1.25, 1.3), (-1.25, -1.3), (0.04, 0), (123.456, 123.5), (DBL, None)),
    _case("ROUND", "ROUND({0})", (2.5, 3), (-2.5, -3), (0.5, 1), (1e15, 1e15)),
    _case("ROUND", "ROUND({0}, -1)", (25.0, 30), (_d("-24.9"), -20), (14, 10)),
    _case("ROUND", "ROUND({0})", (0.49999999999999994, 0), typed=True),
    _case("ROUND", "ROUND({0} / {1}, 2)", (1, 3, 0.33), (2, 3, 0.67), (1, 8, 0.13), (-1, 8, -0.13), (1, 0, None)),
    _case("ROUND", "ROUND({0} / 2)", (5, 3), (-5, -3), (4, 2), (3, 2), (INT, None)),
    _case("TRUNC", "TRUNC({0})", (_d("2.7"), 2), (_d("-2.7"), -2), (-2.7, -2), (7, 7), (DBL, None)),
    _case("TRUNC", "TRUNC({0}, 1)", (_d("2.78"), _d("2.7")), (_d("-2.78"), _d("-2.7")), (2.75, 2.7), (DEC, None)),
    _case("TRUNC", "TRUNC({0} / {1}, 1)", (7, 4, 1.7), (-7, 4, -1.7), (1, 0, None)),
    _case("SQRT", "SQRT({0})", (9, 3), (_d("2.25"), 1.5), (0.0, 0), (-1, None), (-1.5, None), (DBL, None)),
    _case("EXP", "EXP({0})", (0, 1), (1.0, 2.718281828459045), (1000, None), (-1000, 0), (DBL, None)),
    _case("LN", "LN({0})", (1, 0), (_d("10"), 2.302585092994046), (0, None), (-1.5, None), (INT, None)),
    _case("POWER", "POWER({0}, {1})", (2, 10, 1024), (_d("2.25"), 0.5, 1.5), (-2, 3, -8), (2, -1, 0.5), (0, 0, 1),
          (0, -1, None), (-8, 0.5, None), (10, 400, None), (10, -400, 0), (INT, 2, None), (2, INT, None)),
    _case("POWER", "POWER({0}, 2)", (3, 9), (-1.5, 2.25), (_d("0.1"), 0.01)),
    _case("GREATEST", "GREATEST({0}, {1})", (1, 2, 2), (1, INT, 1), (INT, 1, 1), (INT, INT, None),
          (_d("1.5"), 1, _d("1.5"))),
    _case("GREATEST", "GREATEST({0}, {1}, {2})", ("a", TXT, "b", "b"), (_LEAP, DAY, _day("2024-01-01"), _LEAP)),
    _case("LEAST", "LEAST({0}, {1})", (1, 2, 1), (1, INT, 1), (INT, INT, None), ("b", "a", "a"), (_LEAP, DAY, _LEAP)),
)  # fmt: skip

_LOGIC = (
    _case("=", "{0} = {1}", (1, 1, True), (1, 2, False), ("a", "a", True), ("a", "a ", False), (INT, 1, None)),
    _case("=", "{0} = 'a'", ("a", True), ("a ", False), ("b", False), (TXT, None)),
    _case("=", "{0} = 'a '", ("a", False), ("a ", True), ("a  ", False)),
    _case("<>", "{0} <> 'a'", ("a", False), ("a ", True), ("b", True), (TXT, None)),
    _case("<>", "{0} <> {1}", (1, 2, True), (_LEAP, _LEAP, False), ("a ", "a", True), (INT, 1, None)),
    _case("<", "{0} < {1}", (1, 2, True), (2, 2, False), (_d("1.5"), 1.75, True), (_LEAP, _day("2024-03-01"), True)),
    _case("<=", "{0} <= {1}", (2, 2, True), (INT, 2, None)),
    _case(">", "{0} > {1}", (2, 1, True), (_NEW_YEAR, _LATE, True), (2, INT, None)),
    _case(">=", "{0} >= {1}", (2, 2, True), (1, 2, False)),
    _case("IS NOT DISTINCT FROM", "{0} IS NOT DISTINCT FROM {1}", (1, 1, True), (1, INT, False), (INT, INT, True),
          ("a", "a ", False), (TXT, TXT, True), ("a", TXT, False)),
    _case("IS DISTINCT FROM", "{0} IS DISTINCT FROM {1}", (1, 1, False), (1, INT, True), (INT, INT, False)),
    _case("IS NULL", "{0} IS NULL", (1, False), (INT, True)),
    _case("IS TRUE", "{0} IS TRUE", (True, True), (False, False), (BOO, False)),
    _case("AND", "{0} AND {1}", (True, BOO, None), (False, BOO, False), (True, True, True)),
    _case("OR", "{0} OR {1}", (True, BOO, True), (False, BOO, None), (False, False, False)),
    _case("NOT", "NOT {0}", (True, False), (BOO, None)),
    _case("BETWEEN", "{0} BETWEEN {1} AND {2}", (2, 1, 3, True), (0, 1, 3, False), (2, INT, 3, None)),
    _case("IN", "{0} IN (1, 2)", (1, True), (3, False), (INT, None)),
    _case("IN", "{0} IN ('a', 'b ')", ("a", True), ("a ", False), ("b", False), ("b ", True), (TXT, None)),
    _case("IN", "{0} NOT IN ('a', 'b')", ("a", False), ("a ", True), (TXT, None)),
    _case("IN", "{0} IN (1, NULL)", (1, True), (2, None)),
    _case("CASE", "CASE WHEN {0} THEN 1 ELSE 2 END", (True, 1), (False, 2), (BOO, 2)),
    _case("CASE", "CASE {0} WHEN 'a' THEN 1 END", ("a", 1), ("a ", None), (TXT, None)),
    _case("IF", "IF({0} > 1, 'x', 'y')", (2, "x"), (INT, "y")),
    _case("COALESCE", "COALESCE({0}, {1})", (INT, 2, 2), (1, 2, 1), (INT, INT, None), (TXT, "a", "a")),
    _case("NULLIF", "NULLIF({0}, {1})", (1, 1, None), (1, 2, 1), (1, INT, 1), ("a", "a ", "a"), (INT, 1, None)),
)  # fmt: skip

_TEXTS = (
    _case("||", "{0} || {1}", ("a", "b", "ab"), ("a", TXT, None), ("a", 1, "a1")),
    _case("||", "({0} > 1) || {1}", (2, "!", "true!"), (1, "!", "false!"), (INT, "!", None)),
    _case("CONCAT", "CONCAT({0}, {1})", ("a", "b", "ab"), ("a", TXT, None), ("a ", "", "a ")),
    _case("CONCAT_WS", "CONCAT_WS('-', {0}, {1})", ("a", "b", "a-b"), ("a", TXT, None), ("", "b", "-b")),
    _case("LIKE", "{0} LIKE 'a%'", ("ab", True), ("ba", False), (TXT, None)),
    _case("LIKE", "{0} LIKE 'a_'", ("ab", True), ("a", False), ("a ", True), ("aé", True)),
    _case("LIKE", "{0} LIKE 'a'", ("a", True), ("a ", False)),
    _case("LIKE", r"{0} LIKE 'a\_b'", (r"a\xb", True), ("a_b", False), (r"a\_b", True), ("axb", False)),
    _case("LIKE", "{0} LIKE {1}", (r"a\b", r"a\_", True), ("a_", r"a\_", False), ("ab", "a%", True), ("a", TXT, None)),
    _case("LIKE", "{0} LIKE 'a!%b' ESCAPE '!'", ("a%b", True), ("axb", False), (TXT, None)),
    _case("LIKE", r"{0} LIKE 'a\%b' ESCAPE '\'", ("a%b", True), ("axb", False)),
    _case("LIKE", "{0} NOT LIKE 'a%'", ("ab", False), ("b", True), (TXT, None)),
    _case("ILIKE", "{0} ILIKE 'A%'", ("ab", True), ("AB", True), ("b", False), (TXT, None)),
    _case("ILIKE", r"{0} ILIKE 'A\_'", (r"a\x", True), ("a_", False)),
    _case("LOWER", "LOWER({0})", ("ÀB1", "àb1"), (TXT, None)),
    _case("UPPER", "UPPER({0})", ("àb1", "ÀB1"), (TXT, None)),
    _case("TRIM", "TRIM({0})", ("  a b ", "a b"), ("\ta ", "\ta"), (TXT, None), ("\u00a0a", "\u00a0a")),
    _case("TRIM", "TRIM(BOTH 'x' FROM {0})", ("xxaxx", "a"), ("axb", "axb"), ("xxx", "")),
    _case("TRIM", "TRIM(LEADING 'x' FROM {0})", ("xxaxx", "axx")),
    _case("TRIM", "TRIM(TRAILING '0' FROM {0})", ("1.500", "1.5")),
    _case("LTRIM", "LTRIM({0})", ("  a ", "a "), (TXT, None)),
    _case("RTRIM", "RTRIM({0})", ("  a ", "  a"), (TXT, None)),
    _case("LENGTH", "LENGTH({0})", ("éa", 2), ("a ", 2), ("", 0), (TXT, None)),
    _case("SUBSTRING", "SUBSTRING({0}, 2, 3)", ("hello", "ell"), ("h", ""), ("éèà", "èà"), (TXT, None)),
    _case("SUBSTRING", "SUBSTRING({0}, 2)", ("hello", "ello"), ("h", "")),
    _case("SUBSTRING", "SUBSTRING({0}, 0, 2)", ("hello", "h")),
    _case("SUBSTRING", "SUBSTRING({0}, 0)", ("hello", "hello")),
    _case("SUBSTRING", "SUBSTRING({0}, -3, 2)", ("hello", "ll"), ("éèà", "éè"), ("ab", "a")),
    _case("SUBSTRING", "SUBSTRING({0}, -9, 6)", ("hello", "he")),
    _case("SUBSTRING", "SUBSTRING({0}, -2)", ("hello", "lo"), ("a", "a")),
    _case("SUBSTRING", "SUBSTRING({0}, {1}, {2})", ("hello", 2, 2, "el"), ("hello", 0, 2, "h"), ("hello", -2, 1, "l"),
          ("hello", 2, -1, ""), ("hello", INT, 2, None), ("hello", 2, INT, None), ("hello", -9, 6, "he")),
    _case("SUBSTRING", "SUBSTRING({0}, STRPOS({0}, '-') + 1)", ("ab-cd", "cd"), ("ab", "ab")),
    _case("LEFT", "LEFT({0}, 2)", ("éab", "éa"), ("a", "a"), (TXT, None)),
    _case("LEFT", "LEFT({0}, -1)", ("hello", "hell"), ("", "")),
    _case("LEFT", "LEFT({0}, {1})", ("hello", 2, "he"), ("hello", -2, "hel"), ("hello", -9, ""), ("hello", INT, None)),
    _case("RIGHT", "RIGHT({0}, 2)", ("abé", "bé"), ("a", "a"), (TXT, None)),
    _case("RIGHT", "RIGHT({0}, -1)", ("hello", "ello"), ("", "")),
    _case("RIGHT", "RIGHT({0}, {1})", ("hello", 2, "lo"), ("hello", -2, "llo"), ("hello", INT, None)),
    _case("REPLACE", "REPLACE({0}, 'a', 'xy')", ("banana", "bxynxynxy"), ("A", "A"), (TXT, None)),
    _case("REPLACE", "REPLACE({0}, {1}, 'x')", ("abc", "", "abc"), ("abc", TXT, None)),
    _case("STRPOS", "STRPOS({0}, {1})", ("hello", "l", 3), ("hello", "L", 0), ("éa", "a", 2), ("a", "", 1),
          ("a", TXT, None)),
    _case("STARTS_WITH", "STARTS_WITH({0}, {1})", ("hello", "he", True), ("hello", "He", False), ("a", "a ", False),
          ("a ", "a", True), ("a%", "a_", False), ("a", "", True), (TXT, "a", None)),
    _case("SPLIT_PART", "SPLIT_PART({0}, '-', 2)", ("a-b-c", "b"), ("a", ""), ("a-", ""), (TXT, None)),
    _case("SPLIT_PART", "SPLIT_PART({0}, '-', 1)", ("a-b-c", "a"), ("a", "a"), ("", "")),
    _case("SPLIT_PART", "SPLIT_PART({0}, '::', 3)", ("a::b::c", "c"), ("a::b", "")),
    _case("SPLIT_PART", "SPLIT_PART({0}, '-', -1)", ("a-b-c", "c"), ("a", "a")),
    _case("SPLIT_PART", "SPLIT_PART({0}, '-', -3)", ("a-b-c", "a"), ("a-b", "")),
    _case("SPLIT_PART", "SPLIT_PART({0}, '-', 0)", ("a-b", ""), (TXT, None)),
    _case("REVERSE", "REVERSE({0})", ("abé", "éba"), (TXT, None)),
    _case("MD5", "MD5({0})", ("é", "66ddcd97cfdeabb2f6fb8a999b4bc76f"), (TXT, None)),
    _case("REGEXP_LIKE", "REGEXP_LIKE({0}, '^a[0-9]+$')", ("a12", True), ("A12", False), ("xa1", False), (TXT, None)),
    _case("REGEXP_LIKE", r"REGEXP_LIKE({0}, 'b\d')", ("ab1c", True), ("abc", False)),
    _case("REGEXP_LIKE", "REGEXP_LIKE({0}, '(?i)^A')", ("abc", True), ("b", False)),
)  # fmt: skip

_TIMES = (
    _case("YEAR", "YEAR({0})", (_NOON, 2024), (_LEAP, 2024), (DAY, None)),
    _case("QUARTER", "QUARTER({0})", (_NOON, 4), (_LEAP, 1), (TIM, None)),
    _case("MONTH", "MONTH({0})", (_NOON, 12), (_LEAP, 2), (TIM, None)),
    _case("WEEK", "WEEK({0})", (_NOON, 1), (_day("2023-01-01"), 52), (_day("2021-01-03"), 53), (TIM, None)),
    _case("DAY", "DAY({0})", (_NOON, 30), (_LEAP, 29), (DAY, None)),
    _case("DAYOFYEAR", "DAYOFYEAR({0})", (_NOON, 365), (_LEAP, 60), (DAY, None)),
    _case("HOUR", "HOUR({0})", (_NOON, 12), (_LATE, 23), (TIM, None)),
    _case("MINUTE", "MINUTE({0})", (_NOON, 34), (TIM, None)),
    _case("SECOND", "SECOND({0})", (_NOON, 56), (TIM, None)),
    *(
        _case(f"EXTRACT {part}", f"EXTRACT({part} FROM {{0}})", (_NOON, noon), (TIM, None), *leap)
        for part, noon, *leap in (
            ("year", 2024, (_LEAP, 2024)), ("quarter", 4, (_LEAP, 1)), ("month", 12, (_LEAP, 2)),
            ("week", 1, (_LEAP, 9)),
            ("day", 30, (_LEAP, 29)), ("hour", 12), ("minute", 34), ("second", 56), ("millisecond", 56_789),
            ("microsecond", 56_789_123), ("dow", 1, (_LEAP, 4)), ("dayofweek", 1, (_LEAP, 4)),
            ("isodow", 1, (_LEAP, 4)),
            ("doy", 365, (_LEAP, 60)), ("dayofyear", 365, (_LEAP, 60)), ("isoyear", 2025, (_LEAP, 2024)),
            ("epoch", 1735562096.789123, (_LEAP, 1709164800)),
        )
    ),
    _case("EXTRACT dow", "EXTRACT(dow FROM {0})", (_day("2024-03-03"), 0), (_day("2024-03-02"), 6)),
    _case("EXTRACT isodow", "EXTRACT(isodow FROM {0})", (_day("2024-03-03"), 7)),
    _case("DATE_TRUNC microsecond", "DATE_TRUNC('microsecond', {0})", (_NOON, _NOON)),
    _case("DATE_TRUNC millisecond", "DATE_TRUNC('millisecond', {0})", (_NOON, _at("2024-12-30 12:34:56.789")),
          (TIM, None)),
    _case("DATE_TRUNC second", "DATE_TRUNC('second', {0})", (_NOON, _at("2024-12-30 12:34:56"))),
    _case("DATE_TRUNC minute", "DATE_TRUNC('minute', {0})", (_NOON, _at("2024-12-30 12:34:00"))),
    _case("DATE_TRUNC hour", "DATE_TRUNC('hour', {0})", (_NOON, _at("2024-12-30 12:00:00")), (TIM, None)),
    _case("DATE_TRUNC hour", "DATE_TRUNC('hour', CAST({0} AS DATE))", (_NOON, _at("2024-12-30 00:00:00"))),
    _case("DATE_TRUNC day", "DATE_TRUNC('day', {0})", (_NOON, _day("2024-12-30")), (_LEAP, _LEAP), (TIM, None)),
    _case("DATE_TRUNC week", "DATE_TRUNC('week', {0})", (_NOON, _day("2024-12-30")),
          (_day("2023-01-01"), _day("2022-12-26"))),
    _case("DATE_TRUNC month", "DATE_TRUNC('month', {0})", (_NOON, _day("2024-12-01")), (_LEAP, _day("2024-02-01")),
          (DAY, None)),
    _case("DATE_TRUNC quarter", "DATE_TRUNC('quarter', {0})", (_NOON, _day("2024-10-01")), (_LEAP, _day("2024-01-01"))),
    _case("DATE_TRUNC year", "DATE_TRUNC('year', {0})", (_NOON, _day("2024-01-01")), (_LEAP, _day("2024-01-01"))),
    _case("TIMESTAMP_TRUNC", "TIMESTAMP_TRUNC({0}, MONTH)", (_NOON, _day("2024-12-01")), (TIM, None)),
    *(
        _case(f"DATEDIFF {unit}", f"DATEDIFF({{0}}, {{1}}, {unit})", (_NEW_YEAR, _LATE, value),
              (_LATE, _NEW_YEAR, -value),
              (TIM, _LATE, None), (_LATE, TIM, None))
        for unit, value in (
            ("year", 1), ("quarter", 1), ("month", 1), ("week", 0), ("day", 1), ("hour", 1), ("minute", 10),
            ("second", 600),
            ("millisecond", 599_750), ("microsecond", 599_750_000),
        )
    ),
    _case("DATEDIFF day", "DATEDIFF({0}, {1}, day)", (_day("2024-03-01"), _day("2024-02-01"), 29),
          (_at("2024-01-01 18:00:00"), _day("2024-01-01"), 0)),
    _case("DATEDIFF month", "DATEDIFF({0}, {1}, month)", (_day("2024-12-31"), _day("2024-01-31"), 11),
          (_day("2024-03-01"), _day("2024-02-29"), 1)),
    _case("DATEDIFF week", "DATEDIFF({0}, {1}, week)", (_day("2024-01-08"), _day("2024-01-01"), 1),
          (_day("2024-01-08"), _day("2024-01-02"), 0), (_day("2024-01-01"), _day("2024-01-13"), -1)),
    _case("DATEDIFF hour", "DATEDIFF({0}, {1}, hour)", (_at("2024-01-01 12:10:00"), _at("2024-01-01 10:50:00"), 2),
          (_day("2024-01-02"), _day("2024-01-01"), 24)),
    _case("DATEDIFF day", "DATEDIFF('day', {0}, {1})", (_day("2024-02-01"), _day("2024-03-01"), 29)),
    _case("LAST_DAY", "LAST_DAY({0})", (_NOON, _day("2024-12-31")), (_day("2023-02-10"), _day("2023-02-28")),
          (DAY, None)),
    _case("DATE", "DATE({0})", (_NOON, _day("2024-12-30")), (_LEAP, _LEAP), (TIM, None)),
    _case("date - date", "{0} - {1}", (_day("2024-03-01"), _day("2024-02-01"), 29),
          (_day("2023-12-25"), _day("2024-01-01"), -7),
          (DAY, _LEAP, None), (_LEAP, DAY, None)),
    _case("date - date", "{0} - DATE '2024-01-01'", (_day("2024-02-01"), 31)),
    _case("date + interval", "CAST({0} AS DATE) + INTERVAL '1' MONTH", (_day("2024-01-31"), _LEAP), (DAY, None)),
    _case("date + interval", "{0} + INTERVAL '36' HOUR", (_NEW_YEAR, _at("2024-01-02 12:00:00")), (TIM, None)),
    _case("date + interval", "{0} + INTERVAL '1' QUARTER", (_at("2024-11-30 01:00:00"), _at("2025-02-28 01:00:00"))),
    _case("date - interval", "CAST({0} AS DATE) - INTERVAL '1' YEAR", (_LEAP, _day("2023-02-28")), (DAY, None)),
    _case("date - interval", "{0} - INTERVAL '2' WEEK", (_NEW_YEAR, _at("2023-12-18 00:00:00"))),
    _case("date - interval", "{0} - INTERVAL '5' MILLISECOND", (_NEW_YEAR, _at("2023-12-31 23:59:59.995"))),
)  # fmt: skip

_CASTS = (
    _case("CAST BIGINT", "CAST({0} AS BIGINT)", (_d("2.5"), 3), (_d("-2.5"), -3), (2.5, 2), (3.5, 4), (3.7, 4),
          (DBL, None)),
    _case("CAST INT", "CAST({0} AS INT)", ("7", 7), (" 7 ", 7), ("-12", -12), (_d("1.4"), 1), (True, 1),
          (BOO, None), (TXT, None)),
    _case("CAST INT", "CAST({0} > 1 AS INT)", (2, 1), (1, 0), (INT, None)),
    _case("CAST BIGINT", "CAST({0} > 1 AS BIGINT)", (2, 1), (1, 0), (INT, None)),
    _case("CAST SMALLINT", "CAST({0} AS SMALLINT)", (_d("2.5"), 3)),
    _case("CAST DECIMAL", "CAST({0} AS DECIMAL(10, 2))", (_d("1.005"), _d("1.01")), (1.5, _d("1.5")),
          ("2.345", _d("2.35")), (DEC, None)),
    _case("CAST DECIMAL", "CAST({0} AS DECIMAL)", (_d("1.2345"), _d("1.235")), (7, 7)),
    _case("CAST DOUBLE", "CAST({0} AS DOUBLE)", (_d("0.1"), 0.1), (3, 3.0), ("1e3", 1000.0), (DEC, None)),
    _case("CAST BOOLEAN", "CAST({0} AS BOOLEAN)", ("true", True), ("f", False), (True, True), (BOO, None), (TXT, None)),
    _case("CAST BOOLEAN", "CAST({0} AS BOOLEAN)", (2, True), (0, False), (_d("0.5"), True), (0.0, False),
          (INT, None), typed=True),
    _case("CAST BIGINT", "CAST({0} AS BIGINT)", (True, 1), ("2.5", 3), ("1e3", 1000), (BOO, None), typed=True),
    _case("CAST TEXT", "CAST({0} AS TEXT)", (True, "true"), (False, "false"), (BOO, None), typed=True),
    _case("%", "{0} % {1}", (7.5, 2.0, 1.5), (7.5, 0.0, None), typed=True),
    _case("CAST TEXT", "CAST({0} AS TEXT)", (12, "12"), (-3, "-3"), ("a", "a"), (_LEAP, "2024-02-29"), (INT, None)),
    _case("CAST TEXT", "CAST({0} > 1 AS TEXT)", (2, "true"), (1, "false"), (INT, None)),
    _case("CAST VARCHAR(n)", "CAST({0} AS VARCHAR(3))", ("hello", "hel"), ("a", "a"), (12345, "123"), (TXT, None)),
    _case("CAST CHAR(n)", "CAST({0} AS CHAR(3))", ("hello", "hel"), ("a", "a"), (TXT, None)),
    _case("CAST CHAR", "CAST({0} AS CHAR)", ("hello", "hello")),
    _case("CAST DATE", "CAST({0} AS DATE)", (_NOON, _day("2024-12-30")), ("2024-02-29", _LEAP), (TXT, None)),
    _case("CAST TIMESTAMP", "CAST({0} AS TIMESTAMP)", (_NOON, _NOON), (_LEAP, _at("2024-02-29 00:00:00")),
          ("2024-12-30 12:34:56.789123", _NOON), (DAY, None)),
    _case("TRY_CAST INT", "TRY_CAST({0} AS INT)", ("12", 12), ("a", None), ("12a", None), ("", None), ("-5", -5),
          (" 7 ", 7),
          ("99999999999", None), ("1_000", None), ("0x1F", None), (TXT, None)),
    _case("TRY_CAST BIGINT", "TRY_CAST({0} AS BIGINT)", ("9223372036854775807", 9223372036854775807), ("1e3", 1000)),
    _case("TRY_CAST DOUBLE", "TRY_CAST({0} AS DOUBLE)", ("1.5", 1.5), (".5", 0.5), ("1e-3", 0.001), ("x", None),
          ("nan", None)),
    _case("TRY_CAST DECIMAL", "TRY_CAST({0} AS DECIMAL(4, 2))", ("12.345", _d("12.35")), ("123.45", None),
          ("99.999", None), ("x", None)),
    _case("TRY_CAST DATE", "TRY_CAST({0} AS DATE)", ("2024-02-29", _LEAP), ("2023-02-29", None),
          ("2024-02-30", None), ("x", None),
          ("20240229", None), ("2024-13-01", None), (TXT, None)),
    _case("TRY_CAST TIMESTAMP", "TRY_CAST({0} AS TIMESTAMP)", ("2024-12-30 12:34:56.789123", _NOON),
          ("2024-02-30 10:00", None), ("x", None)),
)  # fmt: skip

CASES: tuple[Case, ...] = (*_NUMBERS, *_LOGIC, *_TEXTS, *_TIMES, *_CASTS)


def inputs() -> Iterator[tuple[Type, Value]]:
    """Yield every column that the cases read, each once."""
    seen: dict[tuple[Type, str], tuple[Type, Value]] = {}
    for case in CASES:
        for given, _value in case.rows:
            for each in given:
                kind = type_of(each)
                seen.setdefault((kind, repr(each)), (kind, None if isinstance(each, Type) else each))
    yield from seen.values()
