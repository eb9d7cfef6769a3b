"""``export_ossie``: our definitions -> one Ossie document and a loss report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from metricgate.catalog.model import Entity, EntityType, SemanticModel
from metricgate.exporting.definitions import (
    Document,
    Exported,
    WrittenDefinition,
    WrittenDefinitions,
    read_definitions,
    tell_settings,
)
from metricgate.exporting.ossie.expression_dialects import Wording
from metricgate.exporting.sql import Expressions, expression_of
from metricgate.importing.name_translation import identifier
from metricgate.importing.ossie.datasets import FIELD_KEYS
from metricgate.importing.ossie.extension import VENDOR, extension_of
from metricgate.importing.ossie.metrics import METRIC_KEYS
from metricgate.importing.report import Notes
from metricgate.importing.source_parts import without_empty
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Problems

VERSIONS = {"0.1.1": "0.1.1", "0.2.0": "0.2.0.dev0"}
"""What may be asked for -> what Ossie's schema of it wants under ``version``."""

_FIRST = "0.1.1"
_UNIQUE = frozenset({EntityType.PRIMARY, EntityType.UNIQUE})
_SAID = frozenset({"name", "type", "description", "synonyms", "ai_context", "semantic_model", "agg", "expr", "filter",
                   "numerator", "denominator", "input_metrics"})  # fmt: skip
"""Keys of a metric that an Ossie metric says too, in its own way."""


def export_ossie(
    texts: Sequence[tuple[str, str]], *, name: str = "metricgate", version: str = "0.2.0", wrapped: bool = False
) -> Exported | Problems:
    """Return one Ossie document for these ``(file name, YAML text)`` pairs of ours.

    Args:
        texts: a whole catalog.
        name: of the semantic model in the document.
        version: a key of ``VERSIONS``.
        wrapped: the model stands in a list under ``semantic_model``, as the draft of 0.2.0 had it before September
            2026; since then it is the document itself. In 0.1.1 it is always so.
    """
    definitions = read_definitions(texts)
    if isinstance(definitions, Problems):
        return definitions
    wrapped = wrapped or version == _FIRST
    return _Writing(definitions, Wording(knows_own_language=not wrapped)).run(name, VERSIONS[version], wrapped=wrapped)


