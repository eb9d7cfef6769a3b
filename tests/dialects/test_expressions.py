"""Every function, operator and type of the expression language gives what its page says, on the three engines."""

from __future__ import annotations

import duckdb
import pytest
from conformance.expressions.asking import asked, same, statement
from conformance.expressions.loading import created
from tests.contracts import servers

REFUSED = {"duckdb": set(), "postgres": set(), "mysql": set()}


def _duckdb(*statements: str) -> list[object]:
    with duckdb.connect() as connection:
        for each in statements:
            connection.execute(each)
        return list(connection.fetchone())


def _postgres(*statements: str) -> list[object]:
    with servers.postgres_connection(servers.postgres()) as connection:
        connection.execute(f"SET search_path = {servers.SCHEMA}; SET TIME ZONE 'UTC'")
        for each in statements:
            found = connection.execute(each)
        return list(found.fetchone())


def _mariadb(*statements: str) -> list[object]:
    with servers.mariadb_connection(servers.mariadb()) as connection, connection.cursor() as cursor:
        cursor.execute(f"USE {servers.SCHEMA}")
        for each in statements:
            cursor.execute(each)
        return list(cursor.fetchone())


ROW = {"duckdb": _duckdb, "postgres": _postgres, "mysql": _mariadb}


@pytest.mark.parametrize("typed", [True, False])
@pytest.mark.parametrize("engine", ["duckdb", "postgres", "mysql"])
def test_an_expression_has_one_meaning(engine: str, typed: bool):
    """One statement with a column for each case; what is refused is refused by name."""
    cases, refused = asked(engine, typed=typed)
    assert {each.case.text for each in refused} == REFUSED[engine]
    found = ROW[engine](*created(engine), statement(cases, engine))
    wrong = [
        f"{case}: {value!r}, not {case.wanted!r}"
        for case, value in zip(cases, found, strict=True)
        if not same(value, case.wanted)
    ]
    assert not wrong, "\n".join(wrong)
