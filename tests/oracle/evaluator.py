"""What a question means, worked out in plain loops over rows: slow, and meant to be obviously right.

Written from ``docs/asking.md`` and ``docs/writing-metrics.md`` alone. It knows nothing of SQL and shares no code with
the product: a row finds its partner by looking at every row, a group is a key of a dict, a window is asked day by day.
"""

# ruff: noqa: E501, PLR0911 -- one return per aggregation

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from tests.oracle.conditions import truth
from tests.oracle.moments import ORDER, before, moment, start_of

Row = dict[str, object]
Key = tuple[object, ...]


class NoAnswer(Exception):
    """The question has no right answer, as the documentation says; the message tells why."""


@dataclass(slots=True)
class World:
    """Models and metrics as documents (the same that the catalog loads), the tables' rows, the days of the spine."""

    models: dict[str, dict]
    metrics: dict[str, dict]
    tables: dict[str, list[Row]]
    days: list[datetime]
    expressions: dict[str, Callable[[Row], object]]


@dataclass(slots=True)
class Asked:
    """A question. ``by`` holds (member, grain or None); ``hidden`` row filters by model."""

    metrics: list[str]
    by: list[tuple[str, str | None]] = field(default_factory=list)
    where: dict | None = None
    start: datetime | None = None
    end: datetime | None = None
    order: list[str] = field(default_factory=list)
    limit: int | None = None
    hidden: dict[str, dict] = field(default_factory=dict)


@dataclass(slots=True, frozen=True)
class Place:
    """Where a member lives: the keys to follow, the model reached, its dimension or entity."""

    path: tuple[str, ...]
    model: str
    name: str
    is_key: bool


@dataclass(slots=True)
class Values:
    """A metric's value for each group, and what stands for a group that it has no row for."""

    found: dict[Key, object]
    absent: object

    def at(self, key: Key) -> object:
        """Return the value of a group."""
        return self.found.get(key, self.absent)


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


