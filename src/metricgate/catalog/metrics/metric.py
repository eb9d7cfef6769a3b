"""What every metric type does: one class a type, and nothing else in the code needs to know which types there are.

A type says what it is built on, what it means, and what it computes in the words of ``Values``; plans, SQL for other
tools and whatever comes next are made of the same words. What it leaves to ``MetricDefaults`` is what most types do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import Field
from typing import Any, ClassVar, Protocol, TypeVar

from metricgate.catalog.expression import Expression
from metricgate.catalog.metrics.header import MetricHeader
from metricgate.catalog.metrics.input import InputMetric
from metricgate.catalog.metrics.periods import PeriodAggregation
from metricgate.catalog.metrics.window import Period, Window
from metricgate.catalog.model import SemanticModel
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.predicate import Predicate
from metricgate.vocabulary.result import DataType

V = TypeVar("V")
V_co = TypeVar("V_co", covariant=True)
Steps = tuple[str | int, ...]
"""Where a part stands in the metric's document."""
Equal = tuple[tuple[str, str], ...]
"""Members of the base events' model, each with that of the conversions' model which it must equal."""


class Values(Protocol[V]):
    """What a value is made of, under the filters of the metric and of all above it.

    ``V`` is what the words become: a plan's value over measures, a text of SQL.
    """

    def measure(self) -> V:
        """Return the aggregate of a simple metric itself."""
        ...

    def input(self, each: InputMetric) -> V:
        """Return the value of an input, under its own filter and offset too."""
        ...

    def running_value(
        self, each: InputMetric, *, window: Window | None, since: Period | None, stands: PeriodAggregation
    ) -> V:
        """Return a simple input over all rows up to each moment; within a window, or since a period's start.

        ``stands``: which of a period's values stands for it.
        """
        ...

    def conversions(
        self, base: InputMetric, conversion: InputMetric, *, entity: str, equal: Equal, window: Window | None
    ) -> V:
        """Return a simple input over the conversions that belong to the base events: the last before each.

        ``entity`` and ``equal`` are the same on both sides; ``window``: none later than this counts.
        """
        ...

    def events(self, base: InputMetric) -> V:
        """Return a simple input over its rows, under the metric's filter."""
        ...

    def ratio(self, numerator: V, denominator: V) -> V:
        """Return one over the other as floating point numbers; NULL where the other is zero or NULL."""
        ...

    def derived_value(self, expression: Expression, inputs: tuple[tuple[str, V], ...]) -> V:
        """Return an expression over named values."""
        ...


class PartFormatter(Protocol):
    """How a metric's parts are told as JSON: to callers, in digests, to other tools."""

    def input(self, each: InputMetric, *, alias: bool = False) -> Json:
        """Return an input; ``alias``: an expression uses it by its alias."""
        ...

    def condition(self, condition: Predicate | None) -> Json:
        """Return a filter."""
        ...

    def model(self, name: str) -> Json:
        """Return a model."""
        ...


class Checks(Protocol):
    """What can be asked about a built metric's inputs; each notes its problems at the steps given."""

    def simple(self, name: str, steps: Steps) -> object | None:
        """Return the metric of that full name where it is simple."""
        ...

    def member(self, metric: object | None, name: str, steps: Steps) -> None:
        """Note it where a simple metric's model lacks the member."""
        ...

    def same_width(self, metrics: Iterable[object | None], entity: str, steps: Steps) -> None:
        """Note it where an entity has more key columns in one simple metric's model than in another's."""
        ...


class Metric(Protocol):
    """A metric of any type. Frozen, hashable; ``type`` is its word in YAML."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]
    type: ClassVar[str]

    @property
    def header(self) -> MetricHeader:
        """What every metric carries."""
        ...

    @property
    def filter(self) -> Predicate | None:
        """Only rows where this holds count."""
        ...

    @property
    def has_sum(self) -> bool:
        """Whether its values of several groups may be added up at all; a rate's may not."""
        ...

    @property
    def value_type(self) -> DataType | None:
        """What its values are; None where the definition does not tell."""
        ...

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """The SQL expressions that it is defined by."""
        ...

    def __hash__(self) -> int: ...

    def built_from(self) -> tuple[tuple[Steps, InputMetric], ...]:
        """Return the metrics that it is computed from, with their places in the document."""
        ...

    def rows(self) -> tuple[InputMetric, ...]:
        """Return the inputs whose rows its filter is about."""
        ...

    def lengths(self) -> tuple[tuple[Steps, Window | Period | None], ...]:
        """Return its own lengths of time and periods, beside those of inputs."""
        ...

    def check(self, checks: Checks) -> None:
        """Note what is wrong with its inputs, once every metric is built."""
        ...

    def meaning(self, words: PartFormatter) -> dict[str, Json]:
        """Return what decides about its numbers, beside name, type, filter; digests of it are versions.

        It must not change from release to release: a key that is added stands only where it says something.
        """
        ...

    def expand(self, values: Values[V]) -> V:
        """Return what it computes."""
        ...

    def describe(self, words: PartFormatter) -> dict[str, Json]:
        """Return its definition for callers, beside type and filter, in the words of its document."""
        ...

    def summary(self, input_words: Callable[[InputMetric], str], models: Mapping[str, SemanticModel]) -> dict[str, str]:
        """Return its definition in a few lines, by which people tell metrics of one name apart."""
        ...

    def as_dbt(self, words: PartFormatter) -> dict[str, Json | None] | None:
        """Return its keys in dbt's form beside those of all metrics; None where dbt has no such type."""
        ...


class MetricDefaults:
    """What most types that are made of other metrics do."""

    __slots__ = ()

    @property
    def has_sum(self) -> bool:
        """Whether its values of several groups may be added up at all."""
        return True

    @property
    def value_type(self) -> DataType | None:
        """What its values are: not told."""
        return None

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """The SQL expressions that it is defined by: none."""
        return ()

    def built_from(self) -> tuple[tuple[Steps, InputMetric], ...]:
        """Return the metrics that it is computed from: none."""
        return ()

    def rows(self) -> tuple[InputMetric, ...]:
        """Return the inputs whose rows its filter is about: all."""
        return tuple(each for _steps, each in self.built_from())

    def lengths(self) -> tuple[tuple[Steps, Window | Period | None], ...]:
        """Return its own lengths of time and periods: none."""
        return ()

    def check(self, checks: Checks) -> None:
        """Note what is wrong with its inputs: nothing."""

    def as_dbt(self, words: PartFormatter) -> dict[str, Json | None] | None:  # noqa: ARG002 - types that dbt has use it
        """Return its keys in dbt's form: it has no such type."""
        return None


def text_of(each: object | None) -> str | None:
    """Return a length of time, a period or a word of a closed list as it is written; None stays."""
    return None if each is None else str(each)
