"""Between the preview and the run the rules change: what was approved is not what would happen now."""

from metricgate.gateway.outcome import Held
from metricgate.operations.drills.project import FILES, TABLES
from metricgate.operations.drills.scene import Scene
from metricgate.vocabulary.problem import Problems

__all__ = ["FILES", "TABLES", "play"]


async def play(scene: Scene) -> None:
    """First other rows, then another catalog: each voids the approval, and nothing is done."""
    held = await scene.write("delete 17 companies", "DELETE FROM companies WHERE city = 'City 3'", "stale-1")
    changed = await scene.write("one of them changes", "UPDATE companies SET name = 'x' WHERE id = 3", "between")
    scene.check("held", isinstance(held, Held) and not isinstance(changed, Held))
    before = await scene.rows("companies")
    if isinstance(held, Held):
        done = await scene.decide("sten", held.action_id, reason="As shown.")
        scene.check("other rows than shown: not done", not isinstance(done, Problems) and str(done.state) == "failed")
    late = await scene.write("delete 17 more", "DELETE FROM companies WHERE city = 'City 4'", "stale-2")
    models = scene.folder / "semantic_models" / "all.yaml"
    models.write_text(
        models.read_text().replace("city, type: categorical, expr: city", "town, type: categorical, expr: city")
    )
    scene.reload()
    if isinstance(late, Held):
        done = await scene.decide("sten", late.action_id, reason="As shown.")
        scene.check("another catalog: not done", not isinstance(done, Problems) and str(done.state) == "failed")
    scene.check("nothing is lost", await scene.rows("companies") == before)
