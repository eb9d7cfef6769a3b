"""Texts that no guard has seen, as confined statements on live servers: what sessions and grants stop, each alone."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import psycopg
import pymysql
import pytest
from tests.adapters.warehouses.server_attempts import (
    MARIADB,
    MARIADB_ENDLESS,
    POSTGRES,
    POSTGRES_ENDLESS,
    Attempt,
)
from tests.contracts import servers
from tests.contracts.least_privilege import Account, mariadb_account, place, postgres_account
from tests.contracts.warehouse_engines import released

from metricgate.adapters.warehouses.mariadb.options import MariaDBOptions
from metricgate.adapters.warehouses.mariadb.warehouse import MariaDBWarehouse
from metricgate.adapters.warehouses.postgres.options import PostgresOptions
from metricgate.adapters.warehouses.postgres.warehouse import PostgresWarehouse
from metricgate.gateway.ports import Warehouse, WarehouseError

Result = TypeVar("Result")
NAME = f"mga_{uuid.uuid4().hex[:10]}"
SENTINEL = "LEAK"
HOST = Path("/etc/hostname").read_text(encoding="utf-8").strip()


@dataclass(frozen=True, slots=True)
class World:
    """A server with a governed table, a hidden one that holds the sentinel, and the page's account."""

    account: Account
    attempts: Sequence[Attempt]
    endless: Sequence[str]
    opened: Callable[[servers.Address], Warehouse]
    connected: Callable[[servers.Address], object]
    state: Callable[[], object]


@pytest.fixture(scope="module")
def postgres() -> Iterator[World]:
    made = (
        "CREATE TABLE public.sales (a int); INSERT INTO public.sales VALUES (1); CREATE SEQUENCE public.s",
        f"CREATE TABLE public.hidden AS SELECT n AS k, '{SENTINEL}' AS v FROM generate_series(1, 9) AS n",
        "ANALYZE public.hidden",
        f"CREATE FUNCTION public.planted(text) RETURNS text LANGUAGE sql AS $$ SELECT '{SENTINEL}' $$",
    )
    with postgres_account(NAME, made) as account:

        def state() -> object:
            with servers.postgres_connection(account.administrator) as admin:
                return admin.execute(
                    "SELECT (SELECT array_agg(a) FROM public.sales), (SELECT count(*) FROM public.hidden),"
                    " (SELECT count(*) FROM pg_class WHERE relname !~ '^pg_'), (SELECT last_value FROM public.s),"
                    " (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database ="
                    " (SELECT oid FROM pg_database WHERE datname = current_database()))"
                ).fetchall()

        yield World(
            account,
            POSTGRES,
            POSTGRES_ENDLESS,
            lambda at: PostgresWarehouse(PostgresOptions(**place(at))),
            servers.postgres_connection,
            state,
        )


@pytest.fixture(scope="module")
def mariadb() -> Iterator[World]:
    made = (
        "CREATE TABLE sales (a int)",
        "INSERT INTO sales VALUES (1)",
        "CREATE TABLE hidden (k int, v varchar(20))",
        f"INSERT INTO hidden VALUES (1, '{SENTINEL}')",
        "CREATE SEQUENCE s",
        f"CREATE FUNCTION planted(t text) RETURNS text DETERMINISTIC RETURN '{SENTINEL}'",
    )
    with mariadb_account(NAME, made) as account:

        def state() -> object:
            with servers.mariadb_connection(account.administrator) as admin, admin.cursor() as cursor:
                cursor.execute(
                    f"SELECT (SELECT GROUP_CONCAT(a) FROM {NAME}.sales), (SELECT COUNT(*) FROM {NAME}.hidden),"
                    f" (SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = '{NAME}'),"
                    f" (SELECT next_not_cached_value FROM {NAME}.s), IS_FREE_LOCK('l')"
                )
                return cursor.fetchall()

        def connected(at: servers.Address) -> pymysql.Connection:
            connection = servers.mariadb_connection(at)
            connection.select_db(at.database)
            return connection

        yield World(
            account,
            MARIADB,
            MARIADB_ENDLESS,
            lambda at: MariaDBWarehouse(MariaDBOptions(**place(at))),
            connected,
            state,
        )


@pytest.fixture(params=["postgres", "mariadb"])
def world(request: pytest.FixtureRequest) -> World:
    return request.getfixturevalue(request.param)


