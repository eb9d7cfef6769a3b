"""Metrics over time: windows that end at each day, conversions, balances; asked day by day and event by event."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tests.oracle.aggregates import COUNTS, divided, filled, mean
from tests.oracle.members import Place
from tests.oracle.moments import after, before, moment, start_of
from tests.oracle.world import Key, Row, Values, own_filters

if TYPE_CHECKING:
    from tests.oracle.evaluator import Evaluation


def balanced(evaluation: Evaluation, metric: dict, rows: list, by: list, moved: tuple | None) -> list:
    """Keep of a balance only the rows at the first or last time of each period asked and each window group."""
    rule = metric.get("non_additive_dimension")
    if rule is None:
        return rows
    model, pick = metric["semantic_model"], max if rule["window_choice"] == "max" else min
    own = evaluation.grain(model, rule["name"])
    places = [Place((), model, name, True) for name in rule.get("window_groupings", [])]
    grains = [grain or own for member, grain in by if evaluation.is_time(metric, member, rule["name"])]

    def time(row: Row, when: datetime | None) -> datetime | None:
        return (
            when if evaluation.time_name(metric) == rule["name"] else moment(evaluation.own(model, rule["name"], row))
        )

    def sought(row: Row, when: datetime | None) -> datetime | None:
        """By whole periods several days of a row may count at one: the rows' own days say which is first or last."""
        return time(row, evaluation.moments(metric, row, None)[0] if moved and moved[0] == "period" else when)

    def part(row: Row, when: datetime | None) -> Key:
        return (
            *(start_of(time(row, when), grain) for grain in grains),
            *(evaluation.value(model, row, place) for place in places),
        )

    times: dict[Key, list[datetime]] = {}
    for row, when in rows:
        if sought(row, when) is not None:
            times.setdefault(part(row, when), []).append(sought(row, when))
    kept = [
        (row, when)
        for row, when in rows
        if times.get(part(row, when)) and sought(row, when) == pick(times[part(row, when)])
    ]
    # A row that several days of one group look back on counts once.
    return list({(id(row), *evaluation.key(metric, row, when, by)): (row, when) for row, when in kept}.values())


def cumulative(evaluation: Evaluation, metric: dict, by: list, filters: list[dict], moved: tuple | None) -> Values:
    """At each day, aggregate the input over all rows of the window that ends there; then choose within periods.

    Under an offset a day is shown as another; by whole months several may be shown as one, and are still apart.
    """
    simple = evaluation.world.metrics[metric["input_metric"]]
    inner = [*filters, *own_filters(simple)]
    if moved is None and not {"window", "grain_to_date"} & set(metric) and not evaluation.times_of(simple, by):
        return evaluation.since_ever(simple, by, inner)
    moved = evaluation.by_period(simple, by, moved)
    days = shown_and_read(evaluation.days_shown(simple, by, moved), moved)

    def days_of(row: Row) -> list[datetime]:
        when = time_of(row)
        found = [shown for shown, read in days if when is not None and in_window(evaluation, metric, read, when)]
        return list(dict.fromkeys(found))

    def time_of(row: Row) -> datetime | None:
        return start_of(evaluation.moments(simple, row, None)[0], "day")

    rows: dict[datetime, list[Row]] = {}
    for row, day in evaluation.kept(simple, inner, days_of):
        rows.setdefault(day, []).append(row)
    days = [(day, read) for day, read in days if evaluation.in_range(day) and evaluation.is_asked(simple, day, filters)]
    steps: dict[Key, dict[datetime, object]] = {}
    for day, read in days:
        groups: dict[Key, list[Row]] = {}
        for row in rows.get(day, []):
            if in_window(evaluation, metric, read, time_of(row)):
                groups.setdefault(evaluation.key(simple, row, day, by), []).append(row)
        for key, members in groups.items():
            steps.setdefault(key, {})[read] = evaluation.aggregated(simple, members)
    fill = simple.get("fill_nulls_with")
    absent = 0 if simple["agg"] in COUNTS else fill
    how = metric.get("period_agg", "first")
    times = evaluation.times_of(simple, by)
    parts = [(evaluation.time_part(simple, day, by), read) for day, read in days]
    found = {}
    for key, values in steps.items():
        own = tuple(key[at] for at in times)
        here = [read for part, read in parts if part == own]
        standing = {"first": first, "last": last, "average": average}[how]
        found[key] = filled(standing(values, sorted(here), absent, fill), fill)
    return Values(found, absent)


