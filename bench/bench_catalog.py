"""How long a catalog takes to load, beside the time that YAML alone takes to compose the same text."""

from __future__ import annotations

import time

import yaml

from bench.timing import Figure
from metricgate.catalog.catalog import Catalog
from metricgate.catalog.catalog_loader import load

_METRICS = 1_000
_ROUNDS = 3
_PER_MODEL = 20


def _text(metrics: int) -> str:
    """Models with 20 metrics each: half of them simple with a filter, a quarter ratios, a quarter derived."""
    lines = ["semantic_models:"]
    models = metrics // _PER_MODEL
    for number in range(models):
        lines += [
            f"- name: m{number}",
            f"  source: main.t{number}",
            "  agg_time_dimension: at",
            f"  entities: [{{name: e{number}, type: primary, expr: id}}, {{name: e{number // 2}_up, type: foreign}}]",
            "  dimensions:",
            "  - {name: at, type: time, expr: created, granularity: day}",
            "  - {name: kind, type: categorical}",
        ]
    lines.append("metrics:")
    for number in range(metrics):
        model = number % models
        head = f"- {{name: x{number}, domain: d{model}, owner: team{model}, description: Number {number}., "
        match number // models % 4:
            case 0 | 2:
                lines.append(
                    f"{head}type: simple, semantic_model: m{model}, agg: sum, expr: price * (1 - c{number}), "
                    f"filter: {{member: e{model}__kind, op: '=', value: k{number}}}}}"
                )
            case 1:
                lines.append(f"{head}type: ratio, numerator: x{number - models}, denominator: x{number - models}}}")
            case _:
                inner = f"x{number - models}"
                lines.append(f"{head}type: derived, input_metrics: [{inner}], expr: {inner} * 2 + {number}}}")
    return "\n".join(lines)


def figures() -> list[Figure]:
    """Return the load time of 1,000 metrics in milliseconds, new text in each round."""
    loads, floors = [], []
    for round_ in range(_ROUNDS):
        text = _text(_METRICS).replace("price", f"price{round_}")
        begin = time.perf_counter()
        found = load([("bench.yaml", text)])
        loads.append(time.perf_counter() - begin)
        assert isinstance(found, Catalog), str(found)
        assert len(found.metrics) == _METRICS
        begin = time.perf_counter()
        yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        floors.append(time.perf_counter() - begin)
    return [
        Figure(
            subject="catalog",
            name=f"load {_METRICS:,} metrics",
            value=min(loads) * 1_000,
            unit="ms",
            floor_name="yaml compose of the same text",
            floor=min(floors) * 1_000,
            aim="under 2,000 ms",
        )
    ]


if __name__ == "__main__":
    for figure in figures():
        print(f"{figure.name}: {figure.value:.0f} {figure.unit}; {figure.floor_name}: {figure.floor:.0f}")
