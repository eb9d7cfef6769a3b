"""``python -m tests.oracle FIRST [COUNT]``: compare the questions of seeds, and show every disagreement made small.

Then how often each shape of looking back was drawn and compared, and what came of all questions.
"""

from __future__ import annotations

import sys
from collections import Counter
from random import Random

import duckdb
from tests.oracle.comparing import run
from tests.oracle.shapes import SHAPES
from tests.oracle.shrinking import shrunk, told
from tests.oracle.worlds import world_of


def main(first: int, count: int) -> int:
    """Print disagreements and totals; return how many disagreements there are."""
    connection, totals, drawn = duckdb.connect(), Counter(), Counter()
    for seed in range(first, first + count):
        for outcome in run(seed, connection):
            totals[outcome.kind] += 1
            drawn.update(outcome.shapes if outcome.kind in {"agreed", "differs", "told cut"} else ())
            totals[outcome.note.partition(":")[0]] += outcome.kind == "refused"
            if outcome.kind == "differs":
                print(told(seed, *shrunk(world_of(Random(seed)), outcome, connection)))  # noqa: S311 - seeded
    for shape in SHAPES:
        print(f"{drawn[shape]:7,} {shape}")
    print({name: number for name, number in totals.items() if number})
    return totals["differs"]


if __name__ == "__main__":
    sys.exit(min(main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1), 1))
