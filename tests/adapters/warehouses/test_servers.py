"""What is the servers' own: addresses, lost connections, sessions that forget. The rest is in the contract."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.adapters.warehouses.proxy import Proxy
from tests.contracts import servers
from tests.contracts.server_engines import mariadb_warehouse, postgres_warehouse
from tests.contracts.warehouse_engines import released

from metricgate.adapters.warehouses.mariadb.options import MariaDBOptions
from metricgate.adapters.warehouses.mariadb.plugin import MARIADB
from metricgate.adapters.warehouses.mariadb.section import MariaDBSection
from metricgate.adapters.warehouses.mariadb.statement_text import UnsafeStatementText, with_values
from metricgate.adapters.warehouses.mariadb.warehouse import MariaDBWarehouse
from metricgate.adapters.warehouses.postgres.options import PostgresOptions
from metricgate.adapters.warehouses.postgres.plugin import POSTGRES
from metricgate.adapters.warehouses.postgres.section import PostgresSection
from metricgate.adapters.warehouses.postgres.warehouse import PostgresWarehouse
from metricgate.adapters.warehouses.servers.plugin import ServerPlugin
from metricgate.adapters.warehouses.servers.writer_options import WriterOptions
from metricgate.dialects.engines import dialect_named
from metricgate.gateway.ports import Warehouse, WarehouseError, WarehouseUnfit
from metricgate.vocabulary.result import DataType

Result = TypeVar("Result")
OPENED = {"postgres": postgres_warehouse, "mariadb": mariadb_warehouse}
OWN_ID = {"postgres": "SELECT pg_backend_pid() AS id", "mariadb": "SELECT CONNECTION_ID() AS id"}
SLOW = "SELECT sum(x.a * y.a * z.a * w.a) AS total FROM numbers x, numbers y, numbers z, numbers w"
MADE = {
    "postgres": lambda **place: PostgresWarehouse(PostgresOptions(**place)),
    "mariadb": lambda **place: MariaDBWarehouse(MariaDBOptions(**place)),
}


def using(warehouse: Warehouse, work: Callable[[Warehouse], Awaitable[Result]]) -> Result:
    async def main() -> Result:
        try:
            return await work(warehouse)
        finally:
            await warehouse.close()

    return asyncio.run(main())


def kill(kind: str, connection: object) -> None:
    if kind == "postgres":
        with servers.postgres_connection(servers.postgres()) as admin:
            admin.execute("SELECT pg_terminate_backend(%s)", [connection])
    else:
        with servers.mariadb_connection(servers.mariadb()) as admin, admin.cursor() as cursor:
            cursor.execute(f"KILL CONNECTION {connection}")


async def own_id(kind: str, warehouse: Warehouse) -> object:
    return (await warehouse.run(released(OWN_ID[kind]))).values[0][0]


async def values(warehouse: Warehouse, sql: str, *parameters: object) -> list[Sequence[object]]:
    return [tuple(row) for row in (await warehouse.run(released(sql, *parameters))).values]


@pytest.fixture(params=OPENED)
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


def test_a_connection_lost_while_idle_is_replaced_without_a_word(kind: str):
    """A server that was restarted at night costs nobody an error in the morning."""

    async def work(warehouse: Warehouse) -> None:
        first = await own_id(kind, warehouse)
        assert await own_id(kind, warehouse) == first
        kill(kind, first)
        await asyncio.sleep(0.2)
        assert await own_id(kind, warehouse) != first

    using(OPENED[kind](callers=1), work)


def test_a_connection_lost_in_a_statement_is_told_and_the_next_one_works(kind: str):
    """The caller may ask again: the pool has no dead session left."""

    async def work(warehouse: Warehouse) -> None:
        number = await own_id(kind, warehouse)
        running = asyncio.create_task(warehouse.run(released(SLOW)))
        await asyncio.sleep(0.3)
        await asyncio.to_thread(kill, kind, number)
        with pytest.raises(WarehouseError) as caught:
            await running
        assert caught.value.code == "E_WAREHOUSE_UNAVAILABLE"
        assert await own_id(kind, warehouse) != number

    using(OPENED[kind](callers=1), work)


def test_a_cut_result_leaves_nothing_for_the_next_caller(kind: str):
    """After a result was cut, the same and other sessions answer what they are asked."""

    async def work(warehouse: Warehouse) -> None:
        for number in range(5):
            rows = await warehouse.run(released("SELECT a FROM numbers ORDER BY a", rows=3))
            assert [row[0] for row in rows.values] == [0, 1, 2]
            assert await values(warehouse, f"SELECT {number} AS n") == [(number,)]

    using(OPENED[kind](callers=1), work)


def test_no_more_connections_than_callers(kind: str):
    """Twenty at once on two connections: each gets its turn."""

    async def work(warehouse: Warehouse) -> None:
        found = await asyncio.gather(*(own_id(kind, warehouse) for _ in range(20)))
        assert len(set(found)) <= 2

    using(OPENED[kind](callers=2), work)


def test_an_address_where_nobody_is_is_told_at_once(kind: str):
    """A wrong port is found at the start, not by the first caller."""
    place = {"host": "127.0.0.1", "port": 1, "database": "d", "user": "u"}
    with pytest.raises(WarehouseError) as caught:
        MADE[kind](**place)
    assert caught.value.code == "E_WAREHOUSE_UNAVAILABLE"
    assert "127.0.0.1" in caught.value.engine_text


@pytest.mark.parametrize("heard", ["8.0.36", "10.5.29-MariaDB"])
def test_a_server_that_cannot_carry_changes_out_is_read_from_only(heard: str):
    """With a writer it is refused by its version, for good; without one it opens. The version is changed on its way."""
    at = servers.mariadb()
    with servers.mariadb_connection(at) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT VERSION()")
        version = str(cursor.fetchone()[0])
    proxy = Proxy(at.host, at.port)
    proxy.instead = (version.encode(), heard.ljust(len(version), "-").encode())
    place = {"host": "127.0.0.1", "port": proxy.port, "database": at.database, "user": at.user, "password": at.password}
    try:
        asyncio.run(MariaDBWarehouse(MariaDBOptions(**place)).close())
        with pytest.raises(WarehouseUnfit, match="E_WAREHOUSE_UNAVAILABLE") as caught:
            MariaDBWarehouse(MariaDBOptions(**place, writer=WriterOptions(user=at.user, marker_schema=at.database)))
    finally:
        proxy.refuse()
    assert "changes need MariaDB 10.6" in caught.value.engine_text
    assert heard in caught.value.engine_text


def test_a_server_without_tls_is_not_used_where_tls_is_asked(kind: str):
    """`verify-full` does not fall back to a plain connection."""
    at = servers.postgres() if kind == "postgres" else servers.mariadb()
    place = {"host": at.host, "port": at.port, "database": at.database, "user": at.user, "tls": "verify-full"}
    with pytest.raises(WarehouseError) as caught:
        MADE[kind](**place)
    assert caught.value.code == "E_WAREHOUSE_UNAVAILABLE"


@pytest.mark.parametrize("plugin", [POSTGRES, MARIADB], ids=["postgres", "mariadb"])
def test_a_missing_driver_names_the_extra(plugin: ServerPlugin, tmp_path: Path):
    """Settings load without the driver; opening says what to install."""
    bare = ServerPlugin(
        section=plugin.section,
        dialect=plugin.dialect,
        module="no.such",
        warehouse="None_",
        driver="no_such_driver",
        extra=plugin.extra,
    )
    section = bare.section.model_validate({"kind": plugin.extra, "database": "d", "user": "u"})
    with pytest.raises(WarehouseError) as caught:
        bare.from_section(section, tmp_path)
    assert caught.value.code == "E_WAREHOUSE_UNAVAILABLE"
    assert f"pip install 'metricgate[{plugin.extra}]'" in caught.value.engine_text


class Opener:
    """A warehouse without a driver, which tells what it was opened with."""

    @staticmethod
    def from_section(section: object, folder: Path) -> tuple[object, Path]:
        """Return what was given."""
        return section, folder


def test_a_plugin_may_have_a_dialect_of_its_own_and_no_driver(tmp_path: Path):
    """A server over HTTP needs no package; a driver without an extra is installed by its own name."""
    own = dialect_named("clickhouse")
    keys = {"section": PostgresSection, "dialect": own, "module": __name__, "warehouse": "Opener"}
    section = PostgresSection.model_validate({"kind": "postgres", "database": "d", "user": "u"})
    bare = ServerPlugin(**keys)
    assert bare.dialect is own
    assert bare.from_section(section, tmp_path) == (section, tmp_path)
    with pytest.raises(WarehouseError) as caught:
        ServerPlugin(**keys, driver="no_such_driver").from_section(section, tmp_path)
    assert caught.value.engine_text == "the driver 'no_such_driver' is not installed: pip install no_such_driver"


@pytest.mark.parametrize("section", [PostgresSection, MariaDBSection])
def test_a_password_comes_from_the_environment_only(section, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The section has no key for it, names the variable that is missing, and never shows it."""
    keys = {"kind": "postgres" if section is PostgresSection else "mariadb", "database": "d", "user": "u"}
    with pytest.raises(ValidationError):
        section.model_validate({**keys, "password": "hunter2"})
    named = section.model_validate({**keys, "password_variable": "WAREHOUSE_PASSWORD"})
    monkeypatch.delenv("WAREHOUSE_PASSWORD", raising=False)
    with pytest.raises(WarehouseError) as caught:
        named.options(tmp_path)
    assert "WAREHOUSE_PASSWORD" in caught.value.engine_text
    monkeypatch.setenv("WAREHOUSE_PASSWORD", "hunter2")
    options = named.options(tmp_path)
    assert options.password == "hunter2"
    assert "hunter2" not in repr(options)


