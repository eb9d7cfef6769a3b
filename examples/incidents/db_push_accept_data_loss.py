"""A schema tool is run with `--accept-data-loss`: tables are reset, by DDL and by emptying them."""

from metricgate.bootstrap.drill_project import FILES, TABLES
from metricgate.bootstrap.drilling import Scene
from metricgate.gateway.outcome import Held
from metricgate.vocabulary.problem import Problems

__all__ = ["FILES", "TABLES", "play"]

RESET = (
    "DROP TABLE companies",
    "ALTER TABLE companies DROP COLUMN city",
    "CREATE OR REPLACE TABLE companies(id INTEGER)",
    "DROP SCHEMA main CASCADE",
)


async def play(scene: Scene) -> None:
    """DDL is nothing that an agent can propose; emptying a table waits, and comes back."""
    before = await scene.rows("companies")
    for number, sql in enumerate(RESET):
        scene.refused(await scene.write(sql, sql, f"reset-{number}"))
    held = await scene.write("TRUNCATE companies", "TRUNCATE companies", "reset-truncate")
    scene.check("emptying waits for a person", isinstance(held, Held) and "floor:no-where" in held.rules)
    scene.check("nothing is lost", await scene.rows("companies") == before)
    if not isinstance(held, Held):
        return
    done = await scene.decide("sten", held.action_id, reason="The migration said so.")
    scene.check("approved by mistake", not isinstance(done, Problems) and await scene.rows("companies") == [])
    await scene.undo("stella", held.action_id, reason="It was the wrong database.")
    scene.check("every row is back", await scene.rows("companies") == before)
