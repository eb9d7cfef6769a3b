"""A table with a column of each type on three engines, and a running gateway that is asked about it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.gateway.conftest import ask, opened
from tests.zones.worlds import World, world, write_project

from metricgate.bootstrap.running_gateway import RunningGateway
from metricgate.gateway.outcome import Answered, Outcome
from metricgate.vocabulary.json import Json

_TYPES = {
    "duckdb": "DOUBLE",
    "postgres": "DOUBLE PRECISION",
    "mariadb": "DOUBLE",
}
_ROWS = """
    (1, 'a', 'open', 9999999999999999.99, 2.5, 7, 2, TRUE, '2024-02-29', '2024-02-29 10:20:30', 'k '),
    (2, 'a ', '0', 1.25, -2.5, -7, 2, FALSE, '2024-12-31', '2024-12-31 23:59:59', 'k'),
    (3, 'b', '7x', 2.25, 0.125, 7, 0, NULL, '2024-01-31', '2024-01-31 00:00:00', 'j'),
    (4, NULL, NULL, NULL, NULL, NULL, NULL, TRUE, NULL, NULL, NULL)
"""


class Things:
    """Asks the running gateway."""

    def __init__(self, found: World, parts: RunningGateway, runner: asyncio.Runner) -> None:
        self.world, self._parts, self._runner = found, parts, runner

    def outcome(self, tool: str, **question: Json) -> Outcome:
        """Return what becomes of a call."""
        return self._runner.run(ask(self._parts, "reader", tool, question))

    def rows(self, **question: Json) -> list[list[Json]]:
        """Return the rows that answer a question."""
        outcome = self.outcome("query_metrics", **question)
        assert isinstance(outcome, Answered), outcome
        return [list(row) for row in outcome.answer["rows"]]


@contextmanager
def things(
    engine: str,
    folder: Path,
    models: str,
    policy: str | None = None,
    before: Callable[[str, str], list[str]] | None = None,
) -> Iterator[Things]:
    """Make the tables ``things`` and ``kinds``, and run a gateway over models (``{schema}`` names their schema).

    ``before`` gives more statements to run first, for an engine and a schema.
    """
    with world(engine, folder) as found, asyncio.Runner() as runner:
        name = f"{found.schema}.things"
        found.execute(
            f"CREATE TABLE {name} (id INT PRIMARY KEY, txt VARCHAR(20), status VARCHAR(20), amount DECIMAL(18, 2), "
            f"dbl {_TYPES[engine]}, n INT, m INT, flag BOOLEAN, day DATE, moment TIMESTAMP NULL, kind VARCHAR(9))",
            f"INSERT INTO {name} VALUES {_ROWS}",
            f"CREATE TABLE {found.schema}.kinds (kind VARCHAR(9), called VARCHAR(20))",
            f"INSERT INTO {found.schema}.kinds VALUES ('k', 'without'), ('k ', 'with'), ('j', 'other')",
            *(before(engine, found.schema) if before is not None else ()),
        )
        project = write_project(folder, found, models)
        if policy is not None:
            (project / "policies" / "p.yaml").write_text(policy)
        running = opened(project)
        parts = runner.run(running.__aenter__())
        try:
            yield Things(found, parts, runner)
        finally:
            runner.run(running.__aexit__(None, None, None))
