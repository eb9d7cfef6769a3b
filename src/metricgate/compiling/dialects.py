"""All that differs between dialects beyond what sqlglot writes by itself, in one place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlglot import exp

from metricgate.compiling.adapting import (
    averages_as_doubles,
    divisions_as_doubles,
    milliseconds_as_microseconds,
    mysql_marks,
    percentiles_as_windows,
    without_division_errors,
    without_full_joins,
)
from metricgate.compiling.trees import literal, operand
from metricgate.planning.scan import Zones
from metricgate.vocabulary.grain import DatePart, Grain
from metricgate.vocabulary.predicate import Scalar


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One dialect's ways.

    Attributes:
        name: as sqlglot calls it.
        marker: the parameter of a number (1-based), in the order of the text.
        filters_aggregates: whether ``agg(x) FILTER (WHERE ...)`` is understood; otherwise CASE inside the aggregate.
        approximates: whether ``APPROX_QUANTILE(x, fraction)`` is understood, in the dialect's own words.
        truncated: a time cut to a grain: DATE from day on, TIMESTAMP below.
        part: a part of a time as a number.
        converted: a local time of one zone as the local time of another.
        adapted: passes over the finished tree, for what the dialect cannot say.
        marked: the written text and its values, for dialects whose markers have no numbers.
    """

    name: str
    marker: Callable[[int], exp.Expr]
    filters_aggregates: bool
    approximates: bool = False
    truncated: Callable[[exp.Expr, Grain], exp.Expr]
    converted: Callable[[exp.Expr, Zones], exp.Expr]
    part: Callable[[exp.Expr, DatePart], exp.Expr]
    adapted: tuple[Callable[[exp.Expr], exp.Expr], ...] = ()
    marked: Callable[[str, tuple[Scalar, ...]], tuple[str, tuple[Scalar, ...]]] | None = None


def dialect_named(name: str) -> Dialect:
    """Return the dialect; one that is not known by name is written the way of PostgreSQL, in its own words."""
    return _KNOWN.get(name) or Dialect(
        name=name,
        marker=_question_mark,
        filters_aggregates=False,
        truncated=_date_trunc,
        converted=_at_time_zone,
        part=_extract,
    )


def _numbered(number: int) -> exp.Expr:
    return exp.Parameter(this=exp.Literal(this=str(number), is_string=False))


def _question_mark(_number: int) -> exp.Expr:
    return exp.Placeholder()


def _date_trunc(tree: exp.Expr, grain: Grain) -> exp.Expr:
    if grain is Grain.DAY:
        return _as_date(tree)
    cut = exp.TimestampTrunc(this=tree, unit=exp.Var(this=grain.name))
    return _as_date(cut) if grain > Grain.DAY else _as(cut, exp.DType.TIMESTAMP)


def _at_time_zone(tree: exp.Expr, zones: Zones) -> exp.Expr:
    moment = exp.AtTimeZone(this=operand(tree), zone=literal(zones.stored))
    return exp.AtTimeZone(this=moment, zone=literal(zones.shown))


def _extract(tree: exp.Expr, part: DatePart) -> exp.Expr:
    word = "ISODOW" if part is DatePart.DOW else part.name
    return exp.Extract(this=exp.Var(this=word), expression=tree)


def _mysql_extract(tree: exp.Expr, part: DatePart) -> exp.Expr:
    if part is DatePart.DOW:
        return exp.Add(this=_call("WEEKDAY", tree), expression=literal(1))
    if part is DatePart.DOY:
        return _call("DAYOFYEAR", tree)
    if part is DatePart.WEEK:
        return _call("WEEK", tree, literal(3))
    return exp.Extract(this=exp.Var(this=part.name), expression=tree)


_MYSQL_CLOCK = {
    Grain.HOUR: "%Y-%m-%d %H:00:00",
    Grain.MINUTE: "%Y-%m-%d %H:%i:00",
    Grain.SECOND: "%Y-%m-%d %H:%i:%s",
    Grain.MILLISECOND: "%Y-%m-%d %H:%i:%s.%f",
}


def _mysql_truncated(tree: exp.Expr, grain: Grain) -> exp.Expr:
    """MySQL has no DATE_TRUNC; weeks begin on Monday (ISO 8601)."""
    if grain < Grain.DAY:
        return exp.Cast(
            this=_call("DATE_FORMAT", tree, literal(_MYSQL_CLOCK[grain])), to=exp.DataType.build("DATETIME(3)", "mysql")
        )
    if grain is Grain.DAY:
        return _as_date(tree)
    if grain is Grain.WEEK:
        return _call("SUBDATE", _as_date(tree), _call("WEEKDAY", tree.copy()))
    if grain is Grain.MONTH:
        return _as_date(_call("DATE_FORMAT", tree, literal("%Y-%m-01")))
    year = _call("MAKEDATE", _call("YEAR", tree), literal(1))
    if grain is Grain.YEAR:
        return year
    first = exp.Paren(this=exp.Sub(this=_call("QUARTER", tree.copy()), expression=literal(1)))
    return _call("TIMESTAMPADD", exp.Var(this="QUARTER"), first, year)


def _convert_tz(tree: exp.Expr, zones: Zones) -> exp.Expr:
    return _call("CONVERT_TZ", tree, literal(zones.stored), literal(zones.shown))


def _call(name: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=list(arguments))


def _as_date(tree: exp.Expr) -> exp.Expr:
    return _as(tree, exp.DType.DATE)


def _as(tree: exp.Expr, kind: exp.DType) -> exp.Expr:
    return exp.Cast(this=tree, to=exp.DataType(this=kind))


_KNOWN = {
    "duckdb": Dialect(
        name="duckdb",
        approximates=True,
        marker=_numbered,
        filters_aggregates=True,
        truncated=_date_trunc,
        converted=_at_time_zone,
        part=_extract,
    ),
    "postgres": Dialect(
        name="postgres",
        marker=_numbered,
        filters_aggregates=True,
        truncated=_date_trunc,
        converted=_at_time_zone,
        part=_extract,
        adapted=(without_division_errors, averages_as_doubles),
    ),
    "mysql": Dialect(
        name="mysql",
        marker=_numbered,
        filters_aggregates=False,
        truncated=_mysql_truncated,
        converted=_convert_tz,
        part=_mysql_extract,
        adapted=(
            divisions_as_doubles,
            averages_as_doubles,
            milliseconds_as_microseconds,
            percentiles_as_windows,
            without_full_joins,
        ),
        marked=mysql_marks,
    ),
}
