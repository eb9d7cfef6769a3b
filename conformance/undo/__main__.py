"""``python -m conformance.undo [--trials N] [--seed N] [--compare] [ENGINE...]``: 1 if any came out wrong."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time

from conformance.undo.places import ENGINES, placed
from conformance.undo.promises import kept
from conformance.undo.trials import Tally, Trials
from metricgate.adapters.warehouses.changing.rows import RowAccess

_EVERY = 200


def main() -> int:
    """Run the trials."""
    parser = argparse.ArgumentParser(prog="python -m conformance.undo")
    parser.add_argument("engines", nargs="*", metavar="ENGINE", help=f"of {', '.join(ENGINES)}; default: all")
    parser.add_argument("--trials", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--compare", action="store_true", help="on servers, go the road of many rows for any number")
    asked = parser.parse_args()
    if asked.compare:
        RowAccess.few = 0
    wrong = 0
    for engine in asked.engines or ENGINES:
        begin = time.monotonic()
        tally = asyncio.run(tried(engine, asked.trials, asked.seed))
        kinds = "; ".join(f"{kind} {count:,}" for kind, count in sorted(tally.kinds.items()))
        print(
            f"{engine}: {asked.trials:,} trials in {time.monotonic() - begin:.0f} s: {kinds}; wrong {len(tally.wrong)}"
        )
        for each in tally.wrong[:10]:
            print(f"  {each}")
        wrong += len(tally.wrong) + promised(engine, asked.trials, asked.seed)
    return 1 if wrong else 0


def promised(engine: str, trials: int, seed: int) -> int:
    """Make trials of what is shown as R0, over random schemas; return how many did not come back."""
    begin = time.monotonic()

    def told(done: int) -> None:
        if done % _EVERY == 0:
            print(f"  {engine}, schemas: {done:,}", file=sys.stderr)

    found = asyncio.run(kept(engine, trials, seed, told))
    print(f"{engine}, random schemas: {found.trials:,} trials in {time.monotonic() - begin:.0f} s: {found.line()}")
    for each in found.broken[:10]:
        print(f"  {each}")
    return len(found.broken)


async def tried(engine: str, trials: int, seed: int) -> Tally:
    """Make trials on one engine."""

    def told(done: int) -> None:
        if done % _EVERY == 0:
            print(f"  {engine}: {done:,}", file=sys.stderr)

    async with placed(engine) as place:
        return await Trials(place, seed).run(trials, told)


if __name__ == "__main__":
    sys.exit(main())
