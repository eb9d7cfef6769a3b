"""Random questions over a world: the same one for the evaluator and for the planner."""

# ruff: noqa: DTZ001, E501 -- local times as stored; conditions read better whole

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from random import Random

from tests.oracle.choosing import members_of, tree_of
from tests.oracle.conditions import structured, template
from tests.oracle.metrics import is_daily, roots
from tests.oracle.world import Asked, World
from tests.oracle.worlds import DIMENSIONS
from tests.oracle.zones import ZONES

from metricgate.catalog.filters import parse_filter
from metricgate.catalog.templates import parse_template
from metricgate.planning.question import GroupBy, Ordering, Question, TimeRange
from metricgate.vocabulary.grain import Grain
from metricgate.vocabulary.obligation import Obligations, RowFilter
from metricgate.vocabulary.predicate import Predicate
from metricgate.vocabulary.problem import Problems

GRAINS = ["day", "week", "month", "quarter", "year"]


@dataclass(slots=True)
class Both:
    """One question in both forms."""

    asked: Asked
    question: Question
    obligations: Obligations
    as_template: bool


def question_of(random: Random, world: World) -> Both | None:
    """Make a question; None where chance made one that is outside of what is compared."""
    metrics = _metrics(random, world)
    kinds = {kind for name in metrics for kind in kinds_of(world, name)}
    model = random.choice(roots(world, metrics[0]))
    asked = Asked(metrics=metrics)
    timed = all(_is_timed(world, name) for name in metrics)
    if not _add_times(random, world, asked, kinds, timed=timed):
        return None
    if "spine" not in kinds or (len(metrics) == 1 and random.random() < 0.7):
        _add_members(random, world, model, asked)
    if kinds & {"cumulative", "offset", "spine"} and random.random() < 0.4:
        _add_attribute(random, world, model, asked)
    if random.random() < 0.5:
        asked.where = _where(random, world, model, kinds)
    if timed and asked.start is None and asked.end is None and random.random() < 0.3:
        _add_range(random, asked)
    if random.random() < 0.25:
        hidden = random.sample(list(world.models), k=random.choice([1, 1, 2]) if len(world.models) > 1 else 1)
        asked.hidden = {name: tree_of(random, world, name, whole=True, own=True, depth=1) for name in hidden}
    names = [*(f"{member}__{grain}" if grain else member for member, grain in asked.by), *metrics]
    if random.random() < 0.4:
        asked.order = [
            random.choice(["", "-"]) + name for name in random.sample(names, k=random.choice([1, min(2, len(names))]))
        ]
    if random.random() < 0.25:
        asked.limit = random.randint(1, 4)
    if world.clocks and random.random() < 0.7:
        asked.zone = random.choice(ZONES)
    return both_of(asked, as_template=random.random() < 0.4)


def _metrics(random: Random, world: World) -> list[str]:
    """Take some; conversions, which few worlds have, more often than others."""
    metrics = random.sample(list(world.metrics), k=min(len(world.metrics), random.choice([1, 1, 1, 2, 2, 3])))
    seldom = [name for name, metric in world.metrics.items() if metric["type"] == "conversion"]
    return [random.choice(seldom)] if seldom and random.random() < 0.15 else metrics


def _add_times(random: Random, world: World, asked: Asked, kinds: set[str], *, timed: bool) -> bool:
    """Ask for what looks back by its time, or in a range; say whether it can be asked."""
    alone = kinds & {"offset"} and not kinds & {"spine", "to_grain"} and random.random() < 0.25
    if alone and timed and all("offset" in kinds_of(world, name) for name in asked.metrics):
        _add_range(random, asked)
    elif kinds & {"cumulative", "offset", "spine"} or (timed and random.random() < 0.4):
        asked.by.append(("metric_time", random.choice([*GRAINS, None])))
        if random.random() < 0.2:
            asked.by.append(("metric_time", random.choice([each for each in GRAINS if each != asked.by[0][1]])))
    return bool(asked.by or asked.start or asked.end or "cumulative" not in kinds)


def kinds_of(world: World, name: str) -> set[str]:
    """Return the metric's type, those of its inputs, and what is special about them."""
    metric = world.metrics[name]
    found = {metric["type"], metric.get("agg", metric["type"])}
    if "non_additive_dimension" in metric:
        found.add("balance")
    if metric.get("join_to_timespine"):
        found.add("spine")
    for part in metric.get("input_metrics", []):
        found |= (
            {"offset"} if "offset_window" in part else {"offset", "to_grain"} if "offset_to_grain" in part else set()
        )
        found |= kinds_of(world, part["name"])
    for part in (metric.get("numerator"), metric.get("denominator")):
        found |= kinds_of(world, part["name"]) if part else set()
    return found


