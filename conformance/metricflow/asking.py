"""A case's question in the suite's words -> the arguments of ``query_metrics``."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from conformance.metricflow.fixtures import moment

_CALL_OR_TEXT = re.compile(r"\{\{.*?\}\}|'(?:[^']|'')*'|(?P<word>\b[A-Za-z][A-Za-z0-9_]*\b)", re.DOTALL)

_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_LENGTHS = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
}
_GRAINS = (*_LENGTHS, *_MONTHS)


def arguments(question: dict) -> dict:
    """Return the arguments. What ``query_metrics`` does not know yet is sent all the same, and refused by it."""
    found: dict = {}
    if question.get("saved_query_name"):
        found["saved_query"] = question["saved_query_name"]
    if question.get("metrics"):
        found["metrics"] = list(question["metrics"])
    group_by = [*(question.get("group_bys") or []), *(_object(each) for each in question.get("group_by_objs") or [])]
    if group_by:
        found["group_by"] = group_by
    if question.get("where_filter"):
        found["where"] = with_calls(
            question["where_filter"], frozenset(each for each in group_by if isinstance(each, str))
        )
    if question.get("time_constraint"):
        found["time_range"] = time_range(*question["time_constraint"], _finest(question))
    if question.get("order_bys"):
        found["order_by"] = list(question["order_bys"])
    if question.get("limit") is not None:
        found["limit"] = question["limit"]
    if question.get("min_max_only"):
        found["min_max_only"] = True
    if question.get("apply_group_by") is False:
        found["distinct"] = False
    return found


def _object(group_by: dict) -> dict:
    found = {"member": group_by["name"]}
    return {**found, **{key: group_by[key] for key in ("grain", "date_part") if group_by.get(key)}}


def with_calls(text: str, asked: frozenset[str] = frozenset()) -> str:
    """Return the filter with bare member names, which the suite may write, as template calls.

    A bare word is a member where it holds two underscores, or is one of the group-bys ``asked``.
    """

    def call(found: re.Match[str]) -> str:
        name = found["word"]
        return f"{{{{ Dimension('{name}') }}}}" if name is not None and ("__" in name or name in asked) else found[0]

    return _CALL_OR_TEXT.sub(call, text)


def _finest(question: dict) -> str | None:
    """Return the finest grain of metric_time in the question: its columns say what plain metric_time means."""
    columns = question.get("expected", {}).get("columns", ())
    grains = [each.rpartition("__")[2] for each in columns if each.startswith("metric_time__")]
    known = [grain for grain in grains if grain in _GRAINS]
    return min(known, key=_GRAINS.index) if known else None


def time_range(start: str, end: str, grain: str | None = None) -> dict:
    """Return the range of both inclusive bounds. A bound with a time of day stands for that second.

    The suite's words mean whole periods: a constraint reaches to the ends of the periods of the finest ``grain`` in
    which metric_time is asked. Ours means exactly what it says, so the periods are written out here.
    """
    first, last = moment(str(start)), moment(str(end))
    if grain is not None and (":" in str(end) or grain not in {"minute", "hour"}):
        return {"start": _written(_period(first, grain)), "before": _written(_next(_period(last, grain), grain))}
    if ":" not in str(end):
        return {"start": _written(first), "through": last.date().isoformat()}
    return {"start": _written(first), "before": _written(last + timedelta(seconds=1))}


def _period(value: datetime, grain: str) -> datetime:
    """Return the start of the period that holds the moment."""
    minute = value.replace(second=0, microsecond=0)
    if grain == "minute":
        return minute
    if grain == "hour":
        return minute.replace(minute=0)
    day = minute.replace(hour=0, minute=0)
    if grain in _MONTHS:
        return day.replace(month=(day.month - 1) // _MONTHS[grain] * _MONTHS[grain] + 1, day=1)
    return day - timedelta(days=day.weekday() if grain == "week" else 0)


def _next(start: datetime, grain: str) -> datetime:
    """Return the start of the period after the one that starts here."""
    if grain in _LENGTHS:
        return start + _LENGTHS[grain]
    months = start.month - 1 + _MONTHS[grain]
    return start.replace(year=start.year + months // 12, month=months % 12 + 1)


def _written(value: datetime) -> str:
    return value.date().isoformat() if value == datetime(value.year, value.month, value.day) else value.isoformat()  # noqa: DTZ001 - as the suite's
