"""``saved_queries[]`` and ``time_spines[]`` -> values of the catalog."""

from __future__ import annotations

from metricgate.catalog.building.origin import Findings, Origin
from metricgate.catalog.building.references import MetricNames
from metricgate.catalog.conditions import parse_condition
from metricgate.catalog.documents import SavedQueryDocument, TimeSpineDocument
from metricgate.catalog.saved import Calendar, SavedQuery, TimeSpine
from metricgate.catalog.templates import parse_member_call
from metricgate.vocabulary.problem import Problems


def build_saved_query(
    document: SavedQueryDocument, origin: Origin, names: MetricNames, findings: Findings
) -> SavedQuery:
    """Return the saved query with full metric names and members in the dunder form."""
    query = document.query_params
    below = origin.below("query_params")
    resolved = [names.resolve_free(name, below.at("metrics", at), findings) for at, name in enumerate(query.metrics)]
    where = None
    if query.where is not None:
        found = parse_condition(query.where, lambda steps: below.at("where", *steps))
        if isinstance(found, Problems):
            findings.problems.extend(found)
        else:
            where = found
    return SavedQuery(
        name=document.name,
        metrics=tuple(name for name in resolved if name is not None),
        group_by=tuple(parse_member_call(member) or member for member in query.group_by),
        where=where,
        order_by=tuple(query.order_by),
        limit=query.limit,
        description=document.description,
        label=document.label,
        place=origin.at(),
    )


def build_time_spine(document: TimeSpineDocument, origin: Origin) -> TimeSpine:
    """Return the time spine."""
    return TimeSpine(
        name=document.name,
        source=tuple(document.source.split(".")),
        column=document.column,
        granularity=document.granularity,
        calendars=tuple(
            Calendar(name=each.name, column=each.column or each.name) for each in document.custom_granularities
        ),
        warehouse=document.warehouse,
        description=document.description,
        place=origin.at(),
    )
