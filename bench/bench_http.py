"""End to end over HTTP: a governed query against a bare FastAPI endpoint that runs the same SQL on the same engine.

Both servers are processes of their own with one worker; the caller is a third process with keep-alive connections. The
floor authenticates nobody, decides nothing and records nothing.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from bench.timing import Figure

_ROUNDS = 3
_MODELS = """
semantic_models:
  - name: readings
    source: main.readings
    agg_time_dimension: at
    entities: [{name: reading, type: primary, expr: id}]
    dimensions:
      - {name: at, type: time, granularity: day, expr: day}
      - {name: site, type: categorical, expr: site}
metrics:
  - {name: total, domain: bench, owner: bench, description: Sum., type: simple, semantic_model: readings, agg: sum,
     expr: amount}
"""
_POLICY = """
version: 1
roles: [{name: asker, members: ["agent:bench"]}]
grants:
  - {id: asks, roles: [asker], actions: [call, describe, query], on: ["tool:*", "metric:*", "dimension:*", "dataset:*"]}
limits: [{id: rows, roles: [asker], rows: 10000, seconds: 30}]
"""
_BARE = """
import asyncio, sys
from concurrent.futures import ThreadPoolExecutor
import duckdb, orjson, uvicorn
from fastapi import FastAPI, Request, Response
SQL = open(sys.argv[2]).read()
engine = duckdb.connect(sys.argv[1], read_only=True, config={"threads": 1})
pool = ThreadPoolExecutor(4)
app = FastAPI()
def run():
    cursor = engine.cursor()
    try:
        return cursor.execute(SQL).fetchall()
    finally:
        cursor.close()
@app.post("/query")
async def query(request: Request):
    orjson.loads(await request.body())
    rows = await asyncio.get_running_loop().run_in_executor(pool, run)
    return Response(orjson.dumps({"rows": rows}, default=str), media_type="application/json")
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[3]), log_level="error", access_log=False)
"""


def figures() -> list[Figure]:
    """Latency at one caller and calls a second at 16 callers, for trivial SQL and for SQL of about 20 ms."""
    found: list[Figure] = []
    for name, rows, calls in (("trivial SQL", 100, 1000), ("SQL of some 20 ms", 5_000_000, 60)):
        with tempfile.TemporaryDirectory() as folder:
            project = Path(folder)
            key = _project(project, rows)
            found += _measure(project, key, name, calls)
    return found


def _measure(project: Path, key: str, name: str, calls: int) -> list[Figure]:
    arguments: dict[str, object] = {"metrics": ["bench.total"]}
    if not name.startswith("trivial"):
        arguments["group_by"] = ["reading__site"]
    body = json.dumps(arguments).encode()
    with _serve([sys.executable, "-m", "metricgate", "serve", "--project", str(project), "--port"]) as port:
        head = f"POST /v1/tools/query_metrics HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {key}\r\n"
        governed = _Target(port=port, request=_request(head, body))
        answer = json.loads(asyncio.run(_once(governed)))["answer"]
        sql = project / "same.sql"
        sql.write_text(answer["sql"].replace("$1", "10001") if answer["parameters"] else answer["sql"])
        bare_script = project / "bare.py"
        bare_script.write_text(_BARE)
        with _serve([sys.executable, str(bare_script), str(project / "data.duckdb"), str(sql)]) as bare_port:
            bare_head = f"POST /query HTTP/1.1\r\nHost: 127.0.0.1:{bare_port}\r\n"
            bare = _Target(port=bare_port, request=_request(bare_head, body))
            one = [asyncio.run(_load(target, 1, calls)) for _ in range(_ROUNDS) for target in (governed, bare)]
            many = [asyncio.run(_load(target, 16, calls * 2)) for _ in range(_ROUNDS) for target in (governed, bare)]
    ours, floor = _median_ms(one[0::2]), _median_ms(one[1::2])
    rate, floor_rate = _median_rate(many[0::2]), _median_rate(many[1::2])
    trivial = name.startswith("trivial")
    return [
        Figure(subject="HTTP", name=f"{name}: governed call, 1 caller", value=ours, unit="ms", floor=floor,
               floor_name="bare endpoint", aim=""),
        Figure(subject="HTTP", name=f"{name}: the gateway's own share", value=ours - floor, unit="ms", floor=floor,
               floor_name="bare endpoint", aim="< 1 ms" if trivial else "ratio < 0.05"),
        Figure(subject="HTTP", name=f"{name}: calls a second, 16 callers", value=rate, unit="1/s", floor=floor_rate,
               floor_name="bare endpoint", aim="> 1,500/s" if trivial else ""),
    ]  # fmt: skip


class _Target:
    def __init__(self, *, port: int, request: bytes) -> None:
        self.port = port
        self.request = request


def _request(head: str, body: bytes) -> bytes:
    return f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


async def _once(target: _Target) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
    try:
        return await _exchange(reader, writer, target.request)
    finally:
        writer.close()


async def _exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> bytes:
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    length = next(int(line.partition(":")[2]) for line in lines if line.lower().startswith("content-length"))
    body = await reader.readexactly(length)
    if " 200 " not in f"{status} ":
        raise RuntimeError(f"{status}: {body[:500]!r}")
    return body


async def _load(target: _Target, callers: int, calls: int) -> tuple[float, float]:
    """Return (median seconds of a call, calls a second)."""
    times: list[float] = []
    share = max(calls // callers, 1)

    async def caller() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
        for _ in range(share):
            begin = time.perf_counter()
            await _exchange(reader, writer, target.request)
            times.append(time.perf_counter() - begin)
        writer.close()

    begin = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(callers)))
    return statistics.median(times), share * callers / (time.perf_counter() - begin)


def _median_ms(runs: list[tuple[float, float]]) -> float:
    return statistics.median(run[0] for run in runs) * 1_000


def _median_rate(runs: list[tuple[float, float]]) -> float:
    return statistics.median(run[1] for run in runs)


def _project(folder: Path, rows: int) -> str:
    (folder / "semantic_models").mkdir()
    (folder / "policies").mkdir()
    (folder / "semantic_models" / "bench.yaml").write_text(_MODELS)
    (folder / "policies" / "bench.yaml").write_text(_POLICY)
    (folder / "metricgate.yaml").write_text(
        "project: bench\nwarehouse: {kind: duckdb, file: data.duckdb, threads: 1}\n"
        # An agent that asks the same a thousand times is refused.
        "conduct: {repeats: null}\n"
    )
    with duckdb.connect(str(folder / "data.duckdb")) as engine:
        engine.execute(
            "CREATE TABLE readings AS SELECT i AS id, DATE '2026-01-01' + (i % 90)::INTEGER AS day, "
            f"'site ' || (i % 10) AS site, (i % 1000)::DECIMAL(12, 2) AS amount FROM range({rows}) AS r(i)"
        )
    made = subprocess.run(
        [sys.executable, "-m", "metricgate", "keys", "create", "bench", "--project", str(folder), "--json"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return str(json.loads(made.stdout)["secret"])


@contextmanager
def _serve(command: list[str]) -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "METRICGATE_LOG_LEVEL": "warning"}
    server = subprocess.Popen(
        [*command, str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment
    )
    try:
        for _ in range(300):
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield port
    finally:
        server.terminate()
        server.wait(timeout=20)
