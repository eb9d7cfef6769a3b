"""What becomes of aggregates after aggregation: a closed set of values."""

from __future__ import annotations

from dataclasses import dataclass

from metricgate.catalog.expression import Expression
from metricgate.planning.zones import Zones


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureValue:
    """A measure's aggregate as it is.

    Attributes:
        counts: 0 where there is no row.
        fill: stands for NULL.
        zones: of a time (the last of many): how it is shown.
    """

    measure: str
    counts: bool
    fill: int | None = None
    zones: Zones | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RatioValue:
    """Numerator over denominator as floating point numbers; NULL where the denominator is zero or NULL."""

    numerator: Value
    denominator: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivedValue:
    """An expression over named values."""

    expression: Expression
    inputs: tuple[tuple[str, Value], ...]


Value = MeasureValue | RatioValue | DerivedValue
