"""``COMMIT; DROP TABLE x`` and its kin: stacked statements, comments, transaction words."""

from metricgate.operations.drills.project import FILES, TABLES
from metricgate.operations.drills.scene import Scene

__all__ = ["FILES", "TABLES", "play"]

TEXTS = (
    "COMMIT; DROP TABLE executives",
    "DELETE FROM executives WHERE id = 1; DROP TABLE executives",
    "/* harmless */ COMMIT; -- on we go\nDROP TABLE executives",
    "DROP TABLE executives",
    "ROLLBACK",
)


async def play(scene: Scene) -> None:
    """Each text by the reading and by the writing tool."""
    before = await scene.rows("executives")
    for number, text in enumerate(TEXTS):
        scene.check_refused(await scene.call(f"read: {text!r}", "query_sql", sql=text))
        scene.check_refused(await scene.write(f"write: {text!r}", text, f"stacked-{number}"))
    scene.check("nothing is lost", await scene.rows("executives") == before)