@pytest.mark.parametrize("plugin", [POSTGRES, MARIADB], ids=["postgres", "mariadb"])
def test_the_settings_open_a_warehouse(plugin: ServerPlugin, tmp_path: Path):
    """The plugin of the entry point opens what its section names."""
    at = servers.postgres() if plugin is POSTGRES else servers.mariadb()
    keys = {"kind": plugin.extra, "host": at.host, "port": at.port, "database": at.database, "user": at.user}
    if at.password is not None:
        pytest.skip("the server's password would have to stand in the environment")
    warehouse = plugin.from_section(plugin.section.model_validate(keys), tmp_path)
    assert using(warehouse, lambda opened: values(opened, "SELECT 1 AS a")) == [(1,)]


def test_a_postgres_session_forgets():
    """Settings, also those that a SELECT can make, and locks are gone with the statement."""

    async def work(warehouse: Warehouse) -> None:
        await values(
            warehouse, "SELECT set_config('work_mem', '1GB', false), set_config('statement_timeout', '0', false)"
        )
        await values(warehouse, "SELECT pg_try_advisory_lock(7)")
        await values(warehouse, "SELECT set_config('search_path', 'elsewhere', false)")
        [(memory, locks, path)] = await values(
            warehouse,
            "SELECT current_setting('work_mem'), (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
            " AND pid = pg_backend_pid()), current_setting('search_path')",
        )
        assert (memory, locks) == ("64MB", 0)
        assert path == f'pg_catalog, "{servers.SCHEMA}"'
        rows = await warehouse.run(released("SELECT current_setting('statement_timeout') AS t", seconds=5))
        assert rows.values[0][0] == "7s"

    using(postgres_warehouse(callers=1), work)


