"""Metrics as one SQL expression over ``dataset.column``, for formats that know metrics only so.

A metric that such an expression cannot say exactly has none: ``Unsaid`` says why. Nothing is approximated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.expression import Expression
from metricgate.catalog.metrics import Aggregation, InputMetric, Metric, Period, PeriodAggregation, SimpleMetric, Window
from metricgate.catalog.metrics.metric import Equal
from metricgate.catalog.model import Dimension, DimensionType, EntityType, SemanticModel
from metricgate.catalog.sql_rewriter import substitute_columns
from metricgate.exporting.conditions import Unsaid, comparison_text, condition_text, literal_text
from metricgate.importing.name_translation import identifier
from metricgate.vocabulary.predicate import Comparison, Predicate, Scalar, Template

_PLAIN = {Aggregation.SUM: "SUM", Aggregation.AVERAGE: "AVG", Aggregation.MIN: "MIN", Aggregation.MAX: "MAX"}


@dataclass(slots=True)
class Expressions:
    """Writes metrics of a catalog as SQL, and remembers which columns of which model they read."""

    catalog: Catalog
    columns: dict[str, set[str]] = field(default_factory=dict)

    def of(self, metric: Metric) -> str:
        """Return the expression.

        Raises:
            Unsaid: there is none.
        """
        return self._metric(metric, ())

    def _metric(self, metric: Metric, conditions: tuple[Predicate, ...]) -> str:
        if metric.header.time_granularity is not None:
            raise Unsaid("it has a grain of its own (time_granularity)")
        own = conditions if metric.filter is None else (*conditions, metric.filter)
        return metric.expand(_Text(self, metric, own))

    def input(self, written: InputMetric, conditions: tuple[Predicate, ...]) -> str:
        """Return an input under the conditions from above.

        Raises:
            Unsaid: there is no expression for it.
        """
        if written.offset_window is not None or written.offset_to_grain is not None:
            raise Unsaid("it reads another period (offset)")
        own = conditions if written.filter is None else (*conditions, written.filter)
        return self._metric(self.catalog.metrics[written.name], own)

    def simple(self, metric: SimpleMetric, conditions: tuple[Predicate, ...]) -> str:
        """Return a simple metric under all conditions.

        Raises:
            Unsaid: there is no expression for it.
        """
        if metric.non_additive is not None:
            raise Unsaid("it must not be summed over time (non_additive_dimension)")
        if metric.join_to_timespine:
            raise Unsaid("it shows periods without rows (join_to_timespine)")
        model = self.catalog.models[metric.model]
        condition = " AND ".join(self._condition(each, model) for each in conditions)
        found = self._aggregate(metric, model, condition)
        return found if metric.fill_nulls_with is None else f"COALESCE({found}, {metric.fill_nulls_with})"

    def _aggregate(self, metric: SimpleMetric, model: SemanticModel, condition: str) -> str:
        value = self._qualified(metric.expression, model)
        if not metric.expression.columns and not condition and metric.aggregation is Aggregation.COUNT:
            value = self._row(model)
        if metric.aggregation is Aggregation.SUM_BOOLEAN:
            value = f"CASE WHEN {value} THEN 1 ELSE 0 END"
        if condition:
            value = f"CASE WHEN {condition} THEN {value} END"
        match metric.aggregation:
            case Aggregation.COUNT:
                return f"COUNT({value})"
            case Aggregation.COUNT_DISTINCT:
                return f"COUNT(DISTINCT {value})"
            case Aggregation.SUM_BOOLEAN:
                return f"SUM({value})"
            case Aggregation.MEDIAN:
                return f"PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY {value})"
            case Aggregation.PERCENTILE:
                percentile = metric.percentile
                if percentile is None or percentile.approximate:
                    raise Unsaid("its percentile is approximate")
                function = "PERCENTILE_DISC" if percentile.discrete else "PERCENTILE_CONT"
                return f"{function}({percentile.value}) WITHIN GROUP (ORDER BY {value})"
            case _:
                return f"{_PLAIN[metric.aggregation]}({value})"

    def _row(self, model: SemanticModel) -> str:
        """Return a column that is never NULL, so that counting it counts the rows of this dataset."""
        key = next((each for each in model.entities if each.type is EntityType.PRIMARY), None)
        if key is None or not key.expressions[0].is_column:
            raise Unsaid(f"it counts rows, and {model.name!r} has no key column to count")
        return self._qualified(key.expressions[0], model)

    def _qualified(self, expression: Expression, model: SemanticModel) -> str:
        for column in expression.columns:
            shadow = model.dimension(column)
            if shadow is not None and shadow.expression.text != column:
                raise Unsaid(f"it reads the column {column!r}, which is hidden by the dimension of that name")
        self.columns.setdefault(model.name, set()).update(expression.columns)
        return _require_text(
            substitute_columns(expression.text, lambda _table, column: f"{model.name}.{identifier(column)}")
        )

    def _condition(self, condition: Predicate, model: SemanticModel) -> str:
        return condition_text(condition, lambda leaf: self._comparison(leaf, model))

    def _comparison(self, each: Comparison | Template, model: SemanticModel) -> str:
        if isinstance(each, Template):
            raise Unsaid("its filter is a template")
        dimension = _own_dimension(each.member, model)
        value = self._qualified(dimension.expression, model)
        if not dimension.expression.is_column:
            value = f"({value})"
        return comparison_text(each.op, value, [_comparable_literal(scalar, dimension) for scalar in each.values])


def _own_dimension(member: str, model: SemanticModel) -> Dimension:
    path, _, name = member.rpartition("__")
    found = model.dimension(name) if path in {"", model.primary_entity} else None
    if found is None:
        raise Unsaid(f"its filter names {member!r}, which is no dimension of its own model")
    if found.type is DimensionType.TIME:
        raise Unsaid(f"its filter compares a time ({member!r})")
    return found


def _comparable_literal(value: Scalar, dimension: Dimension) -> str:
    found = literal_text(value)
    if found is None:
        raise Unsaid(f"its filter compares {dimension.name!r} with a value that SQL dialects write differently")
    return found


def _require_text(found: object) -> str:
    if isinstance(found, str):
        return found
    raise Unsaid("its expression cannot be written back")


def expression_of(metric: Metric, expressions: Expressions) -> tuple[str | None, str]:
    """Return the metric's SQL and ``""``, or None and why there is none. Columns are remembered only with the SQL."""
    before: Mapping[str, set[str]] = {name: set(columns) for name, columns in expressions.columns.items()}
    try:
        return expressions.of(metric), ""
    except Unsaid as why:
        expressions.columns = dict(before)
        return None, str(why)


