"""What MariaDB makes of a value depends on how it is written and on the column that takes it.

``0x05`` and ``b'101'`` are numbers to a column of numbers and bytes to another; ``5`` and ``'5'`` are different bits;
``1.5`` in one row of a SELECT's branches becomes ``1.50`` beside ``1.25``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlglot import exp

_LARGEST_BYTES = 8
_NUMBERS = frozenset(
    {"tinyint", "smallint", "mediumint", "int", "integer", "bigint", "decimal", "numeric", "float", "double", "year"}
)
_TEXTS = frozenset({"char", "varchar", "tinytext", "text", "mediumtext", "longtext", "date", "datetime", "timestamp"})


def as_number(value: exp.Expr, kind: str) -> exp.Expr:
    """Return a literal in hex or bits as the number that it is to a column of numbers; anything else as it is.

    Args:
        value: what is assigned; perhaps with a name.
        kind: the column's type in the engine's words.
    """
    number = in_digits(value.unalias())
    if number is None or not takes_numbers(kind):
        return value
    literal = exp.Literal.number(number)
    return exp.alias_(literal, value.args["alias"].copy()) if type(value) is exp.Alias else literal


def takes_numbers(kind: str) -> bool:
    """Whether a column stores numbers."""
    return _type_word(kind) in _NUMBERS


def takes_texts(kind: str) -> bool:
    """Whether a column makes the same of a number and of its digits as a text, and stores texts as they are."""
    return _type_word(kind) in _NUMBERS - {"year"} or _type_word(kind) in _TEXTS


def one_type(values: Sequence[exp.Expr]) -> bool:
    """Whether values in a column are of one type, so that none changes another's."""
    kinds = {_value_kind(value) for value in values} - {"null"}
    return len(values) == 1 or (len(kinds) <= 1 and "other" not in kinds)


def _value_kind(value: exp.Expr) -> str:
    inner = value.this if type(value) is exp.Neg else value
    if type(value) is exp.Null:
        return "null"
    if type(inner) is exp.Literal:
        return "text" if inner.is_string else "integer" if str(inner.this).isdigit() else "other"
    return "other"


def in_digits(value: exp.Expr) -> str | None:
    """Return the decimal digits of a literal in hex or bits; None for anything else."""
    text = str(value.this)
    if type(value) is exp.BitString and len(text) <= _LARGEST_BYTES * 8:
        return str(int(text, 2)) if text else "0"
    hexadecimal = type(value) is exp.Literal and not value.is_string and text.startswith("0x")
    if hexadecimal and len(text) - 2 <= _LARGEST_BYTES * 2:
        return str(int(text, 16))
    return None


def _type_word(kind: str) -> str:
    found = re.match(r"\w+", kind)
    return "" if found is None else found[0].lower()