def test_a_mariadb_session_forgets():
    """What a function remembers, and the settings of the session, are as new for the next statement on it."""

    async def work(warehouse: Warehouse) -> None:
        state = (
            "SELECT LAST_INSERT_ID() AS remembered, CONVERT(TIMEDIFF(NOW(), UTC_TIMESTAMP()), CHAR) AS zone,"
            " 'a' || 'b' AS mode, CHARSET('a') AS names"
        )
        number = await own_id("mariadb", warehouse)
        before = await values(warehouse, state)
        assert before == [(0, "00:00:00", "ab", "utf8mb4")]
        assert await values(warehouse, "SELECT LAST_INSERT_ID(42) AS told") == [(42,)]
        assert await values(warehouse, state) == before
        assert await own_id("mariadb", warehouse) == number

    using(mariadb_warehouse(callers=1), work)


def test_a_postgres_role_describes_only_what_it_may_read():
    """A table without a grant is as absent as one that does not exist."""
    name = f"{servers.SCHEMA}_reader"

    async def work(warehouse: Warehouse) -> None:
        found = await warehouse.describe([("open_to_all",), ("numbers",)])
        assert [column.name for column in found["open_to_all",] or ()] == ["a"]
        assert found["numbers",] is None
        with pytest.raises(WarehouseError) as caught:
            await values(warehouse, "SELECT a FROM numbers")
        assert caught.value.code == "E_WAREHOUSE_FAILED"

    warehouse = postgres_warehouse()
    asyncio.run(warehouse.close())
    with servers.postgres_connection(servers.postgres()) as admin:
        admin.execute(f"CREATE ROLE {name} LOGIN")
        try:
            admin.execute(f"CREATE TABLE {servers.SCHEMA}.open_to_all (a INT)")
            admin.execute(f"GRANT USAGE ON SCHEMA {servers.SCHEMA} TO {name}")
            admin.execute(f"GRANT SELECT ON {servers.SCHEMA}.open_to_all TO {name}")
            using(postgres_warehouse(user=name), work)
        finally:
            admin.execute(f"DROP OWNED BY {name}")
            admin.execute(f"DROP ROLE {name}")


