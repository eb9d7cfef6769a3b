"""Servers that hang, go away and come back, behind a real TCP proxy: nobody waits past their limit and two seconds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator

import pytest
from tests.adapters.warehouses.proxy import Proxy, proxied
from tests.adapters.warehouses.test_servers import OPENED, kill, own_id, using
from tests.contracts import servers
from tests.contracts.warehouse_engines import released

from metricgate.gateway.ports import Warehouse, WarehouseError

LIMIT = 0.4
HUNG = "SELECT 'hang_here' AS a"
# What the client sends at the beginning, in the middle and at the end of each statement.
PHASES = {
    "beginning": {"postgres": b"BEGIN READ ONLY", "mariadb": b"START TRANSACTION READ ONLY"},
    "statement": {"postgres": b"hang_here", "mariadb": b"hang_here"},
    "ending": {"postgres": b"DISCARD ALL", "mariadb": b"\x01\x00\x00\x00\x1f"},
}


@pytest.fixture(params=OPENED)
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def proxy(kind: str) -> Iterator[Proxy]:
    at = servers.postgres() if kind == "postgres" else servers.mariadb()
    with proxied(at.host, at.port) as between:
        yield between


async def outcome(warehouse: Warehouse, sql: str = "SELECT 1 AS a", seconds: float = LIMIT) -> object:
    """The value, or the code of the failure; within the limit and two seconds."""
    began = time.perf_counter()
    try:
        return (await warehouse.run(released(sql, seconds=seconds))).values[0][0]
    except WarehouseError as error:
        return error.code
    finally:
        assert time.perf_counter() - began < seconds + 2


async def answers_again(warehouse: Warehouse, seconds: float = 6.0) -> None:
    """Wait until as many as the pool holds are answered at once."""
    end = time.perf_counter() + seconds
    while set(await asyncio.gather(*(outcome(warehouse) for _ in range(2)))) != {1}:
        assert time.perf_counter() < end, "the pool stays starved"
        await asyncio.sleep(0.05)


def through(kind: str, proxy: Proxy, work: Callable[[Warehouse], Awaitable[None]], callers: int = 2) -> None:
    using(OPENED[kind](callers=callers, port=proxy.port, connect_seconds=2), work)


@pytest.mark.parametrize("phase", ["connecting", *PHASES])
def test_a_server_that_hangs_keeps_nobody(kind: str, phase: str, proxy: Proxy):
    """More callers than connections each get an answer in time, and the pool is whole again when the server is."""

    async def work(warehouse: Warehouse) -> None:
        assert await outcome(warehouse) == 1
        if phase == "connecting":
            proxy.drop()
            proxy.hangs = True
        else:
            proxy.marker = PHASES[phase][kind]
        found = await asyncio.gather(*(outcome(warehouse, HUNG) for _ in range(5)))
        assert proxy.seen.is_set()
        # Whoever has their rows does not wait for the session to be cleaned.
        assert set(found) <= ({"hang_here", "E_WAREHOUSE_TIMEOUT"} if phase == "ending" else {"E_WAREHOUSE_TIMEOUT"})
        assert phase != "ending" or found[0] == "hang_here"
        proxy.hangs, proxy.marker = False, None
        await answers_again(warehouse)

    through(kind, proxy, work)


def test_idle_sessions_behind_a_dead_firewall_cost_one_caller(kind: str, proxy: Proxy):
    """Where one idle session hangs, the others are not tried one after the other."""

    async def work(warehouse: Warehouse) -> None:
        await asyncio.gather(*(own_id(kind, warehouse) for _ in range(12)))
        proxy.hangs = True
        assert await outcome(warehouse) == "E_WAREHOUSE_TIMEOUT"
        proxy.hangs = False
        await asyncio.sleep(1.0)
        assert await outcome(warehouse) == 1

    through(kind, proxy, work, callers=4)


def test_others_are_answered_beside_one_that_hangs(kind: str, proxy: Proxy):
    """One stuck connection is one caller's trouble."""

    async def work(warehouse: Warehouse) -> None:
        proxy.marker = b"hang_here"
        stuck = asyncio.create_task(outcome(warehouse, HUNG, seconds=1.0))
        await asyncio.to_thread(proxy.seen.wait, 5)
        for _ in range(10):
            assert await outcome(warehouse) == 1
        assert not stuck.done()
        assert await stuck == "E_WAREHOUSE_TIMEOUT"

    through(kind, proxy, work)


