"""Where definitions meet the warehouses of the settings: every model and time spine gets the name of its warehouse."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from metricgate.catalog import codes
from metricgate.catalog.catalog import Catalog
from metricgate.catalog.dependencies import models_behind
from metricgate.catalog.metrics import Metric
from metricgate.documents import in_order
from metricgate.vocabulary.nearest import did_you_mean
from metricgate.vocabulary.problem import Place, Problem, Problems


def placed(catalog: Catalog, warehouses: Sequence[str]) -> Catalog | Problems:
    """Return the catalog with every model and time spine naming its warehouse; the versions stay as they are.

    Args:
        catalog: as loaded.
        warehouses: the names that there are; the first is that of models and spines which name none.
    """
    models = {
        name: replace(model, warehouse=model.warehouse or warehouses[0]) for name, model in catalog.models.items()
    }
    spines = {
        name: replace(spine, warehouse=spine.warehouse or warehouses[0]) for name, spine in catalog.time_spines.items()
    }
    problems = [
        _unknown(kind, name, each.warehouse, each.place, warehouses)
        for kind, found in (("model", models), ("time spine", spines))
        for name, each in found.items()
        if each.warehouse not in warehouses
    ]
    if problems:
        return Problems(in_order(problems))
    homes = {name: model.warehouse or "" for name, model in models.items()}
    problems = list(_spanning(catalog.metrics, homes)) if len(warehouses) > 1 else []
    if problems:
        return Problems(in_order(problems))
    return replace(catalog, models=MappingProxyType(models), time_spines=MappingProxyType(spines))


def within(catalog: Catalog, warehouse: str) -> Catalog:
    """Return the part of a placed catalog that lies in one warehouse: its models and time spines; metrics stay all."""
    return replace(
        catalog,
        models={name: model for name, model in catalog.models.items() if model.warehouse == warehouse},
        time_spines={name: spine for name, spine in catalog.time_spines.items() if spine.warehouse == warehouse},
    )


def _unknown(kind: str, name: str, written: str | None, place: Place | None, known: Sequence[str]) -> Problem:
    hint = did_you_mean(written or "", known) or f"The warehouses of the settings are: {', '.join(known)}."
    message = f"the {kind} {name!r} is in the warehouse {written!r}, which the settings do not have"
    where = None if place is None else replace(place, path=f"{place.path}.warehouse" if place.path else "warehouse")
    return Problem(code=codes.UNKNOWN_WAREHOUSE, message=message, where=where, hint=hint)


def _spanning(metrics: Mapping[str, Metric], homes: Mapping[str, str]) -> Iterator[Problem]:
    """A metric that is built on models of two warehouses could never be asked."""
    for name, metric in metrics.items():
        found = {model: homes[model] for model in models_behind(name, metrics)}
        if len(set(found.values())) > 1:
            shown = ", ".join(f"{model} in {home}" for model, home in found.items())
            yield Problem(
                code=codes.METRIC_SPANS_WAREHOUSES,
                message=f"the metric {name!r} is built on models of several warehouses: {shown}",
                where=metric.header.place,
                hint=codes.METRIC_SPANS_WAREHOUSES.cure,
            )
