"""Random small worlds: a graph of tables with every sort of key, rows with gaps, metrics of every type."""

# ruff: noqa: DTZ001, E501, C901, PLR0911 -- local times as stored; chance has many branches

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from tests.oracle.conditions import has_metric, template
from tests.oracle.evaluator import Row, World

FIRST, LAST = datetime(2024, 1, 1), datetime(2024, 5, 10)
DAYS = [FIRST + timedelta(days=number) for number in range((LAST - FIRST).days + 1)]
WORDS = ["a", "b", "ab", "ba", "100%", "x_y", ""]
EXPRESSIONS: dict[str, Callable[[Row], object]] = {
    **{
        name: lambda row, name=name: row[name]
        for name in ("kind", "label", "flag", "amount", "price", "due", "seen", "period")
    },
    "1": lambda _row: 1,
    "amount * price": lambda row: None if None in (row["amount"], row["price"]) else row["amount"] * row["price"],
    "COALESCE(amount, 7)": lambda row: 7 if row["amount"] is None else row["amount"],
    "amount > 3": lambda row: None if row["amount"] is None else row["amount"] > 3,
    "CASE WHEN flag THEN price ELSE 0 END": lambda row: row["price"] if row["flag"] else 0,
}
NUMBERS = ["amount", "price", "amount * price", "COALESCE(amount, 7)", "CASE WHEN flag THEN price ELSE 0 END"]
TYPES = {
    "kind": "VARCHAR", "label": "VARCHAR", "flag": "BOOLEAN", "amount": "INTEGER", "price": "INTEGER",
    "due": "DATE", "seen": "TIMESTAMP", "period": "DATE",
}  # fmt: skip
DIMENSIONS = [
    {"name": "kind", "type": "categorical"},
    {"name": "label", "type": "categorical"},
    {"name": "flag", "type": "categorical"},
    {"name": "large", "type": "categorical", "expr": "amount > 3"},
    {"name": "amount", "type": "categorical"},
    {"name": "due", "type": "time", "granularity": "day"},
    {"name": "seen", "type": "time", "granularity": "second"},
    {"name": "period", "type": "time", "granularity": "month"},
]


@dataclass(slots=True)
class Tables:
    """The same rows for DuckDB."""

    script: str


def world_of(random: Random) -> World:
    """Make a world of two to five models."""
    levels = random.choice([[1, 1], [1, 2], [1, 1, 1], [2, 2], [1, 1, 2], [1, 2, 2], [2, 1, 1]])
    models: dict[str, dict] = {}
    tables: dict[str, list[Row]] = {}
    below: list[str] = []
    for level, count in enumerate(levels):
        fresh = []
        for number in range(count):
            name = f"m{level}{'ab'[number]}"
            models[name] = _model(random, name, below, is_fact=level == len(levels) - 1)
            tables[name] = _rows(
                random, models, tables, name, size=random.randint(0 if random.random() < 0.1 else 2, 9)
            )
            fresh.append(name)
        below += fresh
    world = World(
        models=models,
        metrics={},
        tables=tables,
        days=DAYS,
        expressions={**EXPRESSIONS, "large": EXPRESSIONS["amount > 3"]},
    )
    for _ in range(random.randint(5, 9)):
        _add_metric(random, world)
    return world


def _model(random: Random, name: str, below: list[str], *, is_fact: bool) -> dict:
    composite = random.random() < 0.2
    entities = [{"name": f"e{name[1:]}", "type": "primary", "expr": ["ka", "kb"] if composite else "id"}]
    if not composite and random.random() < 0.15:
        entities[0]["type"] = "primary"
    relationships = []
    chosen = random.sample(below, k=min(len(below), random.choice([1, 1, 2, 3]))) if below else []
    document = {"name": name, "source": f"main.{name}", "entities": entities, "dimensions": []}
    for target in chosen:
        key = f"e{target[1:]}"
        is_pair = "composite" if _is_composite(target) else None
        columns = [f"{key}_ka", f"{key}_kb"] if is_pair else f"{key}_id"
        if random.random() < 0.3:
            for role in ("from", "to")[: random.choice([1, 2])]:
                mine = [f"{key}_{role}_ka", f"{key}_{role}_kb"] if is_pair else [f"{key}_{role}_id"]
                relationships.append(
                    {
                        "name": f"{role}_{key}",
                        "to": target,
                        "from_columns": mine,
                        "to_columns": ["ka", "kb"] if is_pair else ["id"],
                    }
                )
        else:
            entities.append({"name": key, "type": "foreign", "expr": columns})
    if relationships:
        document["relationships"] = relationships
    document["dimensions"] = [dict(part) for part in random.sample(DIMENSIONS, k=random.randint(2, 5))]
    if is_fact or random.random() < 0.4:
        time = random.choice(["due", "due", "due", "seen", "period"])
        document["agg_time_dimension"] = time
        if all(part["name"] != time for part in document["dimensions"]):
            document["dimensions"].append(next(dict(part) for part in DIMENSIONS if part["name"] == time))
    _COMPOSITE[name] = composite
    return document


