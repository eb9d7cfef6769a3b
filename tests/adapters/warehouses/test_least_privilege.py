"""The account of docs/least-privilege.md, made by the page's own statements: sound, able to read, unable to change."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator, Sequence

import psycopg
import pymysql
import pytest
from tests.contracts import servers
from tests.contracts.least_privilege import mariadb_account, of_the_server, place, postgres_account
from tests.contracts.server_engines import mariadb_warehouse, postgres_warehouse
from tests.contracts.warehouse_engines import released

from metricgate.adapters.warehouses.mariadb.options import MariaDBOptions
from metricgate.adapters.warehouses.mariadb.warehouse import MariaDBWarehouse
from metricgate.adapters.warehouses.postgres.options import PostgresOptions
from metricgate.adapters.warehouses.postgres.warehouse import PostgresWarehouse
from metricgate.gateway.ports import Warehouse
from metricgate.vocabulary.account_finding import WRONG, AccountFinding

NAME = f"mgl_{uuid.uuid4().hex[:10]}"
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


@pytest.fixture(autouse=True)
def alone() -> Iterator[None]:
    """One test at a time, over all workers."""
    with servers.alone():
        yield


@pytest.fixture(scope="module")
def postgres() -> Iterator[servers.Address]:
    made = (
        "CREATE TABLE public.sales (a int); INSERT INTO public.sales VALUES (1)",
        "CREATE TABLE public.hidden (a int)",
    )
    with postgres_account(NAME, made) as account:
        yield account.own


@pytest.fixture(scope="module")
def mariadb() -> Iterator[servers.Address]:
    made = ("CREATE TABLE sales (a int)", "INSERT INTO sales VALUES (1)", "CREATE TABLE hidden (a int)")
    with mariadb_account(NAME, made) as account:
        yield account.own


def examined(warehouse: Warehouse, relation: str | None) -> tuple[Sequence[AccountFinding], object]:
    async def main() -> tuple[Sequence[AccountFinding], object]:
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
    """Nothing is wrong with the account; what the shared server gives to everybody may be told."""
    found, rows = examined(MariaDBWarehouse(MariaDBOptions(**place(mariadb))), "sales")
    assert [each for each in found if not of_the_server(each, NAME)] == []
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
