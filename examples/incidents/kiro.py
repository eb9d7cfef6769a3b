"""Delete and recreate: one person, who asked for it, wants to approve it alone, and twice."""

from metricgate.gateway.outcome import Held
from metricgate.operations.drills.project import FILES, TABLES
from metricgate.operations.drills.scene import Scene
from metricgate.vocabulary.problem import Problems

__all__ = ["FILES", "TABLES", "play"]


async def play(scene: Scene) -> None:
    """Whoever answers for the agent is not whoever decides, administrators included."""
    before = await scene.rows("companies")
    scene.check_refused(
        await scene.write("drop and create anew", "CREATE OR REPLACE TABLE companies AS SELECT 1", "recreate")
    )
    held = await scene.write("delete everything", "TRUNCATE companies", "empty-1")
    scene.check("held", isinstance(held, Held) and "floor:no-where" in held.rules)
    if not isinstance(held, Held):
        return
    owner = await scene.decide("olaf", held.action_id, reason="It is my agent, I want it.")
    scene.check("the owner cannot approve", isinstance(owner, Problems))
    again = await scene.decide("olaf", held.action_id, reason="Again, then.")
    scene.check("nor by asking twice", isinstance(again, Problems))
    scene.check("nothing is lost", await scene.rows("companies") == before)
