"""``python -m tests.oracle FIRST [COUNT]``: compare the questions of seeds, and show every disagreement made small."""

from __future__ import annotations

import sys
from collections import Counter
from random import Random

import duckdb
from tests.oracle.comparing import run
from tests.oracle.shrinking import shrunk, told
from tests.oracle.worlds import world_of


def main(first: int, count: int) -> int:
    """Print disagreements and totals; return how many disagreements there are."""
    connection, totals = duckdb.connect(), Counter()
    for seed in range(first, first + count):
        for outcome in run(seed, connection):
            totals[outcome.kind] += 1
            totals[outcome.note.partition(":")[0]] += outcome.kind == "refused"
            if outcome.kind == "differs":
                print(told(seed, *shrunk(world_of(Random(seed)), outcome, connection)))  # noqa: S311 - seeded
    print({name: number for name, number in totals.items() if number})
    return totals["differs"]


if __name__ == "__main__":
    sys.exit(min(main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1), 1))
