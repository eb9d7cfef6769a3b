"""The engines as plain connections: a dialect, and what runs a compiled statement on tables of the test's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from uuid import uuid4

import duckdb
from tests.contracts import servers

from metricgate.compiling.compiler import compile_plan
from metricgate.compiling.statement import Statement
from metricgate.planning.plan import Plan
from metricgate.vocabulary.obligation import NO_OBLIGATIONS, Obligations

DIALECTS = ("duckdb", "postgres", "mysql")


@dataclass(frozen=True, slots=True)
class Engine:
    """One engine; ``execute`` runs a text and gives the rows of what selects."""

    dialect: str
    execute: Callable[[str], list[tuple[object, ...]]]

    def rows_of(self, plan: Plan, obligations: Obligations = NO_OBLIGATIONS) -> list[tuple[object, ...]]:
        """Return the rows of a plan whose values are dates or texts."""
        compiled = compile_plan(plan, obligations, self.dialect)
        assert isinstance(compiled, Statement), str(compiled)
        sql = compiled.sql
        for number, value in reversed(list(enumerate(compiled.parameters, start=1))):
            sql = sql.replace(f"${number}", _written(value))
        for value in compiled.parameters if self.dialect == "mysql" else ():
            sql = sql.replace("?", _written(value), 1).replace("%s", _written(value), 1)
        return self.execute(sql)


def _written(value: object) -> str:
    return f"'{value}'" if isinstance(value, str) else f"DATE '{value}'"


@contextmanager
def opened(dialect: str, mariadb: Callable[[], servers.Address] = servers.mariadb) -> Iterator[Engine]:
    """Connect to an engine, in a schema of the caller's own, which goes with its tables; ``mariadb``: which one."""
    schema = f"{servers.SCHEMA}_{uuid4().hex[:8]}"
    connect: dict[str, Callable] = {
        "duckdb": duckdb.connect,
        "postgres": lambda: servers.postgres_connection(servers.postgres()),
        "mysql": lambda: servers.mariadb_connection(mariadb()),
    }
    with closing(connect[dialect]()) as connection, closing(connection.cursor()) as cursor:
        if dialect != "duckdb":
            cursor.execute(f"CREATE SCHEMA {schema}")
        if dialect == "postgres":
            cursor.execute(f"SET search_path TO {schema}")
        if dialect == "mysql":
            cursor.execute(f"USE {schema}")
            cursor.execute("SET sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT'")

        def execute(sql: str) -> list[tuple[object, ...]]:
            cursor.execute(sql)
            return [tuple(row) for row in cursor.fetchall()] if sql.startswith(("SELECT", "WITH")) else []

        try:
            yield Engine(dialect, execute)
        finally:
            if dialect != "duckdb":
                cursor.execute(f"DROP SCHEMA {schema}{' CASCADE' if dialect == 'postgres' else ''}")
