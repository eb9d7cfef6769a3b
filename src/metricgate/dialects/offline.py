"""Warehouses whose SQL is written and parsed, but to which this gateway does not connect."""

from __future__ import annotations

from sqlglot import exp

from metricgate.dialects.adaptation import (
    averages_as_doubles,
    divisions_as_doubles,
    percentiles_as_windows,
    without_division_errors,
)
from metricgate.dialects.dialect import Dialect, as_date, call, cast_as, date_trunc
from metricgate.dialects.meanings import clickhouse, spark
from metricgate.dialects.meanings.general import general
from metricgate.dialects.offline_adaptation import (
    bigquery_percentiles,
    clickhouse_joins,
    clickhouse_marks,
    clickhouse_names,
    clickhouse_settings,
    databricks_percentiles,
    names_without_dots,
    null_safe_by_json,
    null_safe_by_or,
    offset_under_limit,
    percentiles_as_ranks,
    plain_percentile_order,
    question_marks,
    quote_names,
    refuse_nodes,
    trino_intervals,
    whole_intervals,
)
from metricgate.dialects.trees import literal, operand
from metricgate.planning.zones import Zones
from metricgate.vocabulary.grain import DatePart, Grain

_NUMBERS = (divisions_as_doubles, without_division_errors, averages_as_doubles)
_MASKS = refuse_nodes(
    (exp.SHA2, exp.Repeat), "no `hash` and `partial` masks here; mask with null, constant, bucket or date"
)
_ESCAPES = refuse_nodes((exp.Escape,), "LIKE has no ESCAPE here; write the condition with contains or starts_with")


def _numbered_parameter(number: int) -> exp.Expr:
    return exp.Parameter(this=exp.Literal(this=str(number), is_string=False))


def _at_named(number: int) -> exp.Expr:
    return exp.Parameter(this=exp.Var(this=f"p{number}"))


def _colon_named(number: int) -> exp.Expr:
    return exp.Placeholder(this=f"p{number}")


def _extract_part(tree: exp.Expr, word: str) -> exp.Expr:
    return exp.Extract(this=exp.Var(this=word), expression=tree)


def _plus(tree: exp.Expr, count: int) -> exp.Expr:
    return exp.Add(this=tree, expression=literal(count))


def _from_sunday(sunday_first: exp.Expr, shift: int) -> exp.Expr:
    """Monday 1 to Sunday 7, from a number that begins its weeks on Sunday."""
    return _plus(call("MOD", _plus(sunday_first, shift), literal(7)), 1)


# Snowflake: DAYOFWEEKISO and WEEKISO do not depend on the session's WEEK_START, DATE_TRUNC('WEEK', ...) does.
def _snowflake_truncated(tree: exp.Expr, grain: Grain) -> exp.Expr:
    if grain is Grain.WEEK:
        back = exp.Sub(this=literal(1), expression=call("DAYOFWEEKISO", tree))
        return call("DATEADD", exp.Var(this="DAY"), back, as_date(tree.copy()))
    if grain >= Grain.DAY:
        return date_trunc(tree, grain)
    return exp.Cast(
        this=call("DATE_TRUNC", literal(grain.name), tree), to=exp.DataType.build("TIMESTAMP_NTZ", "snowflake")
    )


def _snowflake_part(tree: exp.Expr, part: DatePart) -> exp.Expr:
    own = {DatePart.DOW: "DAYOFWEEKISO", DatePart.WEEK: "WEEKISO", DatePart.DOY: "DAYOFYEAR"}.get(part)
    return _extract_part(tree, part.name) if own is None else call(own, tree)


def _snowflake_converted(tree: exp.Expr, zones: Zones) -> exp.Expr:
    if zones.stored is None:
        there = call("CONVERT_TIMEZONE", literal(zones.shown), tree)
        return exp.Cast(this=there, to=exp.DataType.build("TIMESTAMP_NTZ", "snowflake"))
    naive = exp.Cast(this=tree, to=exp.DataType.build("TIMESTAMP_NTZ", "snowflake"))
    return call("CONVERT_TIMEZONE", literal(zones.stored), literal(zones.shown), naive)


# BigQuery: a time without a zone is a DATETIME; WEEK begins on Sunday, ISOWEEK on Monday.
def _bigquery_truncated(tree: exp.Expr, grain: Grain) -> exp.Expr:
    if grain is Grain.DAY:
        return as_date(tree)
    word = exp.Var(this="ISOWEEK" if grain is Grain.WEEK else grain.name)
    if grain > Grain.DAY:
        return call("DATE_TRUNC", as_date(tree), word)
    return call("DATETIME_TRUNC", cast_as(tree, exp.DType.TIMESTAMP), word)


