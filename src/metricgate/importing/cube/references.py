"""Cube's references (``{CUBE}.amount``, ``{status}``, ``{orders.count}``) -> plain SQL names that can be resolved."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from metricgate.catalog.expression_parser import ExpressionFault
from metricgate.catalog.foreign_sql import to_our_spelling

_REFERENCE = re.compile(
    r"\$?\{\s*([A-Za-z_]\w*)\s*(?:\.\s*([A-Za-z_]\w*)\s*(?:\.\s*([A-Za-z_]\w*)\s*)?)?\}(\.(?=[A-Za-z_\"`]))?"
)
_NOT_OURS = frozenset({"FILTER_PARAMS", "FILTER_GROUP", "SECURITY_CONTEXT", "COMPILE_CONTEXT", "SQL_UTILS"})
_TABLE = "cube__"
_MEMBER = "member__"
_QUOTED = re.compile(r"'(?:[^']|'')*'")


@dataclass(frozen=True, slots=True, kw_only=True)
class Referring:
    """SQL in which tables are ``cube__<name>`` and members ``member__<number>``.

    Attributes:
        members: ``(cube, member)`` by the name that stands for it.
    """

    text: str
    members: dict[str, tuple[str, str]] = field(default_factory=dict)


def resolve_references(text: str, cube: str, cubes: frozenset[str]) -> Referring | ExpressionFault:
    """Return the text with every reference named, or why one cannot be: Jinja, filters of the caller, context."""
    text = to_our_spelling(text)
    if "{{" in text or "{%" in text or "{#" in text:
        return ExpressionFault("it holds Jinja, which is not run")
    members: dict[str, tuple[str, str]] = {}
    faults: list[str] = []

    def named(found: re.Match[str]) -> str:
        first, second, third, dotted = found.group(1, 2, 3, 4)
        if first in _NOT_OURS:
            faults.append(f"{first} is set by Cube when it answers")
            return found[0]
        owner = cube if first in {"CUBE", "TABLE"} else first
        if dotted is not None:
            return f"{_TABLE}{owner}." if second is None else found[0]
        if second is None:
            if owner in cubes:
                return f"{_TABLE}{owner}"
            owner, second = cube, first
        if third is not None:
            faults.append(f"{found[0]} names a grain or a path of a member")
            return found[0]
        name = f"{_MEMBER}{len(members)}"
        members[name] = (owner, second)
        return name

    written = _REFERENCE.sub(named, text)
    if faults:
        return ExpressionFault(faults[0])
    if "{" in _QUOTED.sub("", written) or "}" in _QUOTED.sub("", written):
        return ExpressionFault("it holds a reference that is not understood")
    return Referring(text=written, members=members)


def tables_of(found: Referring) -> list[str]:
    """Return the cubes whose tables the text names, in its order."""
    return re.findall(rf"\b{_TABLE}(\w+)\.", found.text)


def cube_of(table: str | None) -> str | None:
    """Return the cube that a table of ``Referring.text`` stands for; None for plain SQL names."""
    return table.removeprefix(_TABLE) if table is not None and table.startswith(_TABLE) else None
