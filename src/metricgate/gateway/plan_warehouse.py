"""Which one warehouse a plan is for; a plan over two is refused: a statement reads from one."""

from __future__ import annotations

from metricgate.gateway import codes
from metricgate.planning.plan import Plan
from metricgate.vocabulary.problem import Problem, Problems


def warehouse_of(plan: Plan) -> str | Problems | None:
    """Return the name of the warehouse that holds all that the plan reads; None for the default one.

    The problem names the plan's models, so it is for a caller who may read them.
    """
    if len(plan.homes) == 1:
        return plan.homes[0][1]
    homes = {home for _name, home in plan.homes}
    if len(homes) <= 1:
        return next(iter(homes), None)
    shown = "; ".join(f"{name} is in {home}" for name, home in plan.homes)
    hint = "Ask for the metrics one by one, each with members of its own warehouse, and put the answers together."
    if len(plan.metrics) < 2:  # noqa: PLR2004 - "one by one" would be no advice
        hint = "Group and filter by members of the metric's own warehouse; describe_metric lists them."
    return Problems(
        (
            Problem(
                code=codes.SPANS_WAREHOUSES,
                message=f"The question reads from several warehouses: {shown}.",
                hint=hint,
                details={"warehouses": dict(plan.homes)},
            ),
        )
    )
