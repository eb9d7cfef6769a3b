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
from metricgate.vocabulary.grain import Grain
from metricgate.vocabulary.nearest import did_you_mean
from metricgate.vocabulary.problem import Place, Problem, Problems


def place_in_warehouses(catalog: Catalog, warehouses: Sequence[str]) -> Catalog | Problems:
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
        _unknown_warehouse(kind, name, each.warehouse, each.place, warehouses)
        for kind, found in (("model", models), ("time spine", spines))
        for name, each in found.items()
        if each.warehouse not in warehouses
    ]
    problems += _zoned(catalog, warehouses)
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


def _unknown_warehouse(kind: str, name: str, written: str | None, place: Place | None, known: Sequence[str]) -> Problem:
    hint = did_you_mean(written or "", known) or f"The warehouses of the settings are: {', '.join(known)}."
    message = f"the {kind} {name!r} is in the warehouse {written!r}, which the settings do not have"
    where = None if place is None else replace(place, path=f"{place.path}.warehouse" if place.path else "warehouse")
    return Problem(code=codes.UNKNOWN_WAREHOUSE, message=message, where=where, hint=hint)


def _zoned(catalog: Catalog, warehouses: Sequence[str]) -> Iterator[Problem]:
    """Zones given to warehouses that are none, or that would not hold for a model in the warehouse.

    Versions hold the zones, and are made before anybody knows which warehouse is the first: a model that names none
    cannot have its warehouse's.
    """
    for name, (_zone, place) in catalog.warehouse_zones.items():
        if name not in warehouses:
            message = f"the settings give a time zone to the warehouse {name!r}, which is none of theirs"
            hint = did_you_mean(name, warehouses) or f"The warehouses of the settings are: {', '.join(warehouses)}."
            yield Problem(code=codes.UNKNOWN_WAREHOUSE, message=message, where=place, hint=hint)
    first = warehouses[0]
    zone, _place = catalog.warehouse_zones.get(first, ("", None))
    for model in catalog.models.values() if zone else ():
        clocks = [each for each in model.dimensions if each.granularity is not None and each.granularity < Grain.DAY]
        if model.warehouse is None and any(each.time_zone != zone for each in clocks):
            yield Problem(
                code=codes.TIME_DIMENSION,
                message=(
                    f"the model {model.name!r} names no warehouse, so that the time zone of {first!r}, where it lies, "
                    "would not hold for it"
                ),
                where=model.place,
                hint=f"Add warehouse: {first} to the model.",
            )


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
