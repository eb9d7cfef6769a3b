"""Times by the clocks of zones: what a column holds, and what is shown of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from random import Random
from zoneinfo import ZoneInfo

from tests.oracle.world import World

UTC = "UTC"
ZONES = ("America/New_York", "Europe/Berlin", "Asia/Kolkata", "UTC")


def draw_clocks(random: Random, world: World) -> None:
    """Make the times of day of most models moments, or local times of a zone, and say which in their definitions."""
    for name, model in world.models.items():
        seen = next((part for part in model["dimensions"] if part["name"] == "seen"), None)
        if seen is None:
            continue
        kind, stored = random.choice(["zoned", "local"]), random.choice([None, *ZONES])
        world.clocks[name] = (kind, stored)
        seen["time_kind"] = kind
        if stored is not None:
            seen["time_zone"] = stored


def shown_in(world: World, zone: str | None) -> World:
    """Return the world as clocks of a zone show it; without one each column is shown in the zone it is stored in."""
    if not world.clocks:
        return world
    tables = dict(world.tables)
    for name, (kind, stored) in world.clocks.items():
        read, shown = (UTC if kind == "zoned" else stored or UTC), zone or stored or UTC
        tables[name] = [{**row, "seen": moved(row["seen"], read, shown)} for row in world.tables[name]]
    return replace(world, tables=tables)


def moved(value: datetime | None, read: str, shown: str) -> datetime | None:
    """Return what the clock of one zone shows when that of another shows the value."""
    if value is None or read == shown:
        return value
    return value.replace(tzinfo=ZoneInfo(read)).astimezone(ZoneInfo(shown)).replace(tzinfo=None)
