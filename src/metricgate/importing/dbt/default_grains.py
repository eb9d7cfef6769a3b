"""What plain ``metric_time`` means in dbt: the day, or the grain of the data where that is coarser.

Here it means the grain of the data. So metrics over finer data get ``time_granularity: day`` written out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from metricgate.vocabulary.grain import Grain
from metricgate.vocabulary.json import Json

Document = dict[str, Json]
_INPUTS = ("numerator", "denominator", "input_metric", "base_metric", "conversion_metric")


def write_default_grains(models: Sequence[Document], metrics: Sequence[Document]) -> None:
    """Write ``time_granularity: day`` into each metric that names none and is built on finer times only."""
    times = {str(model.get("name")): _times(model) for model in models}
    by_name = {str(metric.get("name")): metric for metric in metrics}
    for metric in metrics:
        if "time_granularity" in metric:
            continue
        grains = list(_data_grains(metric, by_name, times, set()))
        if grains and all(grain < Grain.DAY for grain in grains):
            metric["time_granularity"] = str(Grain.DAY)


def _times(model: Document) -> dict[str, Grain]:
    """Return the grain of each time dimension by name, and of the model's default one under the empty name."""
    dimensions = model.get("dimensions")
    found: dict[str, Grain] = {}
    for each in dimensions if isinstance(dimensions, list) else []:
        if isinstance(each, dict) and each.get("granularity") in set(Grain):
            found[str(each.get("name"))] = Grain(str(each["granularity"]))
    default = found.get(str(model.get("agg_time_dimension")))
    return found if default is None else {**found, "": default}


def _data_grains(
    metric: Document, by_name: Mapping[str, Document], times: Mapping[str, Mapping[str, Grain]], seen: set[str]
) -> Iterator[Grain]:
    name = str(metric.get("name"))
    if name in seen:
        return
    seen.add(name)
    if metric.get("type") == "simple":
        grain = times.get(str(metric.get("semantic_model")), {}).get(str(metric.get("agg_time_dimension") or ""))
        if grain is not None:
            yield grain
        return
    inputs = metric.get("input_metrics")
    for each in [*(metric.get(key) for key in _INPUTS), *(inputs if isinstance(inputs, list) else [])]:
        used = each.get("name") if isinstance(each, dict) else each
        if str(used) in by_name:
            yield from _data_grains(by_name[str(used)], by_name, times, seen)
