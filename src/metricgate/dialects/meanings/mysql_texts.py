"""Texts of MariaDB and MySQL: exact where a function searches, not padded where texts are equal."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sqlglot import exp
from sqlglot.errors import UnsupportedError

from metricgate.dialects.kinds import ValueKind
from metricgate.dialects.meanings import shared
from metricgate.dialects.meanings.way import Way, Writing
from metricgate.dialects.meanings.words import words
from metricgate.dialects.trees import any_of, literal, operand

_NAME = "mysql"
_EXACTLY = "CAST(s AS CHAR CHARACTER SET utf8mb4) COLLATE utf8mb4_bin"


def _position(node: exp.Expr, way: Way) -> exp.Expr:
    if any(node.args.get(key) is not None for key in ("position", "occurrence")):
        raise UnsupportedError("STRPOS takes a text and what is looked for")
    return words(_NAME, f"LOCATE(p, {_EXACTLY})", s=way.write(node.this), p=way.write(node.args["substr"]))


def _write_starts_with(node: exp.Expr, way: Way) -> exp.Expr:
    """By place: equality would pass over trailing spaces."""
    start = way.write(node.args["expression"])
    return words(_NAME, f"LOCATE(p, LEFT({_EXACTLY}, CHAR_LENGTH(p))) = 1", s=way.write(node.this), p=start)


def _write_split_part(node: exp.Expr, way: Way) -> exp.Expr:
    value, by = way.write(node.this), way.write(node.args["delimiter"])
    if way.text(node.args["delimiter"]) == "":
        raise UnsupportedError("SPLIT_PART needs something to split by")
    part = shared.whole_number(node.args["part_index"])
    if part is None:
        raise UnsupportedError("SPLIT_PART takes a written number")
    if part == 0:
        return words(_NAME, "LEFT(s, 0)", s=value)
    pieces = "CHAR_LENGTH(s) - CHAR_LENGTH(REPLACE(s, d, ''))"
    outer = "SUBSTRING_INDEX(SUBSTRING_INDEX(s, d, n), d, m)"
    text = f"CASE WHEN {pieces} >= CHAR_LENGTH(d) * l THEN {outer} WHEN s IS NULL OR d IS NULL THEN NULL ELSE '' END"
    places = {"n": _signed_literal(part), "m": _signed_literal(-1 if part > 0 else 1), "l": literal(abs(part) - 1)}
    return words(_NAME, text, s=value, d=by, **places)


def _signed_literal(number: int) -> exp.Expr:
    return literal(number) if number >= 0 else exp.Neg(this=literal(-number))


def _write_regex_match(node: exp.Expr, way: Way) -> exp.Expr:
    if node.args.get("flag") is not None:
        raise UnsupportedError("REGEXP_LIKE takes no flags; write (?i) before the pattern")
    pattern = node.args["expression"]
    text = way.text(pattern)
    if text is not None:
        return words(_NAME, "REGEXP_INSTR(s, p) > 0", s=way.write(node.this), p=literal(f"(?-i){text}"))
    return words(_NAME, "REGEXP_INSTR(s, CONCAT('(?-i)', p)) > 0", s=way.write(node.this), p=way.write(pattern))


def _write_like(node: exp.Expr, way: Way) -> exp.Expr:
    return shared.like_by_the_letter(node, way, lambda pattern: words(_NAME, r"REPLACE(p, '\\', '\\\\')", p=pattern))


def _write_concatenation(node: exp.Expr, way: Way) -> exp.Expr:
    """NULL where one is; written out, as the writer says so only the first time that it writes a node."""
    parts = [way.write(each) for each in node.expressions]
    unknown = any_of([exp.Is(this=operand(each.copy()), expression=exp.Null()) for each in parts])
    whole = exp.Anonymous(this="CONCAT_WS", expressions=parts)
    return exp.Case(ifs=[exp.If(this=unknown, true=exp.Null())], default=whole)


def _write_substring(node: exp.Expr, way: Way) -> exp.Expr:
    """A place before the first character holds nothing, and counts."""
    value, start, length = way.write(node.this), node.args["start"], node.args.get("length")
    first, count = shared.whole_number(start), shared.whole_number(length)
    if first is not None and first > 0:
        least = None if length is None else literal(max(count, 0)) if count is not None else way.write(length)
        return exp.Substring(this=value, start=literal(first), length=least)
    place = way.write(start)
    if first is None:
        place = words(_NAME, "CASE WHEN p < 0 THEN CHAR_LENGTH(s) + 1 + p ELSE p END", p=place, s=value)
    elif first < 0:
        place = words(_NAME, "CHAR_LENGTH(s) + 1 - n", n=literal(-first), s=value)
    if length is None:
        return words(_NAME, "SUBSTRING(s, GREATEST(p, 1))", s=value, p=place)
    return words(_NAME, "SUBSTRING(s, GREATEST(p, 1), n + LEAST(p - 1, 0))", s=value, p=place, n=way.write(length))


def _write_text_end(node: exp.Expr, way: Way) -> exp.Expr:
    """LEFT and RIGHT of a negative number leave out as many characters at the other end."""
    value, number = way.write(node.this), node.args["expression"]
    count = shared.whole_number(number)
    if count is not None and count >= 0:
        return way.plain(node)
    word = "LEFT" if isinstance(node, exp.Left) else "RIGHT"
    if count is not None:
        return words(_NAME, f"{word}(s, GREATEST(CHAR_LENGTH(s) - n, 0))", s=value, n=literal(-count))
    text = f"{word}(s, CASE WHEN n < 0 THEN GREATEST(CHAR_LENGTH(s) + n, 0) ELSE n END)"
    return words(_NAME, text, s=value, n=way.write(number))


def _write_trim(node: exp.Expr, way: Way) -> exp.Expr:
    """Several characters are a set of them everywhere else, and one text here."""
    characters = node.args.get("expression")
    if characters is not None and len(way.text(characters) or "") != 1:
        raise UnsupportedError("TRIM takes away one written character")
    return way.plain(node)


def _hashed(node: exp.Expr, way: Way) -> exp.Expr:
    return words(_NAME, "MD5(CAST(s AS CHAR CHARACTER SET utf8mb4))", s=way.write(node.this))


def _as_text(node: exp.Expr, way: Way) -> exp.Expr:
    said = way.write(node)
    if way.kind(node) is ValueKind.BOOLEAN:
        return words(_NAME, "CASE WHEN x THEN 'true' WHEN NOT x THEN 'false' END", x=said)
    return said


def _concatenated(node: exp.Expr, way: Way) -> exp.Expr:
    sides = [_as_text(each, way) for each in (node.this, node.args["expression"])]
    return exp.DPipe(this=operand(sides[0]), expression=operand(sides[1]))


TEXTS: Mapping[type[exp.Expr], Writing] = MappingProxyType(
    {
        exp.ConcatWs: _write_concatenation,
        exp.StrPosition: _position,
        exp.StartsWith: _write_starts_with,
        exp.SplitPart: _write_split_part,
        exp.RegexpLike: _write_regex_match,
        exp.Like: _write_like,
        exp.ILike: _write_like,
        exp.Substring: _write_substring,
        exp.Left: _write_text_end,
        exp.Right: _write_text_end,
        exp.Trim: _write_trim,
        exp.MD5: _hashed,
        exp.DPipe: _concatenated,
    }
)