def _bigquery_part(tree: exp.Expr, part: DatePart) -> exp.Expr:
    if part is DatePart.DOW:
        return _from_sunday(_extract_part(tree, "DAYOFWEEK"), 5)
    return _extract_part(tree, {DatePart.WEEK: "ISOWEEK", DatePart.DOY: "DAYOFYEAR"}.get(part, part.name))


def _bigquery_converted(tree: exp.Expr, zones: Zones) -> exp.Expr:
    moment = tree
    if zones.stored is not None:
        moment = call("TIMESTAMP", cast_as(tree, exp.DType.TIMESTAMP), literal(zones.stored))
    return call("DATETIME", moment, literal(zones.shown))


# Databricks and Spark 3.4 and newer.
def _databricks_truncated(tree: exp.Expr, grain: Grain) -> exp.Expr:
    if grain is Grain.DAY:
        return as_date(tree)
    cut = call("DATE_TRUNC", literal(grain.name), tree)
    return as_date(cut) if grain > Grain.DAY else cut


def _databricks_part(tree: exp.Expr, part: DatePart) -> exp.Expr:
    if part is DatePart.DOW:
        return _plus(call("WEEKDAY", tree), 1)
    own = {DatePart.WEEK: "WEEKOFYEAR", DatePart.DOY: "DAYOFYEAR"}.get(part)
    return _extract_part(tree, part.name) if own is None else call(own, tree)


def _databricks_converted(tree: exp.Expr, zones: Zones) -> exp.Expr:
    # As a TIMESTAMP_NTZ, a moment shows the local time of the session's zone.
    naive = exp.Cast(this=tree, to=exp.DataType.build("TIMESTAMP_NTZ", "databricks"))
    if zones.stored is None:
        return call("CONVERT_TIMEZONE", call("CURRENT_TIMEZONE"), literal(zones.shown), naive)
    return call("CONVERT_TIMEZONE", literal(zones.stored), literal(zones.shown), naive)


# ClickHouse: a time without a zone is one of UTC, which has no hours twice.
_CLICKHOUSE_CUTS = {
    Grain.SECOND: "toStartOfSecond",
    Grain.MINUTE: "toStartOfMinute",
    Grain.HOUR: "toStartOfHour",
    Grain.DAY: "toDate",
    Grain.WEEK: "toMonday",
    Grain.MONTH: "toStartOfMonth",
    Grain.QUARTER: "toStartOfQuarter",
    Grain.YEAR: "toStartOfYear",
}
_CLICKHOUSE_PARTS = {
    DatePart.YEAR: "toYear",
    DatePart.QUARTER: "toQuarter",
    DatePart.MONTH: "toMonth",
    DatePart.WEEK: "toISOWeek",
    DatePart.DAY: "toDayOfMonth",
    DatePart.DOW: "toDayOfWeek",
    DatePart.DOY: "toDayOfYear",
}


def _clickhouse_truncated(tree: exp.Expr, grain: Grain) -> exp.Expr:
    if grain is Grain.MILLISECOND:
        return call("toStartOfMillisecond", call("toDateTime64", tree, literal(6)))
    if grain is Grain.SECOND:
        tree = call("toDateTime64", tree, literal(6))  # toStartOfSecond takes no DateTime
    return call(_CLICKHOUSE_CUTS[grain], tree)


def _clickhouse_part(tree: exp.Expr, part: DatePart) -> exp.Expr:
    return call(_CLICKHOUSE_PARTS[part], tree)


def _clickhouse_converted(tree: exp.Expr, zones: Zones) -> exp.Expr:
    if zones.stored is None:
        moment = call("toDateTime64", tree, literal(6))
    else:
        moment = call("toDateTime64", call("toString", tree), literal(6), literal(zones.stored))
    there = call("toString", call("toTimeZone", moment, literal(zones.shown)))
    return call("toDateTime64", there, literal(6), literal("UTC"))


# Trino: AT TIME ZONE reads a time without a zone in the session's; WITH_TIMEZONE says which zone it is of.
def _trino_part(tree: exp.Expr, part: DatePart) -> exp.Expr:
    own = {DatePart.DOW: "DAY_OF_WEEK", DatePart.WEEK: "WEEK_OF_YEAR", DatePart.DOY: "DAY_OF_YEAR"}.get(part)
    return _extract_part(tree, part.name) if own is None else call(own, tree)


def _trino_converted(tree: exp.Expr, zones: Zones) -> exp.Expr:
    kind = exp.DataType.build("TIMESTAMP(6)", "trino")
    moment = tree
    if zones.stored is not None:
        moment = call("WITH_TIMEZONE", exp.Cast(this=tree, to=kind), literal(zones.stored))
    return exp.Cast(this=exp.AtTimeZone(this=moment, zone=literal(zones.shown)), to=kind.copy())


