"""Random small worlds: a graph of tables with every sort of key, rows with gaps, metrics of every type."""

# ruff: noqa: DTZ001 -- local times as stored; chance has many branches

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from random import Random

from tests.oracle.choosing import WORDS, day_of
from tests.oracle.conditions import structured
from tests.oracle.metrics import add_conversion, add_metric
from tests.oracle.world import Row, World, column_of
from tests.oracle.zones import draw_clocks

FIRST, LAST = datetime(2024, 1, 1), datetime(2024, 5, 10)
DAYS = [FIRST + timedelta(days=number) for number in range((LAST - FIRST).days + 1)]
WIDE = [datetime(2023, 1, 1) + timedelta(days=number) for number in range(3 * 365)]
SHORT = DAYS[24:74]
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
    "CASE WHEN amount > 3 THEN 'a' ELSE 'b' END": lambda row: "a" if (row["amount"] or 0) > 3 else "b",
    "COALESCE(label, 'none')": lambda row: "none" if row["label"] is None else row["label"],
    "label IS NULL": lambda row: row["label"] is None,
    "'a'": lambda _row: "a",
    "EXTRACT(MONTH FROM due)": lambda row: None if row["due"] is None else row["due"].month,
    "CASE WHEN EXTRACT(DAY FROM due) > 15 THEN 'a' ELSE 'b' END": lambda row: (
        "a" if row["due"] is not None and row["due"].day > 15 else "b"
    ),
}
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
ANYWAY = [
    {"name": "size", "type": "categorical", "expr": "CASE WHEN amount > 3 THEN 'a' ELSE 'b' END"},
    {"name": "named", "type": "categorical", "expr": "COALESCE(label, 'none')"},
    {"name": "blank", "type": "categorical", "expr": "label IS NULL"},
    {"name": "same", "type": "categorical", "expr": "'a'"},
]
"""Dimensions that have a value also where each of their columns is NULL."""
OF_TIME = [
    {"name": "due_in", "type": "categorical", "expr": "EXTRACT(MONTH FROM due)"},
    {"name": "half", "type": "categorical", "expr": "CASE WHEN EXTRACT(DAY FROM due) > 15 THEN 'a' ELSE 'b' END"},
]
"""Dimensions that depend on a time."""


def world_of(random: Random) -> World:
    """Make a world of two to five models."""
    levels = random.choice([[1, 1], [1, 2], [1, 1, 1], [2, 2], [1, 1, 2], [1, 2, 2], [2, 1, 1]])
    models: dict[str, dict] = {}
    tables: dict[str, list[Row]] = {}
    below: list[str] = []
    if random.random() < 0.6:
        models["mcal"], tables["mcal"] = _calendar(), _days(random)
    for level, count in enumerate(levels):
        fresh = []
        for number in range(count):
            name = f"m{level}{'ab'[number]}"
            models[name] = _model(random, name, below, is_fact=level == len(levels) - 1)
            if "mcal" in models and any(part["name"] == "due" for part in models[name]["dimensions"]):
                models[name]["entities"].append({"name": "ecal", "type": "foreign", "expr": "due"})
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
        add_metric(random, world)
    if random.random() < 0.4:
        add_conversion(random, world)
    chance = random.random()
    if chance < 0.4:
        world.made, world.days = True, WIDE
    elif chance < 0.6:
        world.short, world.days = True, SHORT
    world.stored_days = DAYS if world.made else world.days
    if random.random() < 0.55:
        draw_clocks(random, world)
    return world


def _calendar() -> dict:
    """A table of days, joined by a time."""
    entities = [{"name": "ecal", "type": "primary", "expr": "due"}]
    return {"name": "mcal", "source": "mcal", "entities": entities, "dimensions": [
        {"name": "kind", "type": "categorical"}, {"name": "flag", "type": "categorical"},
        {"name": "named", "type": "categorical", "expr": "COALESCE(label, 'none')"},
    ]}  # fmt: skip


def _days(random: Random) -> list[Row]:
    """Most days of the data: some rows have no partner."""
    days = [day.date() for day in DAYS if random.random() < 0.85]
    return [{"id": at, "ka": 1, "kb": 1, **_values(random), "due": day} for at, day in enumerate(days)]


