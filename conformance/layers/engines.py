"""The world with the sentinel on each engine, with its jail and without."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import duckdb
import psycopg
import pymysql
from tests.attacks.confined import WORLD
from tests.contracts import servers

from metricgate.adapters.warehouses.duckdb.reading.engine_parse import opinion_of as duckdb_opinion
from metricgate.adapters.warehouses.mariadb.statement_text import UnsafeStatementText, with_values
from metricgate.adapters.warehouses.postgres.reading.engine_parse import opinion_of as postgres_opinion
from metricgate.dialects.engines import dialect_named
from metricgate.guarding import GuardedQuery
from metricgate.vocabulary.opinion import Opinion

Shown = Callable[[GuardedQuery], str]
"""Runs a statement and returns what an agent would see: rows, or nothing where the engine refuses."""
_SECONDS = 2


@contextmanager
def duckdb_world(*, jailed: bool) -> Iterator[Shown]:
    """An instance in memory; jailed, it reaches nothing outside and its transaction only reads."""
    connection = duckdb.connect()
    for statement in WORLD:
        connection.execute(statement)
    connection.execute("SET memory_limit = '200MB'")
    connection.execute("SET max_temp_directory_size = '0MB'")
    if jailed:
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")

    def shown(guarded: GuardedQuery) -> str:
        cursor = connection.cursor()
        cursor.execute("BEGIN TRANSACTION READ ONLY" if jailed else "BEGIN TRANSACTION")
        try:
            values = {str(number): value for number, value in enumerate(guarded.parameters, 1)}
            return repr(cursor.execute(guarded.sql, values or None).fetchmany(1_000))
        except duckdb.Error:
            return ""
        finally:
            cursor.execute("ROLLBACK")
            cursor.close()

    try:
        yield shown
    finally:
        connection.close()


@contextmanager
def postgres_world(*, jailed: bool) -> Iterator[Shown]:
    """A database of its own; jailed, a role that reads the two governed tables, in a transaction that only reads."""
    at = servers.postgres()
    name = f"layers_{uuid.uuid4().hex[:10]}"
    with servers.postgres_connection(at) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        admin.execute(f"CREATE ROLE {name}")
    try:
        place = servers.Address(host=at.host, port=at.port, user=at.user, password=at.password, database=name)
        with servers.postgres_connection(place) as connection:
            for statement in WORLD:
                connection.execute(statement)
            connection.execute(f"GRANT SELECT ON orders, customers TO {name}")
            connection.execute(f"SET statement_timeout = '{_SECONDS}s'")
            if jailed:
                connection.execute(f"SET ROLE {name}")

            def shown(guarded: GuardedQuery) -> str:
                connection.execute("BEGIN READ ONLY" if jailed else "BEGIN")
                try:
                    with psycopg.RawCursor(connection) as cursor:
                        return repr(cursor.execute(guarded.sql, list(guarded.parameters)).fetchmany(1_000))
                except psycopg.Error:
                    return ""
                finally:
                    connection.execute("ROLLBACK")

            yield shown
    finally:
        with servers.postgres_connection(at) as admin:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
            admin.execute(f"DROP ROLE {name}")


@contextmanager
def mariadb_world(*, jailed: bool) -> Iterator[Shown]:
    """The database ``sentinel``; jailed, an account that reads the two governed tables, and the scanner of texts."""
    at = servers.mariadb()
    account = f"layers_{uuid.uuid4().hex[:10]}"
    with servers.mariadb_connection(at) as admin, admin.cursor() as cursor:
        # Its name is the world's; a database of somebody's own that is called so is left alone, and the run fails.
        cursor.execute("CREATE DATABASE sentinel")
        cursor.execute("USE sentinel")
        for statement in WORLD:
            cursor.execute(statement)
        cursor.execute(f"CREATE USER {account}@'%' IDENTIFIED BY 'layers'")
        for table in ("orders", "customers"):
            cursor.execute(f"GRANT SELECT ON sentinel.{table} TO {account}@'%'")
    place = at
    if jailed:
        place = servers.Address(host=at.host, port=at.port, user=account, password="layers", database="sentinel")  # noqa: S106
    try:
        with servers.mariadb_connection(place) as connection:
            with connection.cursor() as cursor:
                cursor.execute("USE sentinel")
                cursor.execute(f"SET SESSION max_statement_time = {_SECONDS}")
                cursor.execute("SET SESSION sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT'")
                cursor.execute("SET SESSION sql_mode = 'PIPES_AS_CONCAT,ONLY_FULL_GROUP_BY'")

            def shown(guarded: GuardedQuery) -> str:
                marked = dialect_named("mysql").marked
                text, values = (guarded.sql, guarded.parameters) if marked is None else marked(*_parts(guarded))
                try:
                    literals = [str(connection.escape(value, connection.encoders)) for value in values]
                    sql = with_values(text, literals) if jailed else _plain(text, literals)
                    with connection.cursor() as cursor:
                        cursor.execute("START TRANSACTION READ ONLY" if jailed else "START TRANSACTION")
                        cursor.execute(sql)
                        return repr(cursor.fetchmany(1_000))
                except (UnsafeStatementText, pymysql.Error):
                    return ""
                finally:
                    connection.rollback()

            yield shown
    finally:
        with servers.mariadb_connection(at) as admin, admin.cursor() as cursor:
            cursor.execute("DROP DATABASE sentinel")
            cursor.execute(f"DROP USER {account}@'%'")


def _parts(guarded: GuardedQuery) -> tuple[str, tuple]:
    return guarded.sql, guarded.parameters


def _plain(text: str, literals: list[str]) -> str:
    """Write values into a text without looking at it otherwise."""
    for literal in literals:
        text = text.replace("?", literal, 1)
    return text


def opinion_on(dialect: str) -> Callable[[str], Opinion | None]:
    """Return what asks the engine's own parser about a text."""
    if dialect == "postgres":
        return postgres_opinion
    if dialect == "duckdb":
        connection = duckdb.connect()
        return lambda sql: duckdb_opinion(connection.cursor(), sql)
    return lambda _sql: None


WORLDS = {"duckdb": duckdb_world, "postgres": postgres_world, "mysql": mariadb_world}
