"""A conversion metric: how many base events were followed by a conversion event of the same entity."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from metricgate.catalog.metrics.derived import InputMetric
from metricgate.catalog.metrics.header import MetricHeader
from metricgate.catalog.metrics.window import Window
from metricgate.vocabulary.predicate import Predicate


class Calculation(StrEnum):
    """Conversions over base events, or just the conversions."""

    CONVERSION_RATE = "conversion_rate"
    CONVERSIONS = "conversions"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstantProperty:
    """A dimension or entity of the base model that must equal one of the conversion model."""

    base: str
    conversion: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversionMetric:
    """Each conversion event belongs to the last base event of its ``entity`` before it, within ``window``.

    ``base`` and ``conversion`` are simple metrics. ``filter`` applies to the base events.
    """

    header: MetricHeader
    base: InputMetric
    conversion: InputMetric
    entity: str
    calculation: Calculation = Calculation.CONVERSION_RATE
    window: Window | None = None
    constant_properties: tuple[ConstantProperty, ...] = ()
    filter: Predicate | None = None
