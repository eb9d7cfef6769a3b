"""What a question means, worked out in plain loops over rows: slow, and meant to be obviously right.

Written from ``docs/asking.md`` and ``docs/writing-metrics.md`` alone. It knows nothing of SQL and shares no code with
the product: a row finds its partner by looking at every row, a group is a key of a dict, a window is asked day by day.

Where those pages are silent, the worlds leave the question out rather than take the product's word: rows without a
time under ``join_to_timespine``; partners that are not unique. Decided here without a page, so that a change of either side would show:

- a discrete percentile is the least value that at least that share of the values does not exceed (SQL's own);
- of two base events at one moment, a conversion counts where the first that was read is;
- a group exists for a derived metric where any of its inputs has it;
- text is ordered by code points, and NULL stands last whichever way is sorted.
"""

# ruff: noqa: E501 -- conditions read better whole

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime

from tests.oracle.aggregates import COUNTS, DERIVED, aggregate, divided, filled
from tests.oracle.conditions import truth
from tests.oracle.members import Place, without_grain
from tests.oracle.moments import MONTHS, ORDER, after, before, moment, start_of
from tests.oracle.over_time import balanced, conversion, cumulative
from tests.oracle.shown import Moments, members
from tests.oracle.world import Asked, Key, NoAnswer, NotCompared, Row, Values, World, own_filters


def answer(world: World, asked: Asked) -> list[Key]:
    """Return the rows of the answer in their order.

    Raises:
        NoAnswer: the question must be refused.
    """
    evaluation = Evaluation(world, asked)
    by = evaluation.groups()
    evaluation.check_meaning(by)
    columns = [evaluation.values(name, by, evaluation.filters(), None) for name in asked.metrics]
    keys = {key: None for column in columns for key in column.found} if by else {(): None}
    rows = [(*key, *(column.at(key) for column in columns)) for key in keys]
    return evaluation.ordered(rows)


