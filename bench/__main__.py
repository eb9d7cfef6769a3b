"""`make bench`: every benchmark's figures, each beside its floor measured in the same run.

Usage: python -m bench [SUBJECT ...]   (subjects are the bench_*.py files without prefix; default all)
"""

from __future__ import annotations

import importlib
import json
import os
import platform
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.timing import Figure

_FOLDER = Path(__file__).parent
_FULL = 40


def main() -> None:
    """Run the named benchmarks, print a table with a bar per ratio, and write the figures as JSON lines."""
    known = sorted(path.stem.removeprefix("bench_") for path in _FOLDER.glob("bench_*.py"))
    wanted = sys.argv[1:] or known
    if unknown := sorted(set(wanted) - set(known)):
        sys.exit(f"no benchmark called {', '.join(unknown)}; there are: {', '.join(known)}")
    console = Console(width=max(140, Console().width))
    console.print(f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores; medians")
    found: list[Figure] = []
    for subject in wanted:
        with console.status(f"measuring {subject} …"):
            found += importlib.import_module(f"bench.bench_{subject}").figures()
    console.print(_table(found))
    out = _FOLDER.parent / ".metricgate" / "bench.jsonl"
    out.parent.mkdir(exist_ok=True)
    with out.open("w") as lines:
        for figure in found:
            facts = {name: getattr(figure, name) for name in Figure.__slots__}
            lines.write(json.dumps(facts) + "\n")
    console.print(f"figures as JSON lines: {out.relative_to(_FOLDER.parent)}")


def _table(figures: list[Figure]) -> Table:
    table = Table(box=None, padding=(0, 1), header_style="bold")
    table.add_column("what", min_width=44)
    table.add_column("figure", justify="right")
    table.add_column("unit")
    table.add_column("floor", justify="right")
    table.add_column("floor is")
    table.add_column("ratio", justify="right")
    table.add_column("")
    table.add_column("aim")
    subject = ""
    for figure in figures:
        if figure.subject != subject:
            subject = figure.subject
            table.add_row(f"[bold]{subject}[/]")
        ratio = figure.value / figure.floor if figure.floor else float("nan")
        table.add_row(
            f"  {figure.name}", _number(figure.value), figure.unit, _number(figure.floor), figure.floor_name,
            f"{ratio:,.2f}", _bar(ratio), figure.aim,
        )  # fmt: skip
    return table


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:,.1f}" if value >= 10 else f"{value:,.2f}"


def _bar(ratio: float) -> str:
    length = min(_FULL // 4, round(ratio * 2)) if ratio == ratio else 0  # noqa: PLR0124 - not a NaN
    return "▇" * max(length, 1)


if __name__ == "__main__":
    main()
