"""A cube: its parts with all that it extends, and its dimensions and segments as dimensions of ours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from metricgate.catalog.expression_parser import ExpressionFault, parse_expression
from metricgate.catalog.names import checked_source
from metricgate.catalog.sql_rewriter import substitute_columns
from metricgate.importing.cube.references import cube_of, resolve_references
from metricgate.importing.name_translation import Naming, identifier
from metricgate.importing.source_parts import SourcePart, without_empty
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Problem

_OPEN = ("public", "shown")
_DEEPEST = 10


@dataclass(slots=True, kw_only=True)
class Cube:
    """A cube being converted.

    Attributes:
        written: its name in Cube; ``name`` here.
        parts: the cube itself and what it extends, nearest first.
        dimensions: Cube's dimensions and segments by their names there.
        masks: what is shown instead of a dimension to those who may see it masked only, as written.
    """

    part: SourcePart
    written: str
    name: str
    source: str
    parts: tuple[SourcePart, ...]
    dimensions: dict[str, SourcePart] = field(default_factory=dict)
    documents: dict[str, dict[str, Json]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    primary: list[str] = field(default_factory=list)
    kinds: dict[str, str] = field(default_factory=dict)
    masks: dict[str, Json] = field(default_factory=dict)

    @property
    def what(self) -> str:
        """How the report speaks of it."""
        return f"the cube {self.written!r}"

    def members(self, key: str) -> dict[str, SourcePart]:
        """Return the parts under a list by name, inherited ones first; an own one replaces an inherited one."""
        found: dict[str, SourcePart] = {}
        for part in reversed(self.parts):
            for each in part.parts(key):
                found[each.required_text("name", f"one of the {key} of {self.what}")] = each
        return found


def cube_of_part(part: SourcePart, others: Mapping[str, SourcePart], names: Naming) -> Cube | None:
    """Read a cube's head; None (told) where it stands on a query."""
    written = part.required_text("name", "a cube")
    what = f"the cube {written!r}"
    parts = [part]
    while (base := parts[-1].text("extends")) is not None and len(parts) < _DEEPEST:
        base = base.strip("{} ")
        if base not in others:
            part.reading.notes.note_dropped(
                what, part.at("extends"), f"it extends {base!r}, which is not in these files"
            )
            return None
        parts.append(others[base])
    # The nearest that says one decides: what a cube reads itself stands in the place of what it extends.
    heads = ((each.text("sql_table"), each.text("sql")) for each in parts)
    table, query = next((head for head in heads if head != (None, None)), (None, None))
    plain = re.fullmatch(r"\s*select\s+\*\s+from\s+([\w.]+)\s*;?\s*", query or "", re.IGNORECASE)
    source = table or (plain[1] if plain else None)
    try:
        source = None if source is None else checked_source(source.replace('"', "").replace("`", ""))
    except ValueError:
        source = None
    if source is None:
        reason = "its table is no plain relation: put the query into a view, and name that as sql_table"
        part.reading.notes.note_dropped(what, part.place, reason)
        return None
    name = names.give(written, what, part.at("name"))
    return Cube(part=part, written=written, name=name, source=source, parts=tuple(parts))