def _is_timed(world: World, name: str) -> bool:
    metric = world.metrics[name]
    match metric["type"]:
        case "simple":
            return is_daily(world, name, ("due", "seen", "period"))
        case "ratio":
            parts = [metric["numerator"]["name"], metric["denominator"]["name"]]
        case "derived":
            parts = [part["name"] for part in metric["input_metrics"]]
        case "cumulative":
            parts = [metric["input_metric"]]
        case _:
            parts = [metric["base_metric"]]
    return all(_is_timed(world, part) for part in parts)


def _add_members(random: Random, world: World, model: str, asked: Asked) -> None:
    reachable = members_of(world, model, whole=random.random() < 0.7)
    if random.random() < 0.05:
        reachable = members_of(world, random.choice(list(world.models)), whole=True)
    for member, part in random.sample(reachable, k=min(len(reachable), random.choice([0, 1, 1, 2]))):
        grain = None
        if part["type"] == "time" and random.random() < 0.7:
            own = next(each["granularity"] for each in DIMENSIONS if each["name"] == part["name"])
            grain = random.choice({"second": ["hour", *GRAINS], "day": GRAINS, "month": GRAINS[2:]}[own])
        if all(member != other for other, _ in asked.by):
            asked.by.append((member, grain))


def _add_attribute(random: Random, world: World, model: str, asked: Asked) -> None:
    """Group by something that depends on the model's time, where it has it."""
    found = [
        member
        for member, part in members_of(world, model, whole=True)
        if (part["name"] in {"due_in", "half"} and member.count("__") == 1) or member.startswith("ecal")
    ]
    member = random.choice(found) if found else None
    if member is not None and all(member != other for other, _ in asked.by):
        asked.by.append((member, None))


def _where(random: Random, world: World, model: str, kinds: set[str]) -> dict:
    tree = tree_of(random, world, model, whole=True)
    simple = [
        name for name, metric in world.metrics.items()
        if metric["type"] == "simple" and metric["agg"] in {"count", "sum", "max"} and "fill_nulls_with" not in metric
        and "join_to_timespine" not in metric and "non_additive_dimension" not in metric
    ]  # fmt: skip
    keys = [
        (name, entity["name"]) for name in simple for entity in world.models[world.metrics[name]["semantic_model"]]["entities"]
        if entity["name"] in {e["name"] for e in world.models[model]["entities"]} and not isinstance(entity["expr"], list)
    ]  # fmt: skip
    if keys and random.random() < 0.15 and not kinds & {"cumulative", "conversion", "offset"}:
        name, key = random.choice(keys)
        part = {"metric": name, "by": key, "op": random.choice([">", ">=", "<"]), "value": random.randint(1, 3)}
        return random.choice([part, {"and": [part, tree]}])
    return tree


def _add_range(random: Random, asked: Asked) -> None:
    coarse = next((grain for member, grain in asked.by if member == "metric_time"), "day")
    starts = [datetime(2024, 2, 1), datetime(2024, 1, 1), datetime(2024, 3, 1), datetime(2024, 4, 1)]
    days = [datetime(2024, 1, 31), datetime(2024, 2, 29), datetime(2024, 2, 14), datetime(2024, 3, 31)]
    edges = sorted(random.sample(starts if coarse != "day" else starts + days, k=2))
    asked.start, asked.end = random.choice([(edges[0], edges[1]), (edges[0], None), (None, edges[1])])


def both_of(asked: Asked, *, as_template: bool) -> Both:
    """Return the same question for the planner."""
    question = Question(
        metrics=tuple(asked.metrics),
        group_by=tuple(GroupBy(member=member, grain=Grain(grain) if grain else None) for member, grain in asked.by),
        where=None if asked.where is None else predicate(asked.where, as_template=as_template),
        time_range=None
        if asked.start is None and asked.end is None
        else TimeRange(start=asked.start and asked.start.date(), before=asked.end and asked.end.date()),
        order_by=tuple(
            Ordering(column=name.removeprefix("-"), descending=name.startswith("-")) for name in asked.order
        ),
        limit=asked.limit,
        time_zone=asked.zone,
    )
    filters = tuple(
        RowFilter(rule=f"hide-{name}", dataset=name, condition=predicate(tree, as_template=False))
        for name, tree in asked.hidden.items()
    )
    return Both(asked, question, Obligations(row_filters=filters), as_template)


def predicate(tree: dict, *, as_template: bool) -> Predicate:
    """Return the condition as the question holds it, by the structured form or the template form."""
    if as_template and not _has_wildcard(tree):
        found = parse_template(template(tree))
    else:
        found = parse_filter(structured(tree), "where")
    assert not isinstance(found, Problems), f"{tree}: {found}"
    return found


def _has_wildcard(tree: dict) -> bool:
    """In the template form LIKE has wildcards, in the structured form text is text: not the same question."""
    text = str(tree)
    return "%" in text or "_y" in text
