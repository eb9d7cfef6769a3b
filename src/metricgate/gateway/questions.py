"""The arguments of a question (JSON in) -> a Question, or every mistake in it at once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from metricgate.catalog.filters import parse_filter
from metricgate.catalog.saved import SavedQuery
from metricgate.catalog.templates import parse_template
from metricgate.gateway import codes
from metricgate.planning.question import GroupBy, Ordering, Question, TimeRange
from metricgate.vocabulary.grain import DatePart, Grain
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.nearest import did_you_mean
from metricgate.vocabulary.predicate import And, Predicate
from metricgate.vocabulary.problem import Place, Problem, Problems

_GRAINS = {str(grain): grain for grain in Grain}
_PARTS = {str(part): part for part in DatePart}

Name = Annotated[str, Field(min_length=1, max_length=300)]


class GroupByArgument(BaseModel):
    """A member and, for time, a grain or a part."""

    model_config = ConfigDict(extra="forbid", strict=True)

    member: Name = Field(description="A dimension such as `customer__segment`, or `metric_time`.")
    grain: str | None = Field(
        None, description="For time members: " + ", ".join(_GRAINS) + ", or a custom granularity of the time spine."
    )
    date_part: str | None = Field(
        None, description="For time members, instead of a grain, as a number: " + ", ".join(_PARTS) + " (Monday is 1)."
    )


class TimeRangeArgument(BaseModel):
    """A range over `metric_time`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    start: str | None = Field(None, description="First moment that counts: ISO date or date-time.")
    before: str | None = Field(None, description="First moment that no longer counts: ISO date or date-time.")
    through: str | None = Field(None, description="Last whole day that counts: ISO date.")
    time_zone: str | None = Field(None, description="IANA zone in which the bounds are meant, e.g. America/New_York.")


class OrderArgument(BaseModel):
    """A column of the answer to sort by."""

    model_config = ConfigDict(extra="forbid", strict=True)

    column: Name = Field(description="A metric or group-by of this question.")
    descending: bool = False


class QuestionArguments(BaseModel):
    """What to compute."""

    model_config = ConfigDict(extra="forbid", strict=True)

    metrics: list[Name] = Field(
        default_factory=list,
        max_length=20,
        description=(
            "Governed metrics: `finance.revenue`, or a bare name where it is unambiguous. Without any: the distinct "
            "values of the group-bys."
        ),
    )
    group_by: list[Name | GroupByArgument] = Field(
        default_factory=list,
        max_length=20,
        description=(
            "Dimensions as `entity__dimension`, time as `metric_time__month` or, by parts, `metric_time__extract_dow`."
        ),
    )
    where: JsonValue = Field(
        None,
        description=(
            "Filter: `{member, op, value}`, `{and: [...]}`, `{or: [...]}`, `{not: ...}`, with op one of =, !=, <, <=, "
            ">, >=, in, not_in, between, is_null, is_not_null, contains, starts_with, ends_with; "
            "`{metric, group_by: [...], op, value}` compares a metric's value per group."
        ),
    )
    time_range: TimeRangeArgument | None = Field(
        None, description="Range over metric_time: `start`, and `before` (exclusive) or `through` (inclusive)."
    )
    time_zone: str | None = Field(None, description="IANA zone in which time is grouped; default: the data's own.")
    order_by: list[Name | OrderArgument] = Field(
        default_factory=list,
        max_length=40,
        description="Columns of the answer; `-x` sorts descending.",
    )
    limit: int | None = Field(None, description="At most so many rows, 1 or more.")
    offset: int | None = Field(None, description="Skip so many rows first.")
    saved_query: Name | None = Field(
        None,
        description=(
            "A saved question instead of metrics and group_by. Further filters must hold too; order_by and limit "
            "replace its own."
        ),
    )
    pins: dict[Name, Name] = Field(
        default_factory=dict,
        max_length=40,
        description=(
            "Metric to the `definition_version` that is expected of it: the question is refused where another is in "
            "force."
        ),
    )
    min_max_only: bool = Field(
        False, description="Only the least and greatest value of each group-by, without metrics."
    )
    distinct: bool = Field(True, description="Without metrics: false keeps equal rows apart.")