def using(warehouse: Warehouse, work: Callable[[Warehouse], Awaitable[Result]]) -> Result:
    async def main() -> Result:
        try:
            return await work(warehouse)
        finally:
            await warehouse.close()

    return asyncio.run(main())


def asked(world: World, at: servers.Address) -> dict[str, object]:
    """What each attempt gives as a confined statement: the rows, or the error."""

    async def work(warehouse: Warehouse) -> dict[str, object]:
        answers: dict[str, object] = {}
        for each in world.attempts:
            try:
                answers[each.sql] = [*(await warehouse.run(released(each.sql, confined=True, seconds=5))).values]
            except WarehouseError as error:
                answers[each.sql] = error
        return answers

    return using(world.opened(at), work)


def sent(world: World, sql: str) -> bool:
    """Say whether the account may run the text on a plain connection of its own, in a transaction that could write."""
    with world.connected(world.account.own) as own:
        try:
            with own.cursor() as cursor:
                if isinstance(own, psycopg.Connection):
                    own.execute("SET default_transaction_read_only = off")
                cursor.execute(sql)
        except (psycopg.Error, pymysql.MySQLError, RuntimeError):
            return False
        return True


def test_each_attempt_is_stopped_by_whom_the_list_says(world: World):
    """The sessions with an administrator's rights, and the account without the sessions: neither leans on the other."""
    by_session = {sql for sql, got in asked(world, world.account.administrator).items() if isinstance(got, Exception)}
    by_grants = {each.sql for each in world.attempts if not sent(world, each.sql)}
    words = {(True, True): "both", (True, False): "session", (False, True): "grants", (False, False): "nobody"}
    got = {each.sql: words[each.sql in by_session, each.sql in by_grants] for each in world.attempts}
    assert got == {each.sql: each.by for each in world.attempts}
    assert all(each.note for each in world.attempts if each.by == "nobody")


def test_nothing_hidden_comes_back_and_nothing_changes(world: World):
    """With both: no row shows the sentinel or the server's files, and no attempt leaves anything behind."""
    before = world.state()
    answers = asked(world, world.account.own)
    for each in world.attempts:
        got = answers[each.sql]
        if each.by == "nobody":
            assert not isinstance(got, Exception), (each.sql, got)
        else:
            assert isinstance(got, WarehouseError), (each.sql, got)
            assert got.code.startswith(("E_WAREHOUSE_FAILED", "E_SQL_")), (each.sql, got.engine_text)
            assert SENTINEL not in str(got)
        assert SENTINEL not in str(got), each.sql
        assert HOST not in str(got), each.sql
    assert world.state() == before
    assert not Path("/tmp/stolen").exists()  # noqa: S108 - where the attempts would write


def test_what_does_not_end_is_ended(world: World):
    """At the deadline, whatever the statement did to the server's own limit; the next one is answered."""

    async def work(warehouse: Warehouse) -> None:
        for sql in world.endless:
            begin = time.perf_counter()
            with pytest.raises(WarehouseError) as caught:
                await warehouse.run(released(sql, confined=True, seconds=0.3))
            assert caught.value.code == "E_WAREHOUSE_TIMEOUT", (sql, caught.value.engine_text)
            assert time.perf_counter() - begin < 2.3
            assert [*(await warehouse.run(released("SELECT 1 AS a", confined=True))).values[0]] == [1]

    using(world.opened(world.account.own), work)


def test_what_one_statement_does_the_next_does_not_see(world: World):
    """On the same session: settings, and what functions remember."""

    async def work(warehouse: Warehouse) -> None:
        for each in world.attempts:
            if each.by == "nobody":
                await warehouse.run(released(each.sql, confined=True))
        told = (
            "SELECT current_setting('search_path') AS a, current_setting('statement_timeout') AS b"
            if warehouse.dialect == "postgres"
            else "SELECT LAST_INSERT_ID() AS a, 0 AS b"
        )
        rows = await warehouse.run(released(told, confined=True, seconds=5))
        assert [*rows.values[0]] == (["pg_catalog", "7s"] if warehouse.dialect == "postgres" else [0, 0])

    using(world.opened(world.account.own), work)


def test_the_list_is_worth_its_name():
    """Both guards have attempts that they alone stop, on both engines."""
    for attempts in (POSTGRES, MARIADB):
        counts = Counter(each.by for each in attempts)
        assert min(counts["both"], counts["session"], counts["grants"]) >= 5
