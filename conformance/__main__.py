"""``python -m conformance --cases FOLDER``: run whichever suites the folder, or a folder in it, holds."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from conformance.metricflow.__main__ import main as metricflow
from conformance.sql_safety.__main__ import main as sql_safety
from conformance.sql_safety.corpora import corpora

_DEFAULT = Path(__file__).resolve().parents[2] / "shared" / "conformance"
_SUITES: tuple[tuple[str, Callable[[Path], bool], Callable[[Sequence[str]], int]], ...] = (
    ("metric questions", lambda folder: any(folder.glob("cases*.yaml")), metricflow),
    ("corpora of SQL", lambda folder: any(corpora(folder)), sql_safety),
)


def main(arguments: Sequence[str]) -> int:
    """Run; return the worst of the suites' answers, 2 where there is none."""
    parser = argparse.ArgumentParser(prog="python -m conformance", description=__doc__)
    parser.add_argument("--cases", type=Path, default=_DEFAULT, metavar="FOLDER", help="a suite, or a folder of suites")
    parser.add_argument("--engine", default="duckdb", help="where the tables of metric questions are (default: duckdb)")
    asked = parser.parse_args(arguments)
    results = []
    for folder in (asked.cases, *sorted(path for path in asked.cases.glob("*/") if path.is_dir())):
        for what, is_one, run in _SUITES:
            if is_one(folder):
                print(f"==> {what}: {folder.name}")
                engine = ("--engine", asked.engine) if run is metricflow else ()
                results.append(run(["--cases", str(folder), *engine]))
    if not results:
        print(f"There is no suite in {asked.cases}. Name the folder: make conformance CASES=path", file=sys.stderr)
        return 2
    return max(results)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
