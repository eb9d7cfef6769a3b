"""Structured filters as SQL text: what every format that writes them so has in common."""

from __future__ import annotations

from collections.abc import Callable

from metricgate.vocabulary.predicate import And, Comparison, Not, Operator, Or, Predicate, Scalar, Template

_COMPARED = {
    Operator.EQ: "=", Operator.NE: "<>", Operator.LT: "<", Operator.LE: "<=", Operator.GT: ">", Operator.GE: ">=",
}  # fmt: skip
ONE_VALUE = frozenset({*_COMPARED, Operator.CONTAINS, Operator.STARTS_WITH, Operator.ENDS_WITH})
"""Operators that compare with one value, written outside of a list."""


class Unsaid(Exception):
    """Why something cannot be said in the other format. It is caught where definitions are written."""


def condition_text(condition: Predicate, leaf: Callable[[Comparison | Template], str]) -> str:
    """Return the condition in SQL; ``leaf`` writes its comparisons and templates."""
    match condition:
        case And() | Or():
            word = " AND " if isinstance(condition, And) else " OR "
            return "(" + word.join(condition_text(part, leaf) for part in condition.parts) + ")"
        case Not():
            return f"NOT ({condition_text(condition.part, leaf)})"
        case Comparison() | Template():
            return leaf(condition)


def comparison_text(op: Operator, subject: str, values: list[str]) -> str:
    """Return ``subject op values`` in SQL, for values that are written already.

    Raises:
        Unsaid: the operator compares text, which dialects escape differently.
    """
    if op in _COMPARED:
        return f"{subject} {_COMPARED[op]} {values[0]}"
    match op:
        case Operator.IN | Operator.NOT_IN:
            return f"{subject} {'IN' if op is Operator.IN else 'NOT IN'} ({', '.join(values)})"
        case Operator.BETWEEN:
            return f"{subject} BETWEEN {values[0]} AND {values[1]}"
        case Operator.IS_NULL | Operator.IS_NOT_NULL:
            return f"{subject} {'IS NULL' if op is Operator.IS_NULL else 'IS NOT NULL'}"
        case _:
            raise Unsaid(f"its filter uses {op.value!r}")


def literal_text(value: Scalar, forbidden: str = "\\") -> str | None:
    """Return the value as every SQL dialect writes it; None where it has no such form.

    ``forbidden`` are characters that a text must not hold.
    """
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, (int, float)):
        return repr(value)
    if not isinstance(value, str) or not value.isprintable() or any(each in value for each in forbidden):
        return None
    return "'" + value.replace("'", "''") + "'"