def _model(random: Random, name: str, below: list[str], *, is_fact: bool) -> dict:
    composite = random.random() < 0.2
    entities = [{"name": f"e{name[1:]}", "type": "primary", "expr": ["ka", "kb"] if composite else "id"}]
    if not composite and random.random() < 0.15:
        entities[0]["expr"] = "COALESCE(id, 0)"
    relationships = []
    chosen = random.sample(below, k=min(len(below), random.choice([1, 1, 2, 3]))) if below else []
    document = {"name": name, "source": name, "entities": entities, "dimensions": []}
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
                        "to_columns": ["ka", "kb"] if is_pair else [_ONLY_KEY[target]],
                    }
                )
        else:
            if not is_pair and random.random() < 0.15:
                columns = f"COALESCE({columns}, {random.choice([0, 1])})"
            entities.append({"name": key, "type": "foreign", "expr": columns})
    if relationships:
        document["relationships"] = relationships
    document["dimensions"] = [dict(part) for part in random.sample(DIMENSIONS, k=random.randint(2, 5))]
    document["dimensions"] += [dict(part) for part in random.sample(ANYWAY, k=random.choice([0, 0, 1, 2]))]
    if any(part["name"] == "due" for part in document["dimensions"]):
        document["dimensions"] += [dict(part) for part in random.sample(OF_TIME, k=random.choice([0, 1, 1]))]
    if is_fact or random.random() < 0.4:
        time = random.choice(["due", "due", "due", "seen", "period"])
        document["agg_time_dimension"] = time
        if all(part["name"] != time for part in document["dimensions"]):
            document["dimensions"].append(next(dict(part) for part in DIMENSIONS if part["name"] == time))
    _COMPOSITE[name] = composite
    _ONLY_KEY[name] = "" if composite else entities[0]["expr"]
    return document


_COMPOSITE: dict[str, bool] = {}
_ONLY_KEY: dict[str, str] = {}


def _is_composite(name: str) -> bool:
    return _COMPOSITE[name]


def _rows(random: Random, models: dict, tables: dict, name: str, size: int) -> list[Row]:
    document, rows = models[name], []
    pairs = [(a, b) for a in range(1, 5) for b in range(1, 4)]
    random.shuffle(pairs)
    for number in range(size):
        row: Row = {"id": number + 1, "ka": pairs[number][0], "kb": pairs[number][1]}
        if number == 0 and document["entities"][0]["expr"] == "COALESCE(id, 0)":
            row["id"] = None
        for entity in document["entities"][1:]:
            if entity["name"] == "ecal":
                continue
            target = next(other for other in models if f"e{other[1:]}" == entity["name"])
            _point(random, row, entity["expr"], tables[target])
        for way in document.get("relationships", []):
            _point(random, row, way["from_columns"], tables[way["to"]])
        rows.append({**row, **_values(random)})
    return rows


def _point(random: Random, row: Row, columns: str | list[str], partners: list[Row]) -> None:
    """Write a foreign key: mostly a partner's, sometimes NULL (in one column or all), sometimes an orphan."""
    columns = [column_of(each) for each in (columns if isinstance(columns, list) else [columns])]
    theirs = ["ka", "kb"] if len(columns) == 2 else ["id"]
    chance = random.random()
    partner = random.choice(partners) if partners and chance < 0.75 else None
    for mine, their in zip(columns, theirs, strict=True):
        row[mine] = (partner[their] or 0) if partner else None if chance < 0.88 else 90 + random.randint(0, 2)
    if len(columns) == 2 and random.random() < 0.1:
        row[columns[0]] = None


def _values(random: Random) -> Row:
    def gap(value: object, share: float = 0.15) -> object:
        return None if random.random() < share else value

    day = day_of(random)
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


def catalog_text(world: World) -> str:
    """Write the world's definitions as the catalog reads them (JSON is YAML)."""
    spine = {"name": "days", "source": "days", "column": "day", "granularity": "day"}
    metrics = [_document(metric) for metric in world.metrics.values()]
    return json.dumps(
        {
            "semantic_models": list(world.models.values()),
            "metrics": metrics,
            "time_spines": [] if world.made else [spine],
        }
    )


def _document(metric: dict) -> dict:
    found = {}
    for key, value in metric.items():
        if key == "tree":
            found["filter"] = structured(value)
        elif key in {"numerator", "denominator"}:
            found[key] = _document(value)
        elif key == "input_metrics":
            found[key] = [_document(each) for each in value]
        else:
            found[key] = value
    return found