@dataclass(slots=True)
class _Writing:
    definitions: WrittenDefinitions
    wording: Wording
    notes: Notes = field(default_factory=Notes)

    def run(self, name: str, version: str, *, wrapped: bool) -> Exported:
        expressions = Expressions(self.definitions.catalog)
        metrics, aside = self._metrics(expressions)
        relationships = {each: self._relationships(model) for each, model in self.definitions.catalog.models.items()}
        linked = _joined_columns(link for links in relationships.values() for link in links)
        datasets = [
            self._dataset(
                self.definitions.models[each],
                model,
                relationships[each],
                expressions.columns.get(each, set()) | linked.get(each, set()),
            )
            for each, model in self.definitions.catalog.models.items()
        ]
        model = without_empty(
            name=name,
            datasets=list[Json](datasets),
            relationships=[link for links in relationships.values() for link in links],
            metrics=list[Json](metrics),
        )
        tell_settings(self.definitions, self.notes, "Ossie")
        model["custom_extensions"] = [extension_of(self._aside(aside), {})]
        document: Document = {"version": version, **({"semantic_model": [model]} if wrapped else model)}
        return Exported(files={f"{name}.yaml": document}, changes=tuple(self.notes.changes))

    def _aside(self, metrics: list[Json]) -> dict[str, Json]:
        """Return what Ossie has no form for; it stays in our extension."""
        kept: dict[str, Json] = without_empty(metrics=metrics)
        for key, found in (
            ("saved_queries", self.definitions.saved_queries),
            ("time_spines", self.definitions.time_spines),
        ):
            if found:
                kept[key] = [each.document for each in found.values()]
            for each_name, each in found.items():
                self._hidden(f"the {key[:-1].replace('ies', 'y').replace('_', ' ')} {each_name!r}", each, "")
        return kept

    def _hidden(self, what: str, definition: WrittenDefinition, why: str) -> None:
        reason = f"{why or 'Ossie has no form for it'}; only the custom extension of {VENDOR} keeps it"
        self.notes.note_changed(what, definition.place, reason)

    def _metrics(self, expressions: Expressions) -> tuple[list[Document], list[Json]]:
        written: list[Document] = []
        aside: list[Json] = []
        names = _ossie_names(self.definitions.metrics)
        for full, definition in self.definitions.metrics.items():
            what = f"the metric {full!r}"
            text, why = expression_of(self.definitions.catalog.metrics[full], expressions)
            if text is None:
                aside.append(definition.document)
                self._hidden(what, definition, f"{why}, which Ossie cannot say")
                continue
            expression = self.wording.expression(text)
            if expression is None:
                aside.append(definition.document)
                self._hidden(what, definition, "its SQL is of none of the dialects that Ossie names")
                continue
            document = definition.document
            native = without_empty(
                name=names[full],
                expression=expression,
                description=document.get("description"),
                ai_context=_agent_words(document),
            )
            written.append(_extended(native, METRIC_KEYS, document))
            only = [key for key in document if key not in _SAID]
            if only:
                self._hidden(f"{', '.join(only)} of {what}", definition, "Ossie has no field for it")
        return written, aside

    def _dataset(
        self, definition: WrittenDefinition, model: SemanticModel, links: list[Document], columns: set[str]
    ) -> Document:
        document = definition.document
        what = f"the dataset {model.name!r}"
        keys = [each for each in model.entities if each.type in _UNIQUE]
        plain = [each for each in keys if all(expression.is_column for expression in each.expressions)]
        for each in keys:
            if each not in plain:
                self._hidden(f"the key {each.name!r} of {what}", definition, "Ossie's keys are columns")
        native = without_empty(
            name=model.name,
            source=".".join(model.source),
            primary_key=next((_entity_columns(each) for each in plain if each.type is EntityType.PRIMARY), None),
            unique_keys=[_entity_columns(each) for each in plain if each.type is EntityType.UNIQUE],
            description=document.get("description"),
        )
        covered = {**native, **({"relationships": {str(link["name"]): link for link in links}} if links else {})}
        kept = {key: value for key, value in document.items() if key not in {"dimensions", "name", "source"}}
        fields = self._fields(definition, what)
        taken = {str(each["name"]) for each in fields}
        used = {column for each in keys for expression in each.expressions for column in expression.columns}
        fields += [self._column(each) for each in sorted({*columns, *used} - taken)]
        own = {"definition": {"name": model.name, **kept}}
        only = [key for key in kept if key not in {"description", "entities", "relationships"}]
        if only:
            self._hidden(f"{', '.join(only)} of {what}", definition, "Ossie has no field for it")
        return {**native, "fields": list[Json](fields), "custom_extensions": [extension_of(own, covered)]}

    def _fields(self, definition: WrittenDefinition, what: str) -> list[Document]:
        found: list[Document] = []
        for each in _list_of(definition.document, "dimensions"):
            expression = self.wording.expression(str(each.get("expr", each["name"])))
            if expression is None:
                reason = "its SQL is of none of the dialects that Ossie names"
                self.notes.note_dropped(f"the dimension {each['name']!r} of {what}", definition.place, reason)
            else:
                found.append(self._field(each, expression))
        return found

    @staticmethod
    def _field(dimension: Document, expression: Json) -> Document:
        native = without_empty(
            name=dimension["name"],
            expression=expression,
            dimension={"is_time": dimension["type"] == "time"},
            description=dimension.get("description"),
            ai_context=without_empty(synonyms=dimension.get("synonyms")),
        )
        return _extended(native, FIELD_KEYS, dimension)

    def _column(self, name: str) -> Document:
        """Return a field for a column that keys, joins and metrics read, and that is no dimension here."""
        native: Document = {"name": name, "expression": self.wording.expression(identifier(name))}
        return {**native, "custom_extensions": [extension_of({"column": True}, native)]}

    def _relationships(self, model: SemanticModel) -> list[Document]:
        """Return the joins that begin at the model: over foreign entities, and the named ones."""
        definition = self.definitions.models[model.name]
        found: list[Document] = []
        for entity in model.entities:
            for target in self.definitions.catalog.models.values():
                other = target.entity(entity.name)
                if other is None or target.name == model.name or other.type not in _UNIQUE:
                    continue
                if entity.type is not EntityType.FOREIGN:
                    what = f"the join of {model.name!r} and {target.name!r} over {entity.name!r}"
                    self._hidden(what, definition, "both sides are unique")
                    continue
                self._link(found, f"{model.name}_to_{target.name}", model, target.name, entity, other, definition)
        for each in model.relationships:
            own = Entity(name=each.name, type=EntityType.FOREIGN, expressions=each.from_expressions)
            other = Entity(name=each.name, type=EntityType.UNIQUE, expressions=each.to_expressions)
            self._link(found, f"{model.name}_{each.name}", model, each.to_model, own, other, definition)
        return found

    def _link(
        self,
        found: list[Document],
        name: str,
        model: SemanticModel,
        target: str,
        own: Entity,
        other: Entity,
        definition: WrittenDefinition,
    ) -> None:
        if not all(each.is_column for each in (*own.expressions, *other.expressions)):
            self._hidden(f"the join {own.name!r} of {model.name!r}", definition, "Ossie joins over columns")
            return
        taken = {each["name"] for each in found}
        found.append(
            {
                "name": name if name not in taken else f"{name}_{own.name}",
                "from": model.name,
                "to": target,
                "from_columns": _entity_columns(own),
                "to_columns": _entity_columns(other),
            }
        )


def _ossie_names(metrics: Mapping[str, WrittenDefinition]) -> dict[str, str]:
    """Return the name of each metric in the document: the bare one where it is the only one, else with its domain."""
    bare = [full.rpartition(".")[2] for full in metrics]
    return {
        full: full.rpartition(".")[2] if bare.count(full.rpartition(".")[2]) == 1 else full.replace(".", "__")
        for full in metrics
    }


def _extended(native: Document, keys: Sequence[str], document: Document) -> Document:
    covered = {key: native[key] for key in keys if key in native}
    return {**native, "custom_extensions": [extension_of({"definition": document}, covered)]}


def _agent_words(document: Document) -> Json:
    held = document.get("ai_context")
    context = dict(held) if isinstance(held, Mapping) else {}
    return without_empty(
        instructions=context.get("instructions"),
        synonyms=document.get("synonyms"),
        examples=context.get("examples"),
    )


def _joined_columns(links: Iterable[Document]) -> dict[str, set[str]]:
    """Return the columns that relationships join over, by dataset: Ossie finds them among the fields."""
    found: dict[str, set[str]] = {}
    for link in links:
        for side in ("from", "to"):
            columns = link[f"{side}_columns"]
            found.setdefault(str(link[side]), set()).update(map(str, columns if isinstance(columns, list) else ()))
    return found


def _entity_columns(entity: Entity) -> list[Json]:
    return [each.text for each in entity.expressions]


def _list_of(document: Document, key: str) -> list[Document]:
    found = document.get(key)
    return [dict(each) for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []
