"""Ossie's datasets, fields and relationships -> semantic models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from metricgate.catalog.expression_parser import ExpressionFault, parse_expression
from metricgate.catalog.names import checked_source
from metricgate.catalog.sql_rewriter import substitute_columns
from metricgate.importing import codes
from metricgate.importing.joins import Joins, JoinTable, Link, only_time
from metricgate.importing.name_translation import Naming, identifier
from metricgate.importing.ossie.extension import taken_extension
from metricgate.importing.ossie.words import ai_words, expression_of, native_of
from metricgate.importing.source_parts import SourcePart, without_empty
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Problem

DATASET_KEYS = ("name", "source", "primary_key", "unique_keys", "description", "ai_context")
FIELD_KEYS = ("name", "expression", "dimension", "description", "ai_context")
_GRAINS = {"Date": "day", "DateTime": "second", "DateTimeTz": "second"}
_KEYS_OF_JOINS = frozenset({"primary_key", "unique_keys", "relationships"})


@dataclass(frozen=True, slots=True, kw_only=True)
class OssieField:
    """A field: its expression over the dataset's columns, and the dimension it makes."""

    expression: str
    dimension: dict[str, Json] | None


@dataclass(slots=True, kw_only=True)
class Dataset:
    """A dataset being converted.

    Attributes:
        written: its name in the file.
        kept: the semantic model that our extension holds, if it does.
        rejoin: the file's keys or relationships were edited elsewhere, or there is no extension.
    """

    part: SourcePart
    written: str
    name: str
    source: str
    words: dict[str, Json]
    primary: tuple[str, ...]
    unique: tuple[tuple[str, ...], ...]
    fields: dict[str, OssieField] = field(default_factory=dict)
    kept: dict[str, Json] | None = None
    rejoin: bool = True

    @property
    def dimensions(self) -> list[dict[str, Json]]:
        """The dimensions, in the order of the fields."""
        return [each.dimension for each in self.fields.values() if each.dimension is not None]

    def table(self) -> JoinTable:
        """Return what joins need to know."""
        members = frozenset(str(each["name"]) for each in self.dimensions)
        return JoinTable(
            name=self.name, primary=self.primary, unique=self.unique, members=members, place=self.part.place
        )

    def model(self, joins: Joins) -> dict[str, Json]:
        """Return the semantic model of ours."""
        dimensions = list[Json](self.dimensions)
        if self.kept is not None and not self.rejoin:
            kept = {key: value for key, value in self.kept.items() if key not in {"dimensions", "name", "source"}}
            return without_empty(
                **{"name": self.name, "source": self.source, **kept, **self.words, "dimensions": dimensions}
            )
        kept = self.kept or {}
        governed: dict[str, Json] = {
            key: kept[key] for key in ("owner", "domain", "label", "agg_time_dimension") if key in kept
        }
        if "agg_time_dimension" not in governed:
            held = without_empty(agg_time_dimension=only_time(self.dimensions, self.name, "Ossie", self.part))
            governed.update(held)
        return without_empty(
            name=self.name,
            source=self.source,
            **self.words,
            **governed,
            primary_entity=joins.primary_entity if dimensions else None,
            entities=joins.entities,
            dimensions=dimensions,
            relationships=joins.relationships,
        )


