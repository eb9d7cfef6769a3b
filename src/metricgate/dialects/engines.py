"""All that differs between dialects beyond what sqlglot writes by itself, in one place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from sqlglot import exp

from metricgate.catalog.model import SemanticModel
from metricgate.dialects.adaptation import (
    averages_as_doubles,
    divisions_as_doubles,
    milliseconds_as_microseconds,
    mysql_marks,
    percentiles_as_windows,
    same_by_arrays,
    sorted_in_parens,
    without_division_errors,
    without_full_joins,
)
from metricgate.dialects.dialect import Dialect, as_date, call, date_trunc
from metricgate.dialects.meanings import datafusion, duckdb, mysql, postgres
from metricgate.dialects.meanings.general import general
from metricgate.dialects.meanings.way import Want
from metricgate.dialects.offline import OFFLINE
from metricgate.dialects.offline_adaptation import offset_under_limit, percentiles_as_ranks
from metricgate.dialects.reading import duckdb as reading_of_duckdb
from metricgate.dialects.reading import mysql as reading_of_mysql
from metricgate.dialects.reading import postgres as reading_of_postgres
from metricgate.dialects.series import by_function, by_halves, steps_by_interval, steps_of_product
from metricgate.dialects.trees import literal, operand
from metricgate.planning.zones import Zones
from metricgate.vocabulary.grain import DatePart, Grain, WeekStart

_DAY = exp.Interval(this=exp.Literal.string("1"), unit=exp.Var(this="DAY"))


def dialect_for(name: str, models: Iterable[SemanticModel]) -> Dialect:
    """Return the dialect with weeks that begin as those of the models."""
    dialect = dialect_named(name)
    if all(model.week_start is not WeekStart.SUNDAY for model in models):
        return dialect

    def truncated(tree: exp.Expr, grain: Grain) -> exp.Expr:
        if grain is not Grain.WEEK:
            return dialect.truncated(tree, grain)
        # Sunday is the day before the Monday of the day after.
        monday = dialect.truncated(exp.Add(this=operand(as_date(tree)), expression=_DAY.copy()), grain)
        return as_date(exp.Sub(this=operand(monday), expression=_DAY.copy()))

    return replace(dialect, truncated=truncated)


def dialect_named(name: str) -> Dialect:
    """Return the dialect, ours or a package's; one that is not known is written as PostgreSQL's, in its own words."""
    return (
        _BROUGHT.get(name)
        or _KNOWN.get(name)
        or Dialect(
            name=name,
            writer=name,
            meanings=general(truncated=date_trunc, part=_extract_part, escapes=True),
            marker=_question_mark,
            filters_aggregates=False,
            truncated=date_trunc,
            converted=_at_time_zone,
            part=_extract_part,
            adapted=(without_division_errors,),
        )
    )


def known_dialects() -> tuple[str, ...]:
    """Return the names of the dialects that this room has itself."""
    return tuple(_KNOWN)


def guarded_dialects() -> tuple[str, ...]:
    """Return the names of the dialects, ours and packages', in which SQL of agents is guarded."""
    return tuple(sorted(name for name in {*_KNOWN, *_BROUGHT} if dialect_named(name).rules is not None))


def bring(dialect: Dialect) -> None:
    """Make a package's dialect known by its name in this process, from now on and as often as it is brought.

    One of this room that has no rules may be brought again with rules and no other change.

    Raises:
        ValueError: the name is that of another dialect: of this room, or of another package.
    """
    own = _KNOWN.get(dialect.name)
    if own is not None and not _adds_rules(dialect, own):
        allowed = "only rules may be added to it" if own.rules is None else "it has its rules"
        raise ValueError(f"a package brings a dialect {dialect.name!r}, which is one of Metricgate's own: {allowed}")
    if _BROUGHT.setdefault(dialect.name, dialect) is not dialect:
        raise ValueError(f"two packages bring a dialect {dialect.name!r}")


def _adds_rules(dialect: Dialect, own: Dialect) -> bool:
    return own.rules is None and dialect.rules is not None and replace(dialect, rules=None) == own


def _numbered_parameter(number: int) -> exp.Expr:
    return exp.Parameter(this=exp.Literal(this=str(number), is_string=False))


def _question_mark(_number: int) -> exp.Expr:
    return exp.Placeholder()


def _at_time_zone(tree: exp.Expr, zones: Zones) -> exp.Expr:
    # AT TIME ZONE makes a moment of a local time, and a local time of a moment.
    moment = operand(tree)
    if zones.stored is not None:
        moment = exp.AtTimeZone(this=moment, zone=literal(zones.stored))
    return exp.AtTimeZone(this=moment, zone=literal(zones.shown))


def _extract_part(tree: exp.Expr, part: DatePart) -> exp.Expr:
    word = "ISODOW" if part is DatePart.DOW else part.name
    return exp.Extract(this=exp.Var(this=word), expression=tree)


def _decode_base64(tree: exp.Expr) -> exp.Expr:
    return call("DECODE", tree, literal("base64"))


