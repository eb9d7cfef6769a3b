"""Members of other cubes in a measure: the joins that lead to them, and filters of ours that name them.

A measure's rows are those of its own cube; Cube joins the others to them, many to one. A filter over members of other
cubes is therefore the metric's ``filter`` over dimensions that its model reaches; a member that a measure aggregates is
the cube's own column where it is the key that the join goes by, and then only for rows that found their partner.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from metricgate.catalog.expression_parser import ExpressionFault
from metricgate.catalog.sql_rewriter import substitute_columns
from metricgate.importing.cube.cubes import Cube
from metricgate.importing.cube.references import Referring, cube_of, resolve_references, tables_of
from metricgate.importing.joins import Joins

_STAND_IN = "reached_member_"
_STANDS_IN = re.compile(rf"\b{_STAND_IN}(\d+)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """The cube's own column that holds a joined cube's key, and the filter that leaves out rows without a partner."""

    column: str
    filter: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CubeReach:
    """The cubes with their joins.

    Attributes:
        cubes: by their names in Cube.
        joins: of each model, by its name here.
    """

    cubes: Mapping[str, Cube]
    joins: Mapping[str, Joins]

    def others(self, cube: Cube, text: str) -> tuple[str, ...]:
        """Return the other cubes whose members or columns the text names; none where it cannot be read."""
        found = resolve_references(text, cube.written, frozenset(self.cubes))
        if isinstance(found, ExpressionFault):
            return ()
        owners = [owner for owner, _member in found.members.values()] + tables_of(found)
        return tuple(owner for owner in dict.fromkeys(owners) if owner != cube.written)

    def filter(self, cube: Cube, text: str) -> str | ExpressionFault:
        """Return a condition over members of several cubes as a filter of ours, or why it is none."""
        found = resolve_references(text, cube.written, frozenset(self.cubes))
        if isinstance(found, ExpressionFault):
            return found
        members: list[str] = []
        faults: list[ExpressionFault] = []

        def resolve(table: str | None, column: str) -> str | None:
            named = self._resolved(cube, found, table, column)
            if isinstance(named, ExpressionFault):
                faults.append(named)
                return None
            members.append(named)
            return f"{_STAND_IN}{len(members) - 1}"

        written = substitute_columns(found.text, resolve)
        if isinstance(written, ExpressionFault):
            return faults[0] if faults else written
        return _STANDS_IN.sub(lambda each: "{{ Dimension('" + members[int(each[1])] + "') }}", written)

    def key(self, cube: Cube, text: str) -> Reached | ExpressionFault:
        """Return the own column that stands for a text that is one member of another cube, or why none does."""
        found = resolve_references(text, cube.written, frozenset(self.cubes))
        if isinstance(found, ExpressionFault):
            return found
        if found.text.strip() not in found.members:
            return ExpressionFault(f"it reads the cube {self.others(cube, text)[0]!r}; an expression reads one model")
        owner, member = found.members[found.text.strip()]
        there = self.cubes.get(owner)
        hop = None if there is None else self.joins[cube.name].hops.get(there.name)
        reached = self.member(cube, owner, member)
        if isinstance(reached, ExpressionFault):
            return reached
        if there is None or hop is None or there.texts.get(member) not in hop.to_columns:
            reason = "an expression reads one model, and no key of the cube's own holds it"
            return ExpressionFault(f"it reads {owner}.{member}; {reason}")
        column = hop.from_columns[hop.to_columns.index(there.texts[member])]
        return Reached(column=column, filter="{{ Dimension('" + reached + "') }} IS NOT NULL")

    def member(self, cube: Cube, owner: str, member: str) -> str | ExpressionFault:
        """Return the path by which a metric of the cube names a member of another one (or its own)."""
        there = self.cubes.get(owner)
        document = None if there is None else there.documents.get(member)
        if there is None or document is None:
            return ExpressionFault(f"nothing is known of {owner}.{member}")
        path = self._path(cube.name, there.name)
        if path is None:
            return ExpressionFault(f"it reads {owner}.{member}, and no many-to-one joins lead there")
        steps = path or (self._own_entity(cube),)
        return "__".join((*steps, str(document["name"])))

    def _resolved(self, cube: Cube, found: Referring, table: str | None, column: str) -> str | ExpressionFault:
        if table is None and column in found.members:
            return self.member(cube, *found.members[column])
        owner = self.cubes.get(cube_of(table) or cube.written)
        if owner is None:
            return ExpressionFault(f"nothing is known of {table}")
        plain = next((each for each, text in owner.texts.items() if text == column and each in owner.documents), None)
        if plain is None:
            return ExpressionFault(f"it reads the column {column!r} of {owner.what}, which is no dimension there")
        return self.member(cube, owner.written, plain)

    def _own_entity(self, cube: Cube) -> str:
        joins = self.joins[cube.name]
        primary = next(
            (each["name"] for each in joins.entities if isinstance(each, dict) and each["type"] == "primary"), None
        )
        return str(primary or joins.primary_entity)

    def _path(self, source: str, target: str) -> tuple[str, ...] | None:
        """Return the names of the hops of the shortest way, as Cube joins; the first one written of equal ones."""
        if source == target:
            return ()
        reached: dict[str, tuple[str, ...]] = {source: ()}
        waiting = [source]
        while waiting:
            here = waiting.pop(0)
            for there, hop in self.joins[here].hops.items():
                if there in reached:
                    continue
                reached[there] = (*reached[here], hop.name)
                if there == target:
                    return reached[there]
                waiting.append(there)
        return None