class Evaluation:
    """One question over one world."""

    def __init__(self, world: World, asked: Asked) -> None:
        self.world = world
        self.asked = asked
        self.visible = {name: list(self._visible(name)) for name in world.models}

    # --- rows and members

    def _visible(self, model: str) -> Iterator[Row]:
        for row in self.world.tables[model]:
            hidden = self.asked.hidden.get(model)
            if hidden is None or truth(hidden, lambda part, row=row: self._own(model, part["member"], row)) is True:
                yield row

    def _own(self, model: str, name: str, row: Row) -> object:
        for part in self.world.models[model]["dimensions"]:
            if part["name"] == name:
                return self.world.expressions[part.get("expr", name)](row)
        raise KeyError(name)

    def links(self, model: str) -> dict[str, tuple[str, list[str], list[str]]]:
        """Return where the keys of a model lead: name -> (model, own columns, the other's columns)."""
        found = {}
        document = self.world.models[model]
        for entity in document["entities"]:
            if entity["type"] != "foreign":
                continue
            for other, target in self.world.models.items():
                for candidate in target["entities"]:
                    if candidate["name"] == entity["name"] and candidate["type"] in {"primary", "unique"}:
                        found[entity["name"]] = (other, _columns(entity["expr"]), _columns(candidate["expr"]))
        for way in document.get("relationships", []):
            found[way["name"]] = (way["to"], _columns(way["from_columns"]), _columns(way["to_columns"]))
        return found

    def paths(self, model: str, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
        """Give every chain of keys from a model with the model it reaches; the empty one first."""
        yield path, model
        for name, (target, _, _) in self.links(model).items():
            yield from self.paths(target, (*path, name))

    def primary(self, model: str) -> str:
        """Return the name of the model's primary entity."""
        return next(entity["name"] for entity in self.world.models[model]["entities"] if entity["type"] == "primary")

    def place(self, model: str, member: str) -> Place:
        """Find a member: a whole path means itself, a shorter form must fit one place only."""
        *asked, name = member.split("__")
        found: dict[Place, bool] = {}
        for path, reached in self.paths(model):
            whole = [path, (self.primary(model), *path)]
            document = self.world.models[reached]
            has = any(part["name"] == name for part in document["dimensions"])
            ends_at_key = not path or not self.is_foreign(model, path)
            is_key = any(
                entity["name"] == name and (entity["type"] == "foreign" or ends_at_key)
                for entity in document["entities"]
            )
            if (has or is_key) and any(full[len(full) - len(asked) :] == tuple(asked) for full in whole):
                exact = tuple(asked) in whole if asked else is_key and not path
                found[Place(path, reached, name, is_key)] = exact
        exact = [place for place, whole in found.items() if whole]
        fitting = exact or list(found)
        if len(fitting) != 1:
            raise NoAnswer(f"{member} of {model}: {len(fitting)} places")
        return fitting[0]

    def is_foreign(self, model: str, path: tuple[str, ...]) -> bool:
        """Say whether the last step of a path is a foreign entity, whose own column is the key (else a relationship)."""
        for name in path[:-1]:
            model = self.links(model)[name][0]
        return any(entity["name"] == path[-1] for entity in self.world.models[model]["entities"])

    def value(self, model: str, row: Row, place: Place) -> object:
        """Follow the keys from a row; without a partner everything is NULL."""
        for name in place.path:
            target, mine, theirs = self.links(model)[name]
            key = [row[column] for column in mine]
            partners = [
                other
                for other in self.visible[target]
                if None not in key and [other[column] for column in theirs] == key
            ]
            if not partners:
                return None
            (row,) = partners
            model = target
        if place.is_key:
            (column,) = _columns(
                next(e["expr"] for e in self.world.models[model]["entities"] if e["name"] == place.name)
            )
            return row[column]
        return self._own(place.model, place.name, row)

    def grain(self, model: str, name: str) -> str | None:
        """Return the grain of a time dimension, None for other dimensions."""
        part = next((part for part in self.world.models[model]["dimensions"] if part["name"] == name), None)
        return None if part is None else part.get("granularity")

    # --- what is asked

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
                if any(ORDER.index(each) > ORDER.index(settled) for each in own):
                    raise NoAnswer("a grain finer than the data")
            found.append((member, settled))
        return found

    def check_meaning(self, by: list[tuple[str, str | None]]) -> None:
        """Refuse members that are another dimension for another metric, and grains finer than the data."""
        wanted = [*by, *((member, None) for member in _members(self.asked.where))]
        for member, grain in wanted:
            if member == "metric_time":
                continue
            stem = _without_grain(member)
            models = {simple["semantic_model"] for name in self.asked.metrics for simple in self.simple_of(name)}
            places = [self.place(model, stem) for model in sorted(models)]
            if len({(place.name if place.is_key else (place.model, place.name)) for place in places}) > 1:
                raise NoAnswer(f"{member} is several dimensions")
            own = self.grain(places[0].model, places[0].name)
            asked = grain or (member.rpartition("__")[2] if stem != member else None)
            if asked and (own is None or ORDER.index(own) > ORDER.index(asked)):
                raise NoAnswer(f"{member} has no {asked}")

    def filters(self) -> list[dict]:
        """Return the question's filter, if any."""
        return [] if self.asked.where is None else [self.asked.where]

    # --- metrics

    def values(self, name: str, by: list, filters: list[dict], moved: tuple | None) -> Values:
        """Return a metric's values by group. ``moved`` is an offset: ("window", n, unit) or ("start", grain)."""
        metric = self.world.metrics[name]
        inner = [*filters, *_own_filters(metric)]
        match metric["type"]:
            case "simple":
                return self.simple(metric, by, inner, moved)
            case "cumulative":
                return self.cumulative(metric, by, inner)
            case "conversion":
                return self.conversion(metric, by, inner)
            case "ratio":
                return self.combined(metric, by, inner, moved, _divided)
        return self.combined(metric, by, inner, moved, DERIVED[metric["expr"]])

    def combined(self, metric: dict, by: list, filters: list[dict], moved: tuple | None, how: Callable) -> Values:
        """Combine the inputs' values group by group; a group counts where any input has it."""
        columns = [
            self.values(part["name"], by, [*filters, *_own_filters(part)], _offset(part) or moved)
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
            inner = Evaluation(self.world, Asked(metrics=[part["metric"]], hidden=self.asked.hidden))
            found = inner.values(part["metric"], [(part["by"], None)], [], None)
            return None if key is None else found.found.get((key,))
        stem = _without_grain(part["member"])
        place = self.place(model, stem)
        is_own = when is not None and place == Place((), model, self.time_name(metric), False)
        value = when if is_own else self.value(model, row, place)
        return value if stem == part["member"] else start_of(moment(value), part["member"].rpartition("__")[2])

    def moments(self, metric: dict, row: Row, moved: tuple | None) -> list[datetime | None]:
        """Return the moments at which a row counts: its own time, or each day whose offset it is."""
        own = moment(self._own(metric["semantic_model"], self.time_of(metric), row)) if self.has_time(metric) else None
        if moved is None:
            return [own]
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
        for member, grain in by:
            if member == "metric_time":
                found.append(start_of(when, grain))
                continue
            place = self.place(model, member)
            value = self.value(model, row, place)
            own = None if place.is_key else self.grain(place.model, place.name)
            if place == Place((), model, self.time_name(metric), False):
                value = when
            found.append(start_of(moment(value), grain or own) if own else value)
        return tuple(found)

    def simple(self, metric: dict, by: list, filters: list[dict], moved: tuple | None) -> Values:
        """Aggregate the rows of each group."""
        groups: dict[Key, list[Row]] = {} if by else {(): []}
        rows = list(self.kept(metric, filters, lambda row: self.moments(metric, row, moved)))
        for row, when in self.balanced(metric, [(row, when) for row, when in rows if self.in_range(when)], by):
            groups.setdefault(self.key(metric, row, when, by), []).append(row)
        fill = metric.get("fill_nulls_with")
        found = {key: _filled(self.aggregated(metric, members), fill) for key, members in groups.items()}
        absent = 0 if metric["agg"] in {"count", "count_distinct", "sum_boolean"} else fill
        if metric.get("join_to_timespine") and any(member == "metric_time" for member, _ in by):
            for day in filter(self.in_range, self.world.days):
                if len(by) == 1:
                    found.setdefault((start_of(day, by[0][1]),), absent)
        return Values(found, absent)

    def balanced(self, metric: dict, rows: list, by: list) -> list:
        """Keep of a balance only the rows at the first or last time of each period asked and each window group."""
        rule = metric.get("non_additive_dimension")
        if rule is None:
            return rows
        model, pick = metric["semantic_model"], max if rule["window_choice"] == "max" else min
        own = self.grain(model, rule["name"])
        places = [Place((), model, name, True) for name in rule.get("window_groupings", [])]
        grains = [grain or own for member, grain in by if self.is_time(metric, member, rule["name"])]

        def time(row: Row, when: datetime | None) -> datetime | None:
            return when if self.time_name(metric) == rule["name"] else moment(self._own(model, rule["name"], row))

        def part(row: Row, when: datetime | None) -> Key:
            return (
                *(start_of(time(row, when), grain) for grain in grains),
                *(self.value(model, row, place) for place in places),
            )

        times: dict[Key, list[datetime]] = {}
        for row, when in rows:
            if time(row, when) is not None:
                times.setdefault(part(row, when), []).append(time(row, when))
        return [
            (row, when)
            for row, when in rows
            if times.get(part(row, when)) and time(row, when) == pick(times[part(row, when)])
        ]

    def is_time(self, metric: dict, member: str, dimension: str) -> bool:
        """Say whether a group-by is a time dimension of the metric's own model."""
        if member == "metric_time":
            return self.time_of(metric) == dimension
        return self.place(metric["semantic_model"], member) == Place((), metric["semantic_model"], dimension, False)

    def aggregated(self, metric: dict, rows: list[Row]) -> object:
        """Aggregate the expression's values over rows; NULL values count for nothing."""
        expression = self.world.expressions[metric["expr"]]
        values = [value for value in map(expression, rows) if value is not None]
        match metric["agg"]:
            case "count":
                return len(values)
            case "count_distinct":
                return len(set(values))
            case "sum_boolean":
                return sum(values)
        if not values:
            return None
        match metric["agg"]:
            case "sum":
                return sum(values)
            case "average":
                return sum(values) / len(values)
            case "min":
                return min(values)
            case "max":
                return max(values)
            case "median":
                return _percentile(values, 0.5, "continuous")
        return _percentile(values, metric["percentile"], metric["percentile_type"])

    def cumulative(self, metric: dict, by: list, filters: list[dict]) -> Values:
        """At each day, aggregate the input over all rows of the window that ends there; then choose within periods."""
        simple = self.world.metrics[metric["input_metric"]]
        inner = [*filters, *_own_filters(simple)]

        def days_of(row: Row) -> list[datetime]:
            (when,) = self.moments(simple, row, None)
            return [day for day in self.world.days if when is not None and self.in_window(metric, day, when)]

        rows = list(self.kept(simple, inner, days_of))
        grain = next(grain for member, grain in by if member == "metric_time")
        steps: dict[Key, list[object]] = {}
        for day in filter(self.in_range, self.world.days):
            groups: dict[Key, list[Row]] = {}
            for row, when in rows:
                if when == day:
                    groups.setdefault(self.key(simple, row, day, by), []).append(row)
            for key, members in groups.items():
                steps.setdefault(key, []).append(self.aggregated(simple, members))
        choose = {"first": lambda each: each[0], "last": lambda each: each[-1], "average": _mean}
        how = choose["first" if grain == "day" else metric.get("period_agg", "first")]
        absent = 0 if simple["agg"] in {"count", "count_distinct", "sum_boolean"} else None
        return Values({key: how(values) for key, values in steps.items()}, absent)

    def in_window(self, metric: dict, day: datetime, when: datetime) -> bool:
        """Say whether a row's moment counts at a day."""
        if when > day:
            return False
        if "window" in metric:
            count, unit = metric["window"].split()
            return when > before(day, int(count), unit.removesuffix("s"))
        return "grain_to_date" not in metric or when >= start_of(day, metric["grain_to_date"])

    def conversion(self, metric: dict, by: list, filters: list[dict]) -> Values:
        """Give each conversion to the last base event of its entity before it; count where and when that one is."""
        base, target = self.world.metrics[metric["base_metric"]], self.world.metrics[metric["conversion_metric"]]
        kept = self.kept(base, [*filters, *_own_filters(base)], lambda row: self.moments(base, row, None))
        rows = [row for row, when in kept if self.in_range(when)]
        counts: dict[Key, list[int]] = {} if by else {(): [0, 0]}
        for row in rows:
            counts.setdefault(self.key(base, row, self.moments(base, row, None)[0], by), [0, 0])[0] += 1
        for event, _ in self.kept(target, _own_filters(target), lambda row: self.moments(target, row, None)):
            owner = self.last_base(metric, rows, event)
            if owner is not None:
                counts[self.key(base, owner, self.moments(base, owner, None)[0], by)][1] += 1
        if metric["calculation"] == "conversions":
            return Values({key: done for key, (_, done) in counts.items()}, 0)
        return Values({key: _divided(done, asked) for key, (asked, done) in counts.items()}, None)

    def last_base(self, metric: dict, rows: list[Row], event: Row) -> Row | None:
        """Return the last base event of the conversion's entity before it and within the window."""
        base, target = self.world.metrics[metric["base_metric"]], self.world.metrics[metric["conversion_metric"]]
        when = self.moments(target, event, None)[0]
        who = self.value(target["semantic_model"], event, self.place(target["semantic_model"], metric["entity"]))
        best: tuple[datetime, Row] | None = None
        for row in rows:
            at = self.moments(base, row, None)[0]
            same = self.value(base["semantic_model"], row, self.place(base["semantic_model"], metric["entity"]))
            if None in (at, when, who) or same != who or at > when:
                continue
            if "window" in metric:
                count, unit = metric["window"].split()
                if at <= before(when, int(count), unit.removesuffix("s")):
                    continue
            if best is None or at > best[0]:
                best = (at, row)
        return None if best is None else best[1]

    # --- order

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


def _divided(numerator: object, denominator: object) -> float | None:
    return None if numerator is None or not denominator else numerator / denominator


DERIVED: dict[str, Callable] = {
    "a - b": lambda a, b: None if None in (a, b) else a - b,
    "a + b": lambda a, b: None if None in (a, b) else a + b,
    "a * 2": lambda a: None if a is None else a * 2,
    "a / NULLIF(b, 0)": _divided,
    "COALESCE(a, 0) + COALESCE(b, 0)": lambda a, b: (a or 0) + (b or 0),
}


def _rank(value: object) -> tuple:
    return (value is None, "" if value is None else value)


def _columns(expr: str | list[str]) -> list[str]:
    return expr if isinstance(expr, list) else [expr]


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


def _own_filters(document: dict) -> list[dict]:
    return [document["tree"]] if document.get("tree") else []


def _offset(part: dict) -> tuple | None:
    if "offset_window" in part:
        count, unit = part["offset_window"].split()
        return ("window", int(count), unit.removesuffix("s"))
    return ("start", part["offset_to_grain"]) if "offset_to_grain" in part else None


def _members(tree: dict | None) -> Iterator[str]:
    if tree is None:
        return
    for part in [*tree.get("and", []), *tree.get("or", []), *([tree["not"]] if "not" in tree else [])]:
        yield from _members(part)
    if "member" in tree:
        yield tree["member"]
    if "metric" in tree:
        yield tree["by"]


def _without_grain(member: str) -> str:
    stem, _, last = member.rpartition("__")
    return stem if last in ORDER else member


def _filled(value: object, fill: object) -> object:
    return fill if value is None and fill is not None else value


def _mean(values: list) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _percentile(values: list, share: float, kind: str) -> object:
    """Continuous: between the two neighbours; discrete: the first value that so many do not exceed."""
    values = sorted(values)
    if kind == "discrete":
        return values[max(math.ceil(share * len(values)) - 1, 0)]
    place = share * (len(values) - 1)
    low = math.floor(place)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (place - low)
