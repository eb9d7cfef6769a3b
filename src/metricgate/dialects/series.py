"""All moments from a first to a last one, made in SQL by what every account may call.

``ends`` is a SELECT of the columns ``FIRST`` and ``LAST``; where either is NULL there are no moments.
"""

from __future__ import annotations

from sqlglot import exp
from sqlglot.errors import UnsupportedError

from metricgate.dialects.names import column, identifier, with_alias
from metricgate.dialects.trees import literal
from metricgate.vocabulary.grain import Grain

FIRST, LAST = "first_moment", "last_moment"
_ENDS, _HALVES = "ends", "halves"
_LOW, _HIGH, _BEGIN = "low", "high", "begin_moment"


def by_function(ends: exp.Select, grain: Grain, name: str, *, lists: bool) -> exp.Select:
    """Return the moments by GENERATE_SERIES; ``lists``: it gives a list.

    >>> import sqlglot
    >>> ends = sqlglot.parse_one("SELECT a AS first_moment, b AS last_moment FROM t")
    >>> by_function(ends, Grain.DAY, "moment", lists=False).sql("postgres")
    "SELECT CAST(GENERATE_SERIES(CAST(ends.first_moment AS TIMESTAMP), CAST(ends.last_moment AS TIMESTAMP), \
INTERVAL '1 DAY') AS DATE) AS moment FROM (SELECT a AS first_moment, b AS last_moment FROM t) AS ends"
    """
    from_, to = (_cast_as(column(each, _ENDS), exp.DType.TIMESTAMP) for each in (FIRST, LAST))
    step = exp.Interval(this=literal("3" if grain is Grain.QUARTER else "1"), unit=exp.Var(this=_unit_name(grain)))
    series: exp.Expr = exp.Anonymous(this="GENERATE_SERIES", expressions=[from_, to, step])
    if lists:
        series = exp.Anonymous(this="UNNEST", expressions=[series])
    kind = exp.DType.DATE if grain >= Grain.DAY else exp.DType.TIMESTAMP
    return exp.Select(
        expressions=[with_alias(_cast_as(series, kind), name)], from_=exp.From(this=_as_subquery(ends, _ENDS))
    )


def by_halves(ends: exp.Select, grain: Grain, name: str) -> exp.Select:
    """Return the moments by halving the stretch between the ends until each half is one moment.

    A recursion of one moment at a time would be cut by MariaDB after 1,000, with no more than a warning; halves are
    done after as many steps as the number of moments has binary digits.

    Raises:
        UnsupportedError: MySQL counts no milliseconds.
    """
    if grain is Grain.MILLISECOND:
        raise UnsupportedError("moments by the millisecond; declare a time spine for them")
    count = exp.Anonymous(
        this="TIMESTAMPDIFF", expressions=[exp.Var(this=grain.name), column(FIRST, _ENDS), column(LAST, _ENDS)]
    )
    begin = exp.Select(
        expressions=[with_alias(literal(0), _LOW), with_alias(count, _HIGH), with_alias(column(FIRST, _ENDS), _BEGIN)],
        from_=exp.From(this=_as_subquery(ends, _ENDS)),
        where=exp.Where(this=exp.LTE(this=column(FIRST, _ENDS), expression=column(LAST, _ENDS))),
    )
    middle = exp.IntDiv(
        this=exp.Paren(this=exp.Add(this=column(_LOW), expression=column(_HIGH))), expression=literal(2)
    )
    lower = _half(column(_LOW), middle)
    upper = _half(exp.Add(this=middle.copy(), expression=literal(1)), column(_HIGH))
    both = exp.Union(this=exp.Union(this=begin, expression=lower, distinct=False), expression=upper, distinct=False)
    moment = exp.Add(this=column(_BEGIN), expression=exp.Interval(this=column(_LOW), unit=exp.Var(this=grain.name)))
    kind = exp.DataType(this=exp.DType.DATE) if grain >= Grain.DAY else exp.DataType.build("DATETIME(3)", "mysql")
    found = exp.Select(
        expressions=[with_alias(exp.Cast(this=moment, to=kind), name)],
        from_=exp.From(this=exp.Table(this=identifier(_HALVES))),
        where=exp.Where(this=exp.EQ(this=column(_LOW), expression=column(_HIGH))),
    )
    found.set(
        "with_",
        exp.With(
            expressions=[
                exp.CTE(
                    this=both,
                    alias=exp.TableAlias(
                        this=identifier(_HALVES), columns=[identifier(each) for each in (_LOW, _HIGH, _BEGIN)]
                    ),
                )
            ],
            recursive=True,
        ),
    )
    return found


def steps_of_product(moment: exp.Expr, count: exp.Expr, grain: Grain) -> exp.Expr:
    """Return a time so many steps earlier, an interval being multiplied."""
    step = exp.Interval(this=literal("1"), unit=exp.Var(this=grain.name))
    moved = exp.Sub(this=moment, expression=exp.Mul(this=count, expression=step))
    return _cast_as(moved, exp.DType.DATE) if grain >= Grain.DAY else moved


def steps_by_interval(moment: exp.Expr, count: exp.Expr, grain: Grain) -> exp.Expr:
    """Return a time so many steps earlier, the number standing in the interval."""
    moved = exp.Sub(this=moment, expression=exp.Interval(this=count, unit=exp.Var(this=grain.name)))
    return _cast_as(moved, exp.DType.DATE) if grain >= Grain.DAY else moved


def _half(low: exp.Expr, high: exp.Expr) -> exp.Select:
    return exp.Select(
        expressions=[low.copy(), high.copy(), column(_BEGIN)],
        from_=exp.From(this=exp.Table(this=identifier(_HALVES))),
        where=exp.Where(this=exp.LT(this=column(_LOW), expression=column(_HIGH))),
    )


def _unit_name(grain: Grain) -> str:
    return Grain.MONTH.name if grain is Grain.QUARTER else grain.name


def _cast_as(tree: exp.Expr, kind: exp.DType) -> exp.Expr:
    return exp.Cast(this=tree, to=exp.DataType(this=kind))


def _as_subquery(inner: exp.Select, alias: str) -> exp.Subquery:
    return exp.Subquery(this=inner, alias=exp.TableAlias(this=identifier(alias)))
