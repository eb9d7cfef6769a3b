"""``python -m bench.soak [--minutes N] [--out FOLDER] [--trace]``: mixed load on one gateway, and whether it grows.

Sixteen callers ask good and bad questions of three warehouses and propose changes, each of another form; two clients
open sessions of MCP and close them, and a person reads the record and takes changes back. Meanwhile workers are killed,
a warehouse's file is swapped and a PostgreSQL server of its own is killed and started again. Every few seconds memory,
open files, threads, the ledger's queue, open intents, write-ahead logs and latency are noted. The median of the last
sixth is held against that of the second: more than 5 % of growth is a failure (exit 1). Beside the figures (JSON lines)
lie a picture, and what the memory consists of, minute by minute (``bench.soak.inside``).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path

from tests.faults.served import served

from bench.soak.figures import picture, told
from bench.soak.load import Load
from bench.soak.place import made
from bench.soak.server import OwnPostgres


def main() -> int:
    """Run, print the medians, write figures and picture."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--out", type=Path, default=Path("bench/results"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--trace", action="store_true", help="say in which lines memory was allocated; slow")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    looks = asked.out.absolute() / "soak-memory.jsonl"
    looks.unlink(missing_ok=True)
    looking = (sys.executable, "-m", "bench.soak.inside", str(looks), *(["--trace"] if asked.trace else []))
    with tempfile.TemporaryDirectory() as folder, OwnPostgres() as server:
        place = made(Path(folder) / "shop", server)
        with served(place.folder, wrapper=looking) as gate:
            load = Load(gate, place, seconds=asked.minutes * 60, seed=asked.seed)
            asyncio.run(load.run())
            gate.stop()
            gate.verified()
    (asked.out / "soak.jsonl").write_text("".join(f"{json.dumps(each)}\n" for each in load.figures))
    (asked.out / "soak.svg").write_text(picture(load.figures))
    for name, count in sorted(load.outcomes.items()):
        print(f"{count:>8,}  {name}")
    return 1 if told(load.figures) else 0


if __name__ == "__main__":
    sys.exit(main())
