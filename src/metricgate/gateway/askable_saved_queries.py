"""Saved queries as a search lists them: those that the caller may ask as a whole, with what each asks."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from metricgate.catalog.metric_search import search
from metricgate.catalog.saved import SavedQuery
from metricgate.gateway.call_context import CallContext
from metricgate.gateway.descriptions import shorten
from metricgate.gateway.explanation import predicate_as_json
from metricgate.gateway.metric_names import is_usable, may_describe
from metricgate.policy.verdict import Decision
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Problems
from metricgate.vocabulary.resource import Action

_MOST_TRIED = 200
"""Saved queries that are planned for one search: the best by its words."""


def askable_saved_queries(
    context: CallContext, text: str, most: int, *, within: AbstractSet[str] | None
) -> list[Mapping[str, Json]]:
    """Return the saved queries that fit ``text``, best first, with all that each asks.

    Only those that this caller may ask as a whole: every metric, member, filter and model of theirs.

    Args:
        context: the call's.
        text: words; empty for all.
        most: at most so many.
        within: only those that ask for one of these metrics (full names); None for all.
    """
    fitting = [
        query
        for query in context.governance.catalog.saved_queries.values()
        if within is None or not within.isdisjoint(query.metrics)
    ]
    hits = search(text, fitting)[:_MOST_TRIED]
    return [_saved_query_json(each) for each in [hit.found for hit in hits if _may_ask(context, hit.found)][:most]]


def _may_ask(context: CallContext, query: SavedQuery) -> bool:
    if not all(may_describe(context, name) and is_usable(context, name) for name in query.metrics):
        return False
    planner = context.governance.planner
    question = planner.find_saved_question(query.name)
    plan = None if question is None else planner.plan(question)
    if plan is None or isinstance(plan, Problems):
        return False
    return context.judge(Action.QUERY, (context.tool, *plan.resources)).decision is Decision.ALLOW


def _saved_query_json(query: SavedQuery) -> Mapping[str, Json]:
    return {
        "name": query.name,
        "label": query.label,
        "description": shorten(query.description),
        "metrics": list(query.metrics),
        "group_by": list(query.group_by),
        "where": None if query.where is None else predicate_as_json(query.where),
        "order_by": list(query.order_by),
        "limit": query.limit,
    }
