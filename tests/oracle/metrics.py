"""Random metrics of every type over a world."""

# ruff: noqa: C901 -- chance has many branches

from __future__ import annotations

from datetime import date
from random import Random

from tests.oracle.choosing import tree_of
from tests.oracle.world import World

NUMBERS = ["amount", "price", "amount * price", "COALESCE(amount, 7)", "CASE WHEN flag THEN price ELSE 0 END"]


def add_metric(random: Random, world: World) -> None:
    """Add one; chance may make none."""
    simple = [name for name, metric in world.metrics.items() if metric["type"] == "simple"]
    name = f"q{len(world.metrics)}"
    kinds = ["simple"] * 5 + (["ratio", "derived", "cumulative", "conversion", "offset"] if len(simple) > 1 else [])
    makers = {
        "ratio": _ratio,
        "derived": _derived,
        "cumulative": _cumulative,
        "conversion": _conversion,
        "offset": _offset,
    }
    kind = random.choice(kinds)
    found = _simple(random, world) if kind == "simple" else makers[kind](random, world, simple)
    if found is not None:
        world.metrics[name] = {"name": name, **found}


def add_conversion(random: Random, world: World) -> None:
    """Add one, and what its events are counted by; a world may have none."""
    for _ in range(2):
        simple = [name for name, metric in world.metrics.items() if metric["type"] == "simple"]
        found, name = _conversion(random, world, simple), f"q{len(world.metrics)}"
        if found is not None:
            world.metrics[name] = {"name": name, **found}
        if found is None or found["type"] == "conversion":
            return


def _simple(random: Random, world: World) -> dict:
    models = [name for name, model in world.models.items() if model.get("agg_time_dimension")]
    model = random.choice(models if random.random() < 0.85 else list(world.models))
    document = world.models[model]
    agg = random.choice(
        [
            "sum",
            "sum",
            "count",
            "count",
            "count_distinct",
            "average",
            "min",
            "max",
            "sum_boolean",
            "median",
            "percentile",
        ]
    )
    found = {"type": "simple", "semantic_model": model, "agg": agg, "expr": random.choice(NUMBERS)}
    if agg in {"count", "count_distinct"}:
        found["expr"] = (
            random.choice(["1", "amount", "kind"]) if agg == "count" else random.choice(["amount", "kind", "due"])
        )
    elif agg == "sum_boolean":
        found["expr"] = random.choice(["flag", "amount > 3"])
    elif agg == "percentile":
        found |= {
            "percentile": random.choice([0.25, 0.5, 0.9]),
            "percentile_type": random.choice(["continuous", "discrete"]),
        }
    times = [part["name"] for part in document["dimensions"] if part["type"] == "time"]
    if times and document.get("agg_time_dimension") and random.random() < 0.2:
        found["agg_time_dimension"] = random.choice(times)
    if random.random() < 0.3:
        found["tree"] = tree_of(random, world, model, whole=True)
    if random.random() < 0.15:
        found["fill_nulls_with"] = random.choice([0, 5])
    if agg in {"sum", "count", "max"} and document.get("agg_time_dimension") and random.random() < 0.15:
        found["non_additive_dimension"] = {
            "name": random.choice(times),
            "window_choice": random.choice(["min", "max"]),
        }
        keys = _own(document)
        if keys and random.random() < 0.5:
            found["non_additive_dimension"]["window_groupings"] = [random.choice(keys)]
    elif document.get("agg_time_dimension") == "due" and "agg_time_dimension" not in found and random.random() < 0.12:
        found["join_to_timespine"] = True
        for row in world.tables[model]:  # rows without a time, or outside of the spine, are no period's: not compared
            row["due"] = row["due"] or date(2024, 2, 29)
    return found


def _input(random: Random, world: World, name: str) -> dict:
    found = {"name": name}
    models = roots(world, name)
    if len(models) == 1 and random.random() < 0.3:
        found["tree"] = tree_of(random, world, *models, whole=True)
    return found


def roots(world: World, name: str) -> list[str]:
    """Return the models of the simple metrics that a metric is made of."""
    metric = world.metrics[name]
    if metric["type"] == "simple":
        return [metric["semantic_model"]]
    inner = [metric.get("numerator"), metric.get("denominator"), *metric.get("input_metrics", [])]
    names = [part["name"] for part in inner if part] + [
        metric[key] for key in ("input_metric", "base_metric") if key in metric
    ]
    return list(dict.fromkeys(model for part in names for model in roots(world, part)))


def _numeric(world: World, names: list[str]) -> list[str]:
    return [name for name in names if not world.metrics[name].get("join_to_timespine")]


