"""What must not be compared: a text and a number, where an engine would make one of the other without a word."""

from __future__ import annotations

import re

from sqlglot import exp
from sqlglot.errors import UnsupportedError

from metricgate.dialects.kinds import NUMBERS, TIMES, ValueKind
from metricgate.dialects.meanings.shared import NUMBER
from metricgate.dialects.meanings.way import Way, Writing

_NUMBER = re.compile(NUMBER)
_TRUE, _FALSE = frozenset({"true", "t", "yes", "y", "1"}), frozenset({"false", "f", "no", "n", "0"})


class OtherKind(UnsupportedError):
    """Values of different kinds are compared."""


def check(way: Way, *sides: exp.Expr) -> None:
    """Check that no text and no time stands beside a number, but for a written text that is a number's.

    Raises:
        OtherKind: there is one.
    """
    kinds = [way.kind(each) for each in sides]
    if not any(each in NUMBERS or each is ValueKind.NUMBER for each in kinds):
        return
    for side, kind in zip(sides, kinds, strict=True):
        if kind in TIMES:
            raise OtherKind(f"{side.sql()} is a time, and is compared with a number")
        text = way.text(side)
        if kind is ValueKind.TEXT and (text is None or not _NUMBER.match(text)):
            raise OtherKind(f"{side.sql()} is a text, and is compared with a number")


def numbers_only(write: Writing | None) -> Writing:
    """Return a writer that refuses texts where numbers are wanted, but for a written one that is a number's text.

    Raises:
        OtherKind: of what it returns; there is one.
    """

    def checked(node: exp.Expr, way: Way) -> exp.Expr:
        parts = [each for each in (node.this, node.args.get("expression")) if isinstance(each, exp.Expr)]
        kinds = [way.kind(each) for each in parts]
        if not {ValueKind.INTERVAL, *TIMES} & set(kinds):
            for part, kind in zip(parts, kinds, strict=True):
                text = way.text(part)
                if kind is ValueKind.TEXT and (text is None or not _NUMBER.match(text)):
                    raise OtherKind(f"{part.sql()} is a text, where a number is wanted")
        return way.plain(node) if write is None else write(node, way)

    return checked


def truth_of(way: Way, node: exp.Expr, other: exp.Expr) -> exp.Expr:
    """Return what is compared with ``other``: a written text beside a truth as the truth that it names.

    Raises:
        OtherKind: it names none.
    """
    text = way.text(node)
    if text is None or way.kind(other) is not ValueKind.BOOLEAN:
        return node
    if text.lower() in _TRUE | _FALSE:
        return exp.Boolean(this=text.lower() in _TRUE)
    raise OtherKind(f"{other.sql()} is true or false, and {text!r} is neither")