def _encode_base64(tree: exp.Expr) -> exp.Expr:
    # A line ends after 76 characters.
    return call("REPLACE", call("ENCODE", tree, literal("base64")), call("CHR", literal(10)), literal(""))


def _postgres_sha256(text: exp.Expr) -> exp.Expr:
    return call("ENCODE", call("SHA256", call("CONVERT_TO", text, literal("UTF8"))), literal("hex"))


def _mysql_encoded(tree: exp.Expr) -> exp.Expr:
    return call("REPLACE", call("TO_BASE64", tree), call("CHAR", literal(10)), literal(""))


def _mysql_extract(tree: exp.Expr, part: DatePart) -> exp.Expr:
    if part is DatePart.DOW:
        return exp.Add(this=call("WEEKDAY", tree), expression=literal(1))
    if part is DatePart.DOY:
        return call("DAYOFYEAR", tree)
    if part is DatePart.WEEK:
        return call("WEEK", tree, literal(3))
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
            this=call("DATE_FORMAT", tree, literal(_MYSQL_CLOCK[grain])), to=exp.DataType.build("DATETIME(3)", "mysql")
        )
    if grain is Grain.DAY:
        return as_date(tree)
    if grain is Grain.WEEK:
        return call("SUBDATE", as_date(tree), call("WEEKDAY", tree.copy()))
    if grain is Grain.MONTH:
        return as_date(call("DATE_FORMAT", tree, literal("%Y-%m-01")))
    year = call("MAKEDATE", call("YEAR", tree), literal(1))
    if grain is Grain.YEAR:
        return year
    first = exp.Paren(this=exp.Sub(this=call("QUARTER", tree.copy()), expression=literal(1)))
    return call("TIMESTAMPADD", exp.Var(this="QUARTER"), first, year)


def _convert_tz(tree: exp.Expr, zones: Zones) -> exp.Expr:
    # A TIMESTAMP shows the local time of the session's zone, which is UTC.
    return call("CONVERT_TZ", tree, literal(zones.stored or "UTC"), literal(zones.shown))


_KNOWN = {
    "duckdb": Dialect(
        name="duckdb",
        writer="duckdb",
        rules=reading_of_duckdb.RULES,
        text_length="LENGTH",
        meanings=duckdb.TABLE,
        answers=frozenset({Want.CONDITION, Want.BRANCHES}),
        approximates=True,
        series=partial(by_function, lists=True),
        steps_back=steps_of_product,
        marker=_numbered_parameter,
        filters_aggregates=True,
        truncated=date_trunc,
        converted=_at_time_zone,
        part=_extract_part,
        adapted=(without_division_errors,),
    ),
    "postgres": Dialect(
        name="postgres",
        writer="postgres",
        rules=reading_of_postgres.RULES,
        sha256=_postgres_sha256,
        meanings=postgres.TABLE,
        series=partial(by_function, lists=False),
        steps_back=steps_of_product,
        sorts_for_ends=True,
        marker=_numbered_parameter,
        filters_aggregates=True,
        truncated=date_trunc,
        converted=_at_time_zone,
        part=_extract_part,
        adapted=(without_division_errors, averages_as_doubles, same_by_arrays),
        from_base64=_decode_base64,
        to_base64=_encode_base64,
    ),
    "mysql": Dialect(
        name="mysql",
        writer="mysql",
        rules=reading_of_mysql.RULES,
        meanings=mysql.TABLE,
        answers=frozenset(Want),
        no_booleans=True,
        frames_subtract=True,
        series=by_halves,
        steps_back=steps_by_interval,
        marker=_numbered_parameter,
        filters_aggregates=False,
        truncated=_mysql_truncated,
        converted=_convert_tz,
        part=_mysql_extract,
        adapted=(
            divisions_as_doubles,
            averages_as_doubles,
            milliseconds_as_microseconds,
            sorted_in_parens,
            percentiles_as_windows,
            without_full_joins,
        ),
        pads=True,
        to_base64=_mysql_encoded,
        marked=mysql_marks,
    ),
    "mysql8": Dialect(
        name="mysql8",
        writer="mysql",
        meanings=mysql.TABLE,
        answers=frozenset(Want),
        no_booleans=True,
        frames_subtract=True,
        series=by_halves,
        steps_back=steps_by_interval,
        marker=_numbered_parameter,
        filters_aggregates=False,
        truncated=_mysql_truncated,
        converted=_convert_tz,
        part=_mysql_extract,
        adapted=(
            divisions_as_doubles,
            averages_as_doubles,
            milliseconds_as_microseconds,
            sorted_in_parens,
            percentiles_as_ranks,
            without_full_joins,
            offset_under_limit,
        ),
        pads=True,
        to_base64=_mysql_encoded,
        marked=mysql_marks,
    ),
    "datafusion": Dialect(
        name="datafusion",
        writer="postgres",
        meanings=datafusion.TABLE,
        marker=_numbered_parameter,
        filters_aggregates=True,
        truncated=date_trunc,
        converted=_at_time_zone,
        part=_extract_part,
        adapted=(without_division_errors, averages_as_doubles),
    ),
    **OFFLINE,
}
_BROUGHT: dict[str, Dialect] = {}