@dataclass(slots=True)
class Dimensions:
    """Reads the dimensions and segments of every cube; one may be written in terms of others of its cube."""

    cubes: Mapping[str, Cube]

    def read(self, cube: Cube) -> None:
        """Fill in the cube's documents, expressions and key."""
        names = Naming(notes=cube.part.reading.notes, words=True)
        segments = cube.members("segments")
        cube.dimensions = {**cube.members("dimensions"), **segments}
        for written, part in cube.dimensions.items():
            what = f"the {'segment' if written in segments else 'dimension'} {written!r} of {cube.what}"
            found = self._text(cube, part)
            kind = "boolean" if written in segments else part.word("type") or "string"
            if isinstance(found, ExpressionFault):
                part.reading.notes.note_dropped(what, part.place, found.message)
                _ignore_rest(part)
                continue
            cube.texts[written], cube.kinds[written] = found, kind
            if part.flag("primary_key"):
                cube.primary.append(written)
            if part.has("mask"):
                cube.masks[written] = part.take("mask")
            document = self._document(part, written, found, kind, what, names)
            if written in segments:
                reason = "a segment is a dimension that is true or false here"
                part.reading.notes.note_changed(what, part.place, reason)
            if document is not None:
                cube.documents[written] = document
            finish_member(part, what)

    def _document(
        self, part: SourcePart, written: str, text: str, kind: str, what: str, names: Naming
    ) -> dict[str, Json] | None:
        if kind in {"geo", "switch"}:
            part.reading.notes.note_dropped(what, part.at("type"), f"the type {kind} has no counterpart")
            _ignore_rest(part)
            return None
        name = names.give(written, what, part.at("name"))
        if kind == "time":
            part.reading.notes.note_changed(f"the granularity of {what}", part.place, "Cube does not say it: second")
        return without_empty(
            name=name,
            type="time" if kind == "time" else "categorical",
            expr=text if text != name else None,
            granularity="second" if kind == "time" else None,
            label=part.text("title"),
            description=part.text("description"),
        )

    def _text(self, cube: Cube, part: SourcePart, depth: int = 0) -> str | ExpressionFault:
        if part.flag("sub_query"):
            return ExpressionFault("a subquery dimension aggregates another cube")
        case = part.part("case")
        if case is not None:
            return self._case(cube, case, depth)
        text = part.text("sql")
        if text is None:
            return ExpressionFault("it has no sql")
        return self.scalar(cube, text, depth)

    def _case(self, cube: Cube, case: SourcePart, depth: int) -> str | ExpressionFault:
        written: list[str] = []
        for each in case.parts("when"):
            for word, found in (
                ("WHEN", self.scalar(cube, each.required_text("sql", "a case"), depth)),
                ("THEN", self._label(cube, each, depth)),
            ):
                if isinstance(found, ExpressionFault):
                    return found
                written.append(f"{word} {found}")
            each.finish("a case")
        other = case.part("else")
        if not written:
            return ExpressionFault("its case has no branches")
        if other is not None:
            last = self._label(cube, other, depth)
            if isinstance(last, ExpressionFault):
                return last
            written.append(f"ELSE {last}")
            other.finish("a case")
        case.finish("a case")
        return f"CASE {' '.join(written)} END"

    def _label(self, cube: Cube, part: SourcePart, depth: int) -> str | ExpressionFault:
        """Return a branch's value: text, or SQL where the label is ``{sql: ...}``."""
        if isinstance(part.peek("label"), Mapping):
            held = part.part("label")
            return (
                ExpressionFault("a label has no sql")
                if held is None
                else self.scalar(cube, held.text("sql") or "", depth)
            )
        return "'" + (part.text("label") or "").replace("'", "''") + "'"

    def scalar(self, cube: Cube, text: str, depth: int = 0) -> str | ExpressionFault:
        """Return SQL over the cube's own columns, or why there is none."""
        found = resolve_references(text, cube.written, frozenset(self.cubes))
        if isinstance(found, ExpressionFault):
            return found
        faults: list[str] = []

        def resolve(table: str | None, column: str) -> str | None:
            if table is None and column in found.members:
                return self._member(cube, *found.members[column], depth, faults)
            owner = cube_of(table)
            if table is None or (owner or table) == cube.written or table == cube.source.rpartition(".")[2]:
                return identifier(column)
            faults.append(f"it reads the cube {owner or table!r}; an expression reads one model")
            return None

        written = substitute_columns(found.text, resolve)
        if isinstance(written, ExpressionFault):
            return ExpressionFault(faults[0]) if faults else written
        problem = parse_expression(written)
        return ExpressionFault(problem.message) if isinstance(problem, Problem) else written

    def _member(self, cube: Cube, owner: str, member: str, depth: int, faults: list[str]) -> str | None:
        if owner != cube.written:
            faults.append(f"it reads {owner}.{member}, a member of another cube")
            return None
        part = cube.dimensions.get(member)
        if part is None or depth > _DEEPEST:
            faults.append(
                f"nothing is known of the dimension {member!r}" if part is None else f"{member!r} goes in circles"
            )
            return None
        found = self._text(cube, part, depth + 1)
        if isinstance(found, ExpressionFault):
            faults.append(f"it reads {member!r}, of which is said: {found.message}")
            return None
        return found


def finish_member(part: SourcePart, what: str) -> None:
    """Tell what a dimension or measure loses."""
    for key in _OPEN:
        if part.has(key) and not part.flag(key):
            reason = "who may ask is a matter of policy here"
            part.reading.notes.note_dropped(f"{key}: false of {what}", part.at(key), reason)
        part.ignore(key)
    part.finish(what)


def _ignore_rest(part: SourcePart) -> None:
    part.ignore(*part.present_keys())