def to_question(
    arguments: QuestionArguments, *, saved: SavedQuery | None = None, calendars: Collection[str] = ()
) -> Question | Problems:
    """Return the question, or every mistake in the arguments; metric names are kept as written.

    Args:
        arguments: as the caller gave them.
        saved: the saved query that ``arguments.saved_query`` names.
        calendars: the custom granularities that there are.
    """
    problems: list[Problem] = []
    asked: list[str | GroupByArgument] = list(arguments.group_by if saved is None else saved.group_by)
    group_by = tuple(_group_by(item, index, calendars, problems) for index, item in enumerate(asked))
    where = _where(arguments.where, problems)
    if problems and saved is None:
        problems = _with_correction(problems, arguments)
    time_range = _time_range(arguments.time_range, problems)
    order_by: list[str | OrderArgument] = list(arguments.order_by)
    limit = arguments.limit
    metrics = tuple(arguments.metrics)
    if saved is not None:
        if arguments.metrics or arguments.group_by:
            message = "A saved query brings its own metrics and group-bys."
            problems.append(_invalid("saved_query", message, "Leave out `metrics` and `group_by`, or `saved_query`."))
        metrics = saved.metrics
        where = _both(saved.where, where)
        order_by = order_by or list(saved.order_by)
        limit = saved.limit if limit is None else limit
    _check_form(arguments, metrics=bool(metrics), cut=bool(order_by) or limit is not None, problems=problems)
    if problems:
        return Problems(tuple(problems))
    return Question(
        metrics=metrics,
        group_by=group_by,
        where=where,
        time_range=time_range,
        time_zone=arguments.time_zone,
        order_by=tuple(_ordering(item) for item in order_by),
        limit=limit,
        offset=arguments.offset,
        min_max_only=arguments.min_max_only,
        distinct=arguments.distinct,
    )


def _check_form(arguments: QuestionArguments, *, metrics: bool, cut: bool, problems: list[Problem]) -> None:
    """Note what would be ignored in silence: forms for group-bys alone beside metrics, an order of one row."""
    if arguments.min_max_only and metrics:
        message = "`min_max_only` is about group-bys; it would leave the metrics out."
        problems.append(_invalid("min_max_only", message, "Leave out `metrics`, or ask without `min_max_only`."))
    if arguments.min_max_only and (cut or arguments.offset is not None):
        message = "`min_max_only` gives one row: nothing to sort or to cut."
        problems.append(_invalid("min_max_only", message, "Leave out order_by, limit and offset."))
    if not arguments.distinct and metrics:
        message = "With metrics, rows are always one for each group."
        problems.append(_invalid("distinct", message, "Leave out `distinct`, or `metrics`."))


def _both(one: Predicate | None, other: Predicate | None) -> Predicate | None:
    if one is None or other is None:
        return one or other
    return And((one, other))


def _group_by(item: str | GroupByArgument, index: int, calendars: Collection[str], problems: list[Problem]) -> GroupBy:
    if isinstance(item, str):
        member, _, suffix = item.rpartition("__")
        if member and suffix in _GRAINS:
            return GroupBy(member=member, grain=_GRAINS[suffix])
        return GroupBy(member=item)
    path = f"group_by[{index}]"
    if item.grain is not None and item.date_part is not None:
        problems.append(_invalid(path, "A time has a grain or a part, not both.", "Drop one of the two."))
    if item.grain is not None and item.grain not in _GRAINS and item.grain not in calendars:
        known = [*_GRAINS, *calendars]
        hint = did_you_mean(item.grain[:40], known) or f"The grains are: {', '.join(known)}."
        problems.append(_invalid(f"{path}.grain", f"{item.grain[:40]!r} is not a grain.", hint))
    if item.date_part is not None and item.date_part not in _PARTS:
        hint = did_you_mean(item.date_part[:40], _PARTS) or f"The parts are: {', '.join(_PARTS)}."
        problems.append(_invalid(f"{path}.date_part", f"{item.date_part[:40]!r} is not a part of a date.", hint))
    return GroupBy(
        member=item.member,
        grain=_GRAINS.get(item.grain or ""),
        date_part=_PARTS.get(item.date_part or ""),
        calendar=item.grain if item.grain in calendars and item.grain not in _GRAINS else None,
    )


