"""Times of MariaDB and MySQL: cut by DATE_FORMAT, counted between by the borders of units."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sqlglot import exp

from metricgate.dialects.meanings import shared
from metricgate.dialects.meanings.way import Way, Writing
from metricgate.dialects.meanings.words import words

_NAME = "mysql"

_PARTS = {
    "WEEK": "WEEK(x, 3)",
    "DOW": "DAYOFWEEK(x) - 1",
    "ISODOW": "WEEKDAY(x) + 1",
    "DOY": "DAYOFYEAR(x)",
    "ISOYEAR": "YEARWEEK(x, 3) DIV 100",
    "EPOCH": "CAST(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', x) AS DOUBLE) / 1000000",
    "MILLISECOND": "SECOND(x) * 1000 + MICROSECOND(x) DIV 1000",
    "MICROSECOND": "SECOND(x) * 1000000 + MICROSECOND(x)",
}
_CUTS = {
    "MICROSECOND": "CAST(x AS DATETIME(6))",
    "MILLISECOND": "CAST(LEFT(DATE_FORMAT(x, '%Y-%m-%d %H:%i:%s.%f'), 23) AS DATETIME(3))",
    "SECOND": "CAST(DATE_FORMAT(x, '%Y-%m-%d %H:%i:%s') AS DATETIME)",
    "MINUTE": "CAST(DATE_FORMAT(x, '%Y-%m-%d %H:%i:00') AS DATETIME)",
    "HOUR": "CAST(DATE_FORMAT(x, '%Y-%m-%d %H:00:00') AS DATETIME)",
    "DAY": "CAST(x AS DATE)",
    "WEEK": "SUBDATE(CAST(x AS DATE), WEEKDAY(x))",
    "MONTH": "CAST(DATE_FORMAT(x, '%Y-%m-01') AS DATE)",
    "QUARTER": "CAST(CONCAT(YEAR(x), '-', QUARTER(x) * 3 - 2, '-01') AS DATE)",
    "YEAR": "CAST(DATE_FORMAT(x, '%Y-01-01') AS DATE)",
}
_COUNTED = {
    "DAY": "DATEDIFF(x, y)",
    "WEEK": "DATEDIFF(x, y) DIV 7",
    "MONTH": "(YEAR(x) * 12 + MONTH(x)) - (YEAR(y) * 12 + MONTH(y))",
    "QUARTER": "(YEAR(x) * 4 + QUARTER(x)) - (YEAR(y) * 4 + QUARTER(y))",
    "YEAR": "YEAR(x) - YEAR(y)",
    "MICROSECOND": "TIMESTAMPDIFF(MICROSECOND, y, x)",
}


def _write_part(node: exp.Expr, way: Way) -> exp.Expr:
    name, time = shared.part_of(node)
    said = way.write(time)
    if name not in _PARTS:
        return words(_NAME, f"EXTRACT({name} FROM x)", x=said)
    return words(_NAME, _PARTS[name], x=said)


def _write_truncation(node: exp.Expr, way: Way) -> exp.Expr:
    return words(_NAME, _CUTS[shared.unit_of(node)], x=way.write(node.this))


def _write_units_between(node: exp.Expr, way: Way) -> exp.Expr:
    """How many borders of the unit lie between; DATEDIFF counts days whatever it is given."""
    unit, end, start = shared.unit_of(node), way.write(node.this), way.write(node.args["expression"])
    if unit in _COUNTED:
        return words(_NAME, _COUNTED[unit], x=end, y=start)
    cut = [words(_NAME, _CUTS[unit], x=each) for each in (end, start)]
    if unit == "MILLISECOND":
        return words(_NAME, "TIMESTAMPDIFF(MICROSECOND, y, x) DIV 1000", x=cut[0], y=cut[1])
    return words(_NAME, f"TIMESTAMPDIFF({unit}, y, x)", x=cut[0], y=cut[1])


def _last_day(node: exp.Expr, way: Way) -> exp.Expr:
    return words(_NAME, "LAST_DAY(x)", x=way.write(node.this))


def _write_day(node: exp.Expr, way: Way) -> exp.Expr:
    return words(_NAME, "CAST(x AS DATE)", x=way.write(node.this))


TIMES_OF_MYSQL: Mapping[type[exp.Expr], Writing] = MappingProxyType(
    {
        **dict.fromkeys((*shared.PARTS, exp.Extract), _write_part),
        exp.DateTrunc: _write_truncation,
        exp.TimestampTrunc: _write_truncation,
        exp.DateDiff: _write_units_between,
        exp.LastDay: _last_day,
        exp.Date: _write_day,
    }
)
