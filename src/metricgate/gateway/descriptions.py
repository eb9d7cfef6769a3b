"""Metrics and members as answers show them to people and agents."""

from __future__ import annotations

from typing import Any

from metricgate.catalog.metrics import Metric
from metricgate.planning.planner import ReachableMember
from metricgate.vocabulary.json import Json

MOST_TEXT = 2_048
"""Longest description shown: clients cut longer ones, so we do it where it can be seen."""


def summary_of(metric: Metric) -> dict[str, Any]:
    """Return ``{name, label, description, domain, owner, status, certified, synonyms, unit, definition_version}``."""
    header = metric.header
    return {
        "name": header.name,
        "label": header.label,
        "description": shorten(header.description),
        "domain": header.domain,
        "owner": header.owner,
        "status": str(header.status),
        "certified": header.certified,
        "synonyms": list(header.synonyms),
        "unit": header.unit,
        "definition_version": header.definition_version,
    }


def shorten(text: str) -> str:
    """Return at most ``MOST_TEXT`` characters, with an ellipsis where something was cut."""
    return text if len(text) <= MOST_TEXT else text[: MOST_TEXT - 1] + "…"


def member_as_json(member: ReachableMember) -> dict[str, Json]:
    """Return ``{name, type, grain, description, path}``."""
    return {
        "name": member.name,
        "type": str(member.type),
        "grain": None if member.grain is None else str(member.grain),
        "description": shorten(member.description),
        "path": list(member.path),
    }
