"""A semantic model: a source with its entities (join keys) and dimensions (what one may group and filter by)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from metricgate.catalog.expression import Expression
from metricgate.vocabulary.grain import Grain, WeekStart
from metricgate.vocabulary.problem import Place
from metricgate.vocabulary.result import DataType


class EntityType(StrEnum):
    """dbt's entity types. Primary, unique and natural identify a row of the model; foreign points at another model."""

    PRIMARY = "primary"
    UNIQUE = "unique"
    FOREIGN = "foreign"
    NATURAL = "natural"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """A join key. ``expressions`` has more than one item for composite keys, in key order."""

    name: str
    type: EntityType
    expressions: tuple[Expression, ...]
    description: str = ""
    place: Place | None = None


class DimensionType(StrEnum):
    """Categorical values, or a point in time."""

    CATEGORICAL = "categorical"
    TIME = "time"


class TimeKind(StrEnum):
    """What the values of a time are: moments, what a clock showed without saying whose, or days."""

    ZONED = "zoned"
    LOCAL = "local"
    DATE = "date"


KIND_OF_TYPE: Mapping[DataType, TimeKind] = MappingProxyType(
    {
        DataType.TIMESTAMP_TZ: TimeKind.ZONED,
        DataType.TIMESTAMP: TimeKind.LOCAL,
        DataType.DATE: TimeKind.DATE,
    }
)
"""What the type of a time says of its values."""


class Validity(StrEnum):
    """The ends of the time in which a row of a slowly changing dimension holds: ``start <= time < end``."""

    START = "start"
    END = "end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimension:
    """What one may group and filter by.

    Attributes:
        granularity: the finest grain the data has; set exactly for time dimensions.
        time_zone: IANA zone of the stored timestamps; None for dates (granularity day or coarser) and where the model
            says nothing (then UTC).
        time_kind: what the values are, where no engine can tell; None leaves it to the engine.
        is_partition: tables that both have a partition of this name join on it too.
        validity: this time is an end of the row's validity; no end means until now, without a start it never holds.
    """

    name: str
    type: DimensionType
    expression: Expression
    granularity: Grain | None = None
    time_zone: str | None = None
    time_kind: TimeKind | None = None
    label: str | None = None
    description: str = ""
    synonyms: tuple[str, ...] = ()
    sensitivity: str | None = None
    is_partition: bool = False
    validity: Validity | None = None
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Relationship:
    """A named many-to-one join to another model, for keys that entities alone cannot tell apart (role playing).

    ``name`` takes the place of the entity in a member's path: ``origin__city`` joins by the relationship ``origin``.
    """

    name: str
    to_model: str
    from_expressions: tuple[Expression, ...]
    to_expressions: tuple[Expression, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceColumn:
    """What is said of a column of the source itself, for those who write SQL of their own and for policy.

    Attributes:
        name: as written; columns are told apart without regard to case.
        sensitivity: labels, sorted.
    """

    name: str
    description: str = ""
    sensitivity: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SemanticModel:
    """A governed dataset. Its ``name`` is what policy calls it (``dataset:<name>``).

    Attributes:
        source: the relation's name parts as the warehouse knows them, e.g. ``("main", "orders")``.
        warehouse: the warehouse of the settings that holds the source; None for the default one.
        stored_zone: IANA zone of its local times where a dimension does not say its own; None: UTC.
        week_start: the day on which weeks begin, where that is not Monday.
        primary_entity: name of the primary entity, declared or by ``primary_entity:``; None where there is none.
        agg_time_dimension: default time dimension of the metrics built on this model.
        columns: of the source, as far as something is said of them.
        sensitivity: labels of the dataset, sorted.
    """

    name: str
    source: tuple[str, ...]
    entities: tuple[Entity, ...]
    dimensions: tuple[Dimension, ...]
    relationships: tuple[Relationship, ...] = ()
    primary_entity: str | None = None
    agg_time_dimension: str | None = None
    description: str = ""
    label: str | None = None
    owner: str | None = None
    domain: str | None = None
    warehouse: str | None = None
    week_start: WeekStart | None = None
    stored_zone: str | None = None
    columns: tuple[SourceColumn, ...] = ()
    sensitivity: tuple[str, ...] = ()
    place: Place | None = None

    @property
    def validity(self) -> tuple[Dimension, Dimension] | None:
        """Start and end of a slowly changing dimension's rows, or None where rows do not change."""
        ends = {each.validity: each for each in self.dimensions if each.validity is not None}
        start, end = ends.get(Validity.START), ends.get(Validity.END)
        return None if start is None or end is None else (start, end)

    def dimension(self, name: str) -> Dimension | None:
        """Return the dimension of that name, or None."""
        return next((dimension for dimension in self.dimensions if dimension.name == name), None)

    def entity(self, name: str) -> Entity | None:
        """Return the entity of that name, or None."""
        return next((entity for entity in self.entities if entity.name == name), None)
