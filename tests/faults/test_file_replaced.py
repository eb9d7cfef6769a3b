"""Another file is put in the warehouse's place while the gateway serves: noticed within a second, reopened whole."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from pathlib import Path

import duckdb
import pytest
from tests.faults.served import served, slow_project
from tests.gateway.conftest import ask, opened, write_project

from metricgate.gateway.outcome import Answered, Fault

ORDERS = {"metrics": ["sales.orders"]}


def other_file(folder: Path, orders: int) -> Path:
    """Make a database of the same tables with another number of orders."""
    made = folder / f"new-{orders}.duckdb"
    shutil.copy(folder / "data.duckdb", made)
    with duckdb.connect(str(made)) as connection:
        connection.execute("CREATE TABLE kept AS FROM orders LIMIT 1; DELETE FROM orders")
        connection.execute(f"INSERT INTO orders SELECT kept.* FROM kept, range({orders})")
        connection.execute("DROP TABLE kept; CHECKPOINT")
    return made


async def count(parts, tool="query_metrics", arguments=None) -> int:
    outcome = await ask(parts, "omni", tool, arguments or ORDERS)
    assert isinstance(outcome, Answered), outcome
    return int(outcome.answer["rows"][0][0])


def test_the_new_file_answers_at_once(tmp_path):
    """One swap after another: governed metrics and their checks read the file that is there, and readiness knows."""
    folder = write_project(tmp_path / "project")

    async def story():
        async with opened(folder) as parts:
            [warehouse] = parts.warehouses.values()
            assert await count(parts) == 4
            first = warehouse.data_state
            for orders in (7, 11):
                made = other_file(folder, orders)
                # Of the same second, to the nanosecond: the state of the data tells files apart all the same.
                there = (folder / "data.duckdb").stat()
                os.utime(made, ns=(there.st_atime_ns, there.st_mtime_ns))
                made.replace(folder / "data.duckdb")
                assert await count(parts) == orders
                assert warehouse.data_state["as_of"] == first["as_of"]
                assert warehouse.data_state["file"] != first["file"]
            (folder / "data.duckdb").rename(folder / "away.duckdb")
            outcome = await ask(parts, "omni", "query_metrics", ORDERS)
            assert isinstance(outcome, Fault)
            assert outcome.problem.code.name == "E_WAREHOUSE_UNAVAILABLE"
            (folder / "data.duckdb").write_bytes(b"no database")
            await asyncio.sleep(0.6)
            assert isinstance(await ask(parts, "omni", "query_metrics", ORDERS), Fault)
            (folder / "away.duckdb").replace(folder / "data.duckdb")
            await asyncio.sleep(0.6)
            assert await count(parts) == 11

    asyncio.run(story())


def test_bytes_written_over_a_file_are_noticed_too(tmp_path):
    """``cp`` over the open file changes what is under the engine: no answer mixes the two."""
    folder = write_project(tmp_path / "project")

    async def story():
        async with opened(folder) as parts:
            assert await count(parts) == 4
            made = other_file(folder, 9)
            (folder / "data.duckdb").write_bytes(made.read_bytes())
            await asyncio.sleep(0.6)
            for _ in range(3):
                outcome = await ask(parts, "omni", "query_metrics", ORDERS)
                if isinstance(outcome, Answered):
                    break
                await asyncio.sleep(0.6)
            assert int(outcome.answer["rows"][0][0]) == 9

    asyncio.run(story())


@pytest.mark.parametrize("metric", ["sales.endless"])
def test_what_runs_fails_clearly_and_readiness_follows(tmp_path, metric):
    """A served gateway: a question without end is told that its file is gone; the next one is answered from the new."""
    folder = slow_project(tmp_path / "project")
    with served(folder) as gate:
        assert gate.ask().json()["answer"]["rows"] == [[4]]
        running = gate.meanwhile(metric)
        gate.until_event("gov.call.released", count=2)
        other_file(folder, 6).replace(folder / "data.duckdb")
        assert gate.get("/readyz").status_code == 200
        assert gate.ask().json()["answer"]["rows"] == [[6]]
        ended = running.result()
        assert ended.status_code == 503, ended.text
        assert json.loads(ended.text)["code"] == "E_WAREHOUSE_UNAVAILABLE"
        (folder / "data.duckdb").unlink()
        assert gate.get("/readyz").status_code == 503
        gate.stop()
        gate.verified()
