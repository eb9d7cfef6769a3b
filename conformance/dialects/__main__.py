"""``python -m conformance.dialects``: write every form for every warehouse not connected to, and check the texts."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from conformance.dialects.constructs import WRITERS, faults
from conformance.dialects.forms import questions
from metricgate.catalog.catalog_loader import load
from metricgate.compiling.compiler import compile_plan
from metricgate.planning.plan import Plan
from metricgate.planning.planner import Planner
from metricgate.vocabulary.obligation import NO_OBLIGATIONS
from metricgate.vocabulary.problem import Problems

_ROOT = Path(__file__).resolve().parents[2]
_FOLDERS = (_ROOT / "semantic_models", *sorted(_ROOT.glob("examples/*/semantic_models")))


@dataclass(slots=True)
class Swept:
    """What became of the forms in one dialect: texts written, forms refused by it, faults with one form each."""

    written: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    faulty: Counter[str] = field(default_factory=Counter)
    seen: dict[str, str] = field(default_factory=dict)


def plans(folders: Sequence[Path] = _FOLDERS) -> Iterator[tuple[str, Plan]]:
    """Yield each form that can be planned, over the catalogs of these folders.

    Raises:
        SystemExit: a catalog does not load.
    """
    for folder in folders:
        catalog = load([(str(path), path.read_text(encoding="utf-8")) for path in sorted(folder.rglob("*.yaml"))])
        if isinstance(catalog, Problems):
            raise SystemExit(str(catalog))
        planner = Planner(catalog)
        for form, question in questions(catalog, planner):
            plan = planner.plan(question)
            if not isinstance(plan, Problems):
                yield form, plan


def sweep(step: int = 1) -> dict[str, Swept]:
    """Write each ``step``-th form in each dialect and check it."""
    found = {name: Swept() for name in WRITERS}
    for form, plan in islice(plans(), 0, None, step):
        for name, swept in found.items():
            statement = compile_plan(plan, NO_OBLIGATIONS, name)
            if isinstance(statement, Problems):
                swept.refused.update(problem.message for problem in statement)
                continue
            swept.written += 1
            for fault in faults(name, statement.sql):
                swept.faulty[fault] += 1
                swept.seen.setdefault(fault, f"{form}\n{statement.sql}")
    return found


def main(arguments: Sequence[str]) -> int:
    """Run; return 0 where no text has a fault, else 1."""
    parser = argparse.ArgumentParser(prog="python -m conformance.dialects", description=__doc__)
    parser.add_argument("--verbose", action="store_true", help="show one text for each fault")
    asked = parser.parse_args(arguments)
    found = sweep()
    print(f"{'dialect':<12}{'written':>9}{'refused':>9}{'faults':>8}")
    for name, swept in found.items():
        print(f"{name:<12}{swept.written:>9}{swept.refused.total():>9}{swept.faulty.total():>8}")
        for message, count in swept.refused.items():
            print(f"  {count:>6} refused: {message}")
        for fault, count in swept.faulty.items():
            print(f"  {count:>6} {fault}")
            if asked.verbose:
                print(swept.seen[fault])
    return 1 if any(swept.faulty for swept in found.values()) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
