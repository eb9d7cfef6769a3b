"""``python -m tests.oracle FIRST [COUNT] [--engine NAME]``: compare the questions of seeds.

Every difference is shown, made small. Then how often each shape of looking back was drawn and compared, and what came
of all questions.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections import Counter
from random import Random

from tests.oracle.comparing import run
from tests.oracle.engines import DIALECTS, Engine, opened_for
from tests.oracle.shapes import SHAPES
from tests.oracle.shrinking import shrunk, told
from tests.oracle.worlds import world_of


def main(engine: Engine, first: int, count: int) -> int:
    """Print disagreements and totals; return how many disagreements there are."""
    totals, drawn = Counter(), Counter()
    for seed in range(first, first + count):
        for outcome in run(seed, engine):
            totals[outcome.kind] += 1
            drawn.update(outcome.shapes if outcome.kind in {"agreed", "differs", "told cut"} else ())
            totals[outcome.note.partition(":")[0]] += outcome.kind == "refused"
            if outcome.kind == "differs":
                print(told(seed, *shrunk(world_of(Random(seed)), outcome, engine)))  # noqa: S311 - seeded
    for shape in SHAPES:
        print(f"{drawn[shape]:7,} {shape}")
    print(engine.dialect, {name: number for name, number in totals.items() if number})
    return totals["differs"]


if __name__ == "__main__":
    parser = ArgumentParser(prog="python -m tests.oracle")
    parser.add_argument("first", type=int, help="the first seed")
    parser.add_argument("count", type=int, nargs="?", default=1, help="how many seeds, of twelve questions each")
    parser.add_argument("--engine", choices=DIALECTS, default="duckdb")
    given = parser.parse_args()
    with opened_for(given.engine) as opened:
        sys.exit(min(main(opened, given.first, given.count), 1))
