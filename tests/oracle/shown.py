"""What is shown at which moments: what depends on a metric's time, the days of a spine, periods without rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from tests.oracle.conditions import truth
from tests.oracle.members import Members, Place, without_grain
from tests.oracle.moments import ORDER, after, moment, start_of
from tests.oracle.world import Key, NoAnswer, Row


class Nothing(dict):
    """A row of nothing but what is said."""

    def __missing__(self, _name: str) -> None:
        """Return NULL."""


class Moments(Members):
    """The part of an evaluation that looks at days rather than rows."""

    def shown(self, metric: dict, row: Row, when: datetime | None) -> Row:
        """Return the row as it is shown at another moment: what depends on its time is that moment's."""
        name = self.time_name(metric)
        if when is None or not name or moment(row[name]) == when or start_of(moment(row[name]), "day") == when:
            return row
        return {
            **row,
            name: when.date() if isinstance(row[name], date) and not isinstance(row[name], datetime) else when,
        }

    def depends(self, metric: dict, member: str) -> bool:
        """Say whether a group-by or filter depends on the metric's time, and is not that time itself."""
        model, name = metric["semantic_model"], self.time_name(metric)
        if member == "metric_time":
            return False
        place = self.place(model, member)
        if not name or place == Place((), model, name, False):
            return False
        if place.path:
            return name in self.links(model)[place.path[0]][1]
        if place.is_key:
            return name == next(
                each["expr"] for each in self.world.models[model]["entities"] if each["name"] == place.name
            )
        part = next(each for each in self.world.models[model]["dimensions"] if each["name"] == place.name)
        return name in part.get("expr", place.name)

    def times_of(self, metric: dict, by: list) -> list[int]:
        """Return which group-bys are the metric's time or depend on it."""
        name = self.time_name(metric)
        return [
            at
            for at, (member, _) in enumerate(by)
            if member == "metric_time" or self.is_time(metric, member, name) or self.depends(metric, member)
        ]

    def time_part(self, metric: dict, day: datetime, by: list) -> Key:
        """Return what these are of a day."""
        whole = self.key(metric, Nothing({self.time_name(metric): day.date()}), day, by)
        return tuple(whole[at] for at in self.times_of(metric, by))

    def is_asked(self, metric: dict, day: datetime, filters: list[dict]) -> bool:
        """Say whether the question's filter leaves a day, as far as it speaks of nothing but the metric's time."""
        if self.asked.where not in filters:
            return True
        row = Nothing({self.time_name(metric): day.date()})
        return all(
            self.holds(part, metric, row, day)
            for part in all_of(self.asked.where)
            if all(self.of_time(metric, without_grain(member)) for member in members(part))
        )

    def of_time(self, metric: dict, member: str) -> bool:
        """Say whether a member of a filter is the metric's time or depends on it."""
        return (
            member == "metric_time"
            or self.is_time(metric, member, self.time_name(metric))
            or self.depends(metric, member)
        )

    def starting_days(self, metric: dict, by: list) -> set[datetime]:
        """Return the days with which what is asked of the time begins anew."""
        by_day = any(
            (form or self.own_grain(metric)) == "day"
            for member, form in by
            if self.is_time(metric, member, self.time_name(metric))
        )
        if any(self.depends(metric, member) for member, _ in by) and not by_day:
            raise NoAnswer("the start of a period would count for each day of what is asked")
        return {
            day
            for day in self.world.days
            if self.time_part(metric, day, by) != self.time_part(metric, day - timedelta(days=1), by)
        }

    def own_grain(self, metric: dict) -> str | None:
        """Return how fine the metric's time is."""
        return self.grain(metric["semantic_model"], self.time_name(metric))

    def days_shown(self, metric: dict, by: list, moved: tuple | None) -> list[datetime]:
        """Return the days of the spine; without one, from the first to the last row, as late as they are shown.

        The question's ends go before those of the rows, which are taken as far as the periods asked reach.
        """
        if not self.world.made:
            return self.world.days
        model = metric["semantic_model"]
        own = [start_of(moment(self.own(model, self.time_of(metric), row)), "day") for row in self.visible[model]]
        known = [when for when in own if when is not None]
        if moved is not None:
            known = [after(when, moved[1], moved[2]) for when in known]
        grains = [form for member, form in by if self.is_time(metric, member, self.time_name(metric)) and form in ORDER]
        first = (
            self.asked.start or min((start_of(min(known), grain) for grain in [*grains, "day"]), default=None)
            if known
            else self.asked.start
        )
        last = max(start_of(max(known), grain) for grain in [*grains, "day"]) if known else None
        ends = [
            day
            for day in self.world.days
            if last is not None
            and any(start_of(day, grain) == start_of(max(known), grain) for grain in [*grains, "day"])
        ]
        end = self.asked.end or (max(ends) + timedelta(days=1) if ends else None)
        return [day for day in self.world.days if first is not None and end is not None and first <= day < end]

    def empty_periods(self, metric: dict, by: list, filters: list[dict], known: set[Key]) -> Iterator[Key]:
        """Give the periods of the spine in which nothing was found, as far as the question leaves them."""
        times = self.times_of(metric, by)
        if not any(member == "metric_time" or self.is_time(metric, member, self.time_name(metric)) for member, _ in by):
            return
        shown = {self.place(metric["semantic_model"], member) for member, _ in by if member != "metric_time"}
        parts = [
            part
            for part in (all_of(self.asked.where) if self.asked.where in filters else ())
            if all(self.of_time(metric, stem) or self.place(metric["semantic_model"], stem) in shown
                   for stem in map(without_grain, members(part)))
        ]  # fmt: skip
        seen = {tuple(key[at] for at in times) for key in known}
        for day in filter(self.in_range, self.days_shown(metric, [], None)):
            row = Nothing({self.time_name(metric): day.date()})

            def value(part: dict, row: Row = row, day: datetime = day) -> object:
                of_time = self.of_time(metric, without_grain(part["member"]))
                return self.of_condition(metric, row, part, day) if of_time else None

            key = self.time_part(metric, day, by)
            if key not in seen and all(truth(part, value) is True for part in parts):
                whole: list[object] = [None] * len(by)
                for at, found in zip(times, key, strict=True):
                    whole[at] = found
                yield tuple(whole)


def all_of(tree: dict | None) -> Iterator[dict]:
    """Give the parts of a filter that must all hold."""
    if tree is not None and "and" in tree:
        for part in tree["and"]:
            yield from all_of(part)
    elif tree is not None and "'metric':" not in str(tree):  # what depends on a metric's value speaks of rows
        yield tree


def members(tree: dict | None) -> Iterator[str]:
    if tree is None:
        return
    for part in [*tree.get("and", []), *tree.get("or", []), *([tree["not"]] if "not" in tree else [])]:
        yield from members(part)
    if "member" in tree:
        yield tree["member"]
    if "metric" in tree:
        yield tree["by"]
