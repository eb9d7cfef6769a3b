"""``python -m conformance.differential --engine ENGINE --count N --seed S``: random queries, raw and through the gate.

With ``--writes``: random changes, each done directly in a transaction that is rolled back, and proposed, carried out
and taken back. A long run is kept in a file (``--keep``) and goes on from there; several that were kept, of other
seeds or other stretches of one (``--first``), count as one run with ``--sum``.

Prints what came back changed, what was refused and how often each construct was drawn; ends with 1 where anything came
back changed, more than 2 % were refused, or (of 5,000 and more) a construct was drawn less often than 200 times in
50,000.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from conformance.differential.constructs import constructs
from conformance.differential.forms import ENGINES
from conformance.differential.gate import opened
from conformance.differential.inline import Inline
from conformance.differential.places import placed
from conformance.differential.reporting import judged, printed
from conformance.differential.running import FILTERED_OF, run
from conformance.differential.tally import Kept, Tally, summed
from conformance.differential.writes.gate import opened as changes_opened
from conformance.differential.writes.places import placed as changes_placed
from conformance.differential.writes.running import run as run_changes
from conformance.differential.writes.statements import changes_drawn


def main(arguments: Sequence[str]) -> int:
    """Run on each engine that is named, or on all; or print what was kept."""
    asked = _asked(arguments)
    # What was made on a server is dropped, also where the run is ended from outside.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    if asked.sum:
        return _summed([Path(each) for each in asked.sum], asked.shown)
    worst = 0
    what = "changes" if asked.writes else "queries"
    for engine in asked.engine or ENGINES:
        print(f"{engine}: {asked.count:,} {what}, --seed {asked.seed}", flush=True)
        with asyncio.Runner() as runner:
            runner.get_loop().set_default_executor(Inline())
            tally = runner.run((_changes if asked.writes else _queries)(engine, asked))
        own = changes_drawn(engine) if asked.writes else constructs(engine)
        printed(engine, tally, own, shown=asked.shown)
        worst = max(worst, judged(engine, tally, asked.count, own))
    return worst


def _asked(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m conformance.differential")
    parser.add_argument("--engine", choices=ENGINES, action="append", help="may be said more than once; default: all")
    parser.add_argument("--count", type=int, default=1_000, help="queries that the raw engine runs")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of tables and queries")
    parser.add_argument("--first", type=int, default=0, metavar="NUMBER", help="begin with this query of the seed")
    parser.add_argument("--keep", type=Path, metavar="FILE", help="write the run there as it goes, and go on from it")
    parser.add_argument(
        "--sum", nargs="+", metavar="FILE", help="print what was kept in these, as one run; run nothing"
    )
    parser.add_argument("--filtered", action="store_true", help="ask each query under row filters too, not each third")
    parser.add_argument("--writes", action="store_true", help="changes instead of queries")
    parser.add_argument(
        "--shrink",
        action="store_true",
        help="make what is printed smaller; tries texts with words left out, so only on an engine that may fall over",
    )
    parser.add_argument("--shown", type=int, default=10, help="how many changed queries are printed in full")
    asked = parser.parse_args(arguments)
    if asked.keep is not None and (asked.writes or len(asked.engine or ENGINES) != 1):
        parser.error("--keep is for queries on one engine: say which with --engine")
    return asked


def _summed(paths: Sequence[Path], shown: int) -> int:
    worst = 0
    for engine, tally in summed(map(Kept.read, paths)).items():
        printed(engine, tally, constructs(engine), shown=shown)
        worst = max(worst, judged(engine, tally, tally.valid, constructs(engine)))
    return worst


async def _queries(engine: str, asked: argparse.Namespace) -> Tally:
    kept = Kept(engine=engine, seed=asked.seed, next=asked.first)
    if asked.keep is not None and asked.keep.exists():
        kept = Kept.read(asked.keep)
        if (kept.engine, kept.seed) != (engine, asked.seed):
            raise SystemExit(f"{asked.keep} is of --engine {kept.engine} --seed {kept.seed}.")
    began, before, had = time.monotonic(), kept.tally.seconds, kept.tally.valid

    def told(tally: Tally, following: int) -> None:
        tally.seconds = before + time.monotonic() - began
        rate = (tally.valid - had) / (time.monotonic() - began)
        print(
            f"  {tally.valid:,} of {asked.count:,}, {rate:.1f} a second: {len(tally.findings)} changed, "
            f"{tally.refused_share:.2%} refused; goes on with --first {following}",
            flush=True,
        )
        kept.next = following
        if asked.keep is not None:
            kept.write(asked.keep)

    every = 1 if asked.filtered else FILTERED_OF
    with _folder() as folder, placed(engine, asked.seed, folder) as place:
        async with opened(place, folder) as gate:
            tally = await run(
                place,
                gate,
                count=asked.count,
                seed=asked.seed,
                first=kept.next,
                tally=kept.tally,
                every=every,
                shrinks=asked.shrink,
                told=told,
            )
    tally.seconds = before + time.monotonic() - began
    return tally


async def tried(engine: str, count: int, seed: int) -> Tally:
    """Make the tables and a gateway on them, and run."""
    with _folder() as folder, placed(engine, seed, folder) as place:
        async with opened(place, folder) as gate:
            return await run(place, gate, count=count, seed=seed)


async def _changes(engine: str, asked: argparse.Namespace) -> Tally:
    """Make the tables that may be changed and a gateway on them, and run."""
    began = time.monotonic()

    def told(tally: Tally, following: int) -> None:
        rate = tally.valid / (time.monotonic() - began)
        print(
            f"  {tally.valid:,} of {asked.count:,}, {rate:.1f} a second: {len(tally.findings)} wrong, "
            f"{tally.refused_share:.2%} refused; goes on with --first {following}",
            flush=True,
        )

    with _folder() as folder, changes_placed(engine, asked.seed, folder) as place:
        async with changes_opened(place, folder) as gate:
            tally = await run_changes(place, gate, count=asked.count, seed=asked.seed, first=asked.first, told=told)
    tally.seconds = time.monotonic() - began
    return tally


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="metricgate-differential-") as name:
        yield Path(name)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
