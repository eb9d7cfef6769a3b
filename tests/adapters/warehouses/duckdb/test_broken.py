"""An instance that a statement broke answers nothing more: the next statement gets another one.

DuckDB ends an instance at a mistake of its own. What makes it do so is no matter of ours and stands nowhere here: its
error is raised in its place.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest
from tests.contracts.warehouse_engines import released

from metricgate.adapters.warehouses.duckdb.engine import DuckDBEngine
from metricgate.adapters.warehouses.duckdb.errors import breaks
from metricgate.adapters.warehouses.duckdb.options import DuckDBOptions
from metricgate.adapters.warehouses.duckdb.warehouse import DuckDBWarehouse
from metricgate.adapters.warehouses.duckdb.workers import channels, frames
from metricgate.gateway.ports import WarehouseError

BROKEN = duckdb.InternalException("INTERNAL Error: a mistake of the engine's own")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "w.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE t AS SELECT 7 AS x")
    return path


def test_the_gateways_own_instance_is_opened_anew(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One question fails; those after it, at once or later, do not."""

    async def play() -> None:
        warehouse = DuckDBWarehouse(DuckDBOptions(path=file))
        try:
            assert (await warehouse.run(released("SELECT x FROM t"))).values == [(7,)]
            first = warehouse._own._engine
            with broken_once(monkeypatch, first):
                with pytest.raises(WarehouseError):
                    await warehouse.run(released("SELECT x FROM t"))
                answers = await asyncio.gather(*(warehouse.run(released("SELECT x FROM t")) for _each in range(8)))
            assert [each.values for each in answers] == [[(7,)]] * 8
            assert warehouse._own._engine is not first
        finally:
            await warehouse.close()

    asyncio.run(play())


@contextmanager
def broken_once(monkeypatch: pytest.MonkeyPatch, engine: DuckDBEngine) -> Iterator[None]:
    """Let this instance fail from now on as one does that DuckDB has ended."""
    whole = DuckDBEngine.run

    def run(self, *arguments):
        if self is engine:
            raise BROKEN
        return whole(self, *arguments)

    with monkeypatch.context() as patched:
        patched.setattr(DuckDBEngine, "run", run)
        yield


def test_a_worker_says_that_its_instance_is_broken(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An ordinary mistake of a statement does not break it."""
    # It runs in this process here, whose time is not its own.
    monkeypatch.setattr(channels.limits, "limit_time", lambda _seconds: None)
    with duckdb.connect(str(file)) as root:
        here, there = socket.socketpair()
        worker = channels.Worker(DuckDBEngine(root, writable=False), [there], 1, 1 << 60, None)
        threading.Thread(target=worker._answer_all, args=(0,), daemon=True).start()
        assert asked(here, "SELECT nothing FROM t")["broken"] is False
        monkeypatch.setattr(DuckDBEngine, "run", lambda *_arguments: (_ for _ in ()).throw(BROKEN))
        assert asked(here, "SELECT x FROM t")["broken"] is True
        here.close()


def asked(channel: socket.socket, sql: str) -> frames.Head:
    question = {"kind": "run", "question": 1, "seconds": 5.0, "rows": 10, "bytes": 1 << 20}
    frames.send(channel, {**question, "sql": sql, "parameters": [], "checks": []})
    assert frames.receive(channel)[0] == {"begun": True}
    return frames.receive(channel, 1 << 20)[0]


def test_a_worker_with_a_broken_instance_is_replaced(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks next is answered by another process."""

    async def play() -> None:
        warehouse = DuckDBWarehouse(DuckDBOptions(path=file, workers=1))
        try:
            assert (await warehouse.run(released("SELECT x FROM t", confined=True))).values == [(7,)]
            before = warehouse._jail.pids()
            received = telling(monkeypatch)
            with pytest.raises(WarehouseError):
                await warehouse.run(released("SELECT nothing FROM t", confined=True))
            assert received == ["broken"]
            assert (await warehouse.run(released("SELECT x FROM t", confined=True))).values == [(7,)]
            assert warehouse._jail.pids() != before
        finally:
            await warehouse.close()

    asyncio.run(play())


def telling(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let the next answer that is a failure say that the instance is broken."""
    from metricgate.adapters.warehouses.duckdb.workers import pool

    whole, said = pool.receive, []

    def receive(*arguments):
        head, body = whole(*arguments)
        if head.get("ok") is False and not said:
            said.append("broken")
            head = {**head, "broken": True}
        return head, body

    monkeypatch.setattr(pool, "receive", receive)
    return said


@pytest.mark.parametrize(
    ("error", "breaking"),
    [
        (BROKEN, True),
        (duckdb.FatalException("FATAL Error: Failed: database has been invalidated"), True),
        (duckdb.BinderException("Binder Error: no column INTERNAL Error"), False),
        (OSError("FATAL Error: Failed: database has been invalidated"), True),
        (OSError("disk full"), False),
    ],
)
def test_which_errors_break_an_instance(error: BaseException, breaking: bool) -> None:
    """Words that a caller may have written in a statement do not."""
    assert breaks(error) is breaking
