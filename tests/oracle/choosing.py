"""Random members and conditions over what a model reaches."""

# ruff: noqa: DTZ001, PLR0911 -- local times as stored; chance has many branches

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from tests.oracle.world import World

WORDS = ["a", "b", "ab", "ba", "100%", "x_y", ""]


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
        else [each for each in members_of(world, model, whole=whole) if each[1]["name"] != "ecal"]
    )
    member, part = random.choice(members)
    if random.random() < 0.12:
        return {"member": member, "op": random.choice(["is_null", "is_not_null"])}
    if part["type"] == "time":
        grain = random.choice(["", "", "__month"]) if not own else ""
        return _time_condition(random, member + grain)
    kind = part["name"]
    if kind in {"flag", "large", "blank"}:
        return {"member": member, "op": random.choice(["=", "!="]), "value": random.random() < 0.5}
    if kind in {"kind", "label", "size", "named", "same", "half"}:
        return _text_condition(random, member)
    op = random.choice(["=", "!=", "<", "<=", ">", ">=", "in", "not_in", "between"])
    low = random.randint(0, 5)
    return {"member": member, "op": op, "value": [low, low + 2] if op in {"in", "not_in", "between"} else low}


def _time_condition(random: Random, member: str) -> dict:
    days = sorted(day_of(random).date().isoformat() for _ in range(2))
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


def day_of(random: Random) -> datetime:
    """Take a day, often one at the end of a month."""
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
