"""The scan that the rules' examples speak of: orders by month, revenue and returned orders of one segment."""

from __future__ import annotations

from sqlglot import exp

from metricgate.catalog.expression import Expression
from metricgate.catalog.metrics import Aggregation
from metricgate.compiling.context import Context, ScanDraft
from metricgate.dialects.engines import dialect_named
from metricgate.dialects.shown import DEFAULT
from metricgate.planning.scan import Plain, ScanTable
from metricgate.planning.scan_parts import Condition, Reference, ScanKey, ScanMeasure
from metricgate.vocabulary.grain import Grain
from metricgate.vocabulary.predicate import Comparison, Operator


def draft(dialect: str = DEFAULT) -> ScanDraft:
    """Return a fresh draft in which no rule has run yet."""
    month = Reference(
        table="orders",
        model="orders",
        name="ordered_on",
        expression=_column_expression("ordered_on"),
        granularity=Grain.DAY,
        grain=Grain.MONTH,
    )
    scan = Plain(
        name="orders",
        tables=(
            ScanTable(alias="orders", model="orders", source=("main", "orders")),
            ScanTable(
                alias="customer",
                model="customer",
                source=("main", "customer"),
                parent="orders",
                parent_keys=(_column_expression("customer_id"),),
                keys=(_column_expression("id"),),
            ),
        ),
        keys=(ScanKey(name="metric_time__month", reference=month),),
        measures=(
            ScanMeasure(name="revenue", aggregation=Aggregation.SUM, expression=_column_expression("amount")),
            ScanMeasure(
                name="returned",
                aggregation=Aggregation.COUNT,
                expression=Expression(text="1", columns=()),
                filters=(_equals_condition("orders", "status", "R"),),
            ),
        ),
        conditions=(_equals_condition("customer", "segment", "BUILDING"),),
    )
    outputs = {measure.name: measure.name for measure in scan.measures}
    return ScanDraft(
        scan=scan, context=Context(dialect=dialect_named(dialect), answered=lambda _plan: exp.Select()), outputs=outputs
    )


def _column_expression(name: str) -> Expression:
    return Expression(text=name, columns=(name,))


def _equals_condition(table: str, name: str, value: str) -> Condition:
    reference = Reference(table=table, model=table, name=name, expression=_column_expression(name))
    comparison = Comparison(member=f"{table}__{name}", op=Operator.EQ, values=(value,))
    return Condition(predicate=comparison, members=((comparison.member, reference),))