def _ordering(item: str | OrderArgument) -> Ordering:
    if isinstance(item, OrderArgument):
        return Ordering(column=item.column, descending=item.descending)
    if item.startswith("-"):
        return Ordering(column=item[1:], descending=True)
    return Ordering(column=item)


def _where(raw: JsonValue, problems: list[Problem]) -> Predicate | None:
    if raw is None:
        return None
    if isinstance(raw, list):
        parts = [part for item in raw if (part := _where(item, problems)) is not None]
        return And(tuple(parts)) if parts else None
    parsed = parse_template(raw, Place(path="where")) if isinstance(raw, str) else parse_filter(raw, "where")
    if isinstance(parsed, Problems):
        problems.extend(parsed)
        return None
    return parsed


def _with_correction(problems: list[Problem], arguments: QuestionArguments) -> list[Problem]:
    """Give the first problem the corrected call, where a metric's value is only not said to be per the group-bys."""
    asked = [each if isinstance(each, str) else each.member for each in arguments.group_by]
    per = [each for each in asked if not each.startswith(_TIME) and each.rpartition("__")[2] not in _GRAINS]
    where = _compared_per(arguments.where, per)
    left: list[Problem] = []
    _where(where, left)
    if not per or left:
        return problems
    call: dict[str, Json] = {**arguments.model_dump(mode="json", exclude_unset=True), "where": where}
    first, *rest = problems
    corrected: Json = {"tool": "query_metrics", "arguments": call}
    return [replace(first, details={**first.details, "corrected": corrected}), *rest]


def _compared_per(raw: JsonValue, members: list[str]) -> JsonValue:
    """Return the filter with these group-bys wherever a metric's value is compared per nothing."""
    if isinstance(raw, list):
        return [_compared_per(each, members) for each in raw]
    if not isinstance(raw, dict):
        return raw
    if "metric" in raw and "group_by" not in raw:
        return {**raw, "group_by": list(members)}
    return {name: _compared_per(each, members) for name, each in raw.items()}


_TIME = "metric_time"


def _time_range(raw: TimeRangeArgument | None, problems: list[Problem]) -> TimeRange | None:
    if raw is None:
        return None
    start = _parse_moment(raw.start, "time_range.start", problems)
    before = _parse_moment(raw.before, "time_range.before", problems)
    if raw.through is not None:
        if raw.before is not None:
            problems.append(
                _invalid("time_range", "Give `before` (exclusive) or `through` (inclusive), not both.", "Drop one.")
            )
        last = _parse_moment(raw.through, "time_range.through", problems)
        if isinstance(last, datetime):
            problems.append(
                _invalid(
                    "time_range.through", "`through` takes a whole day.", "For a moment within a day use `before`."
                )
            )
        elif last == date.max:
            problems.append(_invalid("time_range.through", f"{last} is the last day that there is.", "Leave it out."))
        elif last is not None:
            before = last + timedelta(days=1)
    if start is None and before is None and not problems:
        problems.append(_invalid("time_range", "The range has no bound.", "Give `start`, `before` or `through`."))
    return TimeRange(start=start, before=before, time_zone=raw.time_zone)


def _parse_moment(text: str | None, path: str, problems: list[Problem]) -> date | datetime | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text) if len(text) <= len("2026-01-01") else datetime.fromisoformat(text)
    except ValueError:
        problems.append(
            _invalid(
                path, f"{text[:60]!r} is not an ISO 8601 date or date-time.", "Write 2026-01-31 or 2026-01-31T13:30:00."
            )
        )
        return None


def _invalid(path: str, message: str, hint: str) -> Problem:
    return Problem(code=codes.INVALID_ARGUMENT, message=message, where=Place(path=path), hint=hint)
