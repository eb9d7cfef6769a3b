"""``python -m conformance.doors [--each N] [ENGINE...]``: what came through which door; 1 if anything is wrong."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from conformance.doors.places import ENGINES
from conformance.doors.walking import DOORS, walked

_EACH = {"duckdb": 6, "postgres": 1, "mariadb": 1}
"""DuckDB nests every type in six ways to a depth of three; the adapter's own test goes through more of them."""


def main() -> int:
    """Walk."""
    parser = argparse.ArgumentParser(prog="python -m conformance.doors")
    parser.add_argument("engines", nargs="*", metavar="ENGINE", help=f"of {', '.join(ENGINES)}; default: all")
    parser.add_argument("--each", type=int, help="take one of so many of the types that nest others")
    asked = parser.parse_args()
    wrong = 0
    for engine in asked.engines or ENGINES:
        begin = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="doors-") as folder:
            tally = asyncio.run(walked(engine, Path(folder) / "project", each=asked.each or _EACH[engine], told=_told))
        seconds = time.monotonic() - begin
        print(f"{engine}, {seconds:.0f} s: wrong {len(tally.wrong)}, intents without an outcome {tally.left_open}")
        for door in DOORS:
            print(f"  {door.name}: {tally.exact[door.name]:,} exact, {tally.refused[door.name]:,} refused by name")
        for line in tally.wrong[:20]:
            print(f"  wrong: {line[:400]}")
        wrong += len(tally.wrong) + tally.left_open
    return 1 if wrong else 0


def _told(line: str) -> None:
    print(f"  {line}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