def _ratio(random: Random, world: World, simple: list[str]) -> dict | None:
    plain = _numeric(world, simple)
    if not plain:
        return None
    over, under = random.choice(plain), random.choice(plain)
    return {"type": "ratio", "numerator": _input(random, world, over), "denominator": _input(random, world, under)}


def _derived(random: Random, world: World, simple: list[str]) -> dict | None:
    plain = _numeric(
        world, [name for name, metric in world.metrics.items() if metric["type"] in {"simple", "ratio", "derived"}]
    )
    if not plain:
        return None
    expr = random.choice(["a - b", "a + b", "a * 2", "a / b", "COALESCE(a, 0) + COALESCE(b, 0)"])
    aliases = ["a"] if expr == "a * 2" else ["a", "b"]
    inputs = [{**_input(random, world, random.choice(plain)), "alias": alias} for alias in aliases]
    return {"type": "derived", "expr": expr, "input_metrics": inputs}


def _offset(random: Random, world: World, simple: list[str]) -> dict | None:
    known = ("due", "seen", "period")
    plain = [name for name in _numeric(world, simple) if is_daily(world, name, known)]
    plain += [name for name, metric in world.metrics.items() if metric["type"] == "cumulative"]
    if not plain:
        return None
    moved = {"name": (name := random.choice(plain)), "alias": "b"}
    if random.random() < 0.5 or world.metrics[name]["type"] == "cumulative" or not is_daily(world, name):
        moved["offset_window"] = random.choice(["1 month", "3 days", "1 week", "1 quarter", "1 year", "2 months"])
    else:
        moved["offset_to_grain"] = random.choice(["month", "week", "quarter"])
    expr = random.choice(["a - b", "a / b", "COALESCE(a, 0) + COALESCE(b, 0)"])
    return {"type": "derived", "expr": expr, "input_metrics": [{"name": name, "alias": "a"}, moved]}


def _cumulative(random: Random, world: World, simple: list[str]) -> dict | None:
    plain = [
        name
        for name in _numeric(world, simple)
        if is_daily(world, name)
        and not world.metrics[name].get("non_additive_dimension")
        and "fill_nulls_with" not in world.metrics[name]
    ]
    if not plain:
        return None
    found = {"type": "cumulative", "input_metric": random.choice(plain)}
    match random.randint(0, 3):
        case 0:
            found["window"] = random.choice(["7 days", "1 week", "1 month", "2 months", "10 days", "1 day"])
        case 1:
            found["grain_to_date"] = random.choice(["month", "week", "quarter", "year"])
    if random.random() < 0.5:
        found["period_agg"] = random.choice(["first", "last", "average"])
    return found


def _conversion(random: Random, world: World, simple: list[str]) -> dict | None:
    counts = [
        name
        for name in simple
        if world.metrics[name]["agg"] == "count" and world.metrics[name]["expr"] == "1" and not set(world.metrics[name])
        & {"join_to_timespine", "fill_nulls_with", "non_additive_dimension"} and is_daily(world, name, ("seen",))
    ]  # fmt: skip
    pairs = [
        (one, other, key)
        for one in counts
        for other in counts
        for key in _keys(world, one)
        if key in _keys(world, other)
    ]
    if not pairs:
        return _events(random, world)
    base, target, key = random.choice(pairs)
    found = {"type": "conversion", "entity": key, "base_metric": base, "conversion_metric": target}
    found["calculation"] = random.choice(["conversion_rate", "conversions"])
    if random.random() < 0.6:
        found["window"] = random.choice(["7 days", "1 month", "3 days"])
    return found


def _events(random: Random, world: World) -> dict | None:
    """Count the rows of a model that conversions can be made of."""
    fit = [
        name
        for name, model in world.models.items()
        if _own(model) and any(d["name"] == "seen" for d in model["dimensions"])
    ]
    if not fit:
        return None
    model = random.choice(fit)
    other = {} if world.models[model].get("agg_time_dimension") == "seen" else {"agg_time_dimension": "seen"}
    return {"type": "simple", "semantic_model": model, "agg": "count", "expr": "1", **other}


def _keys(world: World, name: str) -> list[str]:
    return _own(world.models[world.metrics[name]["semantic_model"]])


def _own(model: dict) -> list[str]:
    return [
        e["name"]
        for e in model["entities"]
        if e["type"] == "foreign" and e["expr"] != "due" and not isinstance(e["expr"], list)
    ]


def is_daily(world: World, name: str, times: tuple[str, ...] = ("due", "seen")) -> bool:
    """Say whether a simple metric counts by one of these times."""
    metric = world.metrics[name]
    time = metric.get("agg_time_dimension") or world.models[metric["semantic_model"]].get("agg_time_dimension")
    return time in times
