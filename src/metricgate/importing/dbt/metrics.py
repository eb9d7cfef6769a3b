"""dbt's metrics of every type and spec -> ours."""

from __future__ import annotations

from dataclasses import dataclass, field

from metricgate.catalog.foreign_sql import to_our_spelling
from metricgate.importing import codes
from metricgate.importing.dbt.filters import filter_json, filters_of
from metricgate.importing.dbt.inputs import (
    LegacyMeasures,
    MeasureInput,
    measure_input,
    metric_input,
    metric_inputs,
    simple_document,
)
from metricgate.importing.dbt.kept_filters import KEPT_FILTERS, KeptFilters, kept_filters
from metricgate.importing.dbt.measures import aggregation_keys, window
from metricgate.importing.dbt.words import config_of, words_of
from metricgate.importing.source_parts import SourcePart, without_empty
from metricgate.vocabulary.json import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class DbtMetricDraft:
    """A metric being converted: its part, the part that holds its parameters, and what every type has.

    Attributes:
        params: ``type_params`` (legacy), or the metric itself (latest).
        model: the semantic model it is nested in (latest).
        kept: filters in the form that our exporter found.
    """

    part: SourcePart
    params: SourcePart
    name: str
    type: str
    model: str | None
    kept: KeptFilters
    words: dict[str, Json] = field(default_factory=dict)
    filters: list[str] = field(default_factory=list)

    @property
    def what(self) -> str:
        """How the report speaks of it."""
        return f"the metric {self.name!r}"


def draft_of(part: SourcePart, model: str | None = None) -> DbtMetricDraft | None:
    """Read what every metric has; None where the metric is switched off."""
    name = part.required_text("name", "a metric")
    what = f"the metric {name!r}"
    kept = kept_filters(part)
    config, enabled = config_of(part, what, read=(KEPT_FILTERS,) if kept.by_digest else ())
    kind = part.word("type") or "simple"  # as dbt-core does where nothing is said
    words = words_of(part, what)
    grain = part.word("time_granularity")
    filters = filters_of(part, "filter")
    for key in ("is_private", "hidden"):
        if part.flag(key):
            reason = "every metric can be asked here; a policy decides by whom"
            part.reading.notes.note_dropped(f"{key!r} of {what}", part.at(key), reason)
    if not enabled:
        part.reading.notes.note_dropped(what, part.place, "it is switched off (config.enabled: false)")
        return None
    params = part.part("type_params") or part
    params.ignore("input_measures", "input_metrics" if params is not part else "metadata")
    return DbtMetricDraft(
        part=part,
        params=params,
        name=name,
        type=kind,
        model=model,
        kept=kept,
        words=without_empty(**words, **config, time_granularity=grain),
        filters=filters,
    )


def convert(draft: DbtMetricDraft, measures: LegacyMeasures) -> dict[str, Json]:
    """Return the metric as ours, nothing of one whose type is not known; what nobody took of it is told as dropped."""
    match draft.type:
        case "simple":
            document = _simple(draft, measures)
        case "ratio":
            document = _ratio_document(draft)
        case "derived":
            document = _derived_document(draft)
        case "cumulative":
            document = _cumulative(draft, measures)
        case "conversion":
            document = _conversion(draft, measures)
        case _:
            known = "simple, ratio, derived, cumulative or conversion"
            reason = f"it is of type {draft.type!r}, not {known}"
            draft.part.reading.notes.note_dropped(draft.what, draft.part.at("type"), reason)
            return {}
    if draft.params is not draft.part:
        draft.params.finish(draft.what)
    draft.part.finish(draft.what)
    return draft.kept.restore(document, draft.what, draft.part.reading.notes)


def measure_of(draft: DbtMetricDraft) -> MeasureInput | None:
    """Return the measure that a legacy simple metric shows, or None."""
    return measure_input(draft.params, "measure", draft.what) if draft.type == "simple" else None