def dataset_of(part: SourcePart, names: Naming, relationships: Mapping[str, Json]) -> Dataset | None:
    """Read one dataset; None (told) where its source is no relation.

    ``relationships`` are those that begin at it, by name, as our extension covers them.
    """
    written = part.required_text("name", "a dataset")
    what = f"the dataset {written!r}"
    native = native_of(part, DATASET_KEYS) | ({"relationships": dict(relationships)} if relationships else {})
    extension = taken_extension(part, what, native)
    kept = None if extension is None else extension.definition
    edited = frozenset(native) if extension is None else extension.edited
    source = _source_of(part, what)
    if source is None:
        return None
    same_name = kept is not None and "name" not in edited
    name = str(kept.get("name")) if same_name and kept is not None else names.give(written, what, part.at("name"))
    names.taken.add(name)
    words = without_empty(description=part.text("description")) if "description" in edited else {}
    part.ignore("description") if "description" not in edited else None
    if kept is not None and "ai_context" not in edited:
        part.ignore("ai_context")
    ai_words(part, what, keep=())
    found = Dataset(
        part=part,
        written=written,
        name=name,
        source=source,
        words=words,
        primary=_columns_of(part, "primary_key", what),
        unique=_unique_keys(part, what),
        kept=kept,
        rejoin=kept is None or bool(edited & _KEYS_OF_JOINS),
    )
    if kept is not None and edited:
        told = ", ".join(sorted(edited))
        part.reading.notes.note_changed(
            what, part.place, f"{told} was edited since metricgate wrote it; the file is read"
        )
    _read_fields(found, what)
    return found


def _source_of(part: SourcePart, what: str) -> str | None:
    value = part.peek("source")
    text: str | None
    if isinstance(value, Mapping):
        held = part.part("source")
        kind = held.word("kind") if held is not None else None
        if held is None or kind != "table":
            part.ignore("source")
            part.reading.notes.note_dropped(what, part.at("source"), "its source is a query; put it into a view")
            return None
        text = held.required_text("object", f"the source of {what}")
        held.finish(f"the source of {what}")
    else:
        text = part.required_text("source", what)
    try:
        return checked_source(text)
    except ValueError as error:
        part.reading.notes.note_dropped(what, part.at("source"), str(error))
        return None


def _columns_of(part: SourcePart, key: str, what: str) -> tuple[str, ...]:
    found: list[str] = []
    for item, spot in part.items(key):
        if isinstance(item, str):
            found.append(item)
        else:
            part.reading.notes.problem(codes.IMPORT_SHAPE, f"a column in {key!r} of {what} must be text", spot.place())
    return tuple(found)


def _unique_keys(part: SourcePart, what: str) -> tuple[tuple[str, ...], ...]:
    found: list[tuple[str, ...]] = []
    for item, spot in part.items("unique_keys"):
        held = SourcePart({"key": item}, spot, part.reading)
        found.append(_columns_of(held, "key", what))
    return tuple(key for key in found if key)


def _read_fields(dataset: Dataset, of: str) -> None:
    names = Naming(notes=dataset.part.reading.notes, words=True)
    for part in dataset.part.parts("fields"):
        written = part.required_text("name", f"a field of {of}")
        what = f"the field {written!r} of {of}"
        if written in dataset.fields:
            message = f"{of} has two fields {written!r}"
            part.reading.notes.problem(codes.IMPORT_DUPLICATE, message, part.place)
            continue
        found = _read_field(part, dataset, written, what, names)
        if found is not None:
            dataset.fields[written] = found


def _read_field(part: SourcePart, dataset: Dataset, written: str, what: str, names: Naming) -> OssieField | None:
    notes = part.reading.notes
    extension = taken_extension(part, what, native_of(part, FIELD_KEYS))
    if extension is not None and not extension.edited:
        part.ignore(*FIELD_KEYS, "label", "datatype")
        part.finish(what)
        return _exported_field(extension.definition, written, names)
    text = expression_of(part, what)
    if text is None:
        part.ignore(*FIELD_KEYS, "label", "datatype")
        return None
    plain = _own_columns(text, dataset.written)
    problem = plain if isinstance(plain, ExpressionFault) else parse_expression(plain)
    if isinstance(problem, (ExpressionFault, Problem)) or isinstance(plain, ExpressionFault):
        part.ignore(*FIELD_KEYS, "label", "datatype")
        message = problem.message if isinstance(problem, (ExpressionFault, Problem)) else ""
        notes.note_dropped(what, part.at("expression"), message)
        return None
    dimension = _dimension_of(part, written, plain, what, names)
    if extension is not None and extension.definition is not None:
        told = ", ".join(sorted(extension.edited))
        notes.note_changed(what, part.place, f"{told} was edited since metricgate wrote it; the file is read")
        dimension = _merged(extension.definition, dimension, extension.edited)
    part.finish(what)
    return OssieField(expression=plain, dimension=dimension)


