"""What can group and filter given metrics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.dependencies import inputs_of
from metricgate.catalog.metrics import Metric, SimpleMetric
from metricgate.catalog.model import Dimension
from metricgate.planning.graph import JoinGraph, Member
from metricgate.planning.member_resolver import METRIC_TIME, Resolver
from metricgate.planning.message_subject import NO_SUBJECT
from metricgate.vocabulary.grain import Grain
from metricgate.vocabulary.problem import Problem


class MemberKind(StrEnum):
    """What kind of thing a member is."""

    CATEGORICAL = "categorical"
    TIME = "time"
    ENTITY = "entity"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReachableMember:
    """A member that groups and filters.

    Attributes:
        name: whole name in the dunder form.
        model: where it is at home.
        dimension: its name there.
        grain: the finest that may be asked, for times.
        path: hops from the first metric's model, ``model.entity -> model`` each.
    """

    name: str
    model: str
    dimension: str
    type: MemberKind
    grain: Grain | None
    description: str
    path: tuple[str, ...]


def reachable(
    metrics: Sequence[Metric], catalog: Catalog, graph: JoinGraph, resolver: Resolver
) -> tuple[ReachableMember, ...]:
    """Return the members that every metric reaches as the same dimension."""
    leaves = [leaf for metric in metrics for leaf in simple_metrics(metric, catalog)]
    roots = list(dict.fromkeys(leaf.model for leaf in leaves))
    if not roots:
        return ()
    found: dict[str, ReachableMember] = {}
    for member in graph.reach(roots[0]).members:
        if member.name not in found and _for_all(member, roots, resolver):
            found[member.name] = _reachable_member(member)
    times = _metric_time(leaves, catalog)
    return (times, *found.values()) if times is not None else tuple(found.values())


def simple_metrics(metric: Metric, catalog: Catalog) -> list[SimpleMetric]:
    """Return the simple metrics that a metric is built on, in order."""
    if isinstance(metric, SimpleMetric):
        return [metric]
    return [leaf for each in inputs_of(metric) for leaf in simple_metrics(catalog.metrics[each.name], catalog)]


def _for_all(member: Member, roots: Sequence[str], resolver: Resolver) -> bool:
    for root in roots:
        found = resolver.resolve(member.name, root, place="", asked_for=NO_SUBJECT)
        if isinstance(found, Problem) or found.own_name != member.own_name:
            return False
        if found.model != member.model and (found.entity is None or member.entity is None):
            return False
    return True


def _reachable_member(member: Member) -> ReachableMember:
    own = member.dimension or member.entity
    granularity = None if member.dimension is None else member.dimension.granularity
    if member.dimension is None:
        kind = MemberKind.ENTITY
    else:
        kind = MemberKind.CATEGORICAL if granularity is None else MemberKind.TIME
    return ReachableMember(
        name=member.name,
        model=member.model,
        dimension=member.own_name,
        type=kind,
        grain=granularity,
        description="" if own is None else own.description,
        path=tuple(str(hop) for hop in member.hops),
    )


def _metric_time(leaves: Sequence[SimpleMetric], catalog: Catalog) -> ReachableMember | None:
    times: list[Dimension] = []
    for leaf in leaves:
        dimension = None if leaf.time_dimension is None else catalog.models[leaf.model].dimension(leaf.time_dimension)
        if dimension is None:
            return None
        times.append(dimension)
    columns = dict.fromkeys(f"{leaf.model}.{leaf.time_dimension}" for leaf in leaves)
    return ReachableMember(
        name=METRIC_TIME,
        model=leaves[0].model,
        dimension=times[0].name,
        type=MemberKind.TIME,
        grain=max(time.granularity or Grain.DAY for time in times),
        description=f"Each metric's own time: {', '.join(columns)}.",
        path=(),
    )
