"""``python -m bench.soak [--minutes N] [--out FOLDER]``: hours of mixed load on one gateway, and whether it grows.

Sixteen callers ask good and bad questions and propose changes, each of another form; now and then the engine's worker
is killed. Every few seconds memory, open files, threads, the ledger's queue, open intents, the write-ahead log and the
callers' latency are noted. At the end the median of the last sixth is held against that of the second: more than 5 % of
growth is a failure (exit 1). Beside the figures (JSON lines) lies a picture.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import signal
import statistics
import sys
import tempfile
import time
from pathlib import Path

import httpx2
from tests.faults.served import Served, served
from tests.gateway.writing.shop import POLICY, write_shop

from metricgate.adapters.stores.ledger_reading import EntryFilter, LedgerReader

_CALLERS = 16
_EVERY_SECONDS = 5.0
_LOOKED_AT = 2_000
_MOST_GROWTH = 0.05
_GROWING = ("memory_mb", "files", "threads", "open_intents", "wal_mb")
_DRAWN = ("memory_mb", "latency_ms", "queue")
_SLACK = {"files": 4, "threads": 4, "open_intents": 16, "wal_mb": 4.0, "memory_mb": 0.0}
"""What may come and go between two looks, whatever the share."""


def main() -> int:
    """Run, print the medians, write figures and picture."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--out", type=Path, default=Path("bench/results"))
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        project = write_shop(
            Path(folder) / "shop", policy=POLICY.replace('["agent:desk"', '["agent:omni", "agent:desk"')
        )
        with served(project) as gate:
            figures = asyncio.run(_soaked(gate, asked.minutes * 60, random.Random(asked.seed)))  # noqa: S311
            gate.stop()
            gate.verified()
    asked.out.mkdir(parents=True, exist_ok=True)
    (asked.out / "soak.jsonl").write_text("".join(f"{json.dumps(each)}\n" for each in figures))
    (asked.out / "soak.svg").write_text(picture(figures))
    return 1 if told(figures) else 0


async def _soaked(gate: Served, seconds: float, drawn: random.Random) -> list[dict[str, float]]:
    end, latencies, figures = time.monotonic() + seconds, [], []
    headers = {"Authorization": f"Bearer {gate.key('omni')}"}
    async with httpx2.AsyncClient(base_url=gate.url, headers=headers, timeout=60) as client:

        async def call(number: int) -> None:
            while time.monotonic() < end:
                tool, arguments = _asked(drawn, number)
                begin = time.monotonic()
                try:
                    await client.post(f"/v1/tools/{tool}", json=arguments)
                except httpx2.TransportError:
                    await asyncio.sleep(0.1)
                latencies.append((time.monotonic() - begin) * 1e3)

        async def disturb() -> None:
            while time.monotonic() < end:
                await asyncio.sleep(20)
                for child in _workers(gate.process.pid):
                    os.kill(child, signal.SIGKILL)

        async def watch() -> None:
            begin = time.monotonic()
            while time.monotonic() < end:
                await asyncio.sleep(_EVERY_SECONDS)
                figures.append({"second": round(time.monotonic() - begin), **await _noted(gate, client, latencies)})
                latencies.clear()

        await asyncio.gather(*(call(number) for number in range(_CALLERS)), disturb(), watch())
    return figures


def _asked(drawn: random.Random, number: int) -> tuple[str, dict[str, object]]:
    """Return the next call: every one of another text, as agents' are."""
    key = f"{number}-{drawn.getrandbits(48):x}"
    return drawn.choice(
        [
            ("query_sql", {"sql": f"SELECT id, status FROM orders WHERE id > {drawn.randrange(10**6)} LIMIT 3"}),
            (
                "query_sql",
                {"sql": f"SELECT region, COUNT(*) AS n FROM customers WHERE name <> '{key}' GROUP BY region"},
            ),
            ("query_metrics", {"metrics": ["nope"], "limit": drawn.randrange(1, 10**6)}),
            ("describe_dataset", {}),
            ("nope", {"key": key}),
            ("propose_write", {"sql": f"UPDATE orders SET status = '{key[:12]}' WHERE id = 1", "because": "soak"}),
            (
                "propose_write",
                {
                    "sql": f"UPDATE orders SET status = '{key[:12]}' WHERE id = 2",
                    "because": "soak",
                    "dry_run": False,
                    "idempotency_key": key,
                },
            ),
        ]
    )


