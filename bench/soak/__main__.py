"""``python -m bench.soak [--minutes N] [--out FOLDER]``: mixed load on one gateway, and whether it grows.

Sixteen callers ask good and bad questions of three warehouses and propose changes, each of another form, while workers
are killed, a warehouse's file is swapped and a PostgreSQL server of its own is killed and started again. Every few
seconds memory, open files, threads, the ledger's queue, open intents, write-ahead logs and latency are noted. The
median of the last sixth is held against that of the second: more than 5 % of growth is a failure (exit 1). Beside the
figures (JSON lines) lies a picture.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import httpx2
from tests.faults.served import Served, served

from bench.soak.asking import CALLERS, next_call
from bench.soak.figures import Figures, noted, picture, told
from bench.soak.place import Place, made
from bench.soak.server import OwnPostgres

_EVERY_SECONDS = 5.0
_AWAY_SECONDS = 0.1


def main() -> int:
    """Run, print the medians, write figures and picture."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--out", type=Path, default=Path("bench/results"))
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    outcomes: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder, OwnPostgres() as server:
        place = made(Path(folder) / "shop", server)
        with served(place.folder) as gate:
            figures = asyncio.run(_soaked(gate, place, asked.minutes * 60, asked.seed, outcomes))
            gate.stop()
            gate.verified()
    asked.out.mkdir(parents=True, exist_ok=True)
    (asked.out / "soak.jsonl").write_text("".join(f"{json.dumps(each)}\n" for each in figures))
    (asked.out / "soak.svg").write_text(picture(figures))
    for name, count in sorted(outcomes.items()):
        print(f"{count:>8,}  {name}")
    return 1 if told(figures) else 0


async def _soaked(
    gate: Served, place: Place, seconds: float, seed: int, outcomes: Counter[str]
) -> list[dict[str, float]]:
    end, latencies = time.monotonic() + seconds, list[float]()
    figures: Figures = []
    headers = {"Authorization": f"Bearer {gate.key('omni')}"}
    limits = httpx2.Limits(max_connections=CALLERS + 4)
    async with httpx2.AsyncClient(base_url=gate.url, headers=headers, timeout=60, limits=limits) as client:

        async def call(number: int) -> None:
            drawn = random.Random(f"{seed} {number}")  # noqa: S311 - questions, no secrets
            while time.monotonic() < end:
                tool, arguments = next_call(drawn, number)
                begin = time.monotonic()
                try:
                    answer = await client.post(f"/v1/tools/{tool}", json=arguments)
                    outcomes[f"{tool}: {answer.status_code} {_code(answer)}".rstrip()] += 1
                except httpx2.TransportError as error:
                    outcomes[f"{tool}: {type(error).__name__}"] += 1
                    await asyncio.sleep(_AWAY_SECONDS)
                latencies.append((time.monotonic() - begin) * 1e3)

        async def disturb() -> None:
            for number in range(sys.maxsize):
                await asyncio.sleep(min(place.every_seconds, max(0.0, end - time.monotonic())))
                if time.monotonic() >= end:
                    return
                outcomes[await asyncio.to_thread(place.disturb, number, gate.process.pid)] += 1

        async def watch() -> None:
            begin = time.monotonic()
            while time.monotonic() < end:
                await asyncio.sleep(_EVERY_SECONDS)
                counters = (await client.get("/metrics")).text
                found = await asyncio.to_thread(noted, gate, counters, latencies[:])
                latencies.clear()
                figures.append({"second": round(time.monotonic() - begin), **found})

        await asyncio.gather(*(call(number) for number in range(CALLERS)), disturb(), watch())
    return figures


def _code(answer: httpx2.Response) -> str:
    try:
        return str(answer.json().get("code") or "")
    except ValueError:
        return "no JSON"


if __name__ == "__main__":
    sys.exit(main())
