"""What an agent is told where its change, or the statement of a governed action, fails on the data: on three engines.

The class of the error and what to do, never the engine's words or the data in them, and nothing for operators.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.gateway.changes.changed import ENGINES, things
from tests.gateway.conftest import ask, opened

from metricgate.bootstrap.running_gateway import RunningGateway
from metricgate.gateway.outcome import Answered, Outcome, RefusedCall

DIVIDED, CAST, RANGE, TIME = "E_SQL_DIVISION_BY_ZERO", "E_SQL_BAD_CAST", "E_SQL_OUT_OF_RANGE", "E_SQL_BAD_TIME"
CONSTRAINT = "E_WRITE_CONSTRAINT"
INTEGER = {"duckdb": "INTEGER", "postgres": "INTEGER", "mariadb": "SIGNED"}

CHANGES = {
    "UPDATE things SET a = a % (b - 1) WHERE id < 3": DIVIDED,
    "UPDATE things SET a = CAST(s AS {integer}) WHERE id < 3": CAST,
    "UPDATE things SET b = a * 10000 WHERE id < 3": RANGE,
    "UPDATE things SET d = '2026-02-30' WHERE id = 1": TIME,
    "UPDATE things SET d = s WHERE id < 3": TIME,
    "INSERT INTO things (id, s, d) VALUES (7, 'x', 'no day')": TIME,
    "INSERT INTO things (id, s, a) SELECT id + 10, 'x', a % (b - 1) FROM things WHERE id = 1": DIVIDED,
    "UPDATE things SET a = (SELECT a FROM things) WHERE id = 1": "E_SQL_MANY_ROWS",
    "UPDATE things SET s = NULL WHERE id = 1": CONSTRAINT,
    "UPDATE things SET s = 'hunter2' WHERE id = 1": CONSTRAINT,
    "UPDATE things SET a = 5000 WHERE id = 1": CONSTRAINT,
}
ACTIONS = {
    "divide": ("UPDATE things SET a = 10 % :x WHERE id = :id", "integer", 0, DIVIDED),
    "store": ("UPDATE things SET b = :x WHERE id = :id", "integer", 99999, RANGE),
    "turn": ("UPDATE things SET a = CAST(:x AS {integer}) WHERE id = :id", "string", "hunter2", CAST),
    "date": ("UPDATE things SET d = :x WHERE id = :id", "string", "2026-02-30", TIME),
}


def told(outcome: Outcome) -> tuple[str, str]:
    """Return the code and all that is shown."""
    assert isinstance(outcome, RefusedCall), outcome
    assert outcome.status in {409, 422}
    problem = outcome.problems.first
    return problem.code.name, str(problem.as_json())


@pytest.mark.parametrize("engine", ENGINES)
def test_a_change_that_fails_on_the_data_says_so_in_its_authors_terms(engine: str, tmp_path: Path) -> None:
    """Whatever the engine calls it: one class on all three, and nothing was changed."""

    async def played(parts: RunningGateway) -> None:
        for sql, code in CHANGES.items():
            text = sql.format(integer=INTEGER[engine])
            got, words = told(await ask(parts, "omni", "propose_write", {"sql": text}))
            assert got == code, (text, words)
            assert "hunter2" not in words
            assert "validate" not in words
        for name, (_statement, _kind, value, code) in ACTIONS.items():
            got, words = told(await ask(parts, "omni", f"action_{name}", {"id": 1, "x": value}))
            assert got == code, (name, words)
            assert "hunter2" not in words
            assert "validate" not in words
        kept = await ask(parts, "omni", "query_sql", {"sql": "SELECT id, a, b, s FROM things ORDER BY id"})
        assert [list(row) for row in kept.answer["rows"]] == [[1, 10, 1, "one"], [2, 20, 2, "hunter2"]]

    async def main() -> None:
        async with opened(folder) as parts:
            await played(parts)

    folder = tmp_path / "project"
    statements = {name: (each[0].format(integer=INTEGER[engine]), each[1]) for name, each in ACTIONS.items()}
    with things(engine, folder, statements):
        asyncio.run(main())


PLACED: dict[str, list[tuple[str, str]]] = {
    "duckdb": [
        ("UPDATE things SET a = CAST(s AS INTEGER) WHERE id < 3", "CAST("),
        ("INSERT INTO things (id, s, a) SELECT id + 10, 'x', CAST(s AS INTEGER) FROM things WHERE id = 2", "CAST("),
        ("DELETE FROM things WHERE CAST(s AS INTEGER) = 1", "CAST("),
    ],
    "postgres": [
        ("UPDATE things SET a = CAST('hunter' AS INTEGER) WHERE id < 3", "'hunter'"),
        ("DELETE FROM things WHERE a = CAST('hunter' AS INTEGER)", "'hunter'"),
    ],
}


@pytest.mark.parametrize("engine", PLACED)
def test_a_change_that_fails_is_told_where_as_a_query_is(engine: str, tmp_path: Path) -> None:
    """What ran, without values of policy, and the place; nothing of an action's statement, which is not the agent's."""
    acts = ACTIONS | {"stored": (PLACED[engine][0][0].replace("3", ":x + :id - :id"), "integer", 3, CAST)}

    async def main() -> None:
        async with opened(folder) as parts:
            for sql, near in PLACED[engine]:
                outcome = await ask(parts, "omni", "propose_write", {"sql": sql})
                assert isinstance(outcome, RefusedCall), outcome
                problem = outcome.problems.first
                place, ran = problem.details["position"], str(problem.details["sql"])
                assert isinstance(place, int)
                assert ran[place:].startswith(near), (ran, place)
                assert f"Near: {near}" in problem.message
                assert "hunter2" not in str(problem.as_json())
            name = {"id": 1, "x": 3}
            outcome = await ask(parts, "omni", "action_stored", name)
            assert told(outcome)[0] == CAST
            assert isinstance(outcome, RefusedCall)
            assert "sql" not in outcome.problems.first.details

    folder = tmp_path / "project"
    statements = {name: (each[0].format(integer=INTEGER[engine]), each[1]) for name, each in acts.items()}
    with things(engine, folder, statements):
        asyncio.run(main())


def test_what_a_delete_only_looks_at_keeps_nobody_from_deleting(tmp_path: Path) -> None:
    """MariaDB stores no NULL for a division by zero, but compares with it; so does the gateway."""

    async def main() -> None:
        async with opened(folder) as parts:
            for condition in ("CAST(s AS SIGNED) = 1", "1 / (b - 1) > 5"):
                outcome = await ask(parts, "omni", "propose_write", {"sql": f"DELETE FROM things WHERE {condition}"})
                assert isinstance(outcome, Answered), outcome

    folder = tmp_path / "project"
    with things("mariadb", folder, {}):
        asyncio.run(main())