def test_who_goes_away_from_a_hung_server_frees_the_thread(kind: str, proxy: Proxy):
    """A cancelled caller is gone at once; the thread follows, and so does the close of the warehouse."""

    async def work(warehouse: Warehouse) -> None:
        proxy.marker = b"hang_here"
        gone = asyncio.create_task(warehouse.run(released(HUNG, seconds=60)))
        await asyncio.to_thread(proxy.seen.wait, 5)
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        assert await outcome(warehouse, seconds=3) == 1
        proxy.seen.clear()
        last = asyncio.create_task(outcome(warehouse, HUNG, seconds=60))
        await asyncio.to_thread(proxy.seen.wait, 5)
        began = time.perf_counter()
        await warehouse.close()
        assert await last == "E_WAREHOUSE_CANCELLED"
        assert time.perf_counter() - began < 3

    through(kind, proxy, work, callers=1)


def test_a_hung_server_is_told_at_the_start(kind: str, proxy: Proxy):
    """The handshake has a time limit: a gateway does not wait for ever to start."""
    proxy.hangs = True
    began = time.perf_counter()
    with pytest.raises(WarehouseError) as caught:
        OPENED[kind](port=proxy.port, connect_seconds=2)
    assert caught.value.code == "E_WAREHOUSE_UNAVAILABLE"
    assert time.perf_counter() - began < 4


def test_a_server_that_restarts_is_told_and_found_again(kind: str, proxy: Proxy):
    """Statements that run are lost, callers meanwhile are refused at once, and the first one after is answered."""

    async def work(warehouse: Warehouse) -> None:
        proxy.marker = b"hang_here"
        running = asyncio.create_task(outcome(warehouse, HUNG, seconds=30))
        await asyncio.to_thread(proxy.seen.wait, 5)
        proxy.refuse()
        assert await running == "E_WAREHOUSE_UNAVAILABLE"
        for _ in range(3):
            began = time.perf_counter()
            assert await outcome(warehouse, seconds=30) == "E_WAREHOUSE_UNAVAILABLE"
            assert time.perf_counter() - began < 1
        proxy.accept_again()
        assert await asyncio.gather(*(outcome(warehouse, seconds=5) for _ in range(4))) == [1] * 4

    through(kind, proxy, work)


def test_every_session_killed_at_once(kind: str, proxy: Proxy):
    """What an administrator kills while it is idle, all of it, costs nobody an error."""

    async def work(warehouse: Warehouse) -> None:
        first = set(await asyncio.gather(*(own_id(kind, warehouse) for _ in range(8))))
        for each in first:
            await asyncio.to_thread(kill, kind, each)
        await asyncio.sleep(0.2)
        assert not first & set(await asyncio.gather(*(own_id(kind, warehouse) for _ in range(8))))

    through(kind, proxy, work, callers=3)


def _limited(kind: str, name: str) -> list[str]:
    if kind == "postgres":
        return [f"CREATE ROLE {name} LOGIN CONNECTION LIMIT 1", f"DROP ROLE {name}"]
    return [f"CREATE USER {name} WITH MAX_USER_CONNECTIONS 1", f"DROP USER {name}"]


def _as_administrator(kind: str, text: str) -> None:
    if kind == "postgres":
        with servers.postgres_connection(servers.postgres()) as admin:
            admin.execute(text)
    else:
        with servers.mariadb_connection(servers.mariadb()) as admin, admin.cursor() as cursor:
            cursor.execute(text)
            if text.startswith("CREATE"):
                cursor.execute(f"GRANT SELECT ON {servers.SCHEMA}.* TO {text.split()[2]}")


def test_too_many_connections_is_told_and_passes(kind: str):
    """Where the server grants fewer connections than the gateway asks for, some are told so, and the rest go on."""
    name = f"{servers.SCHEMA}_few"
    make, drop = _limited(kind, name)
    asyncio.run(OPENED[kind]().close())
    slow = (
        "pg_sleep(0.5)::TEXT"
        if kind == "postgres"
        else "(SELECT sum(x.a * y.a) FROM numbers x, numbers y, numbers z WHERE z.a < 9)"
    )

    async def work(warehouse: Warehouse) -> None:
        running = asyncio.create_task(outcome(warehouse, f"SELECT 1 AS a, {slow} AS b", seconds=9))
        await asyncio.sleep(0.1)
        with pytest.raises(WarehouseError) as caught:
            await warehouse.run(released("SELECT 1 AS a", seconds=5))
        assert caught.value.code == "E_WAREHOUSE_UNAVAILABLE"
        assert "connections" in caught.value.engine_text
        assert await running == 1
        await asyncio.sleep(0.1)
        assert await outcome(warehouse, seconds=5) == 1

    _as_administrator(kind, make)
    try:
        using(OPENED[kind](callers=2, user=name), work)
    finally:
        _as_administrator(kind, drop)
