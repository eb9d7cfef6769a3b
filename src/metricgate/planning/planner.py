"""The door of the room: questions to plans over one catalog."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.metrics import Metric
from metricgate.catalog.names import split_metric_call
from metricgate.planning.clocks import ASSUMED_LOCAL, Kinds
from metricgate.planning.dimension_values import plan_values
from metricgate.planning.graph import JoinGraph
from metricgate.planning.group_by_options import MemberKind, ReachableMember, reachable
from metricgate.planning.member_resolver import Resolver, Visibility
from metricgate.planning.plan import Plan
from metricgate.planning.plan_builder import PlanBuilder
from metricgate.planning.question import GroupBy, Ordering, Question
from metricgate.planning.scan_binder import ANSWER
from metricgate.vocabulary.problem import Place, Problems

__all__ = ["MemberKind", "Planner", "ReachableMember", "Visibility", "plan"]


class Planner:
    """Plans questions over one catalog. Its indexes depend on the catalog alone, so that any number may share it."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._graph = JoinGraph(catalog.models)
        self._resolver = Resolver(catalog, self._graph)

    def plan(
        self, question: Question, sight: Visibility | None = None, kinds: Kinds = ASSUMED_LOCAL
    ) -> Plan | Problems:
        """Return the plan, or everything that is wrong with the question.

        Args:
            question: with full or bare names.
            sight: what problems may name; None for everything.
            kinds: what engines say of times. By default times of which nothing is said count as local: such a plan
                tells what it hangs on (``Plan.types``), and is not to be run where that is anything.
        """
        answers = partial(self._answer, sight, kinds, question.time_zone)
        return PlanBuilder(question, self._catalog, self._seen(sight), answers, kinds).plan()

    def _answer(
        self,
        sight: Visibility | None,
        kinds: Kinds,
        zone: str | None,
        metric: str,
        group_by: tuple[str, ...],
        place: str,
    ) -> Plan | Problems:
        """Plan the question that a filter asks: one metric by some members, its column under a name of its own.

        Its times are those of the zone of the question around it, which joins it by them and compares them.
        """
        groups = tuple(GroupBy(member=member) for member in group_by)
        found = self.plan(Question(metrics=(metric,), group_by=groups, time_zone=zone), sight, kinds)
        if isinstance(found, Problems):
            return Problems(tuple(replace(each, where=Place(path=place)) for each in found))
        metrics = tuple(replace(each, name=ANSWER) for each in found.metrics)
        return replace(found, metrics=metrics, sorting=())

    def shows(self, members: Iterable[str], sight: Visibility) -> bool:
        """Whether all that is named is there for somebody, by the names alone: members, and metrics of filters.

        Where it is not, a question that names it is to be planned within the sight, as if the rest were not there.
        """
        for member in members:
            call = split_metric_call(member)
            if call is None:
                if not self._resolver.shows(member, sight):
                    return False
            elif not any(map(sight.metric, self._catalog.find_metrics(call[0]))) or not self.shows(call[1], sight):
                return False
        return True

    def find_saved_question(self, name: str) -> Question | None:
        """Return the question that is saved under a name."""
        found = self._catalog.saved_queries.get(name)
        if found is None:
            return None
        return Question(
            metrics=found.metrics,
            group_by=tuple(GroupBy(member=member) for member in found.group_by),
            where=found.where,
            order_by=tuple(
                Ordering(column=each.removeprefix("-"), descending=each.startswith("-")) for each in found.order_by
            ),
            limit=found.limit,
        )

    def reachable(self, metrics: tuple[str, ...]) -> tuple[ReachableMember, ...]:
        """Return what can group and filter all of ``metrics`` (full names): metric_time first, then near to far.

        Raises:
            KeyError: a name is not a metric's full name.
        """
        found: list[Metric] = [self._catalog.metrics[name] for name in metrics]
        return reachable(found, self._catalog, self._graph, self._resolver)

    def plan_values(
        self,
        member: str,
        *,
        metrics: tuple[str, ...] = (),
        search: str | None = None,
        prefix: str | None = None,
        limit: int | None = None,
        offset: int | None = None,
        sight: Visibility | None = None,
    ) -> Plan | Problems:
        """Return the plan of the distinct values of one categorical dimension, in order, NULL last.

        Args:
            member: a dimension as in a question; without metrics, any model's, e.g. ``customer__segment``.
            metrics: metric names whose join paths tell which dimension is meant; only that dimension's own model is
                scanned.
            search: only values that contain this text.
            prefix: only values that start with this text.
            limit: at most so many values.
            offset: skip so many first.
            sight: what problems may name; None for everything.
        """
        return plan_values(
            self._catalog,
            self._seen(sight),
            member,
            metrics=metrics,
            search=search,
            prefix=prefix,
            limit=limit,
            offset=offset,
        )

    def _seen(self, sight: Visibility | None) -> Resolver:
        return self._resolver if sight is None else self._resolver.seen_by(sight)


def plan(question: Question, catalog: Catalog) -> Plan | Problems:
    """Plan one question; use a ``Planner`` for more than one over the same catalog."""
    return Planner(catalog).plan(question)
