"""``metrics[]``: one document per metric type, told apart by ``type``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Discriminator, Field, StrictInt, Tag

from metricgate.catalog.documents.fields import (
    DayText,
    Filter,
    Label,
    Name,
    PeriodText,
    Reference,
    Sql,
    Synonym,
    WindowText,
    Words,
)
from metricgate.catalog.metrics.conversion import Calculation
from metricgate.catalog.metrics.header import Status
from metricgate.catalog.metrics.periods import PeriodAggregation
from metricgate.catalog.metrics.simple import Aggregation, WindowChoice
from metricgate.documents import Document
from metricgate.vocabulary.grain import Grain


class CertificationDocument(Document):
    """Somebody vouches for exactly the definition with this hash."""

    level: str
    by: str
    at: str = Field(description="ISO 8601 date or time.")
    definition_hash: str = Field(description="The definition_version that was vouched for; a change voids it.")


class AiContextDocument(Document):
    """Words for agents."""

    instructions: Words = ""
    examples: tuple[Words, ...] = ()


class DeprecationDocument(Document):
    """What to use instead, and until when."""

    replaced_by: Reference | None = None
    sunset_at: DayText | None = Field(default=None, description="ISO date after which the metric no longer answers.")


class HeaderDocument(Document):
    """What every metric may carry."""

    name: Name
    domain: Name | None = Field(default=None, description="The metric's full name is <domain>.<name>.")
    description: Words = ""
    label: Words | None = None
    owner: str | None = None
    time_granularity: Grain | None = Field(
        default=None, description="What plain metric_time means for this metric. Default: the grain of the data."
    )
    unit: str | None = Field(default=None, description="What the number counts, e.g. USD, flights, minutes.")
    status: Status = Status.ACTIVE
    certification: CertificationDocument | None = None
    synonyms: tuple[Synonym, ...] = ()
    ai_context: AiContextDocument | None = None
    sensitivity: Label | None = Field(default=None, description="A class of data that policy can speak of.")
    deprecation: DeprecationDocument | None = None
    filter: Filter = Field(default=None, description="Only rows where this holds count.")


class NonAdditiveDocument(Document):
    """A balance: only the rows at the first or last value of a time count."""

    name: Reference = Field(description="A time dimension of the metric's model.")
    window_choice: WindowChoice
    window_groupings: tuple[Reference, ...] = Field(
        default=(), description="Entities or dimensions of the model for which the first or last is sought apart."
    )


class SimpleDocument(HeaderDocument):
    """One aggregation of one expression over one model."""

    type: Literal["simple"]
    semantic_model: Reference | None = Field(
        default=None, description="The model. Not needed for metrics nested in a semantic model."
    )
    agg: Aggregation
    expr: Sql | None = Field(
        default=None, description="What is aggregated. Default: 1 for count (rows), else the name."
    )
    agg_time_dimension: Reference | None = None
    percentile: float | None = Field(default=None, gt=0, lt=1, description="A fraction: 0.95 is the 95th percentile.")
    percentile_type: Literal["continuous", "discrete"] | None = None
    use_approximate_percentile: bool | None = None
    non_additive_dimension: NonAdditiveDocument | None = None
    fill_nulls_with: StrictInt | None = Field(default=None, description="What stands where the metric has no value.")
    join_to_timespine: bool = Field(default=False, description="Show periods without rows too.")


class InputDocument(Document):
    """A metric used inside another one."""

    name: Reference
    alias: Name | None = Field(default=None, description="Its name in expr. Default: the metric's bare name.")
    filter: Filter = None
    offset_window: WindowText | None = Field(default=None, description="Its value that long before.")
    offset_to_grain: PeriodText | None = Field(default=None, description="Its value at the start of the period.")


def _input_form(value: object) -> str:
    return "(name)" if isinstance(value, str) else "(input)"


Input = Annotated[
    Annotated[Reference, Tag("(name)")] | Annotated[InputDocument, Tag("(input)")], Discriminator(_input_form)
]
"""A metric's name, or ``{name, alias, filter}``."""


class RatioDocument(HeaderDocument):
    """Numerator over denominator; nothing (NULL) where the denominator is zero or missing."""

    type: Literal["ratio"]
    numerator: Input
    denominator: Input


class DerivedDocument(HeaderDocument):
    """An expression over other metrics' values."""

    type: Literal["derived"]
    expr: Sql = Field(description="Scalar SQL over the aliases of input_metrics.")
    input_metrics: tuple[Input, ...] = Field(min_length=1)


class CumulativeDocument(HeaderDocument):
    """A simple metric over a trailing window, since the start of a period, or (with neither) since ever."""

    type: Literal["cumulative"]
    input_metric: Input
    window: WindowText | None = None
    grain_to_date: PeriodText | None = None
    period_agg: PeriodAggregation = Field(
        default=PeriodAggregation.FIRST,
        description="Which of a period's values stands for it, where the question is coarser than the data.",
    )


class ConstantPropertyDocument(Document):
    """What must be equal on both events, e.g. the product."""

    base_property: Reference
    conversion_property: Reference


class ConversionDocument(HeaderDocument):
    """How many base events were followed by a conversion of the same entity."""

    type: Literal["conversion"]
    entity: Reference = Field(description="The entity that both events belong to, e.g. user.")
    base_metric: Input
    conversion_metric: Input
    calculation: Calculation = Calculation.CONVERSION_RATE
    window: WindowText | None = Field(default=None, description="How long after the base event. Default: any time.")
    constant_properties: tuple[ConstantPropertyDocument, ...] = ()


MetricDocument = Annotated[
    SimpleDocument | RatioDocument | DerivedDocument | CumulativeDocument | ConversionDocument,
    Field(discriminator="type"),
]
