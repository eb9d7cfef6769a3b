"""``python -m conformance.differential --engine ENGINE --count N --seed S``: random queries, raw and through the gate.

With ``--writes``: random changes, each done directly in a transaction that is rolled back, and proposed, carried out
and taken back.

Prints what came back changed, what was refused and how often each construct was drawn; ends with 1 where anything came
back changed, more than 2 % were refused, or (of 5,000 and more) a construct was drawn less often than 200 times in
50,000.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from conformance.differential.constructs import constructs
from conformance.differential.forms import ENGINES
from conformance.differential.gate import opened
from conformance.differential.places import placed
from conformance.differential.reporting import judged, printed
from conformance.differential.running import Tally, run
from conformance.differential.writes.gate import opened as changes_opened
from conformance.differential.writes.places import placed as changes_placed
from conformance.differential.writes.running import run as run_changes
from conformance.differential.writes.statements import changes_drawn


def main(arguments: Sequence[str]) -> int:
    """Run on each engine that is named, or on all."""
    parser = argparse.ArgumentParser(prog="python -m conformance.differential")
    parser.add_argument("--engine", choices=ENGINES, action="append", help="may be said more than once; default: all")
    parser.add_argument("--count", type=int, default=1_000, help="queries that the raw engine runs")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of tables and queries")
    parser.add_argument("--first", type=int, default=0, metavar="NUMBER", help="begin with this query of the seed")
    parser.add_argument("--writes", action="store_true", help="changes instead of queries")
    parser.add_argument(
        "--shrink",
        action="store_true",
        help="make what is printed smaller; tries texts with words left out, so only on an engine that may fall over",
    )
    parser.add_argument("--shown", type=int, default=10, help="how many changed queries are printed in full")
    asked = parser.parse_args(arguments)
    worst = 0
    what = "changes" if asked.writes else "queries"
    for engine in asked.engine or ENGINES:
        print(f"{engine}: {asked.count:,} {what}, --seed {asked.seed}", flush=True)
        begin = time.monotonic()
        if asked.writes:
            tally = asyncio.run(changed(engine, asked.count, asked.seed, asked.first))
        else:
            tally = asyncio.run(tried(engine, asked.count, asked.seed, asked.first, shrinks=asked.shrink))
        own = changes_drawn(engine) if asked.writes else constructs(engine)
        printed(engine, tally, time.monotonic() - begin, own, shown=asked.shown)
        worst = max(worst, judged(engine, tally, asked.count, own))
    return worst


async def tried(engine: str, count: int, seed: int, first: int = 0, *, shrinks: bool = False) -> Tally:
    """Make the tables and a gateway on them, and run."""

    def told(tally: Tally) -> None:
        print(f"  {tally.valid:,} of {count:,}: {len(tally.findings)} changed", flush=True)

    with tempfile.TemporaryDirectory(prefix="metricgate-differential-") as name:
        folder = Path(name)
        with placed(engine, seed, folder) as place:
            async with opened(place, folder) as gate:
                return await run(place, gate, count=count, seed=seed, first=first, shrinks=shrinks, told=told)


async def changed(engine: str, count: int, seed: int, first: int = 0) -> Tally:
    """Make the tables that may be changed and a gateway on them, and run."""

    def told(tally: Tally) -> None:
        print(f"  {tally.valid:,} of {count:,}: {len(tally.findings)} wrong", flush=True)

    with tempfile.TemporaryDirectory(prefix="metricgate-differential-") as name:
        folder = Path(name)
        with changes_placed(engine, seed, folder) as place:
            async with changes_opened(place, folder) as gate:
                return await run_changes(place, gate, count=count, seed=seed, first=first, told=told)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
