"""A schema tool is run with `--accept-data-loss`: tables are reset, by DDL and by emptying them."""

from metricgate.gateway.outcome import Held
from metricgate.operations.drills.project import FILES as SHARED
from metricgate.operations.drills.project import TABLES
from metricgate.operations.drills.scene import Scene
from metricgate.vocabulary.problem import Problems

__all__ = ["FILES", "TABLES", "play"]

GRANT = '  - {id: drops, roles: [desk], actions: [drop], on: ["dataset:executives"]}\nholds:'
FILES = {**SHARED, "policies/all.yaml": SHARED["policies/all.yaml"].replace("holds:", GRANT)}
RESET = (
    "DROP TABLE companies",
    "ALTER TABLE companies DROP COLUMN city",
    "CREATE OR REPLACE TABLE companies(id INTEGER)",
    "DROP SCHEMA main CASCADE",
)
RESETS = {"companies": "TRUNCATE companies", "executives": "DROP TABLE executives"}
"""What an agent was given the right to propose, by the table that it would cost."""


async def play(scene: Scene) -> None:
    """DDL is refused where it is not granted; what is granted waits for a person, and comes back all the same."""
    for number, sql in enumerate(RESET):
        scene.check_refused(await scene.write(sql, sql, f"reset-{number}"))
    for table, sql in RESETS.items():
        before = await scene.rows(table)
        held = await scene.write(sql, sql, f"reset-{table}")
        waits = isinstance(held, Held) and {"floor:no-where", "floor:structure"} & set(held.rules)
        scene.check(f"{sql} waits for a person", bool(waits))
        scene.check("nothing is lost", await scene.rows(table) == before)
        if not isinstance(held, Held):
            return
        done = await scene.decide("sten", held.action_id, reason="The migration said so.")
        scene.check("approved by mistake", not isinstance(done, Problems) and await scene.rows(table) == [])
        await scene.undo("stella", held.action_id, reason="It was the wrong database.")
        scene.check("every row is back", await scene.rows(table) == before)
