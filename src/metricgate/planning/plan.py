"""A plan: everything that a question means under one catalog, before policy and before any SQL dialect."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from metricgate.catalog.metrics import Status
from metricgate.catalog.model import SemanticModel, TimeKind
from metricgate.planning.clocks import TypeAsked
from metricgate.planning.metrics.values import Value
from metricgate.planning.plan_warehouses import Homes
from metricgate.planning.scan import Computation, Scan
from metricgate.vocabulary.digest import digest_of_bytes
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.resource import Resource
from metricgate.vocabulary.result import DataType, ValueType


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedMetric:
    """A metric of the question, resolved. ``asked`` is the name as the caller wrote it."""

    name: str
    asked: str
    definition_version: str
    certified: bool
    status: Status
    value: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputColumn:
    """A column of the answer: either a member or a metric; ``type`` None where the definition does not tell."""

    name: str
    member: str | None = None
    metric: str | None = None
    type: DataType | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorting:
    """Sort by an output column; NULLs come last either way."""

    column: str
    descending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedRange:
    """Half-open ``[start, before)`` as asked, and the zone in which the bounds are meant (None: the data's own)."""

    start: date | datetime | None
    before: date | datetime | None
    time_zone: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanExplanation:
    """The choices that the planner made, for the answer.

    Attributes:
        time_columns: metric -> the ``model.dimension`` columns that metric_time means for it, also where it is unused.
        time_kinds: ``model.dimension`` -> what its values are, where that mattered.
        joins: member as asked -> hops written ``model.entity -> model``; empty for members of the metric's own model.
    """

    time_columns: tuple[tuple[str, tuple[str, ...]], ...]
    time_range: ResolvedRange | None
    time_zone: str | None
    joins: tuple[tuple[str, tuple[str, ...]], ...]
    default_order: bool
    notes: tuple[str, ...]
    time_kinds: tuple[tuple[str, TimeKind], ...] = ()

    def time_as_json(self) -> dict[str, Json]:
        """Return ``{columns: {metric: [model.dimension]}, range: {start, before, time_zone} | null, time_zone}``.

        ``kinds: {model.dimension: kind}`` follows where what the values are mattered.
        """
        asked = self.time_range
        return {
            "columns": {metric: list(columns) for metric, columns in self.time_columns},
            "range": None
            if asked is None
            else {
                "start": None if asked.start is None else asked.start.isoformat(),
                "before": None if asked.before is None else asked.before.isoformat(),
                "time_zone": asked.time_zone,
            },
            "time_zone": self.time_zone,
            **({"kinds": {name: str(kind) for name, kind in self.time_kinds}} if self.time_kinds else {}),
        }

    def joins_as_json(self) -> dict[str, Json]:
        """Return ``{member: [model.entity -> model, ...]}``."""
        return {member: list(path) for member, path in self.joins}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be computed.

    Attributes:
        columns: of the answer, in order: group-bys as asked, then metrics.
        scans: one per model (and time column) from which the metrics are aggregated; joined on the group-bys.
        sorting: complete: after the asked columns come the remaining group-bys, so that the order is settled.
        resources: what policy decides about: metrics, then dimensions, then datasets, each once.
        extremes: only the least and greatest value of each group-by.
        types: expressions whose type decides what the plan means, with the types that it was made for.
        homes: which warehouse holds each model and each time spine that is read.
        models: the models touched, in the order of their first use; row filters bind to their members.
    """

    metrics: tuple[PlannedMetric, ...]
    columns: tuple[OutputColumn, ...]
    scans: tuple[Scan, ...]
    sorting: tuple[Sorting, ...]
    limit: int | None
    offset: int | None
    resources: tuple[Resource, ...]
    models: tuple[SemanticModel, ...] = field(repr=False)
    explanation: PlanExplanation
    extremes: bool = False
    types: tuple[tuple[TypeAsked, ValueType | None], ...] = ()
    homes: Homes = field(default=(), repr=False)

    @property
    def computation(self) -> Computation:
        """What is computed, without order, limit and what the answer tells."""
        return Computation(values=tuple((each.name, each.value) for each in self.metrics), scans=self.scans)

    @property
    def datasets(self) -> tuple[str, ...]:
        """Names of the models touched, in the order of their first use."""
        return tuple(model.name for model in self.models)

    @property
    def digest(self) -> str:
        """``sha256:`` over all of the plan; equal plans have equal digests, in every process.

        The models' words for people do not count; what of them reaches the statement stands in the scans.
        """
        return digest_of_bytes(repr(self).encode())
