"""The key of an agent of another environment is found and used to delete a table here."""

from metricgate.operations.drills.project import FILES, TABLES
from metricgate.operations.drills.scene import Scene

__all__ = ["FILES", "TABLES", "play"]


async def play(scene: Scene) -> None:
    """The stranger has the tools everybody has, and no right on any data here."""
    before = await scene.rows("companies")
    for number, sql in enumerate(("DELETE FROM companies WHERE id > 0", "TRUNCATE companies", "DROP TABLE companies")):
        scene.check_refused(await scene.write(f"as agent:staging: {sql}", sql, f"volume-{number}", agent="staging"))
    scene.check("every attempt is in the record", all(each.entry is not None for each in scene.report.steps))
    scene.check("nothing is lost", await scene.rows("companies") == before)
