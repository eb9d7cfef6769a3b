"""``python -m conformance.metricflow --cases FOLDER``: print passed/total by metric type."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from conformance.metricflow.engines import ENGINES
from conformance.metricflow.project import Prepared
from conformance.metricflow.running import Result, run

_TYPES = ("none", "simple", "ratio", "derived", "cumulative", "conversion")
_HERE = Path(__file__).resolve().parents[2]
_DEFAULT = _HERE.parent / "shared" / "conformance" / "metricflow"


def main(arguments: Sequence[str]) -> int:
    """Run; return 0 where every case passed, 1 where one failed, 2 where the folder is no suite."""
    parser = argparse.ArgumentParser(prog="python -m conformance.metricflow", description=__doc__)
    parser.add_argument("--cases", type=Path, default=_DEFAULT, metavar="FOLDER", help="the suite's folder")
    parser.add_argument("--only", metavar="NAME", help="only cases whose name contains this")
    parser.add_argument("--verbose", action="store_true", help="show the question and the SQL of each failure too")
    parser.add_argument("--results", type=Path, metavar="FILE", help="write one JSON line for each case")
    parser.add_argument("--engine", choices=ENGINES, default="duckdb", help="where the tables are (default: duckdb)")
    asked = parser.parse_args(arguments)
    missing = [name for name in ("fixtures", "manifests") if not (asked.cases / name).is_dir()]
    if missing or not list(asked.cases.glob("cases*.yaml")):
        print(
            f"There is no suite in {asked.cases}: it must hold cases.yaml, fixtures/ and manifests/.\n"
            "Name the folder: make conformance CASES=path",
            file=sys.stderr,
        )
        return 2
    results, projects = run(asked.cases, asked.only, asked.engine)
    for name, project in projects.items():
        _tell_project(name, project)
    for result in results:
        if not result.passed:
            _tell_failure(result, verbose=asked.verbose)
    _tell_score(results)
    if asked.results is not None:
        asked.results.write_text("".join(json.dumps(_line(result)) + "\n" for result in results), encoding="utf-8")
    return 0 if results and all(result.passed for result in results) else 1


def _tell_project(name: str, project: Prepared) -> None:
    for what, why in project.left_out.items():
        print(f"{name}: {what!r} does not load: {why}")


def _tell_failure(result: Result, *, verbose: bool) -> None:
    print(f"FAILED {result.case.name} ({result.case.metric_type})")
    if verbose:
        print(f"  asked: {json.dumps(result.asked)}")
    for line in result.lines:
        print(f"  {line}")
    if verbose and result.sql:
        print("  sql:")
        for line in result.sql.splitlines():
            print(f"    {line}")


def _tell_score(results: Sequence[Result]) -> None:
    kinds = [*_TYPES, *sorted({result.case.metric_type for result in results} - set(_TYPES))]
    print(f"{'metric type':<14}{'passed':>8}{'total':>8}")
    for kind in kinds:
        own = [result for result in results if result.case.metric_type == kind]
        if own:
            print(f"{kind:<14}{sum(result.passed for result in own):>8}{len(own):>8}")
    print(f"{'all':<14}{sum(result.passed for result in results):>8}{len(results):>8}")


def _line(result: Result) -> dict:
    return {
        "id": result.case.name,
        "metric_type": result.case.metric_type,
        "passed": result.passed,
        "asked": result.asked,
        "reason": "\n".join(result.lines) or None,
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
