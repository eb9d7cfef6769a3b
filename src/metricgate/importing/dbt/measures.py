"""How dbt says what is aggregated: in measures, in ``metric_aggregation_params``, in the keys of a simple metric."""

from __future__ import annotations

from dataclasses import dataclass, field

from metricgate.importing import codes
from metricgate.importing.source_parts import SourcePart, without_empty
from metricgate.vocabulary.grain import Grain
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Place

_AGGREGATIONS = {
    "avg": "average", "mean": "average", "sum_bool": "sum_boolean", "countdistinct": "count_distinct",
}  # fmt: skip
_GRAINS = frozenset(str(grain) for grain in Grain)
_HUNDRED = 100
_MEDIAN = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class DbtMeasure:
    """A measure: the keys of the simple metric that aggregates the same, and where it stands."""

    name: str
    model: str
    keys: dict[str, Json]
    words: dict[str, Json] = field(default_factory=dict)
    place: Place


def aggregation_keys(part: SourcePart, name: str, what: str) -> dict[str, Json]:
    """Return ``agg`` and its options as a simple metric has them; ``expr`` is always written out."""
    agg = part.word("agg")
    if agg is None:
        part.reading.notes.problem(codes.IMPORT_SHAPE, f"{what} has no 'agg'", part.place)
    agg = _AGGREGATIONS.get(agg or "", agg)
    options = _percentile_options(part, what)
    if agg == "median":
        agg, options = "percentile", {"percentile": _MEDIAN, "percentile_type": "continuous", **options}
    elif agg != "percentile" and options:
        part.reading.notes.note_dropped(f"the percentile of {what}", part.place, f"agg: {agg} takes none")
        options = {}
    expr = part.sql("expr") or name
    if agg == "count":
        agg, expr = "sum", _ones(expr)
        reason = "count is written as a sum of ones: as in dbt, nothing counted is no value (NULL), not 0"
        part.reading.notes.note_changed(f"the aggregation of {what}", part.place, reason)
    return without_empty(
        agg=agg,
        expr=expr,
        agg_time_dimension=part.text("agg_time_dimension"),
        **options,
        non_additive_dimension=_non_additive(part, what),
    )


def _ones(expr: str) -> str:
    """Return 1 for each row that dbt counts: where the expression is not NULL."""
    return "1" if expr.isdigit() else f"CASE WHEN {expr} IS NOT NULL THEN 1 ELSE 0 END"


def _percentile_options(part: SourcePart, what: str) -> dict[str, Json]:
    """Return the options, from ``agg_params`` (legacy) or from the metric's own keys (latest)."""
    params = part.part("agg_params") or part
    value = params.number("percentile")
    discrete = params.flag("use_discrete_percentile")
    kind = params.word("percentile_type") or ("discrete" if discrete else "continuous")
    approximate = params.flag("use_approximate_percentile")
    if params is not part:
        params.finish(f"agg_params of {what}")
    if value is None:
        return {}
    if value > 1:
        if value >= _HUNDRED:
            part.reading.notes.problem(codes.IMPORT_SHAPE, f"the percentile {value} of {what} is too large", part.place)
        part.reading.notes.note_changed(
            f"the percentile of {what}", part.place, f"{value} is written as the fraction {value / _HUNDRED}"
        )
        value = value / _HUNDRED
    keys: dict[str, Json] = {"percentile": value, "percentile_type": kind}
    return {**keys, "use_approximate_percentile": True} if approximate else keys


def _non_additive(part: SourcePart, what: str) -> dict[str, Json] | None:
    found = part.part("non_additive_dimension")
    if found is None:
        return None
    keys = without_empty(
        name=found.required_text("name", f"the non-additive dimension of {what}"),
        window_choice=found.word("window_agg") or found.word("window_choice") or "min",
        window_groupings=[
            item
            for key in ("group_by", "window_groupings")
            for item, _spot in found.items(key)
            if isinstance(item, str)
        ],
    )
    found.ignore("window_choice")
    found.finish(f"the non-additive dimension of {what}")
    return keys


def window(part: SourcePart, key: str) -> str | None:
    """Return a window such as ``2 days``, from text or from the manifest's ``{count, granularity}``."""
    if isinstance(part.take(key), str):
        written = " ".join((part.text(key) or "").lower().split())
        singular = written.removesuffix("s")
        # dbt lets custom granularities stand in the plural too
        return singular if singular.rpartition(" ")[2] in part.reading.calendars else written
    found = part.part(key)
    if found is None:
        return None
    count, grain = found.number("count"), found.word("granularity")
    found.finish(f"{key!r}")
    if count is None or grain is None:
        part.complain(key, f"{key!r} needs a count and a granularity")
        return None
    return f"{count} {grain}" if count == 1 or grain not in _GRAINS else f"{count} {grain}s"