def first(values: dict[datetime, object], days: list[datetime], _absent: object, _fill: object) -> object:
    """Return the first value that a period has."""
    return next(values[day] for day in days if day in values)


def last(values: dict[datetime, object], days: list[datetime], absent: object, _fill: object) -> object:
    """Return the value of a period's last day, whether or not there are rows for it."""
    return values.get(days[-1], absent)


def average(values: dict[datetime, object], days: list[datetime], absent: object, fill: object) -> object:
    """Return the mean over all days of a period; an empty value has no part in it, unless something stands for it."""
    return mean([filled(values.get(day, absent), fill) for day in days])


def shown_and_read(days: list[datetime], moved: tuple | None) -> list[tuple[datetime, datetime]]:
    """Return each day shown and the day that is read for it, in the order of the days read."""
    if moved is None:
        return [(day, day) for day in days]
    if moved[0] == "period":
        shown = set(days)
        earlier = [day - timedelta(days=at) for day in days[:1] for at in range(400, 0, -1)]
        return [(day, read) for read in [*earlier, *days] if (day := after(read, moved[1], moved[2])) in shown]
    if moved[0] == "window":
        return [(day, before(day, moved[1], moved[2])) for day in days]
    return [(day, start_of(day, moved[1])) for day in days]


def conversion(evaluation: Evaluation, metric: dict, by: list, filters: list[dict]) -> Values:
    """Give each conversion to the last base event of its entity before it; count where and when that one is."""
    base, target = (
        evaluation.world.metrics[metric["base_metric"]],
        evaluation.world.metrics[metric["conversion_metric"]],
    )
    kept = evaluation.kept(base, [*filters, *own_filters(base)], lambda row: evaluation.moments(base, row, None))
    rows = [row for row, when in kept if evaluation.in_range(when)]
    counts: dict[Key, list[int]] = {} if by else {(): [0, 0]}
    for row in rows:
        counts.setdefault(evaluation.key(base, row, evaluation.moments(base, row, None)[0], by), [0, 0])[0] += 1
    for event, _ in evaluation.kept(target, own_filters(target), lambda row: evaluation.moments(target, row, None)):
        owner = last_base(evaluation, metric, rows, event)
        if owner is not None:
            counts[evaluation.key(base, owner, evaluation.moments(base, owner, None)[0], by)][1] += 1
    if metric["calculation"] == "conversions":
        return Values({key: done for key, (_, done) in counts.items()}, 0)
    return Values({key: divided(done, asked) for key, (asked, done) in counts.items()}, None)


def last_base(evaluation: Evaluation, metric: dict, rows: list[Row], event: Row) -> Row | None:
    """Return the last base event of the conversion's entity before it and within the window."""
    base, target = (
        evaluation.world.metrics[metric["base_metric"]],
        evaluation.world.metrics[metric["conversion_metric"]],
    )
    when = evaluation.moments(target, event, None)[0]
    who = evaluation.value(
        target["semantic_model"], event, evaluation.place(target["semantic_model"], metric["entity"])
    )
    best: tuple[datetime, Row] | None = None
    for row in rows:
        at = evaluation.moments(base, row, None)[0]
        same = evaluation.value(base["semantic_model"], row, evaluation.place(base["semantic_model"], metric["entity"]))
        if None in (at, when, who) or same != who or at > when:
            continue
        if "window" in metric:
            count, unit = metric["window"].split()
            if at <= before(when, int(count), unit.removesuffix("s")):
                continue
        if best is None or at > best[0]:
            best = (at, row)
    return None if best is None else best[1]


def in_window(evaluation: Evaluation, metric: dict, day: datetime, when: datetime) -> bool:
    """Say whether a row's moment counts at a day."""
    if when > day:
        return False
    if "window" in metric:
        count, unit = metric["window"].split()
        if unit in evaluation.world.calendars:
            after = evaluation.world.calendars[unit].day_before(day, int(count), clamped=True)
            return after is not None and when > after
        return when > before(day, int(count), unit.removesuffix("s"))
    if metric.get("grain_to_date") in evaluation.world.calendars:
        start = evaluation.world.calendars[metric["grain_to_date"]].first_day(day)
        return start is not None and when >= start
    return "grain_to_date" not in metric or when >= start_of(day, metric["grain_to_date"])
