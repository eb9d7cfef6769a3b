"""With each layer of the guard switched off in turn, the others and DuckDB's jail keep the sentinel in.

The relations are the policy; where the rewriting itself is off, the layer after it refuses whatever names a table.
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
from tests.attacks.attempts import attempts
from tests.attacks.confined import SENTINEL, WORLD, through

from metricgate.guarding import ALL, GuardedQuery, Layer

DUCKDB = [attempt for attempt in attempts() if attempt.dialect == "duckdb"]


@pytest.fixture(scope="module")
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    """An instance that holds the sentinel and reaches nothing outside."""
    connection = duckdb.connect()
    for statement in WORLD:
        connection.execute(statement)
    connection.execute("SET enable_external_access = false")
    connection.execute("SET memory_limit = '200MB'")
    connection.execute("SET max_temp_directory_size = '0MB'")
    connection.execute("SET lock_configuration = true")
    yield connection
    connection.close()


def shown(engine: duckdb.DuckDBPyConnection, guarded: GuardedQuery) -> str:
    """Return what an agent would see: rows, or nothing where the engine refuses."""
    cursor = engine.cursor()
    cursor.execute("BEGIN TRANSACTION READ ONLY")
    try:
        values = {str(number): value for number, value in enumerate(guarded.parameters, 1)}
        return repr(cursor.execute(guarded.sql, values or None).fetchall())
    except duckdb.Error:
        return ""
    finally:
        cursor.execute("ROLLBACK")
        cursor.close()


def test_without_the_guard_the_sentinel_shows(engine: duckdb.DuckDBPyConnection) -> None:
    """The world holds what the tests below look for."""
    assert SENTINEL in repr(engine.execute("SELECT * FROM secrets, customers").fetchall())


@pytest.mark.parametrize("off", [None, Layer.CLASSIFY, Layer.BIND, Layer.REWRITE, Layer.REGENERATE])
def test_the_other_layers_hold(engine: duckdb.DuckDBPyConnection, off: Layer | None) -> None:
    """No attempt shows the sentinel, whichever layer is off; with all on, some still run and show what they may."""
    layers = ALL - {off}
    ran = 0
    for attempt in DUCKDB:
        answer = through(attempt.sql, "duckdb", layers)
        if isinstance(answer, GuardedQuery):
            ran += 1
            assert SENTINEL not in shown(engine, answer), attempt.sql
        else:
            assert SENTINEL not in str(answer), attempt.sql
    assert ran > 0