class Evaluation(Moments):
    """One question over one world."""

    def time_of(self, metric: dict) -> str:
        """Return the dimension that is a simple metric's own time."""
        own = metric.get("agg_time_dimension") or self.world.models[metric["semantic_model"]].get("agg_time_dimension")
        if own is None:
            raise NoAnswer(f"{metric['name']} has no time")
        return own

    def simple_of(self, name: str) -> list[dict]:
        """Return all simple metrics that a metric is made of."""
        metric = self.world.metrics[name]
        if metric["type"] == "simple":
            return [metric]
        return [simple for part in _inputs(metric) for simple in self.simple_of(part["name"])]

    def groups(self) -> list[tuple[str, str | None]]:
        """Return the group-bys with the grain of plain ``metric_time`` settled: the coarsest of the metrics' own."""
        found = []
        for member, grain in self.asked.by:
            settled = grain
            if member == "metric_time":
                own = [
                    self.grain(simple["semantic_model"], self.time_of(simple))
                    for name in self.asked.metrics
                    for simple in self.simple_of(name)
                ]
                settled = grain or max(own, key=ORDER.index)
                if any(ORDER.index(each) > _rank_of(settled) for each in own):
                    raise NoAnswer("a grain finer than the data")
            found.append((member, settled))
        return found

    def check_meaning(self, by: list[tuple[str, str | None]]) -> None:
        """Refuse members that are another dimension for another metric, and grains finer than the data."""
        wanted = [*by, *((member, None) for member in members(self.asked.where))]
        for member, grain in wanted:
            if member == "metric_time":
                continue
            stem = without_grain(member)
            models = {simple["semantic_model"] for name in self.asked.metrics for simple in self.simple_of(name)}
            places = [self.place(model, stem) for model in sorted(models)]
            if len({(place.name if place.is_key else (place.model, place.name)) for place in places}) > 1:
                raise NoAnswer(f"{member} is several dimensions")
            own = self.grain(places[0].model, places[0].name)
            asked = grain or (member.rpartition("__")[2] if stem != member else None)
            if asked and (own is None or ORDER.index(own) > _rank_of(asked)):
                raise NoAnswer(f"{member} has no {asked}")

    def filters(self) -> list[dict]:
        """Return the question's filter, if any."""
        return [] if self.asked.where is None else [self.asked.where]

    # --- metrics

    def values(self, name: str, by: list, filters: list[dict], moved: tuple | None) -> Values:
        """Return a metric's values by group.

        ``moved`` is an offset: ("window", n, unit) day by day, ("period", n, unit) by whole months or whole periods of a
        calendar, ("start", grain).
        """
        metric = self.world.metrics[name]
        inner = [*filters, *own_filters(metric)]
        if moved is not None or metric["type"] == "cumulative":
            self.check_days(name, by)
        match metric["type"]:
            case "simple":
                return self.simple(metric, by, inner, moved)
            case "cumulative":
                return cumulative(self, metric, by, inner, moved)
            case "conversion":
                if self.stored.clocks and "window" in metric:
                    raise NotCompared("elapsed time")
                return conversion(self, metric, by, inner)
            case "ratio":
                return self.combined(metric, by, inner, moved, divided)
        return self.combined(metric, by, inner, moved, DERIVED[metric["expr"]])

    def check_days(self, name: str, by: list) -> None:
        """Leave out what is finer than days, for what is read from them."""
        for simple in self.simple_of(name):
            own = Place((), simple["semantic_model"], self.time_of(simple), False)
            for member, form in by:
                if member == "metric_time" or self.place(own.model, member) == own:
                    settled = form or self.grain(own.model, own.name)
                    if _rank_of(settled) < ORDER.index("day"):
                        raise NotCompared("finer than days")

    def combined(self, metric: dict, by: list, filters: list[dict], moved: tuple | None, how: Callable) -> Values:
        """Combine the inputs' values group by group; a group counts where any input has it."""
        columns = [
            self.values(part["name"], by, [*filters, *own_filters(part)], _offset(part) or moved)
            for part in _inputs(metric)
        ]
        keys = {key: None for column in columns for key in column.found}
        found = {key: how(*(column.at(key) for column in columns)) for key in keys}
        return Values(found, how(*(column.absent for column in columns)))

    def kept(
        self, metric: dict, filters: list[dict], moved: Callable[[Row], list]
    ) -> Iterator[tuple[Row, datetime | None]]:
        """Give the rows that satisfy every filter, with each moment at which they count.

        A metric's own filters look at the row; the question's look at the answer, in which the row counts at the moment.
        """
        for row in self.visible[metric["semantic_model"]]:
            own = [tree for tree in filters if tree is not self.asked.where]
            if all(self.holds(tree, metric, row, None) for tree in own):
                for when in moved(row):
                    if self.asked.where not in filters or self.holds(self.asked.where, metric, row, when):
                        yield row, when

    def holds(self, tree: dict, metric: dict, row: Row, when: datetime | None) -> bool:
        """Say whether a condition is true of a row that counts at ``when``."""
        return truth(tree, lambda part: self.of_condition(metric, row, part, when)) is True

    def of_condition(self, metric: dict, row: Row, part: dict, when: datetime | None) -> object:
        """Return the value that a comparison looks at."""
        model = metric["semantic_model"]
        if "metric" in part:
            key = self.value(model, row, self.place(model, part["by"]))
            inner = Evaluation(self.stored, Asked(metrics=[part["metric"]], hidden=self.asked.hidden))
            found = inner.values(part["metric"], [(part["by"], None)], [], None)
            return None if key is None else found.found.get((key,))
        stem = without_grain(part["member"])
        row = self.shown(metric, row, when)
        place = self.place(model, stem)
        is_own = when is not None and place == Place((), model, self.time_name(metric), False)
        value = when if is_own else self.value(model, row, place)
        return value if stem == part["member"] else start_of(moment(value), part["member"].rpartition("__")[2])

    def moments(self, metric: dict, row: Row, moved: tuple | None) -> list[datetime | None]:
        """Return the moments at which a row counts: its own time, or each day whose offset it is."""
        own = moment(self.own(metric["semantic_model"], self.time_of(metric), row)) if self.has_time(metric) else None
        if moved is None:
            return [own]
        own = start_of(own, "day")
        periods = self.world.calendars.get(moved[-1])
        if periods is not None:
            if moved[0] == "period":
                return periods.period_after(own, moved[1])[:1]
            return [day for day in self.world.days if own is not None and periods.day_before(day, moved[1]) == own]
        if moved[0] == "period":
            return [] if own is None else [day for day in self.world.days if day == after(own, moved[1], moved[2])]
        if moved[0] == "window":
            return [day for day in self.world.days if before(day, moved[1], moved[2]) == own]
        return [day for day in self.world.days if start_of(day, moved[1]) == own]

    def has_time(self, metric: dict) -> bool:
        """Say whether a simple metric has a time of its own."""
        return bool(
            metric.get("agg_time_dimension") or self.world.models[metric["semantic_model"]].get("agg_time_dimension")
        )

    def time_name(self, metric: dict) -> str:
        """Return the name of that time, empty if there is none."""
        return self.time_of(metric) if self.has_time(metric) else ""

    def in_range(self, when: datetime | None) -> bool:
        """Say whether a moment is in the question's range; without a range everything is."""
        if self.asked.start is None and self.asked.end is None:
            return True
        if when is None:
            return False
        return not (self.asked.start and when < self.asked.start) and not (self.asked.end and when >= self.asked.end)

    def key(self, metric: dict, row: Row, when: datetime | None, by: list) -> Key:
        """Return the group of a row that counts at ``when``."""
        model, found = metric["semantic_model"], []
        row = self.shown(metric, row, when)
        for member, grain in by:
            if member == "metric_time":
                found.append(self.form(when, grain))
                continue
            place = self.place(model, member)
            value = self.value(model, row, place)
            own = None if place.is_key else self.grain(place.model, place.name)
            if place == Place((), model, self.time_name(metric), False):
                value = when
            found.append(self.form(moment(value), grain or own) if own else value)
        return tuple(found)

    def simple(self, metric: dict, by: list, filters: list[dict], moved: tuple | None) -> Values:
        """Aggregate the rows of each group."""
        if moved is not None and moved[0] == "window" and moved[2] not in MONTHS:
            own = self.grain(metric["semantic_model"], self.time_of(metric))
            if ORDER.index(own) > ORDER.index("day"):
                raise NoAnswer("an offset finer than the data")
        groups: dict[Key, list[Row]] = {} if by else {(): []}
        moved = self.by_period(metric, by, moved)
        starts = self.starting_days(metric, by) if moved is not None and moved[0] == "start" else None
        rows = [
            (row, when)
            for row, when in self.kept(metric, filters, lambda row: self.moments(metric, row, moved))
            if starts is None or when in starts
        ]
        for row, when in balanced(self, metric, [(row, when) for row, when in rows if self.in_range(when)], by, moved):
            groups.setdefault(self.key(metric, row, when, by), []).append(row)
        fill = metric.get("fill_nulls_with")
        found = {key: filled(self.aggregated(metric, members), fill) for key, members in groups.items()}
        absent = 0 if metric["agg"] in COUNTS else fill
        if metric.get("join_to_timespine"):
            found |= dict.fromkeys(self.empty_periods(metric, by, filters, set(found)), absent)
        return Values(found, absent)

    def since_ever(self, metric: dict, by: list, filters: list[dict]) -> Values:
        """Return what has come together up to the end of the question's range, or to this day."""
        asked = replace(self.asked, start=None)
        return Evaluation(self.stored, asked).simple(metric, by, filters, None)

    def by_period(self, metric: dict, by: list, moved: tuple | None) -> tuple | None:
        """Take an offset by months as one of whole periods, where no time finer than months is asked."""
        times = [form for member, form in by if self.is_time(metric, member, self.time_name(metric))]
        times += ["day" for member, _ in by if self.depends(metric, member)]
        whole = all(form in {*MONTHS, *(f"extract_{each}" for each in MONTHS)} for form in times)
        if whole and moved is not None and moved[0] == "window" and moved[2] in MONTHS:
            return ("period", *moved[1:])
        timed = self.asked.start is not None or self.asked.end is not None
        if moved is not None and moved[-1] in self.world.calendars and not timed and set(times) == {moved[-1]}:
            return ("period", *moved[1:])
        return moved

    def is_time(self, metric: dict, member: str, dimension: str) -> bool:
        """Say whether a group-by is a time dimension of the metric's own model."""
        if member == "metric_time":
            return self.time_of(metric) == dimension
        return self.place(metric["semantic_model"], member) == Place((), metric["semantic_model"], dimension, False)

    def aggregated(self, metric: dict, rows: list[Row]) -> object:
        """Aggregate the expression's values over rows."""
        return aggregate(metric, list(map(self.world.expressions[metric["expr"]], rows)))

    def ordered(self, rows: list[Key]) -> list[Key]:
        """Sort by the order asked, then by the group-bys; NULL last. Cut at the limit."""
        names = [*(f"{member}__{grain}" if grain else member for member, grain in self.asked.by), *self.asked.metrics]
        rows = sorted(rows, key=lambda row: [_rank(value) for value in row[: len(self.asked.by)]])
        for name in reversed(self.asked.order):
            column = names.index(name.removeprefix("-"))
            known = [row for row in rows if row[column] is not None]
            known.sort(key=lambda row: row[column], reverse=name.startswith("-"))
            rows = [*known, *(row for row in rows if row[column] is None)]
        return rows[: self.asked.limit]


def _rank_of(form: str) -> int:
    """Return how coarse a form is; calendars and parts are of days."""
    return ORDER.index(form) if form in ORDER else ORDER.index("day")


def _rank(value: object) -> tuple:
    return (value is None, "" if value is None else value)


def _inputs(metric: dict) -> list[dict]:
    match metric["type"]:
        case "ratio":
            return [metric["numerator"], metric["denominator"]]
        case "derived":
            return metric["input_metrics"]
        case "cumulative":
            return [{"name": metric["input_metric"]}]
        case "conversion":
            return [{"name": metric["base_metric"]}]
    return []


def _offset(part: dict) -> tuple | None:
    if "offset_window" in part:
        count, unit = part["offset_window"].split()
        return ("window", int(count), unit.removesuffix("s"))
    return ("start", part["offset_to_grain"]) if "offset_to_grain" in part else None