_COMPOSITE: dict[str, bool] = {}


def _is_composite(name: str) -> bool:
    return _COMPOSITE[name]


def _rows(random: Random, models: dict, tables: dict, name: str, size: int) -> list[Row]:
    document, rows = models[name], []
    pairs = [(a, b) for a in range(1, 5) for b in range(1, 4)]
    random.shuffle(pairs)
    for number in range(size):
        row: Row = {"id": number + 1, "ka": pairs[number][0], "kb": pairs[number][1]}
        for entity in document["entities"][1:]:
            target = next(other for other in models if f"e{other[1:]}" == entity["name"])
            _point(random, row, entity["expr"], tables[target])
        for way in document.get("relationships", []):
            _point(random, row, way["from_columns"], tables[way["to"]])
        rows.append({**row, **_values(random)})
    return rows


def _point(random: Random, row: Row, columns: str | list[str], partners: list[Row]) -> None:
    """Write a foreign key: mostly a partner's, sometimes NULL (in one column or all), sometimes an orphan."""
    columns = columns if isinstance(columns, list) else [columns]
    theirs = ["ka", "kb"] if len(columns) == 2 else ["id"]
    chance = random.random()
    partner = random.choice(partners) if partners and chance < 0.75 else None
    for mine, their in zip(columns, theirs, strict=True):
        row[mine] = partner[their] if partner else None if chance < 0.88 else 90 + random.randint(0, 2)
    if len(columns) == 2 and random.random() < 0.1:
        row[columns[0]] = None


def _values(random: Random) -> Row:
    def gap(value: object, share: float = 0.15) -> object:
        return None if random.random() < share else value

    day = _day(random)
    return {
        "kind": gap(random.choice(WORDS[:3])),
        "label": gap(random.choice(WORDS)),
        "flag": gap(random.random() < 0.5),
        "amount": gap(random.randint(-2, 9)),
        "price": gap(random.randint(0, 5)),
        "due": gap(day.date(), 0.08),
        "seen": gap(day + timedelta(seconds=random.choice([0, 1, 3599, 43200, 86399])), 0.08),
        "period": gap(date(2024, random.randint(1, 4), 1), 0.08),
    }


def _day(random: Random) -> datetime:
    edges = [
        datetime(2024, 1, 29),
        datetime(2024, 1, 31),
        datetime(2024, 2, 28),
        datetime(2024, 2, 29),
        datetime(2024, 3, 31),
    ]
    return (
        random.choice(edges) if random.random() < 0.4 else datetime(2024, 1, 20) + timedelta(days=random.randint(0, 80))
    )


# --- metrics


def _add_metric(random: Random, world: World) -> None:
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
        keys = [e["name"] for e in document["entities"] if e["type"] == "foreign" and not isinstance(e["expr"], list)]
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
    expr = random.choice(["a - b", "a + b", "a * 2", "a / NULLIF(b, 0)", "COALESCE(a, 0) + COALESCE(b, 0)"])
    aliases = ["a"] if expr == "a * 2" else ["a", "b"]
    inputs = [{**_input(random, world, random.choice(plain)), "alias": alias} for alias in aliases]
    return {"type": "derived", "expr": expr, "input_metrics": inputs}


def _offset(random: Random, world: World, simple: list[str]) -> dict | None:
    plain = [name for name in _numeric(world, simple) if is_daily(world, name)]
    if not plain:
        return None
    moved = {"name": (name := random.choice(plain)), "alias": "b"}
    if random.random() < 0.75:
        moved["offset_window"] = random.choice(["1 month", "3 days", "1 week", "1 quarter", "1 year", "2 months"])
    else:
        moved["offset_to_grain"] = random.choice(["month", "week", "quarter"])
    expr = random.choice(["a - b", "a / NULLIF(b, 0)", "COALESCE(a, 0) + COALESCE(b, 0)"])
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
        return None
    base, target, key = random.choice(pairs)
    found = {"type": "conversion", "entity": key, "base_metric": base, "conversion_metric": target}
    found["calculation"] = random.choice(["conversion_rate", "conversions"])
    if random.random() < 0.6:
        found["window"] = random.choice(["7 days", "1 month", "3 days"])
    return found


def _keys(world: World, name: str) -> list[str]:
    model = world.models[world.metrics[name]["semantic_model"]]
    return [e["name"] for e in model["entities"] if e["type"] == "foreign" and not isinstance(e["expr"], list)]


def is_daily(world: World, name: str, times: tuple[str, ...] = ("due",)) -> bool:
    """Say whether a simple metric counts by one of these times."""
    metric = world.metrics[name]
    time = metric.get("agg_time_dimension") or world.models[metric["semantic_model"]].get("agg_time_dimension")
    return time in times


# --- filters


