"""Saved queries as callers may use them, and the custom granularities that questions may name."""

from __future__ import annotations

from collections.abc import Iterable

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.saved import SavedQuery
from metricgate.gateway import codes
from metricgate.gateway.call_context import CallContext
from metricgate.gateway.metric_names import may_describe
from metricgate.planning.planner import ReachableMember
from metricgate.vocabulary.nearest import did_you_mean
from metricgate.vocabulary.problem import Place, Problem, Problems

_SHOWN = 20


def saved_query(context: CallContext, name: str | None) -> SavedQuery | Problems | None:
    """Return the saved query, None where none is named, or that there is none.

    One that holds a metric which the caller may not know of is as if it were not there: its name could tell.
    """
    if name is None:
        return None
    visible = {
        known: query
        for known, query in context.governance.catalog.saved_queries.items()
        if all(may_describe(context, metric) for metric in query.metrics)
    }
    found = visible.get(name)
    if found is not None:
        return found
    known = sorted(visible)
    listed = ", ".join(known[:_SHOWN]) + (" and more" if len(known) > _SHOWN else "")
    hint = did_you_mean(name[:200], known) or f"The saved queries are: {listed or 'none'}."
    problem = Problem(
        code=codes.UNKNOWN_SAVED_QUERY,
        message=f"There is no saved query {name[:80]!r}.",
        where=Place(path="saved_query"),
        hint=hint,
    )
    return Problems((problem,))


def calendars_for(catalog: Catalog, members: Iterable[ReachableMember]) -> tuple[str, ...]:
    """Return the custom granularities to which one of the members, a time known finely enough, can be cut."""
    times = [(each.grain, catalog.models[each.model].warehouse) for each in members if each.grain is not None]
    spines = [
        spine
        for spine in catalog.time_spines.values()
        if any(grain <= spine.granularity and spine.warehouse == warehouse for grain, warehouse in times)
    ]
    return tuple(dict.fromkeys(each.name for spine in spines for each in spine.calendars))


def calendars_of(catalog: Catalog) -> tuple[str, ...]:
    """Return the names of all custom granularities."""
    return tuple(dict.fromkeys(each.name for spine in catalog.time_spines.values() for each in spine.calendars))
