"""The account of docs/least-privilege.md, made by the page's own statements: sound, able to read, unable to change."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import psycopg
import pymysql
import pytest
from tests.contracts import servers
from tests.contracts.server_engines import mariadb_warehouse, postgres_warehouse
from tests.contracts.warehouse_engines import released

from metricgate.adapters.warehouses.mariadb import MariaDBWarehouse
from metricgate.adapters.warehouses.mariadb_options import MariaDBOptions
from metricgate.adapters.warehouses.postgres import PostgresWarehouse
from metricgate.adapters.warehouses.postgres_options import PostgresOptions
from metricgate.gateway.ports import Warehouse
from metricgate.vocabulary.finding import WRONG, Finding

PAGE = Path(__file__).parents[3] / "docs" / "least-privilege.md"
NAME = f"mgl_{uuid.uuid4().hex[:10]}"
PASSWORD = "change-me"
WRITES = {
    "postgres": (
        "INSERT INTO public.sales VALUES (2)",
        "CREATE TABLE public.t (a int)",
        "CREATE TEMPORARY TABLE t (a int)",
        "SELECT lo_create(0)",
        "SELECT lo_from_bytea(0, 'x')",
        "SELECT pg_notify('a', 'b')",
        "SELECT pg_read_file('/etc/hostname')",
        "COPY public.sales TO '/tmp/no_such'",
        "COPY public.sales TO PROGRAM 'cat'",
        "SELECT * FROM public.hidden",
    ),
    "mariadb": (
        "INSERT INTO sales VALUES (2)",
        "CREATE TABLE t (a int)",
        "CREATE TEMPORARY TABLE t (a int)",
        "SELECT 1 INTO OUTFILE '/tmp/no_such'",
        "SELECT * FROM hidden",
        "HANDLER hidden OPEN",
        "LOCK TABLES sales WRITE",
        "SELECT user FROM mysql.user",
    ),
}


def statements(engine: str) -> list[str]:
    section = PAGE.read_text("utf-8").split(f"## {engine}\n")[1]
    text = re.search(r"```sql\n(.*?)```", section, re.DOTALL)
    assert text is not None
    own = re.sub(r"\bshop\b", NAME, text[1])
    return [each for each in re.sub(r"\bmetricgate\b", NAME, own).split(";\n") if each.strip()]


@pytest.fixture(autouse=True)
def alone() -> Iterator[None]:
    """One test at a time, over all workers."""
    with servers.alone():
        yield


@pytest.fixture(scope="module")
def postgres() -> Iterator[servers.Address]:
    at = servers.postgres()
    own = replace(at, database=NAME)
    with servers.postgres_connection(at) as admin:
        admin.execute(f"CREATE DATABASE {NAME}")
        try:
            with servers.postgres_connection(own) as inside:
                inside.execute("CREATE TABLE public.sales (a int); INSERT INTO public.sales VALUES (1)")
                inside.execute("CREATE TABLE public.hidden (a int)")
                for each in statements("PostgreSQL"):
                    inside.execute(each)
            yield replace(own, user=NAME, password=PASSWORD)
        finally:
            admin.execute(f"DROP DATABASE {NAME} WITH (FORCE)")
            admin.execute(f"DROP ROLE IF EXISTS {NAME}")


@pytest.fixture(scope="module")
def mariadb() -> Iterator[servers.Address]:
    at = servers.mariadb()
    with servers.mariadb_connection(at) as admin, admin.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {NAME}")
        try:
            cursor.execute(f"CREATE TABLE {NAME}.sales (a int)")
            cursor.execute(f"INSERT INTO {NAME}.sales VALUES (1)")
            cursor.execute(f"CREATE TABLE {NAME}.hidden (a int)")
            for each in statements("MariaDB"):
                cursor.execute(each)
            yield replace(at, database=NAME, user=NAME, password=PASSWORD)
        finally:
            cursor.execute(f"DROP DATABASE {NAME}")
            cursor.execute(f"DROP USER IF EXISTS '{NAME}'@'%'")


def place(at: servers.Address) -> dict[str, object]:
    return {"host": at.host, "port": at.port, "database": at.database, "user": at.user, "password": at.password}


def examined(warehouse: Warehouse, relation: str | None) -> tuple[Sequence[Finding], object]:
    async def main() -> tuple[Sequence[Finding], object]:
        try:
            rows = None if relation is None else (await warehouse.run(released(f"SELECT a FROM {relation}"))).values
            return await warehouse.findings([("sales",)]), rows
        finally:
            await warehouse.close()

    return asyncio.run(main())


def test_the_page_s_postgres_account_is_sound_and_reads(postgres: servers.Address):
    """Nothing is found, advice included, and the governed table is read."""
    found, rows = examined(PostgresWarehouse(PostgresOptions(**place(postgres))), "public.sales")
    assert found == ()
    assert [tuple(row) for row in rows] == [(1,)]


def test_the_page_s_mariadb_account_is_sound_and_reads(mariadb: servers.Address):
    """Nothing is wrong; the server's own local_infile may be advised on."""
    found, rows = examined(MariaDBWarehouse(MariaDBOptions(**place(mariadb))), "sales")
    assert [each for each in found if each.right != "local_infile"] == []
    assert [tuple(row) for row in rows] == [(1,)]


@pytest.mark.parametrize("sql", WRITES["postgres"])
def test_the_postgres_account_cannot(postgres: servers.Address, sql: str):
    """On a raw connection that has made its transactions writable."""
    with servers.postgres_connection(postgres) as own:
        own.execute("SET default_transaction_read_only = off")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            own.execute(sql)


@pytest.mark.parametrize("sql", WRITES["mariadb"])
def test_the_mariadb_account_cannot(mariadb: servers.Address, sql: str):
    """Denied for want of the right (1044, 1045, 1142, 1227), not for another reason."""
    with servers.mariadb_connection(mariadb) as own, own.cursor() as cursor:
        cursor.execute(f"USE {NAME}")
        with pytest.raises(pymysql.MySQLError) as caught:
            cursor.execute(sql)
    assert caught.value.args[0] in {1044, 1045, 1142, 1227}


def test_an_administrator_is_told_what_is_wrong():
    """Superuser and root, each with the statement that takes it away."""
    found, _ = examined(postgres_warehouse(), None)
    assert any(each.right == "SUPERUSER" and "NOSUPERUSER" in each.cure for each in found)
    found, _ = examined(mariadb_warehouse(), None)
    wrong = {each.right for each in found if each.severity == WRONG}
    assert {"FILE", "SUPER", "INSERT", "DROP", "GRANT OPTION"} <= wrong
