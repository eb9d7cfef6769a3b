"""``semantic_models[]``: a relation with its join keys and dimensions."""

from __future__ import annotations

from pydantic import Field

from metricgate.catalog.documents.fields import ColumnName, Label, Name, Part, Reference, Source, Sql, Synonym, Words
from metricgate.catalog.documents.metric import MetricDocument
from metricgate.catalog.model import DimensionType, EntityType, TimeKind, Validity
from metricgate.documents import Document
from metricgate.vocabulary.grain import Grain


class EntityDocument(Document):
    """A join key of a semantic model."""

    name: Part = Field(description="What the key identifies, e.g. customer. Models join where entities share a name.")
    type: EntityType = Field(description="primary and unique identify a row; foreign points at another model.")
    expr: Sql | list[Sql] | None = Field(
        default=None, description="Column or expression of the key; a list for a composite key. Default: the name."
    )
    description: Words = ""


class DimensionDocument(Document):
    """What one may group and filter by."""

    name: Part
    type: DimensionType
    expr: Sql | None = Field(default=None, description="Scalar SQL over the source's columns. Default: the name.")
    granularity: Grain | None = Field(
        default=None, description="The finest grain the data has. Required exactly for time dimensions."
    )
    is_partition: bool = Field(
        default=False, description="Tables that both have a partition of this name join on it too."
    )
    validity: Validity | None = Field(
        default=None,
        description="The end of a slowly changing row's validity that this time is.",
    )
    time_zone: str | None = Field(default=None, description="IANA zone of stored timestamps, e.g. America/New_York.")
    time_kind: TimeKind | None = Field(
        default=None,
        description="What the values of a time are, where the engine cannot tell: zoned are moments, local are times "
        "of the stored zone's clock, date are days. Default: what the engine says of their type.",
    )
    label: Words | None = None
    description: Words = ""
    synonyms: tuple[Synonym, ...] = ()
    sensitivity: Label | None = Field(
        default=None, description="A class of data that policy can speak of, e.g. personal."
    )


class ColumnDocument(Document):
    """What is said of a column of the source itself."""

    name: ColumnName = Field(description="As the warehouse knows it, without regard to case.")
    description: Words = ""
    sensitivity: Label | tuple[Label, ...] = Field(
        default=(),
        description="Labels that policy can speak of, e.g. personal; dimensions that are just it share them.",
    )


class RelationshipDocument(Document):
    """A named many-to-one join, for keys that entity names alone cannot tell apart (origin and destination)."""

    name: Part = Field(description="Stands in a member's path where an entity would: origin__city.")
    to: Reference = Field(description="The semantic model to join.")
    from_columns: Sql | list[Sql] = Field(description="Columns or expressions of this model.")
    to_columns: Sql | list[Sql] | None = Field(
        default=None,
        description="Columns of the other model; they must be those of its primary or a unique entity (the default).",
    )


class DefaultsDocument(Document):
    """dbt's older place for a model's defaults."""

    agg_time_dimension: Reference | None = None


class SemanticModelDocument(Document):
    """A governed dataset: one relation, its entities and its dimensions."""

    name: Name = Field(description="What policy calls it: dataset:<name>.")
    source: Source = Field(description="The relation in the warehouse: orders, main.orders or db.schema.orders.")
    warehouse: Name | None = Field(
        default=None, description="The warehouse of the settings that holds the source. Default: the default one."
    )
    description: Words = ""
    label: Words | None = None
    owner: str | None = None
    domain: Name | None = Field(default=None, description="Domain of the model and of the metrics nested in it.")
    primary_entity: Part | None = Field(
        default=None, description="Names the rows where no entity is primary, so that dimensions have a path."
    )
    agg_time_dimension: Reference | None = Field(
        default=None, description="The time dimension that metric_time means, unless a metric says otherwise."
    )
    time_zone: str | None = Field(
        default=None, description="IANA zone of the model's stored timestamps, where a dimension does not say its own."
    )
    defaults: DefaultsDocument | None = None
    sensitivity: Label | tuple[Label, ...] = Field(
        default=(), description="Labels of the dataset as a whole, e.g. confidential."
    )
    columns: tuple[ColumnDocument, ...] = Field(
        default=(), description="What is to be said of columns of the source. It need not name them all."
    )
    entities: tuple[EntityDocument, ...] = ()
    dimensions: tuple[DimensionDocument, ...] = ()
    relationships: tuple[RelationshipDocument, ...] = ()
    metrics: tuple[MetricDocument, ...] = Field(default=(), description="Metrics of this model, as under `metrics`.")
