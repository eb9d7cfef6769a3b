"""``saved_queries[]`` and ``time_spines[]``."""

from __future__ import annotations

from pydantic import Field

from metricgate.catalog.documents.fields import Filter, Name, Part, Reference, Source, Words
from metricgate.documents import Document
from metricgate.vocabulary.grain import Grain


class QueryParametersDocument(Document):
    """A question, kept under a name."""

    metrics: tuple[Reference, ...] = ()
    group_by: tuple[Reference, ...] = ()
    where: Filter = None
    order_by: tuple[Reference, ...] = Field(default=(), description="Output columns; a leading minus sorts descending.")
    limit: int | None = Field(default=None, ge=1)


class SavedQueryDocument(Document):
    """A question that people agreed on."""

    name: Name
    description: Words = ""
    label: Words | None = None
    query_params: QueryParametersDocument


class CustomGranularityDocument(Document):
    """A grain of one's own."""

    name: Part
    column: str | None = Field(default=None, min_length=1, description="The spine's column. Default: the name.")
    description: Words = ""


class TimeSpineDocument(Document):
    """A relation with one row per unit of time, without gaps."""

    name: Name
    source: Source
    warehouse: Name | None = Field(
        default=None, description="The warehouse of the settings that holds the source. Default: the default one."
    )
    column: str = Field(min_length=1, description="The column that holds the time.")
    granularity: Grain
    custom_granularities: tuple[CustomGranularityDocument, ...] = Field(
        default=(), description="Grains of one's own: fiscal or retail calendars, each a column of the spine."
    )
    description: Words = ""
