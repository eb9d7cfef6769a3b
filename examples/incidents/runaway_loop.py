"""One proposal in a loop, with one idempotency key and without any."""

from metricgate.gateway.outcome import Answered, RefusedCall
from metricgate.operations.drills.project import FILES, TABLES
from metricgate.operations.drills.scene import Scene

__all__ = ["FILES", "TABLES", "play"]

SQL = "UPDATE executives SET city = city || '!' WHERE id = 1"


async def play(scene: Scene) -> None:
    """What appends to a value shows how often it ran."""
    first = await scene.write("change one row", SQL, "loop")
    scene.check("the first runs", isinstance(first, Answered))
    ends = [await scene.write("the same again, same key", SQL, "loop") for _ in range(40)]
    # A refusal breaks the streak that is counted, so that the call after it is looked at again: it is still not run.
    scene.check("the loop is refused, and stays so", isinstance(ends[-1], RefusedCall))
    bare = [await scene.call("the same again, no key", "propose_write", sql=SQL, dry_run=False) for _ in range(15)]
    scene.check("without a key nothing runs", all(isinstance(each, RefusedCall) for each in bare))
    [row] = [each for each in await scene.rows("executives") if each[0] == 1]
    scene.check("it ran once", row[2] == "City 1!")