async def _noted(gate: Served, client: httpx2.AsyncClient, latencies: list[float]) -> dict[str, float]:
    process = Path(f"/proc/{gate.process.pid}")
    status = (process / "status").read_text()
    counters = (await client.get("/metrics")).text
    queue = re.search(r"^metricgate_ledger_queue_depth ([\d.e+]+)$", counters, re.MULTILINE)
    wal = gate.ledger.with_name(f"{gate.ledger.name}-wal")
    return {
        "memory_mb": int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024,
        "threads": int(re.search(r"Threads:\s+(\d+)", status)[1]),
        "files": len(list((process / "fd").iterdir())),
        "queue": float(queue[1]) if queue else 0.0,
        "open_intents": _open_intents(gate),
        "wal_mb": wal.stat().st_size / 1e6 if wal.exists() else 0.0,
        "latency_ms": statistics.median(latencies) if latencies else 0.0,
        "calls": len(latencies),
    }


def _open_intents(gate: Served) -> int:
    """Return how many of the latest intents have no entry that links to them."""
    with LedgerReader(gate.ledger) as reader:
        latest = list(reader.entries(EntryFilter(), limit=_LOOKED_AT))
    released = {each.index for each in latest if each.event == "gov.call.released"}
    links = (each.fields.get("gov.links") for each in latest)
    linked = {link["index"] for found in links if isinstance(found, list) for link in found}
    return len(released - linked)


def _workers(parent: int) -> list[int]:
    """Return the numbers of the engine's worker processes."""
    children = Path(f"/proc/{parent}/task/{parent}/children")
    return [int(each) for each in children.read_text().split()] if children.exists() else []


def told(figures: list[dict[str, float]]) -> list[str]:
    """Print medians of the second and the last sixth of the run; return what grew by more than it may."""
    sixth = len(figures) // 6
    grown = []
    if sixth == 0:
        print("too short to tell: give at least 30 looks")
        return ["too short"]
    for name in _GROWING:
        early = statistics.median(each[name] for each in figures[sixth : 2 * sixth])
        late = statistics.median(each[name] for each in figures[-sixth:])
        if late > early * (1 + _MOST_GROWTH) + _SLACK[name]:
            grown.append(name)
        print(f"{name:<14} {early:10.1f} -> {late:10.1f}  {'GREW' if name in grown else 'steady'}")
    return grown


def picture(figures: list[dict[str, float]]) -> str:
    """Return an SVG with a strip each for memory, latency and queue over the run."""
    width, height = 900, 160
    strips = []
    for place, name in enumerate(_DRAWN):
        values = [each[name] for each in figures] or [0.0]
        most = max(values) or 1.0
        points = " ".join(
            f"{60 + (width - 80) * at / max(1, len(values) - 1):.1f},{height - 20 - (height - 50) * value / most:.1f}"
            for at, value in enumerate(values)
        )
        strips.append(
            f'<g transform="translate(0 {place * height})"><text x="8" y="18">{name}, at most {most:,.1f}</text>'
            f'<polyline fill="none" stroke="#246" stroke-width="1.5" points="{points}"/>'
            f'<line x1="60" x2="{width - 20}" y1="{height - 20}" y2="{height - 20}" stroke="#999"/></g>'
        )
    last = figures[-1]["second"] if figures else 0
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height * len(_DRAWN) + 20}" '
        f'font-family="sans-serif" font-size="12">{"".join(strips)}'
        f'<text x="60" y="{height * len(_DRAWN) + 10}">0 to {last:,.0f} seconds</text></svg>\n'
    )


if __name__ == "__main__":
    sys.exit(main())