def _exported_field(definition: dict[str, Json] | None, written: str, names: Naming) -> OssieField:
    """Return a field that is as our export wrote it: our own dimension, or a column that is none."""
    if definition is None:
        return OssieField(expression=identifier(written), dimension=None)
    name = str(definition.get("name"))
    names.taken.add(name)
    return OssieField(expression=str(definition.get("expr", name)), dimension=definition)


def _own_columns(text: str, dataset: str) -> str | ExpressionFault:
    return substitute_columns(text, lambda table, column: identifier(column) if table in {None, dataset} else None)


def _dimension_of(part: SourcePart, written: str, plain: str, what: str, names: Naming) -> dict[str, Json]:
    name = names.give(written, what, part.at("name"))
    grain = _grain_of(part, what)
    if part.has("label"):
        reason = "a label sorts fields into categories in Ossie; there are none here"
        part.reading.notes.note_dropped(f"the label of {what}", part.at("label"), reason)
        part.ignore("label")
    return without_empty(
        name=name,
        type="categorical" if grain is None else "time",
        expr=plain if plain != name else None,
        granularity=grain,
        description=part.text("description"),
        **ai_words(part, what, keep=("synonyms",)),
    )


def _grain_of(part: SourcePart, what: str) -> str | None:
    """Return the granularity of a time dimension, None for a categorical one."""
    datatype = part.text("datatype")
    held = part.part("dimension")
    said_so = held.take("is_time") if held is not None else None
    if held is not None:
        held.finish(f"the dimension of {what}")
    grain = _GRAINS.get(datatype or "")
    if said_so is False or (said_so is None and grain is None):
        return None
    if grain is not None:
        return grain
    if datatype is not None:
        reason = f"it has a temporal role, but its values are {datatype}: it is categorical here"
        part.reading.notes.note_changed(what, part.place, reason)
        return None
    part.reading.notes.note_changed(f"the granularity of {what}", part.place, "Ossie does not say it; day is assumed")
    return "day"


def _merged(kept: dict[str, Json], now: dict[str, Json], edited: frozenset[str]) -> dict[str, Json]:
    """Return what we kept, with the parts that were edited elsewhere as the file has them now."""
    keys = {
        "name": ("name",),
        "expression": ("expr",),
        "dimension": ("type", "granularity"),
        "description": ("description",),
        "ai_context": ("synonyms",),
    }
    found = dict(kept)
    for native, own in keys.items():
        if native in edited:
            for key in own:
                found.pop(key, None)
                if key in now:
                    found[key] = now[key]
    if "name" in edited and "expr" not in found and "expression" not in edited:
        found["expr"] = kept.get("expr") or kept.get("name")
    return found


def links_of(parts: list[SourcePart], datasets: Mapping[str, Dataset]) -> list[Link]:
    """Return the relationships between the datasets that are there; the others are told."""
    found: list[Link] = []
    for part in parts:
        name = part.required_text("name", "a relationship")
        what = f"the relationship {name!r}"
        source, target = part.required_text("from", what), part.required_text("to", what)
        columns = _columns_of(part, "from_columns", what), _columns_of(part, "to_columns", what)
        taken_extension(part, what, {})
        ai_words(part, what, keep=())
        part.finish(what)
        if len(columns[0]) != len(columns[1]) or not columns[0]:
            message = f"{what} joins {len(columns[0])} columns to {len(columns[1])}"
            part.reading.notes.problem(codes.IMPORT_SHAPE, message, part.place)
        elif source not in datasets or target not in datasets:
            missing = source if source not in datasets else target
            part.reading.notes.note_dropped(what, part.place, f"the dataset {missing!r} is not imported")
        else:
            found.append(
                Link(
                    name=name,
                    source=datasets[source].name,
                    target=datasets[target].name,
                    from_columns=columns[0],
                    to_columns=columns[1],
                    place=part.place,
                )
            )
    return found
