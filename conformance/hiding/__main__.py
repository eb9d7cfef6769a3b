"""``python -m conformance.hiding [--calls N]``: hidden and absent names, interleaved; 1 where medians differ by 5 %.

Each pair of calls differs by one name: one that policy hides from the caller, and one that is nowhere. Both are drawn
alike and from as many names, each is asked as often, and the order within a pair is drawn: what was asked before is
answered faster, whatever it is, and drifts of the machine hit both.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.faults.test_attacks_on_the_gate import HIDING_MODELS, HIDING_POLICY
from tests.gateway.conftest import ask, opened, write_project

from metricgate.gateway.outcome import RefusedCall
from metricgate.vocabulary.json import Json

_MOST_APART = 0.05
_NAMES = 20
"""So many are hidden, and as many are nowhere."""
_LETTERS = "bcdfghjklmnpqrstvwxz"

Call = Callable[[str], tuple[str, dict[str, Json]]]
_PAIRS: dict[str, Call] = {
    "metric": lambda name: ("describe_metric", {"metric": f"hidden.{name}"}),
    "metric asked": lambda name: ("query_metrics", {"metrics": [f"hidden.{name}"]}),
    "dimension": lambda name: ("query_metrics", {"metrics": ["sales.orders"], "group_by": [f"order__{name}"]}),
    "dimension behind a join": lambda name: (
        "query_metrics",
        {"metrics": ["sales.orders"], "group_by": [f"customer__{name}"]},
    ),
    "values": lambda name: ("list_dimension_values", {"dimension": f"order__{name}"}),
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
    names = _drawn_names(drawn, 2 * _NAMES)
    hidden, absent = names[:_NAMES], names[_NAMES:]
    project = write_project(folder / "project", models=_models(hidden), policy=_policy(hidden))
    found = []
    async with opened(project) as parts:
        for what, call in _PAIRS.items():
            times: dict[bool, list[float]] = {True: [], False: []}
            rounds = {True: _in_rounds(hidden, drawn), False: _in_rounds(absent, drawn)}
            # Every name once before it counts.
            for number in range(calls + _NAMES):
                order = [True, False]
                drawn.shuffle(order)
                for is_hidden in order:
                    tool, arguments = call(next(rounds[is_hidden]))
                    begin = time.perf_counter()
                    outcome = await ask(parts, "small", tool, arguments)
                    spent = time.perf_counter() - begin
                    assert isinstance(outcome, RefusedCall), (what, arguments, outcome)
                    if number >= _NAMES:
                        times[is_hidden].append(spent)
            first, second = (statistics.median(times[each]) for each in (True, False))
            found.append(first / second - 1)
            each = f"hidden {first * 1e3:7.3f} ms, absent {second * 1e3:7.3f} ms"
            print(f"{what:<24} {each}, apart {100 * found[-1]:+.1f} %", flush=True)
    return found


def _drawn_names(drawn: random.Random, count: int) -> list[str]:
    """Return different names of one length, in no order."""
    found: set[str] = set()
    while len(found) < count:
        found.add("".join(drawn.choice(_LETTERS) for _ in range(8)))
    names = sorted(found)
    drawn.shuffle(names)
    return names


def _in_rounds(names: list[str], drawn: random.Random) -> Iterator[str]:
    """Yield every name once, in a drawn order, and again without end."""
    while True:
        order = names[:]
        drawn.shuffle(order)
        yield from order


def _models(hidden: list[str]) -> str:
    """Return models in which each name is a metric, a dimension, and one behind a join."""
    own = "      - {name: secretive, type: categorical, expr: region}\n"
    joined = "{name: paygrade, type: categorical, expr: segment}"
    models = HIDING_MODELS.replace(own, own + "".join(own.replace("secretive", each) for each in hidden), 1)
    models = models.replace(joined, ", ".join([joined, *(joined.replace("paygrade", each) for each in hidden)]), 1)
    return models + "".join(
        f"  - {{name: {each}, domain: hidden, owner: hr@acme.example, description: Pay., type: simple,\n"
        "     semantic_model: orders, agg: sum, expr: amount}\n"
        for each in hidden
    )


def _policy(hidden: list[str]) -> str:
    rule = '"dimension:orders.secretive"'
    assert rule in HIDING_POLICY
    return HIDING_POLICY.replace(rule, ", ".join([rule, *(rule.replace("secretive", each) for each in hidden)]))


if __name__ == "__main__":
    sys.exit(main())
