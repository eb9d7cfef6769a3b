"""Does the catalog fit the warehouse? Tables, columns, and kinds of type, checked against what the warehouse describes.

Types are judged only where an expression is a plain column; what SQL makes of longer expressions is the warehouse's
matter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from metricgate.catalog import codes
from metricgate.catalog.catalog import Catalog
from metricgate.catalog.expression import Expression
from metricgate.catalog.metrics import Aggregation, SimpleMetric
from metricgate.catalog.model import KIND_OF_TYPE, DimensionType, SemanticModel
from metricgate.documents import in_order
from metricgate.vocabulary.grain import Grain
from metricgate.vocabulary.nearest import did_you_mean
from metricgate.vocabulary.problem import Code, Place, Problem
from metricgate.vocabulary.result import Column, DataType

_NUMBERS = frozenset({DataType.INTEGER, DataType.DECIMAL, DataType.FLOAT})
_TIMES = frozenset(KIND_OF_TYPE)
_NUMERIC = frozenset({Aggregation.SUM, Aggregation.AVERAGE, Aggregation.MEDIAN, Aggregation.PERCENTILE})

Described = Mapping[tuple[str, ...], tuple[Column, ...] | None]


def relations(catalog: Catalog) -> tuple[tuple[str, ...], ...]:
    """Return every relation that the catalog reads, each once, sorted: what the warehouse should describe."""
    spines = {spine.source for spine in catalog.time_spines.values()}
    return tuple(sorted(spines | {model.source for model in catalog.models.values()}))


def check(catalog: Catalog, described: Described) -> tuple[Problem, ...]:
    """Return everything that does not fit, in the order of places.

    ``described`` gives the columns of each of ``relations(catalog)``, None where the relation does not exist. Column
    names compare without regard to case, as SQL does.
    """
    problems: list[Problem] = []
    for model in catalog.models.values():
        columns = _column_types(described, model.source)
        if columns is None:
            problems.append(_no_table(model.source, described, model.place))
            continue
        problems.extend(_model_problems(model, columns))
        problems.extend(_unknown_columns(model, columns))
        for metric in catalog.metrics.values():
            if isinstance(metric, SimpleMetric) and metric.model == model.name:
                problems.extend(_metric_problems(metric, model, columns))
    for spine in catalog.time_spines.values():
        columns = _column_types(described, spine.source)
        if columns is None:
            problems.append(_no_table(spine.source, described, spine.place))
        elif spine.column.lower() not in columns:
            problems.append(_no_column(spine.column, spine.source, columns, spine.place))
        else:
            missing = [each.column for each in spine.calendars if each.column.lower() not in columns]
            problems.extend(_no_column(each, spine.source, columns, spine.place) for each in missing)
    return in_order(problems)


def _column_types(described: Described, source: tuple[str, ...]) -> dict[str, DataType] | None:
    columns = described.get(source)
    return None if columns is None else {column.name.lower(): column.type for column in columns}


def _unknown_columns(model: SemanticModel, columns: Mapping[str, DataType]) -> Iterator[Problem]:
    """A label on a misspelt column would protect nothing."""
    for at, named in enumerate(model.columns):
        if named.name.lower() not in columns:
            yield _no_column(named.name, model.source, columns, _below(model.place, f"columns[{at}]"))


def _model_problems(model: SemanticModel, columns: Mapping[str, DataType]) -> Iterator[Problem]:
    for entity in model.entities:
        for expression in entity.expressions:
            yield from _missing_columns(expression, model, columns, entity.place)
    for at, relationship in enumerate(model.relationships):
        for expression in relationship.from_expressions:
            yield from _missing_columns(expression, model, columns, _below(model.place, f"relationships[{at}]"))
    for dimension in model.dimensions:
        place = dimension.place
        yield from _missing_columns(dimension.expression, model, columns, place)
        found = _type_of(dimension.expression, columns)
        if dimension.type is not DimensionType.TIME or found is None:
            continue
        if found not in _TIMES and dimension.time_kind is None:
            yield _type_problem(
                f"the time dimension {dimension.name!r} is the {found.value} column {dimension.expression.text!r}",
                place,
                "Cast it: expr: CAST(column AS DATE), or make the dimension categorical.",
            )
        elif found in _TIMES and dimension.time_kind not in {None, KIND_OF_TYPE[found]}:
            yield _type_problem(
                f"the time dimension {dimension.name!r} says time_kind {dimension.time_kind}, but its column is "
                f"{KIND_OF_TYPE[found]}, which counts",
                place,
                "Leave time_kind out: the type of a column says what it is.",
            )
        elif found is DataType.DATE and dimension.granularity is not None and dimension.granularity < Grain.DAY:
            yield _type_problem(
                f"the time dimension {dimension.name!r} says granularity {dimension.granularity.value}, but its column "
                "holds dates",
                place,
                "Set granularity: day.",
            )


def _metric_problems(metric: SimpleMetric, model: SemanticModel, columns: Mapping[str, DataType]) -> Iterator[Problem]:
    place = metric.header.place
    yield from _missing_columns(metric.expression, model, columns, place)
    found = _type_of(metric.expression, columns)
    if found is None:
        return
    name = metric.header.name
    if metric.aggregation in _NUMERIC and found not in _NUMBERS:
        yield _type_problem(
            f"{name}: {metric.aggregation.value} of the {found.value} column {metric.expression.text!r}",
            place,
            "Aggregate a number, or use count, count_distinct, min or max.",
        )
    if metric.aggregation is Aggregation.SUM_BOOLEAN and found is not DataType.BOOLEAN:
        yield _type_problem(
            f"{name}: sum_boolean of the {found.value} column {metric.expression.text!r}",
            place,
            "Write a condition: expr: column = 'x'.",
        )


def _type_of(expression: Expression, columns: Mapping[str, DataType]) -> DataType | None:
    return columns.get(expression.text.lower()) if expression.is_column else None


def _missing_columns(
    expression: Expression, model: SemanticModel, columns: Mapping[str, DataType], place: Place | None
) -> Iterator[Problem]:
    for column in expression.columns:
        if column.lower() not in columns:
            yield _no_column(column, model.source, columns, place)


def _no_column(column: str, source: tuple[str, ...], columns: Mapping[str, DataType], place: Place | None) -> Problem:
    hint = did_you_mean(column, columns) or f"Its columns: {', '.join(sorted(columns)[:30])}."
    message = f"{'.'.join(source)} has no column {column!r}"
    return Problem(code=codes.NO_SUCH_COLUMN, message=message, where=place, hint=hint)


def _no_table(source: tuple[str, ...], described: Described, place: Place | None) -> Problem:
    known = [".".join(each) for each, columns in described.items() if columns is not None]
    message = f"the warehouse has no relation {'.'.join(source)!r}"
    return Problem(code=codes.NO_SUCH_TABLE, message=message, where=place, hint=did_you_mean(".".join(source), known))


def _type_problem(message: str, place: Place | None, hint: str, code: Code = codes.COLUMN_TYPE) -> Problem:
    return Problem(code=code, message=message, where=place, hint=hint)


def _below(place: Place | None, path: str) -> Place | None:
    """The place of the whole definition, with the path to its part: lines of parts are not kept in the catalog."""
    return None if place is None else replace(place, path=f"{place.path}.{path}" if place.path else path)
