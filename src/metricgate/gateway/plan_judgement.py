"""Policy on a planned question: its metrics, members and datasets, and every column that it reads."""

from __future__ import annotations

from dataclasses import dataclass

from metricgate.gateway.call_context import CallContext
from metricgate.gateway.datasets import column_resource
from metricgate.gateway.endings import CallRefusal
from metricgate.gateway.entries import plan_subject
from metricgate.gateway.masks import masks_misused
from metricgate.gateway.minimum_groups import small_groups_shown
from metricgate.planning.plan import Plan
from metricgate.planning.uses import Uses, uses_of
from metricgate.policy.verdict import Decision, Verdict
from metricgate.vocabulary.problem import Problems
from metricgate.vocabulary.resource import Action


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanJudgement:
    """The verdict, and what stands against the question although it is allowed (masked columns put to use)."""

    verdict: Verdict
    problems: Problems | None

    @property
    def allows(self) -> bool:
        """Whether the question may run as it is."""
        return self.verdict.decision is Decision.ALLOW and self.problems is None


def judge_plan(context: CallContext, action: Action, plan: Plan) -> PlanJudgement:
    """Decide whether the caller may do ``action`` with what the plan touches.

    Metrics, dimensions and datasets need a grant. The columns behind them need none, but a rule that forbids one
    counts, and so does its mask.
    """
    uses: Uses = uses_of(plan) if context.governance.narrows_columns else {}
    models = context.governance.catalog.models
    columns = [column_resource(models[name], column) for name, found in uses.items() for column in found]
    verdict = context.judge(action, (context.tool, *plan.resources), unless_forbidden=columns)
    obligations = verdict.obligations
    problems = masks_misused(obligations.masks, uses) or small_groups_shown(obligations, plan)
    return PlanJudgement(verdict=verdict, problems=problems)


def refuse_judged(judged: PlanJudgement, plan: Plan) -> CallRefusal | None:
    """Refuse where something stands against the plan; None where it may run."""
    if judged.verdict.decision is not Decision.ALLOW:
        return CallRefusal.by_policy(judged.verdict, plan_subject(plan))
    if judged.problems is not None:
        return CallRefusal(judged.problems, verdict=judged.verdict, facts=plan_subject(plan))
    return None
