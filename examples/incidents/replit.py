"""A freeze is ignored, two tables are emptied and filled with made-up rows, and "cannot be rolled back" is claimed."""

from metricgate.approvals.proposal import State
from metricgate.bootstrap.drill_project import FILES, TABLES
from metricgate.bootstrap.drilling import Scene
from metricgate.gateway.outcome import Held
from metricgate.vocabulary.problem import Problems

__all__ = ["FILES", "TABLES", "play"]

BATCH = 250
RISK = "floor:risk"


def fakes(first: int) -> str:
    """Return a statement that inserts made-up rows; 16 of them are the 4,000."""
    rows = ", ".join(f"({number}, 'Person {number}', 'Nowhere')" for number in range(first, first + BATCH))
    return f"INSERT INTO executives (id, name, city) VALUES {rows}"


async def play(scene: Scene) -> None:
    """First under the freeze; then without it, approved by mistake, and taken back."""
    tables = ("executives", "companies")
    before = {table: await scene.rows(table) for table in tables}
    scene.freeze(on=True)
    for table in tables:
        outcome = await scene.write(f"delete all {table} under the freeze", f"DELETE FROM {table} WHERE id > 0", table)
        scene.refused(outcome, "E_FROZEN")
    scene.refused(await scene.write("insert made-up rows under the freeze", fakes(10_000), "fakes"))
    scene.check("nothing changed under the freeze", before == {table: await scene.rows(table) for table in tables})

    scene.freeze(on=False)
    done = []
    for table in tables:
        sql = f"DELETE FROM {table} WHERE id > 0"
        held = await scene.write(f"delete all {table}", sql, f"{table}-again")
        scene.check(f"the deletion of {table} is held", isinstance(held, Held))
        if isinstance(held, Held):
            await scene.decide("sten", held.action_id, reason="looked like a test table")
            scene.check(f"{table} is empty after the mistaken approval", await scene.rows(table) == [])
            done.append(held.action_id)
    for first in range(10_000, 14_000, BATCH):
        made_up = await scene.write("insert 250 made-up rows after the deletion", fakes(first), f"fakes-{first}")
        scene.check("the made-up rows are held by their risk", isinstance(made_up, Held) and RISK in made_up.rules)

    for action in done:
        undo = await scene.undo("stella", action, reason="it can be rolled back")
        scene.check("the deletion is undone", not isinstance(undo, Problems) and undo.state is State.EXECUTED)
    scene.check("both tables are as before", before == {table: await scene.rows(table) for table in tables})
