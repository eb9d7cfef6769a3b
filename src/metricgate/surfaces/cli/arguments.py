"""From the command line to a tool's arguments. Names and values are passed on as they are: the gateway checks them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import orjson

from metricgate.vocabulary.json import Json

_DURATION = re.compile(r"([1-9][0-9]{0,5})(m|h|d|w)")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DATE_LENGTH = len("2026-01-31")


def question_arguments(
    *,
    metrics: Sequence[str],
    by: Sequence[str],
    where: Sequence[str],
    start: str | None,
    before: str | None,
    through: str | None,
    time_zone: str | None,
    order: Sequence[str],
    limit: int | None,
    offset: int | None,
    saved: str | None = None,
    min_max: bool = False,
    all_rows: bool = False,
    pins: Sequence[str] = (),
) -> dict[str, Json]:
    """Return the arguments of ``query_metrics`` and ``explain_query``; what was not given is left out.

    Several conditions must all hold. One that starts with ``{`` (but not ``{{``) or ``[`` is JSON, any other the
    template form. ``time_zone`` is both the zone of the range and the zone in which time is grouped.

    Raises:
        ValueError: a condition looks like JSON and is not.
    """
    conditions = [condition(text) for text in where]
    time_range = {"start": start, "before": before, "through": through}
    given: dict[str, Json] = {name: bound for name, bound in time_range.items() if bound is not None}
    if given and time_zone is not None:
        given["time_zone"] = time_zone
    arguments: dict[str, Json] = {
        "metrics": list(metrics),
        "group_by": list(by),
        "where": conditions[0] if len(conditions) == 1 else conditions,
        "time_range": given,
        "time_zone": time_zone,
        "order_by": list(order),
        "limit": limit,
        "offset": offset,
        "saved_query": saved,
        "min_max_only": min_max or None,
        "distinct": False if all_rows else None,
        "pins": dict(_pin(text) for text in pins),
    }
    return {name: value for name, value in arguments.items() if value is not None and value not in ([], {})}


def _pin(text: str) -> tuple[str, str]:
    metric, equals, version = text.partition("=")
    if not equals or not metric.strip() or not version.strip():
        raise ValueError(f"{text!r} is not METRIC=VERSION")
    return metric.strip(), version.strip()


def condition(text: str) -> Json:
    """Return a condition: JSON where it looks like JSON, else the text itself.

    Raises:
        ValueError: it looks like JSON and is not.
    """
    stripped = text.strip()
    if stripped.startswith("[") or (stripped.startswith("{") and not stripped.startswith("{{")):
        parsed: Json = orjson.loads(stripped)
        return parsed
    return text


def duration(text: str) -> timedelta:
    """Return the duration that ``90m``, ``12h``, ``30d`` or ``2w`` writes.

    Raises:
        ValueError: it writes none.
    """
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not a duration such as 90m, 12h, 30d or 2w")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def moment(text: str, now: datetime) -> datetime:
    """Return the moment of an ISO date or date-time (UTC where it names no zone), or a duration before ``now``.

    Raises:
        ValueError: it is neither.
    """
    if _DURATION.fullmatch(text):
        return now - duration(text)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is neither an ISO date, a date-time, nor a duration such as 24h") from None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
