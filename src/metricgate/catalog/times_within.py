"""Expressions that depend on a time: the same expression of another moment.

A weekday or a fiscal year computed from an order's day says something of the day. Where the order is shown at another
day (a month later, say), the weekday is that day's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import sqlglot
from sqlglot import exp

from metricgate.catalog.expression import Expression
from metricgate.vocabulary.grain import Grain

_DAILY_PARTS = {"YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "DOW", "DAYOFWEEK", "ISODOW", "DOY", "DAYOFYEAR", "ISOYEAR"}
_OF_A_DAY = (exp.Date, exp.Year, exp.Quarter, exp.Month, exp.Week, exp.Day, exp.DayOfWeek, exp.DayOfYear)
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*\Z")
_UNITS = {grain.name: grain for grain in Grain}


@dataclass(frozen=True, slots=True, kw_only=True)
class AtMoment:
    """An expression with a column of the moment in the time's place.

    Attributes:
        expression: reads the moment's column, and nothing else.
        by_day: whether the moment's day is all that it looks at.
    """

    expression: Expression
    by_day: bool


class Mixed:
    """An expression that depends on the time and on more, or in a way that no other moment could be put in."""


MIXED = Mixed()


@lru_cache(maxsize=8_192)
def at_moment(expression: Expression, time: Expression, moment: str) -> AtMoment | Mixed | None:
    """Return the expression with the column ``moment`` in place of ``time``; None where it does not depend on it.

    >>> day = Expression(text="sold_on", columns=("sold_on",))
    >>> year = Expression(text="EXTRACT(YEAR FROM sold_on) + 1", columns=("sold_on",))
    >>> at_moment(year, day, "day").expression.text
    'EXTRACT(YEAR FROM day) + 1'
    >>> at_moment(Expression(text="region", columns=("region",)), day, "day") is None
    True
    """
    shared = set(expression.columns) & set(time.columns)
    if not shared:
        return None
    tree, wanted = exp.Paren(this=sqlglot.parse_one(expression.text)), sqlglot.parse_one(time.text)
    found = [each for each in tree.find_all(type(wanted)) if each == wanted]
    by_day = all(_by_day(each) for each in found)
    for each in found:
        each.replace(exp.column(moment, quoted=_PLAIN.match(moment) is None))
    rest = {each.name for each in tree.find_all(exp.Column)} - {moment} if found else set(expression.columns)
    if not found:
        return MIXED if set(expression.columns) == set(time.columns) else None
    if rest:
        return MIXED
    return AtMoment(expression=Expression(text=tree.this.sql(), columns=(moment,)), by_day=by_day)


def _by_day(time: exp.Expr) -> bool:
    """Whether what stands around a time takes no more of it than its day."""
    around = time.parent
    match around:
        case exp.Cast():
            return bool(around.to.this is exp.DType.DATE)
        case exp.Extract():
            return around.this.name.upper() in _DAILY_PARTS
        case exp.TimestampTrunc() | exp.DateTrunc():
            unit = around.args.get("unit")
            return unit is not None and _UNITS.get(unit.name.upper(), Grain.SECOND) >= Grain.DAY
        case _:
            return isinstance(around, _OF_A_DAY)