def test_a_mariadb_number_is_a_boolean_where_the_definition_says_so():
    """MariaDB has no booleans: TINYINT(1) is one by its declaration, a comparison by the definition's word."""

    async def work(warehouse: Warehouse) -> None:
        rows = await warehouse.run(
            released("SELECT a = 1 AS v FROM numbers ORDER BY a LIMIT 2", expected=DataType.BOOLEAN)
        )
        assert [row[0] for row in rows.values] == [False, True]
        assert rows.columns[0].type is DataType.BOOLEAN

    using(mariadb_warehouse(), work)


HOSTILE = st.lists(
    st.text(st.one_of(st.sampled_from("'\"`\\;?@%$#-/*\n"), st.characters(exclude_categories=["Cs"])), max_size=12),
    min_size=1,
    max_size=4,
)


@pytest.mark.parametrize("kind", OPENED)
def test_hostile_texts_come_back_as_they_went(kind: str):
    """Quotes, backslashes, marks and comments inside values stay values, in whatever places they stand."""

    async def work(warehouse: Warehouse) -> None:
        @settings(max_examples=150, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(HOSTILE)
        def texts(found: list[str]) -> None:
            asked.append([text.replace("\x00", "") for text in found])

        asked: list[list[str]] = []
        texts()
        for each in asked:
            marks = [f"CAST(${number} AS TEXT)" if kind == "postgres" else "?" for number in range(1, len(each) + 1)]
            sql = "SELECT " + ", ".join(f"{mark} AS v{number}" for number, mark in enumerate(marks))
            assert await values(warehouse, sql, *each) == [tuple(each)]

    using(OPENED[kind](callers=1), work)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1 -- x",
        "SELECT 1 --\tx",
        "SELECT 1 --",
        "SELECT 1 /* x */",
        "select 1;",
        "SELECT 1 #",
        "TABLE t",
    ],
)
def test_the_scanner_refuses(text: str):
    """Comments in each of their forms, and anything after the statement."""
    with pytest.raises(UnsafeStatementText):
        with_values(text, [])


def test_the_scanner_leaves_expressions_alone():
    """Minus signs, dates and quoted words are no comments, and a name is not the word it begins with."""
    for text in (
        "SELECT 1--1",
        "SELECT `into`, 'for update', \"?\" FROM t",
        "SELECT information, sleeper FROM lock_",
        "(SELECT 1)",
    ):
        assert with_values(text, []) == text
