"""``python -m conformance.hiding [--calls N]``: hidden and absent names, interleaved; 1 where medians differ by 5 %.

Each pair of calls differs by one name: one that policy hides from the caller, and one that is nowhere, new each time as
somebody who tries names would send it. Their order within a pair is drawn, so that drifts of the machine hit both.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.faults.test_attacks_on_the_gate import HIDING_MODELS, HIDING_POLICY
from tests.gateway.conftest import ask, opened, write_project

from metricgate.gateway.outcome import Refused
from metricgate.vocabulary.json import Json

_MOST_APART = 0.05
_WARM = 50
_HIDDEN_METRICS = 40

Call = Callable[[str], tuple[str, dict[str, Json]]]
_PAIRS: dict[str, tuple[str, Call]] = {
    "metric": ("hidden.payroll", lambda name: ("describe_metric", {"metric": name})),
    "metric asked": ("hidden.payroll", lambda name: ("query_metrics", {"metrics": [name]})),
    "dimension": (
        "order__secretive",
        lambda name: ("query_metrics", {"metrics": ["sales.orders"], "group_by": [name]}),
    ),
    "dimension behind a join": (
        "customer__paygrade",
        lambda name: ("query_metrics", {"metrics": ["sales.orders"], "group_by": [name]}),
    ),
    "values": ("order__secretive", lambda name: ("list_dimension_values", {"dimension": name})),
}


def main() -> int:
    """Measure, and print a line for each pair."""
    parser = argparse.ArgumentParser(prog="python -m conformance.hiding")
    parser.add_argument("--calls", type=int, default=2_000, help="of each of the two, for each pair")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        apart = asyncio.run(_measured(Path(folder), asked.calls, random.Random(asked.seed)))  # noqa: S311
    return 1 if any(abs(each) > _MOST_APART for each in apart) else 0


async def _measured(folder: Path, calls: int, drawn: random.Random) -> list[float]:
    more = "".join(
        f"  - {{name: extra_{number}, domain: sales, owner: s@acme.example, description: More., type: simple,\n"
        "     semantic_model: orders, agg: sum, expr: amount}\n"
        for number in range(_HIDDEN_METRICS)
    )
    project = write_project(folder / "project", models=HIDING_MODELS + more, policy=HIDING_POLICY)
    found = []
    async with opened(project) as parts:
        for what, (hidden, call) in _PAIRS.items():
            times: dict[bool, list[float]] = {True: [], False: []}
            for number in range(calls + _WARM):
                order = [True, False]
                drawn.shuffle(order)
                for is_hidden in order:
                    tool, arguments = call(hidden if is_hidden else _absent(hidden, drawn))
                    begin = time.perf_counter()
                    outcome = await ask(parts, "small", tool, arguments)
                    spent = time.perf_counter() - begin
                    assert isinstance(outcome, Refused), (what, outcome)
                    if number >= _WARM:
                        times[is_hidden].append(spent)
            first, second = (statistics.median(times[each]) for each in (True, False))
            found.append(first / second - 1)
            each = f"hidden {first * 1e3:7.3f} ms, absent {second * 1e3:7.3f} ms"
            print(f"{what:<24} {each}, apart {100 * found[-1]:+.1f} %", flush=True)
    return found


def _absent(name: str, drawn: random.Random) -> str:
    """Return a name of the same form and length that is nowhere."""
    head, last = name[:-4], "".join(drawn.choice("bcdfghjklmnpqrstvwxz") for _ in range(4))
    return f"{head}{last}"


if __name__ == "__main__":
    sys.exit(main())