def members_of(world: World, model: str, *, whole: bool) -> list[tuple[str, dict]]:
    """Return the members that a model reaches, whole or in a random shorter form, with their dimensions."""
    found = []
    stack = [((), model)]
    while stack:
        path, here = stack.pop()
        document = world.models[here]
        prefix = path or (document["entities"][0]["name"],)
        found += [("__".join((*prefix, part["name"])), part) for part in document["dimensions"]]
        for entity in document["entities"][1:]:
            stack.append(((*path, entity["name"]), f"m{entity['name'][1:]}"))
            if not isinstance(entity["expr"], list):
                found.append(("__".join((*path, entity["name"])), {"name": entity["name"], "type": "key"}))
        stack += [((*path, way["name"]), way["to"]) for way in document.get("relationships", [])]
    return (
        found
        if whole
        else [(member.split("__", 1)[-1] if member.count("__") > 1 else member, part) for member, part in found]
    )


def tree_of(random: Random, world: World, model: str, *, whole: bool, own: bool = False, depth: int = 2) -> dict:
    """Make a condition over what the model reaches (``own``: only its own dimensions, by their bare names)."""
    chance = random.random()
    if depth and chance < 0.25:
        parts = [tree_of(random, world, model, whole=whole, own=own, depth=depth - 1) for _ in range(2)]
        return {random.choice(["and", "or"]): parts}
    if depth and chance < 0.35:
        return {"not": tree_of(random, world, model, whole=whole, own=own, depth=depth - 1)}
    members = (
        [(part["name"], part) for part in world.models[model]["dimensions"]]
        if own
        else members_of(world, model, whole=whole)
    )
    member, part = random.choice(members)
    if random.random() < 0.12:
        return {"member": member, "op": random.choice(["is_null", "is_not_null"])}
    if part["type"] == "time":
        grain = random.choice(["", "", "__month"]) if not own else ""
        return _time_condition(random, member + grain)
    kind = part["name"]
    if kind in {"flag", "large"}:
        return {"member": member, "op": random.choice(["=", "!="]), "value": random.random() < 0.5}
    if kind in {"kind", "label"}:
        return _text_condition(random, member)
    op = random.choice(["=", "!=", "<", "<=", ">", ">=", "in", "not_in", "between"])
    low = random.randint(0, 5)
    return {"member": member, "op": op, "value": [low, low + 2] if op in {"in", "not_in", "between"} else low}


def _time_condition(random: Random, member: str) -> dict:
    days = sorted(_day(random).date().isoformat() for _ in range(2))
    op = random.choice(["<", ">=", "between", "="])
    return {"member": member, "op": op, "value": days if op == "between" else days[0]}


def _text_condition(random: Random, member: str) -> dict:
    op = random.choice(["=", "!=", "in", "not_in", "contains", "starts_with", "ends_with"])
    if op in {"in", "not_in"}:
        return {"member": member, "op": op, "value": random.sample(WORDS, k=2)}
    return {
        "member": member,
        "op": op,
        "value": random.choice(WORDS[:3] if "with" in op or op == "contains" else WORDS),
    }


# --- as documents and tables


def catalog_text(world: World) -> str:
    """Write the world's definitions as the catalog reads them (JSON is YAML)."""
    spine = {"name": "days", "source": "main.days", "column": "day", "granularity": "day"}
    metrics = [_document(metric) for metric in world.metrics.values()]
    return json.dumps({"semantic_models": list(world.models.values()), "metrics": metrics, "time_spines": [spine]})


def _document(metric: dict) -> dict:
    found = {}
    for key, value in metric.items():
        if key == "tree":
            found["filter"] = template(value) if has_metric(value) else value
        elif key in {"numerator", "denominator"}:
            found[key] = _document(value)
        elif key == "input_metrics":
            found[key] = [_document(each) for each in value]
        else:
            found[key] = value
    return found


def script(world: World) -> str:
    """Write the world's tables for DuckDB."""
    lines = [
        "CREATE OR REPLACE TABLE days AS SELECT unnest(range(DATE '2024-01-01', DATE '2024-05-11', INTERVAL 1 DAY))::DATE AS day;"
    ]
    for name, rows in world.tables.items():
        columns = {"id": "INTEGER", "ka": "INTEGER", "kb": "INTEGER"}
        document = world.models[name]
        for each in [
            *(e["expr"] for e in document["entities"][1:]),
            *(w["from_columns"] for w in document.get("relationships", [])),
        ]:
            columns |= dict.fromkeys(each if isinstance(each, list) else [each], "INTEGER")
        columns |= TYPES
        lines.append(f"CREATE OR REPLACE TABLE {name}({', '.join(f'{key} {kind}' for key, kind in columns.items())});")
        if rows:
            tuples = ", ".join("(" + ", ".join(_sql(row[key]) for key in columns) + ")" for row in rows)
            lines.append(f"INSERT INTO {name} VALUES {tuples};")
    return "\n".join(lines)


def _sql(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool | int):
        return str(value).upper()
    return f"'{value}'"