@dataclass(frozen=True, slots=True)
class _Text:
    """What a metric computes, as one expression; ``conditions``: its own filter and those from above."""

    expressions: Expressions
    metric: Metric
    conditions: tuple[Predicate, ...]

    def measure(self) -> str:
        if not isinstance(self.metric, SimpleMetric):
            raise Unsaid(f"a {self.metric.type} metric has no rows of its own")
        return self.expressions.simple(self.metric, self.conditions)

    def input(self, each: InputMetric) -> str:
        return self.expressions.input(each, self.conditions)

    def running_value(  # no expression looks back
        self,
        _each: InputMetric,
        *,
        window: Window | None,  # noqa: ARG002
        since: Period | None,  # noqa: ARG002
        stands: PeriodAggregation,  # noqa: ARG002
    ) -> str:
        raise Unsaid("it is cumulative")

    def conversions(  # nor joins events
        self,
        _base: InputMetric,
        _conversion: InputMetric,
        *,
        entity: str,  # noqa: ARG002
        equal: Equal,  # noqa: ARG002
        window: Window | None,  # noqa: ARG002
    ) -> str:
        raise Unsaid("it is a conversion metric")

    def events(self, base: InputMetric) -> str:
        return self.input(base)

    def ratio(self, numerator: str, denominator: str) -> str:
        return f"CAST({numerator} AS DOUBLE) / NULLIF(CAST({denominator} AS DOUBLE), 0)"

    def derived_value(self, expression: Expression, inputs: tuple[tuple[str, str], ...]) -> str:
        known = dict(inputs)
        return _require_text(substitute_columns(expression.text, lambda _table, alias: known.get(alias)))
