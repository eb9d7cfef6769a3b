"""What a metric is built on: other metrics, or (legacy) measures, for which a simple metric is found or added."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from metricgate.importing import codes
from metricgate.importing.dbt.filters import filter_json, filters_of
from metricgate.importing.dbt.measures import DbtMeasure, window
from metricgate.importing.name_translation import candidates
from metricgate.importing.report import Notes
from metricgate.importing.source_parts import SourcePart, without_empty
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureInput:
    """A measure as a metric uses it."""

    name: str
    filters: tuple[str, ...] = ()
    join_to_timespine: bool = False
    fill_nulls_with: int | float | None = None
    place: Place

    @property
    def key(self) -> tuple[str, bool, int | float | None]:
        """What tells simple metrics of one measure apart, filters aside."""
        return (self.name, self.join_to_timespine, self.fill_nulls_with)


def measure_input(part: SourcePart, key: str, what: str) -> MeasureInput | None:
    """Return the measure under ``key``: its name, or ``{name, filter, alias, join_to_timespine, fill_nulls_with}``."""
    value = part.take(key)
    if value is None:
        return None
    if not isinstance(value, Mapping):
        return MeasureInput(name=part.text(key) or "", place=part.at(key))
    inner = part.part(key)
    if inner is None:
        return None
    name = inner.required_text("name", f"the measure of {what}")
    filters = tuple(filters_of(inner, "filter"))
    join, fill = inner.flag("join_to_timespine"), inner.number("fill_nulls_with")
    if inner.has("alias"):
        inner.take("alias")
        inner.reading.notes.note_dropped(
            f"the alias of the measure of {what}", inner.at("alias"), "no expression uses it"
        )
    inner.finish(f"the measure of {what}")
    # built manifests repeat beside the measure what it aggregates, and what the measure's own keys say
    part.ignore("metric_aggregation_params")
    join, fill = join or part.flag("join_to_timespine"), _either(fill, part.number("fill_nulls_with"))
    if part.text("expr") not in {None, name}:
        part.reading.notes.note_dropped(f"'expr' of {what}", part.at("expr"), f"the measure {name!r} has its own")
    return MeasureInput(name=name, filters=filters, join_to_timespine=join, fill_nulls_with=fill, place=inner.place)


def _either(one: float | None, other: float | None) -> float | None:
    return other if one is None else one


def metric_input(value: Json, part: SourcePart, what: str) -> Json:
    """Return an input metric: its name, or ``{name, alias, filter, offset_window, offset_to_grain}``."""
    if not isinstance(value, Mapping):
        return part.reading.fill_placeholders(str(value))
    name = part.required_text("name", f"an input of {what}")
    found = without_empty(
        name=name,
        alias=part.text("alias"),
        filter=filter_json(filters_of(part, "filter")),
        offset_window=window(part, "offset_window"),
        offset_to_grain=part.word("offset_to_grain"),
    )
    part.finish(f"the input {name!r} of {what}")
    return name if len(found) == 1 else found


def metric_inputs(part: SourcePart, key: str, what: str) -> list[Json]:
    """Return the input metrics under ``key``, one or a list."""
    found: list[Json] = []
    for value, spot in part.items(key):
        inner = SourcePart(value, spot, part.reading) if isinstance(value, Mapping) else part
        found.append(metric_input(value, inner, what))
    return found


@dataclass(slots=True)
class LegacyMeasures:
    """Every measure by name, and the simple metric that stands for each use of one."""

    by_name: Mapping[str, DbtMeasure]
    taken: set[str]
    notes: Notes
    metrics: dict[tuple[str, bool, int | float | None], str] = field(default_factory=dict)
    added: list[dict[str, Json]] = field(default_factory=list)

    def find(self, used: MeasureInput, what: str) -> DbtMeasure | None:
        """Return the measure, or note that there is none."""
        found = self.by_name.get(used.name)
        if found is None:
            message = f"{what} is built on the measure {used.name!r}, which no semantic model has"
            self.notes.problem(codes.IMPORT_REFERENCE, message, used.place)
        return found

    def standing_for(self, used: MeasureInput, what: str) -> Json:
        """Return the input metric that stands for a use of a measure; add a simple metric where there is none."""
        measure = self.find(used, what)
        if measure is None:
            return used.name
        name = self.metrics.get(used.key)
        if name is None:
            name = self._free_name(used)
            self.metrics[used.key] = name
            self.added.append(simple_document(name, measure, replace(used, filters=()), measure.words, []))
            reason = f"{what} is built on the measure {used.name!r}, which no simple metric shows as it is"
            self.notes.note_added(f"the metric {name!r}", used.place, reason)
        filters = filter_json(list(used.filters))
        return name if filters is None else {"name": name, "filter": filters}

    def _free_name(self, used: MeasureInput) -> str:
        name = used.name
        if used.fill_nulls_with is not None:
            name += "_fill_nulls_with_" + str(used.fill_nulls_with).replace("-", "minus_").replace(".", "_")
        if used.join_to_timespine:
            name += "_join_to_timespine"
        for candidate in candidates(name, "measure"):
            if candidate not in self.taken:
                self.taken.add(candidate)
                return candidate
        raise AssertionError("candidates do not end")


def simple_document(
    name: str, measure: DbtMeasure, used: MeasureInput, words: Mapping[str, Json], filters: list[str]
) -> dict[str, Json]:
    """Return the simple metric that shows ``measure`` as it is ``used``, under the metric's own ``filters``."""
    document = without_empty(
        name=name,
        type="simple",
        semantic_model=measure.model,
        **measure.keys,
        fill_nulls_with=used.fill_nulls_with,
        filter=filter_json([*used.filters, *filters]),
        **words,
    )
    if used.join_to_timespine:
        document["join_to_timespine"] = True
    return document
