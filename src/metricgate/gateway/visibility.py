"""What a caller may know of, in one place: whatever problems and descriptions name goes through here.

A question is planned over the whole catalog, since names mean the same for everybody. Where that fails, what went wrong
is told as somebody would be told who sees a catalog without the hidden parts: a name that the caller may neither
describe nor use is answered exactly as one that does not exist. One that may be described and not used is refused by
name: the denial says which rule denied it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from metricgate.catalog.labels import with_labels
from metricgate.gateway.call_context import CallContext
from metricgate.gateway.endings import CallRefusal, Ending
from metricgate.gateway.metric_names import resource_of
from metricgate.planning.plan import Plan
from metricgate.planning.planner import ReachableMember, Visibility
from metricgate.policy.verdict import Decision
from metricgate.vocabulary.problem import Problem, Problems
from metricgate.vocabulary.resource import Action, Resource, ResourceKind


class CallerVisibility:
    """Implements ``planning.planner.Sight`` for one call: what the caller may describe, or do ``action`` with."""

    def __init__(self, context: CallContext, action: Action) -> None:
        self._context = context
        self._action = action
        self._known: dict[tuple[Action, Resource], bool] = {}

    def metric(self, name: str) -> bool:
        """Whether the metric is there for the caller."""
        resource = Resource(ResourceKind.METRIC, name)
        return self._allowed(Action.DESCRIBE, resource) or self._allowed(Action.QUERY, resource)

    def dimension(self, model: str, name: str) -> bool:
        """Whether the dimension is there for the caller."""
        return self._there(Resource(ResourceKind.DIMENSION, f"{model}.{name}"))

    def dataset(self, model: str) -> bool:
        """Whether the dataset is there for the caller."""
        return self._there(Resource(ResourceKind.DATASET, model))

    def may_use(self, member: ReachableMember) -> bool:
        """Whether the action is allowed on the member, and on every model that joins lead through to it."""
        passed = (hop.rpartition(" -> ")[2] for hop in member.path)
        datasets = (Resource(ResourceKind.DATASET, model) for model in (member.model, *passed))
        dimension = Resource(ResourceKind.DIMENSION, f"{member.model}.{member.dimension}")
        return all(self._allowed(self._action, each) for each in (*datasets, dimension))

    def hides(self, plan: Plan) -> bool:
        """Whether the plan touches a metric, dimension or dataset that is not there for the caller."""
        return not all(
            self.metric(each.name) if each.kind is ResourceKind.METRIC else self._there(each) for each in plan.resources
        )

    def _there(self, resource: Resource) -> bool:
        return self._allowed(self._action, resource) or self._allowed(Action.DESCRIBE, resource)

    def _allowed(self, action: Action, resource: Resource) -> bool:
        about = (action, resource)
        if about not in self._known:
            self._known[about] = self._context.allows(action, with_labels(resource, self._context.governance.catalog))
        return self._known[about]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRequest:
    """A question on its way to a plan.

    Attributes:
        action: what is done with dimensions and datasets.
        metrics: full names of the metrics that were asked.
        members: everything else that it names.
        whole: plans it over the whole catalog.
        within: plans the same within a sight.
    """

    action: Action
    metrics: tuple[str, ...]
    members: tuple[str, ...]
    whole: Callable[[], Plan | Problems]
    within: Callable[[Visibility], Plan | Problems]


def plan_visibly(context: CallContext, road: PlanRequest) -> Plan | Ending:
    """Return the plan over the whole catalog, or a refusal, which names only what the caller may know of.

    A name that is nowhere and one that is hidden take the same way: neither is looked for over the whole catalog.
    """
    seen = CallerVisibility(context, road.action)
    if not context.governance.planner.shows(road.members, seen):
        refused = _refused_within(context, road, seen)
        if refused is not None:
            return refused
    plan = road.whole()
    if isinstance(plan, Problems):
        return refuse_unplanned(context, road.action, road.metrics, plan, road.within)
    allowed = context.judge(road.action, (context.tool, *plan.resources)).decision is Decision.ALLOW
    if not allowed and seen.hides(plan):
        # A name may be there elsewhere and mean something hidden here.
        refused = _refused_within(context, road, seen)
        if refused is not None:
            return refused
    return plan


def _refused_within(context: CallContext, road: PlanRequest, seen: CallerVisibility) -> Ending | None:
    denied = _denied_metrics(context, road.action, road.metrics)
    if denied is not None:
        return denied
    plan = road.within(seen)
    return CallRefusal(plan) if isinstance(plan, Problems) else None


def _denied_metrics(context: CallContext, action: Action, metrics: tuple[str, ...]) -> Ending | None:
    """Refuse metrics that may be known but not asked, before anything is told of what they reach."""
    on_metrics = Action.QUERY if action is Action.QUERY else Action.DESCRIBE
    verdict = context.judge(on_metrics, (context.tool, *(resource_of(context, name) for name in metrics)))
    return None if verdict.decision is Decision.ALLOW else CallRefusal.by_policy(verdict)


def refuse_unplanned(
    context: CallContext,
    action: Action,
    metrics: tuple[str, ...],
    whole: Problems,
    again: Callable[[Visibility], Plan | Problems],
) -> Ending:
    """Refuse a question that could not be planned, and name only what the caller may know of.

    Args:
        context: the call's.
        action: what is done with dimensions and datasets.
        metrics: full names of the metrics that were asked.
        whole: the problems over the whole catalog.
        again: plans the same question within a sight.
    """
    denied = _denied_metrics(context, action, metrics)
    if denied is not None:
        return denied
    shown = again(CallerVisibility(context, action))
    return CallRefusal(shown if isinstance(shown, Problems) else _codes_alone(whole))


def _codes_alone(problems: Problems) -> Problems:
    """The problems by their codes alone: within what the caller sees there are none, so their words are not theirs."""
    return Problems(
        tuple(
            Problem(code=each.code, message=each.code.cause, where=each.where, hint=each.code.cure) for each in problems
        )
    )