def _simple(draft: DbtMetricDraft, measures: LegacyMeasures) -> dict[str, Json]:
    used = measure_of(draft)
    if used is not None:
        measure = measures.find(used, draft.what)
        words = {key: value for key, value in (measure.words if measure is not None else {}).items() if key == "unit"}
        words.update(draft.words)
        return {} if measure is None else simple_document(draft.name, measure, used, words, draft.filters)
    params = draft.params.part("metric_aggregation_params")
    place = params or draft.params
    if params is not None:
        expression = draft.params.sql("expr") or params.sql("expr")
        held = {"expr": expression, **{key: params.take(key) for key in params.present_keys()}}
        place = SourcePart(
            {key: value for key, value in held.items() if value is not None}, params.spot, params.reading
        )
    model = place.text("semantic_model") or draft.model
    if model is None:
        message = f"{draft.what} names neither a measure nor the semantic model it aggregates"
        draft.part.reading.notes.problem(codes.IMPORT_SHAPE, message, draft.part.place)
    document = without_empty(
        name=draft.name,
        type="simple",
        semantic_model=model,
        **aggregation_keys(place, draft.name, draft.what),
        fill_nulls_with=draft.params.number("fill_nulls_with"),
        filter=filter_json(draft.filters),
        **draft.words,
    )
    if draft.params.flag("join_to_timespine"):
        document["join_to_timespine"] = True
    if params is not None:
        place.finish(draft.what)
    return document


def _headed(draft: DbtMetricDraft, **keys: Json) -> dict[str, Json]:
    return without_empty(name=draft.name, type=draft.type, **keys, filter=filter_json(draft.filters), **draft.words)


def _input_json(part: SourcePart, key: str, what: str) -> Json:
    value = part.take(key)
    if value is None:
        part.reading.notes.problem(codes.IMPORT_SHAPE, f"{what} has no {key!r}", part.place)
        return None
    inner = part.part(key) if isinstance(value, dict) else part
    return metric_input(value, inner or part, what)


def _ratio_document(draft: DbtMetricDraft) -> dict[str, Json]:
    return _headed(
        draft,
        numerator=_input_json(draft.params, "numerator", draft.what),
        denominator=_input_json(draft.params, "denominator", draft.what),
    )


def _derived_document(draft: DbtMetricDraft) -> dict[str, Json]:
    key = "input_metrics" if draft.params.has("input_metrics") else "metrics"
    return _headed(
        draft,
        expr=to_our_spelling(draft.params.required_text("expr", draft.what)),
        input_metrics=metric_inputs(draft.params, key, draft.what),
    )


def _cumulative(draft: DbtMetricDraft, measures: LegacyMeasures) -> dict[str, Json]:
    params = draft.params
    inner = params.part("cumulative_type_params") or params
    used = measure_input(params, "measure", draft.what)
    if used is not None:
        source = measures.standing_for(used, draft.what)
        inner.ignore("metric")
    else:
        key = "metric" if inner is not params else "input_metric"
        source = _input_json(inner, key, draft.what)
    length, to_date = window(inner, "window"), inner.word("grain_to_date")
    if inner is not params:  # manifests repeat both beside the block
        length = _merge_repeated(length, window(params, "window"), "window", draft)
        to_date = _merge_repeated(to_date, params.word("grain_to_date"), "grain_to_date", draft)
    document = _headed(
        draft,
        input_metric=source,
        window=length,
        grain_to_date=to_date,
        period_agg=inner.word("period_agg") or "first",
    )
    if inner is not params:
        inner.finish(draft.what)
    return document


def _merge_repeated(value: str | None, repeated: str | None, key: str, draft: DbtMetricDraft) -> str | None:
    """Return what the block says, else what stands beside it; a contradiction is told."""
    if value is not None and repeated not in {None, value}:
        reason = f"cumulative_type_params says {value!r}, and that is taken"
        draft.part.reading.notes.note_dropped(f"{key} {repeated!r} of {draft.what}", draft.params.at(key), reason)
    return repeated if value is None else value


def _conversion(draft: DbtMetricDraft, measures: LegacyMeasures) -> dict[str, Json]:
    params = draft.params.part("conversion_type_params") or draft.params
    sides: dict[str, Json] = {}
    for side in ("base", "conversion"):
        used = measure_input(params, f"{side}_measure", draft.what)
        if used is not None:
            sides[f"{side}_metric"] = measures.standing_for(used, draft.what)
            params.ignore(f"{side}_metric")
        else:
            sides[f"{side}_metric"] = _input_json(params, f"{side}_metric", draft.what)
    properties: list[Json] = []
    for each in params.parts("constant_properties"):
        properties.append(
            without_empty(
                base_property=each.required_text("base_property", draft.what),
                conversion_property=each.required_text("conversion_property", draft.what),
            )
        )
        each.finish(f"a constant property of {draft.what}")
    document = _headed(
        draft,
        entity=params.required_text("entity", draft.what),
        **sides,
        calculation=params.word("calculation") or "conversion_rate",
        window=window(params, "window"),
        constant_properties=properties,
    )
    if params is not draft.params:
        params.finish(draft.what)
    return document