# Redshift: EXTRACT knows no ISODOW; its DOW begins with Sunday, 0. Its weeks are ISO 8601's.
def _redshift_part(tree: exp.Expr, part: DatePart) -> exp.Expr:
    return _from_sunday(_extract_part(tree, "DOW"), 6) if part is DatePart.DOW else _extract_part(tree, part.name)


def _redshift_converted(tree: exp.Expr, zones: Zones) -> exp.Expr:
    if zones.stored is None:
        return exp.AtTimeZone(this=operand(tree), zone=literal(zones.shown))
    naive = cast_as(tree, exp.DType.TIMESTAMP)
    return call("CONVERT_TIMEZONE", literal(zones.stored), literal(zones.shown), naive)


_ALL = (
    Dialect(
        name="snowflake",
        writer="snowflake",
        meanings=general(truncated=_snowflake_truncated, part=_snowflake_part, escapes=False, whole_matches=True),
        marker=_numbered_parameter,
        filters_aggregates=False,
        approximates=True,
        truncated=_snowflake_truncated,
        converted=_snowflake_converted,
        part=_snowflake_part,
        adapted=(
            *_NUMBERS,
            _MASKS,
            quote_names(
                "account connect connection gscluster increment issue minus organization sample start trigger view"
            ),
        ),
        marked=question_marks,
    ),
    Dialect(
        name="bigquery",
        writer="bigquery",
        meanings=general(truncated=_bigquery_truncated, part=_bigquery_part, escapes=True),
        marker=_at_named,
        filters_aggregates=False,
        truncated=_bigquery_truncated,
        converted=_bigquery_converted,
        part=_bigquery_part,
        escape="\\",
        adapted=(
            *_NUMBERS,
            _MASKS,
            _ESCAPES,
            bigquery_percentiles,
            null_safe_by_json,
            whole_intervals,
            offset_under_limit,
            names_without_dots,
            quote_names(
                "assert_rows_modified at contains define enum escape exclude hash if lookup merge new no nulls proto "
                "respect set struct treat unnest within"
            ),
        ),
    ),
    Dialect(
        name="databricks",
        writer="databricks",
        meanings=spark.TABLE,
        marker=_colon_named,
        filters_aggregates=True,
        approximates=True,
        truncated=_databricks_truncated,
        converted=_databricks_converted,
        part=_databricks_part,
        adapted=(
            *_NUMBERS,
            _MASKS,
            databricks_percentiles,
            quote_names(
                "anti cross except full inner intersect join lateral left minus natural on right semi union using"
            ),
        ),
    ),
    Dialect(
        name="clickhouse",
        writer="clickhouse",
        meanings=clickhouse.TABLE,
        marker=_numbered_parameter,
        filters_aggregates=False,
        truncated=_clickhouse_truncated,
        converted=_clickhouse_converted,
        part=_clickhouse_part,
        escape="\\",
        adapted=(
            *_NUMBERS,
            _MASKS,
            _ESCAPES,
            percentiles_as_ranks,
            whole_intervals,
            clickhouse_joins,
            clickhouse_names,
        ),
        statement_passes=(clickhouse_settings,),
        marked=clickhouse_marks,
    ),
    Dialect(
        name="trino",
        writer="trino",
        meanings=general(truncated=date_trunc, part=_trino_part, escapes=False),
        marker=_numbered_parameter,
        filters_aggregates=False,
        approximates=True,
        truncated=date_trunc,
        converted=_trino_converted,
        part=_trino_part,
        adapted=(
            *_NUMBERS,
            _MASKS,
            percentiles_as_ranks,
            trino_intervals,
            quote_names(
                "constructor escape json_array json_exists json_object json_query json_value listagg normalize "
                "skip uescape unnest"
            ),
        ),
        marked=question_marks,
    ),
    Dialect(
        name="redshift",
        writer="redshift",
        meanings=general(truncated=date_trunc, part=_redshift_part, escapes=True),
        marker=_numbered_parameter,
        filters_aggregates=False,
        truncated=date_trunc,
        converted=_redshift_converted,
        part=_redshift_part,
        adapted=(
            *_NUMBERS,
            _MASKS,
            percentiles_as_windows,
            plain_percentile_order,
            null_safe_by_or,
            quote_names(
                "aes128 aes256 allowoverwrite backup blanksasnull bytedict bzip2 credentials defrag deflate delta "
                "disable emptyasnull enable encode encrypt encryption explicit globaldict256 globaldict64k gzip "
                "identity language lun luns lzo lzop minus new no nullsoid off offline oid old open parallel "
                "permissions raw readratio recover rejectlog resort respect restore snapshot sysdate tag tdes "
                "text255 text32k top truncatecolumns wallet"
            ),
        ),
    ),
)
OFFLINE = {each.name: each for each in _ALL}
