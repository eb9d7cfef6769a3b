"""Questions that could show a group of fewer rows than policy lets this caller see."""

from __future__ import annotations

from collections.abc import Sequence

from metricgate.compiling.statement import Statement
from metricgate.gateway import codes
from metricgate.gateway.call_context import CallContext
from metricgate.gateway.endings import CallRefusal, Ending
from metricgate.gateway.engine import Engine
from metricgate.gateway.entries import plan_subject
from metricgate.gateway.ports import Ran
from metricgate.planning.plan import Plan
from metricgate.planning.small_groups import coarser_grains, hindrance
from metricgate.policy.verdict import Verdict
from metricgate.vocabulary.obligation import MinimumGroup, Obligations
from metricgate.vocabulary.problem import Problem, Problems


def small_groups_shown(obligations: Obligations, plan: Plan) -> Problems | None:
    """Return why the question may not run under these minimums, or None; the groups themselves are SQL's to find."""
    minimums = obligations.minimum_groups
    if not minimums:
        return None
    nesting = obligations.refuses_small_groups(plan.datasets)
    found = hindrance(plan, {each.dataset for each in minimums}, nesting=nesting)
    if found is None:
        return None
    return _group_problems(
        minimums, f"hides small groups of {{}} from you, and a question with {found} could show them."
    )


def small_groups_read(minimums: Sequence[MinimumGroup]) -> Problems | None:
    """Return why SQL of the caller's own may not run under these minimums, or None."""
    said = "hides small groups of {} from you, and SQL of your own could show them."
    return _group_problems(minimums, said) if minimums else None


async def run_plan(
    context: CallContext, plan: Plan, engine: Engine, statement: Statement, verdict: Verdict
) -> Ran | Ending:
    """Run a plan's statement as ``CallContext.run`` does; refuse where a group was too small, and answer nothing of it.

    Which group, and how many rows it has, is not told; no group at all and a page beyond the last row look the same.
    """
    facts = plan_subject(plan)
    ran = await context.run(engine, statement, verdict, facts)
    if not isinstance(ran, Ran) or not statement.refuses_when_empty:
        return ran
    if ran.rows.values or ran.rows.truncated is not None:
        return ran
    return CallRefusal(_small_groups_found(verdict.obligations, plan), verdict=verdict, facts=facts)


def _small_groups_found(obligations: Obligations, plan: Plan) -> Problems:
    minimums = [each for each in obligations.minimum_groups if each.dataset in plan.datasets]
    said = "lets you see answers only where every group has enough rows of {}, and this one has a smaller one or none"
    past = f", or nothing comes after the first {plan.offset}" if plan.offset else ""
    return _group_problems(minimums, f"{said}{past}.", hint=_coarser(plan))


def _coarser(plan: Plan) -> str:
    """Say what of the same could be asked; whether it is answered only asking tells."""
    keys = plan.scans[0].keys
    if not keys:
        return "There is no coarser question: without group-bys, all rows are one group already."
    names = ", ".join(repr(key.name) for key in keys)
    words = f"Leave out some of {names}, or all of them"
    for name, grains in coarser_grains(plan).items():
        words += f"; or cut {name!r} by {' or '.join(grains)}"
    return f"{words}. Every group counts, also those beyond the limit and those without a value."


def _group_problems(minimums: Sequence[MinimumGroup], said: str, hint: str = "") -> Problems:
    rules = ", ".join(dict.fromkeys(repr(each.rule) for each in minimums))
    datasets = ", ".join(dict.fromkeys(each.dataset for each in minimums))
    problem = Problem(
        code=codes.SMALL_GROUPS,
        message=f"{rules} {said.format(datasets)}",
        hint=hint or codes.SMALL_GROUPS.cure,
        details={"rules": [each.rule for each in minimums], "datasets": [each.dataset for each in minimums]},
    )
    return Problems((problem,))
