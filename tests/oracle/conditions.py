"""Filters as trees: their truth under SQL's three values, and both forms in which a question may write them.

A tree is ``{"and": [...]}``, ``{"or": [...]}``, ``{"not": tree}``, ``{"member", "op", "value"}`` or, over a metric's
value per key, ``{"metric", "by", "op", "value"}``.
"""

# ruff: noqa: PLR0911 -- one return per operator

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

from tests.oracle.moments import moment

Truth = bool | None
TIMES = {"second", "minute", "hour", "day", "week", "month", "quarter", "year"}


def truth(tree: dict, value_of: Callable[[dict], object]) -> Truth:
    """Say whether the condition holds: True, False, or None for unknown."""
    if "and" in tree:
        found = [truth(part, value_of) for part in tree["and"]]
        return False if False in found else None if None in found else True
    if "or" in tree:
        found = [truth(part, value_of) for part in tree["or"]]
        return True if True in found else None if None in found else False
    if "not" in tree:
        found = truth(tree["not"], value_of)
        return None if found is None else not found
    return compared(value_of(tree), tree["op"], tree.get("value"))


def compared(value: object, op: str, other: object) -> Truth:
    """Compare one value."""
    if op in {"is_null", "is_not_null"}:
        return (value is None) == (op == "is_null")
    if value is None:
        return None
    if isinstance(value, date | datetime):
        value, other = moment(value), _moments(other)
    match op:
        case "in":
            return value in other
        case "not_in":
            return value not in other
        case "between":
            return other[0] <= value <= other[1]
        case "contains":
            return other in value
        case "starts_with":
            return value.startswith(other)
        case "ends_with":
            return value.endswith(other)
    return {
        "=": value == other,
        "!=": value != other,
        "<": value < other,
        "<=": value <= other,
        ">": value > other,
        ">=": value >= other,
    }[op]


def _moments(other: object) -> object:
    if isinstance(other, list):
        return [_moments(each) for each in other]
    return datetime.fromisoformat(other) if isinstance(other, str) else other


def structured(tree: dict) -> dict:
    """Write the tree in the structured form: a metric's groups have a name of their own there."""
    if "metric" in tree:
        return {"group_by" if key == "by" else key: value for key, value in tree.items()}
    if "not" in tree:
        return {"not": structured(tree["not"])}
    return {key: [structured(part) for part in value] if key in {"and", "or"} else value for key, value in tree.items()}


def template(tree: dict) -> str:
    """Write the tree in the template form."""
    if "and" in tree or "or" in tree:
        word = "and" if "and" in tree else "or"
        return "(" + f" {word.upper()} ".join(template(part) for part in tree[word]) + ")"
    if "not" in tree:
        return f"NOT ({template(tree['not'])})"
    if "metric" in tree:
        subject = f"{{{{ Metric('{tree['metric']}', group_by=['{tree['by']}']) }}}}"
    else:
        stem, _, grain = tree["member"].rpartition("__")
        subject = (
            f"{{{{ TimeDimension('{stem}', '{grain}') }}}}"
            if grain in TIMES
            else f"{{{{ Dimension('{tree['member']}') }}}}"
        )
    return _comparison(subject, tree["op"], tree.get("value"))


def _comparison(subject: str, op: str, value: object) -> str:
    match op:
        case "is_null":
            return f"{subject} IS NULL"
        case "is_not_null":
            return f"{subject} IS NOT NULL"
        case "in" | "not_in":
            return f"{subject} {'NOT ' if op == 'not_in' else ''}IN ({', '.join(map(_literal, value))})"
        case "between":
            return f"{subject} BETWEEN {_literal(value[0])} AND {_literal(value[1])}"
        case "contains":
            return f"{subject} LIKE '%{value}%'"
        case "starts_with":
            return f"{subject} LIKE '{value}%'"
        case "ends_with":
            return f"{subject} LIKE '%{value}'"
    return f"{subject} {'<>' if op == '!=' else op} {_literal(value)}"


def _literal(value: object) -> str:
    if isinstance(value, bool):
        return str(value).upper()
    return f"'{value}'" if isinstance(value, str) else str(value)
