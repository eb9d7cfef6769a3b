"""Dialects that nothing here can run: said in words that every engine has, with the dialect's cuts and parts of times.

No engine's own arithmetic of weeks, months or rounded texts is relied on; what has no common words is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

from sqlglot import exp
from sqlglot.errors import UnsupportedError

from metricgate.dialects.kinds import MAY_HAVE_FRACTIONS, ValueKind
from metricgate.dialects.meanings import shared
from metricgate.dialects.meanings.way import Meanings, Way
from metricgate.dialects.meanings.words import words
from metricgate.dialects.trees import literal, operand
from metricgate.vocabulary.grain import DatePart, Grain

_NAME = "postgres"
"""Of our texts; their trees are written in the dialect's own words."""

Cut = Callable[[exp.Expr, Grain], exp.Expr]
Part = Callable[[exp.Expr, DatePart], exp.Expr]

_PARTS = {
    "YEAR": DatePart.YEAR,
    "QUARTER": DatePart.QUARTER,
    "MONTH": DatePart.MONTH,
    "WEEK": DatePart.WEEK,
    "DAY": DatePart.DAY,
    "ISODOW": DatePart.DOW,
    "DOY": DatePart.DOY,
}
_GRAINS = {grain.name: grain for grain in Grain}


def general(*, truncated: Cut, part: Part, escapes: bool, whole_matches: bool = False) -> Meanings:
    """Return the table of a dialect.

    Args:
        truncated: the dialect's cut of a time to a grain, a DATE from day on.
        part: the dialect's part of a time, by ISO 8601 where weeks matter.
        escapes: whether a backslash escapes wildcards in LIKE where nothing says so.
        whole_matches: whether REGEXP_LIKE wants the pattern to be the whole text.
    """
    times = _Times(truncated=truncated, part=part)
    return MappingProxyType(
        {
            **_TABLE,
            **dict.fromkeys((*shared.PARTS, exp.Extract), times.part_of),
            exp.DateTrunc: times.truncate,
            exp.TimestampTrunc: times.truncate,
            exp.DateDiff: times.between,
            **(dict.fromkeys((exp.Like, exp.ILike), _like_without_backslash) if escapes else {}),
            **({exp.RegexpLike: _write_regex_search} if whole_matches else {}),
        }
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Times:
    truncated: Cut
    part: Part

    def truncate(self, node: exp.Expr, way: Way) -> exp.Expr:
        unit, time = shared.unit_of(node), way.write(node.this)
        if unit == "MICROSECOND":
            return exp.Cast(this=time, to=exp.DataType(this=exp.DType.TIMESTAMP))
        return self.truncated(time, _GRAINS[unit])

    def part_of(self, node: exp.Expr, way: Way) -> exp.Expr:
        name, time = shared.part_of(node)
        said = way.write(time)
        if name in _PARTS:
            return self.part(said, _PARTS[name])
        if name == "DOW":
            return exp.Mod(this=operand(self.part(said, DatePart.DOW)), expression=literal(7))
        if name not in {"HOUR", "MINUTE", "SECOND"}:
            raise UnsupportedError(f"EXTRACT({name.lower()} FROM ...) has no common words")
        found = exp.Extract(this=exp.Var(this=name), expression=said)
        return _whole_part(found) if name == "SECOND" else found

    def between(self, node: exp.Expr, way: Way) -> exp.Expr:
        unit = shared.unit_of(node)
        end, start = way.write(node.this), way.write(node.args["expression"])
        if unit in _MONTHS:
            each = [self._since_year_0(side, unit) for side in (end, start)]
            return exp.Sub(this=operand(each[0]), expression=operand(each[1]))
        if unit in {"DAY", "WEEK"}:
            days = exp.DateDiff(this=_as_date(end), expression=_as_date(start), unit=exp.Var(this="DAY"))
            return days if unit == "DAY" else _whole_part(exp.Div(this=days, expression=literal(7)))
        sides = (
            [end, start] if unit == "MICROSECOND" else [self.truncated(each, _GRAINS[unit]) for each in (end, start)]
        )
        return exp.DateDiff(this=sides[0], expression=sides[1], unit=exp.Var(this=unit))

    def _since_year_0(self, time: exp.Expr, unit: str) -> exp.Expr:
        within, count = _MONTHS[unit]
        year = self.part(time.copy(), DatePart.YEAR)
        if within is None:
            return year
        before = exp.Mul(this=operand(year), expression=literal(count))
        return exp.Add(this=before, expression=operand(self.part(time, within)))


def _like_without_backslash(node: exp.Expr, way: Way) -> exp.Expr:
    pattern = way.text(node.args["expression"])
    if not isinstance(node.parent, exp.Escape) and (pattern is None or "\\" in pattern):
        raise UnsupportedError("a backslash in LIKE would escape; write the condition with contains or starts_with")
    return way.plain(node)


_MONTHS = {"MONTH": (DatePart.MONTH, 12), "QUARTER": (DatePart.QUARTER, 4), "YEAR": (None, 1)}


def _as_date(tree: exp.Expr) -> exp.Expr:
    return exp.Cast(this=tree, to=exp.DataType(this=exp.DType.DATE))


def _whole_part(tree: exp.Expr) -> exp.Expr:
    """What lies before the point; written without TRUNC, which is a function of dates in some dialects."""
    text = "CAST(CASE WHEN x < 0 THEN CEIL(x) ELSE FLOOR(x) END AS BIGINT)"
    return words(_NAME, text, x=tree)


def _whole_division(node: exp.Expr, way: Way) -> exp.Expr:
    return _whole_part(
        exp.Div(this=operand(way.write(node.this)), expression=operand(way.write(node.args["expression"])))
    )


def _write_difference(node: exp.Expr, way: Way) -> exp.Expr:
    shared.no_span(node, way)
    kinds = {way.kind(node.this), way.kind(node.args["expression"])}
    if ValueKind.DATE in kinds and ValueKind.INTERVAL not in kinds:
        sides = [_as_date(way.write(each)) for each in (node.this, node.args["expression"])]
        return exp.DateDiff(this=sides[0], expression=sides[1], unit=exp.Var(this="DAY"))
    return way.plain(node)


def _write_substring(node: exp.Expr, way: Way) -> exp.Expr:
    value, start, length = way.write(node.this), node.args["start"], node.args.get("length")
    first, count = shared.whole_number(start), shared.whole_number(length)
    if first is not None and first > 0 and (length is None or (count is not None and count >= 0)):
        return way.plain(node)
    place: exp.Expr = literal(first) if first is not None and first >= 0 else way.write(start)
    if first is None:
        place = words(_NAME, "CASE WHEN p < 0 THEN LENGTH(s) + 1 + p ELSE p END", p=place, s=value)
    elif first < 0:
        place = words(_NAME, "LENGTH(s) + 1 - n", n=literal(-first), s=value)
    at = words(_NAME, "CASE WHEN p < 1 THEN 1 ELSE p END", p=place)
    if length is None:
        return exp.Substring(this=value, start=at)
    text = "CASE WHEN n <= 0 THEN 0 WHEN p > 0 THEN n WHEN n + p - 1 < 0 THEN 0 ELSE n + p - 1 END"
    most = words(_NAME, text, n=way.write(length), p=place)
    return exp.Substring(this=value, start=at, length=most)


def _write_text_end(node: exp.Expr, way: Way) -> exp.Expr:
    count = shared.whole_number(node.args["expression"])
    if count is not None and count >= 0:
        return way.plain(node)
    text = "CASE WHEN n >= 0 THEN n WHEN LENGTH(s) + n > 0 THEN LENGTH(s) + n WHEN n < 0 THEN 0 END"
    value = way.write(node.this)
    number = words(_NAME, text, n=way.write(node.args["expression"]), s=value)
    return type(node)(this=value, expression=number)


def _write_cast(node: exp.Expr, way: Way) -> exp.Expr:
    target, kind = node.args["to"], way.kind(node.this)
    value = way.write(node.this)
    if target.this in shared.TEXTS:
        return _cast_to_text(value, kind, shared.length_of(target))
    if kind is ValueKind.BOOLEAN and shared.pattern_of(target) == shared.NUMBER:
        value = words(_NAME, "CASE WHEN x THEN 1 WHEN NOT x THEN 0 END", x=value)
    elif shared.is_whole(target) and kind in MAY_HAVE_FRACTIONS:
        value = exp.Round(this=value)
    return exp.Cast(this=value, to=shared.decimal_with_digits(target))


def _cast_to_text(value: exp.Expr, kind: ValueKind, length: int | None) -> exp.Expr:
    if kind is ValueKind.BOOLEAN:
        value = words(_NAME, "CASE WHEN x THEN 'true' WHEN NOT x THEN 'false' END", x=value)
    whole = exp.Cast(this=value, to=exp.DataType(this=exp.DType.TEXT))
    return whole if length is None else exp.Left(this=whole, expression=literal(length))


def _cut_off(node: exp.Expr, way: Way) -> exp.Expr:
    return shared.cut_off(node, way, _NAME)


def _write_day(node: exp.Expr, way: Way) -> exp.Expr:
    return _as_date(way.write(node.this))


def _no_flags(node: exp.Expr, way: Way) -> exp.Expr:
    if node.args.get("flag") is not None:
        raise UnsupportedError("REGEXP_LIKE takes no flags")
    return way.plain(node)


def _write_regex_search(node: exp.Expr, way: Way) -> exp.Expr:
    if node.args.get("flag") is not None:
        raise UnsupportedError("REGEXP_LIKE takes no flags")
    sides = [way.write(node.this), way.write(node.args["expression"])]
    place = exp.Anonymous(this="REGEXP_INSTR", expressions=sides)
    return exp.GT(this=place, expression=literal(0))


_TABLE: Meanings = {
    **shared.numeric(_NAME, "DOUBLE PRECISION", exact=True),
    exp.Add: shared.moved_date,
    exp.Sub: _write_difference,
    exp.IntDiv: _whole_division,
    exp.Greatest: shared.passing_over_nulls,
    exp.Least: shared.passing_over_nulls,
    exp.Substring: _write_substring,
    exp.Left: _write_text_end,
    exp.Right: _write_text_end,
    exp.Trunc: _cut_off,
    exp.Cast: _write_cast,
    exp.Date: _write_day,
    exp.RegexpLike: _no_flags,
}
