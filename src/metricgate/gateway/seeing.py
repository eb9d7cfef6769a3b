"""What a caller may know of, in one place: whatever problems and descriptions name goes through here.

A question is planned over the whole catalog, since names mean the same for everybody. Where that fails, what went wrong
is told as somebody would be told who sees a catalog without the hidden parts. A name that the caller already knows
exactly may still be refused by name: a denial says which rule denied what.
"""

from __future__ import annotations

from collections.abc import Callable

from metricgate.catalog.labels import labelled
from metricgate.gateway.desk import Desk
from metricgate.gateway.naming import resource_of
from metricgate.gateway.outcome import Outcome
from metricgate.planning.plan import Plan
from metricgate.planning.planner import ReachableMember, Sight
from metricgate.policy.verdict import Decision
from metricgate.vocabulary.problem import Problem, Problems
from metricgate.vocabulary.resource import Action, Resource, ResourceKind


class Seen:
    """Implements ``planning.planner.Sight`` for one call: what the caller may describe or do ``action`` with."""

    def __init__(self, desk: Desk, action: Action) -> None:
        self._desk = desk
        self._action = action
        self._known: dict[tuple[Action, Resource], bool] = {}

    def metric(self, name: str) -> bool:
        """Whether the metric may be described."""
        return self._allowed(Action.DESCRIBE, Resource(ResourceKind.METRIC, name))

    def dimension(self, model: str, name: str) -> bool:
        """Whether the action is allowed on the dimension."""
        return self._allowed(self._action, Resource(ResourceKind.DIMENSION, f"{model}.{name}"))

    def dataset(self, model: str) -> bool:
        """Whether the action is allowed on the dataset."""
        return self._allowed(self._action, Resource(ResourceKind.DATASET, model))

    def _allowed(self, action: Action, resource: Resource) -> bool:
        about = (action, resource)
        if about not in self._known:
            self._known[about] = self._desk.allows(action, labelled(resource, self._desk.governance.catalog))
        return self._known[about]


def may_group(seen: Seen, member: ReachableMember) -> bool:
    """Whether the caller may group by the member: by itself, and by way of every model on its path."""
    passed = (hop.rpartition(" -> ")[2] for hop in member.path)
    return (
        seen.dataset(member.model)
        and seen.dimension(member.model, member.dimension)
        and all(seen.dataset(model) for model in passed)
    )


async def refuse_unplanned(
    desk: Desk, action: Action, metrics: tuple[str, ...], whole: Problems, again: Callable[[Sight], Plan | Problems]
) -> Outcome:
    """Refuse a question that could not be planned, and name only what the caller may know of.

    Args:
        desk: the call's.
        action: what is done with dimensions and datasets.
        metrics: full names of the metrics that were asked.
        whole: the problems over the whole catalog.
        again: plans the same question within a sight.
    """
    on_metrics = Action.QUERY if action is Action.QUERY else Action.DESCRIBE
    verdict = desk.judge(on_metrics, (desk.tool, *(resource_of(desk, name) for name in metrics)))
    if verdict.decision is not Decision.ALLOW:
        return await desk.deny(verdict)
    shown = again(Seen(desk, action))
    return await desk.refuse(shown if isinstance(shown, Problems) else _plain(whole))


def _plain(problems: Problems) -> Problems:
    """The problems by their codes alone: within what the caller sees there are none, so their words are not theirs."""
    return Problems(
        tuple(
            Problem(code=each.code, message=each.code.cause, where=each.where, hint=each.code.cure) for each in problems
        )
    )
