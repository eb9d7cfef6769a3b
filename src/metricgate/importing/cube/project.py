"""``import_cube``: Cube's YAML files -> our documents, a policy, and a loss report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from metricgate.catalog.expression_parser import ExpressionFault
from metricgate.catalog.sql_rewriter import equalities_in
from metricgate.documents import in_order
from metricgate.importing import codes
from metricgate.importing.cube.access import policy_of
from metricgate.importing.cube.cube_reach import CubeReach
from metricgate.importing.cube.cubes import Cube, Dimensions, cube_of_part, finish_member
from metricgate.importing.cube.measures import CubeMeasures
from metricgate.importing.cube.references import cube_of, resolve_references
from metricgate.importing.joins import Joins, JoinTable, Link, derive_joins, only_time
from metricgate.importing.layout import files_of
from metricgate.importing.name_translation import Naming, plain_name
from metricgate.importing.report import Imported, Notes
from metricgate.importing.source_parts import ImportContext, SourcePart, without_empty
from metricgate.importing.texts import documents_of
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Place, Problems

_OF_CUBE = (
    "pre_aggregations", "refresh_key", "data_source", "sql_alias", "hierarchies", "rewrite_queries", "calendar", "meta",
)  # fmt: skip
_TO_ONE = frozenset({"many_to_one", "belongs_to", "belongsto", "one_to_one", "has_one", "hasone"})
_TO_MANY = frozenset({"one_to_many", "has_many", "hasmany"})


def import_cube(texts: Iterable[tuple[str, str]], *, time_spine: CubeTimeSpine | None = None) -> Imported | Problems:
    """Return our documents for these ``(file name, YAML text)`` pairs, with everything that changed on the way.

    ``time_spine`` is the relation with a row per day that rolling windows and time shifts need here; Cube makes
    the days itself.
    """
    notes = Notes()
    files = _Files()
    for name, text in sorted(texts):
        files.read(name, text, ImportContext(notes=notes))
    if not files.cubes and not notes.problems:
        notes.problem(codes.NOTHING_TO_IMPORT, "there are no cubes of Cube in these files", Place())
    found = _Conversion(files, notes, time_spine).run()
    if notes.problems:
        return Problems(in_order(notes.problems))
    return Imported(files=found[0], changes=tuple(dict.fromkeys(notes.changes)), policies=found[1])


@dataclass(frozen=True, slots=True)
class CubeTimeSpine:
    """A relation that holds every day once, in ``column``."""

    source: str
    column: str

    def document(self) -> dict[str, Json]:
        """Return the time spine of ours."""
        name = plain_name(self.source.rpartition(".")[2])
        return {"name": name, "source": self.source, "column": self.column, "granularity": "day"}


@dataclass(slots=True)
class _Files:
    cubes: dict[str, SourcePart] = field(default_factory=dict)
    views: list[SourcePart] = field(default_factory=list)

    def read(self, name: str, text: str, reading: ImportContext) -> None:
        """Sort the definitions of one file in."""
        for value, spot in documents_of(name, text, reading):
            if not isinstance(value, Mapping):
                if value is not None:
                    reading.notes.note_dropped("the document", spot.place(), "it is not a mapping")
                continue
            document = SourcePart(value, spot, reading)
            for each in document.parts("cubes"):
                written = each.required_text("name", "a cube")
                if written in self.cubes:
                    message = f"there are two cubes {written!r}"
                    reading.notes.problem(codes.IMPORT_DUPLICATE, message, each.place)
                self.cubes[written] = each
            self.views.extend(document.parts("views"))
            document.finish("the file", "it is neither a cube nor a view")


@dataclass(slots=True)
class _Conversion:
    files: _Files
    notes: Notes
    time_spine: CubeTimeSpine | None

    def run(self) -> tuple[dict[str, dict[str, Json]], dict[str, dict[str, Json]]]:
        """Return our documents and the policy, each by file name."""
        names = Naming(notes=self.notes)
        found = {name: cube_of_part(part, self.files.cubes, names) for name, part in self.files.cubes.items()}
        cubes = {name: cube for name, cube in found.items() if cube is not None}
        dimensions = Dimensions(cubes)
        for cube in cubes.values():
            dimensions.read(cube)
        links = _each_once([link for cube in cubes.values() for link in self._links(cube, cubes)])
        joins = derive_joins({cube.name: _table_of(cube) for cube in cubes.values()}, links, self.notes)
        models = [self._model(cube, joins[cube.name]) for cube in cubes.values()]
        measures = CubeMeasures(cubes, dimensions, CubeReach(cubes=cubes, joins=joins), self.notes)
        metrics = measures.read()
        policy = policy_of(cubes, measures, self.files.views, self.notes)
        for name, each in found.items():
            if each is None:
                self.files.cubes[name].ignore(*self.files.cubes[name].present_keys())
            else:
                each.part.ignore("extends", "sql", "sql_table")
                self._tell_closed(each.part, each.what)
                finish_member(each.part, each.what)
        for view in self.files.views:
            self._tell_view(view, cubes, measures)
        if measures.over_time and self.time_spine is None:
            reason = "they need a time spine, and Cube names none: name a relation with a row per day by --time-spine"
            place = next(iter(cubes.values())).part.place
            self.notes.note_changed("rolling windows and time shifts", place, reason)
        spines = [] if self.time_spine is None else [self.time_spine.document()]
        return files_of(models, metrics, time_spines=spines), {"cube.yaml": policy} if policy else {}

    def _tell_closed(self, part: SourcePart, what: str) -> None:
        for key in _OF_CUBE:
            if part.has(key):
                reason = "it says how Cube builds or shows it, nothing about meaning"
                self.notes.note_dropped(f"{key!r} of {what}", part.at(key), reason)
        part.ignore(*_OF_CUBE)

    def _model(self, cube: Cube, joins: Joins) -> dict[str, Json]:
        documents = list(cube.documents.values())
        return without_empty(
            name=cube.name,
            source=cube.source,
            label=cube.part.text("title"),
            description=cube.part.text("description"),
            domain=cube.name,
            agg_time_dimension=only_time(documents, cube.name, "Cube", cube.part),
            primary_entity=joins.primary_entity if documents else None,
            entities=joins.entities,
            dimensions=list[Json](documents),
            relationships=joins.relationships,
        )

    def _links(self, cube: Cube, cubes: Mapping[str, Cube]) -> list[Link]:
        found: list[Link] = []
        for other, part in cube.members("joins").items():
            what = f"the join of {cube.what} to {other!r}"
            kind = part.word("relationship") or ""
            text = part.required_text("sql", what)
            part.finish(what)
            columns = self._columns(text, cube, other, cubes)
            if isinstance(columns, ExpressionFault):
                self.notes.note_dropped(what, part.place, columns.message)
                continue
            own, others = columns
            target = cubes[other]
            if kind in _TO_MANY:
                found.append(_link_of(cube.written, target.name, cube.name, others, own, part))
            elif kind in _TO_ONE:
                found.append(_link_of(other, cube.name, target.name, own, others, part))
            else:
                self.notes.note_dropped(what, part.place, f"the relationship {kind!r} is not known")
        return found

    def _columns(
        self, text: str, cube: Cube, other: str, cubes: Mapping[str, Cube]
    ) -> tuple[tuple[str, ...], tuple[str, ...]] | ExpressionFault:
        """Return the columns of the cube and of the other one that the condition makes equal."""
        if other not in cubes:
            return ExpressionFault(f"the cube {other!r} is not imported")
        found = resolve_references(text, cube.written, frozenset(cubes))
        pairs = found if isinstance(found, ExpressionFault) else equalities_in(found.text)
        if isinstance(found, ExpressionFault) or isinstance(pairs, ExpressionFault):
            return pairs if isinstance(pairs, ExpressionFault) else ExpressionFault("its condition cannot be read")
        own: list[str] = []
        others: list[str] = []
        for pair in pairs:
            sides = dict(self._side(each, found.members, cube.written, cubes) for each in pair)
            if set(sides) != {cube.written, other} or not all(name.isidentifier() for name in sides.values()):
                return ExpressionFault("it joins over something else than plain columns of the two cubes")
            own.append(sides[cube.written])
            others.append(sides[other])
        return tuple(own), tuple(others)

    @staticmethod
    def _side(
        name: tuple[str | None, str], members: Mapping[str, tuple[str, str]], cube: str, cubes: Mapping[str, Cube]
    ) -> tuple[str, str]:
        table, column = name
        if table is None and column in members:
            owner, member = members[column]
            return owner, cubes[owner].texts.get(member, "") if owner in cubes else ""
        return cube_of(table) or table or cube, column

    def _tell_view(self, view: SourcePart, cubes: Mapping[str, Cube], measures: CubeMeasures) -> None:
        """Tell what a view selects: here everything that joins reach can be asked without it."""
        name = view.required_text("name", "a view")
        chosen: list[str] = []
        for each in view.parts("cubes"):
            path = (each.text("join_path") or "").split(".")
            cube = cubes.get(path[-1])
            includes = each.peek("includes")
            members = (
                list(cube.documents) + [member for owner, member in measures.names if owner == cube.written]
                if cube is not None and includes == "*"
                else [str(item) for item, _spot in each.items("includes")]
            )
            for member in members:
                if cube is not None and (cube.written, member) in measures.names:
                    chosen.append(measures.full_name(cube.written, member))
                elif cube is not None and member in cube.documents:
                    chosen.append(f"{cube.name}__{cube.documents[member]['name']}")
        shown = ", ".join(chosen[:20]) + (", ..." if len(chosen) > 20 else "")  # noqa: PLR2004 - enough to recognise
        reason = f"a view selects members; ask them themselves: {shown or 'none of them is imported'}"
        self.notes.note_dropped(f"the view {name!r}", view.place, reason)
        view.ignore(*view.present_keys())


def _each_once(links: Sequence[Link]) -> list[Link]:
    """Return the joins without those that another cube, or the other side, says as well."""
    found = {(each.source, each.target, each.from_columns, each.to_columns): each for each in reversed(links)}
    return list(reversed(found.values()))


def _link_of(
    name: str, source: str, target: str, own: tuple[str, ...], others: tuple[str, ...], part: SourcePart
) -> Link:
    return Link(name=name, source=source, target=target, from_columns=own, to_columns=others, place=part.place)


def _table_of(cube: Cube) -> JoinTable:
    members = frozenset(str(each["name"]) for each in cube.documents.values())
    primary = tuple(cube.texts[each] for each in cube.primary)
    return JoinTable(name=cube.name, primary=primary, members=members, place=cube.part.place)
