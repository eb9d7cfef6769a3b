"""A disagreement made small: parts of the question and rows are left out while it stays one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

from tests.oracle.asking import Both, both_of
from tests.oracle.comparing import Outcome, compare, loaded
from tests.oracle.engines import Engine, load_tables
from tests.oracle.world import Asked, World
from tests.oracle.worlds import catalog_text

from metricgate.planning.planner import Planner


def shrunk(world: World, outcome: Outcome, engine: Engine) -> tuple[World, Outcome]:
    """Return the smallest world and question found that still differ."""
    planner = Planner(loaded(world))

    def differs(smaller: World, both: Both) -> Outcome | None:
        load_tables(smaller, engine)
        found = compare(smaller, planner, engine, both)
        return found if found.kind == "differs" else None

    progress = True
    while progress:
        progress = False
        for asked in _simpler(outcome.both.asked):
            found = differs(world, both_of(asked, as_template=outcome.both.as_template))
            if found is not None:
                outcome, progress = found, True
                break
    for name, rows in world.tables.items():
        for row in list(rows):
            smaller = replace(
                world, tables={**world.tables, name: [each for each in world.tables[name] if each is not row]}
            )
            found = differs(smaller, outcome.both)
            if found is not None:
                world, outcome = smaller, found
    return world, outcome


def _simpler(asked: Asked) -> Iterator[Asked]:
    if len(asked.metrics) > 1:
        for name in asked.metrics:
            rest = [each for each in asked.order if each.removeprefix("-") != name]
            yield replace(asked, metrics=[each for each in asked.metrics if each != name], order=rest)
    for part in asked.by:
        yield replace(asked, by=[each for each in asked.by if each != part], order=[])
    for field, empty in (
        ("limit", None),
        ("order", []),
        ("hidden", {}),
        ("zone", None),
        ("where", None),
        ("start", None),
        ("end", None),
    ):
        if getattr(asked, field) != empty:
            yield replace(asked, **{field: empty})
    for key in ("and", "or"):
        for part in (asked.where or {}).get(key, []):
            yield replace(asked, where=part)


def told(seed: int, world: World, outcome: Outcome) -> str:
    """Return all that is needed to see who is wrong."""
    used = {name: rows for name, rows in world.tables.items() if rows}
    return "\n".join(
        [
            f"seed {seed}: python -m tests.oracle {seed}",
            f"clocks {world.clocks}" if world.clocks else "",
            str(outcome.both.asked),
            outcome.note,
            json.dumps(json.loads(catalog_text(world))["metrics"], indent=1),
            *(f"{name}: {row}" for name, rows in used.items() for row in rows),
        ]
    )
