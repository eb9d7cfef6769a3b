"""Definitions of 2,000 metrics and 5,000 rules, from files to in force: CPU seconds beside df0a88a in one run.

A start loads everything; a changed file is what a running gateway reloads. Each release runs in a process of its own
(``definitions_once.py``), in turns; both must come to the same versions.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.earlier import BEFORE, ROOT, unpack
from bench.timing import Figure

_METRICS = 2_000
_PER_MODEL = 20
_RULES = 5_000
_PER_FILE = 250
_ROUNDS = 3
_AIMS = {"start": "under 2 s", "a metric changed": "under 0.5 s", "a rule changed": "under 0.5 s"}
_HEAD = """version: 1
roles:
  - {name: analyst, members: ["agent:copilot", "group:sales"], inherits: [reader]}
  - {name: reader}
grants:
  - {id: reads, roles: [reader], actions: [call, query], on: ["tool:*", "dimension:*", "dataset:*"]}
  - {id: sales, roles: [analyst], actions: [query], on: ["metric:d0.*"]}
limits:
  - {id: rows, roles: [everyone], rows: 1000, calls_per_minute: 60}
"""


def generate(folder: Path) -> None:
    """Write a project: a file for each model with its 20 metrics, and one for each 250 rules."""
    models = _METRICS // _PER_MODEL
    (folder / "semantic_models").mkdir(parents=True)
    (folder / "policies").mkdir()
    (folder / "metricgate.yaml").write_text("warehouse: {kind: duckdb, file: none.duckdb}\n")
    for model in range(models):
        (folder / "semantic_models" / f"m{model:03}.yaml").write_text(_model(model, models))
    roles = "".join(f"  - {{name: r{number}, members: [user:u{number}@acme.example]}}\n" for number in range(50))
    (folder / "policies" / "00.yaml").write_text(_HEAD)
    (folder / "policies" / "01.yaml").write_text(f"version: 1\nroles:\n{roles}")
    grants = [_grant(number, models) for number in range(1, _RULES + 1) if number % 5]
    masks = [_mask(number, models) for number in range(1, _RULES + 1) if number % 5 == 0]
    for kind, lines in (("grants", grants), ("masks", masks)):
        for at, begin in enumerate(range(0, len(lines), _PER_FILE)):
            text = f"version: 1\n{kind}:\n" + "".join(lines[begin : begin + _PER_FILE])
            (folder / "policies" / f"{kind}{at:02}.yaml").write_text(text)


def _model(model: int, models: int) -> str:
    lines = [
        "semantic_models:",
        f"- name: m{model}",
        f"  source: main.t{model}",
        "  agg_time_dimension: at",
        f"  entities: [{{name: e{model}, type: primary, expr: id}}, {{name: e{model // 2}_up, type: foreign}}]",
        "  dimensions:",
        "  - {name: at, type: time, expr: created, granularity: day}",
        "  - {name: kind, type: categorical}",
        "metrics:",
    ]
    for number in range(model, _METRICS, models):
        inner = f"x{number - models}"
        head = f"- {{name: x{number}, domain: d{model}, owner: team{model}, description: Number {number}., "
        match number // models % 4:
            case 0 | 2:
                lines.append(
                    f"{head}type: simple, semantic_model: m{model}, agg: sum, expr: price * (1 - c{number}), "
                    f"filter: {{member: e{model}__kind, op: '=', value: k{number}}}}}"
                )
            case 1:
                lines.append(f"{head}type: ratio, numerator: {inner}, denominator: {inner}}}")
            case _:
                lines.append(f"{head}type: derived, input_metrics: [{inner}], expr: {inner} * 2 + {number}}}")
    return "\n".join(lines) + "\n"


def _grant(number: int, models: int) -> str:
    effect = ", effect: deny" if number % 10 == 1 else ""
    when = ', when: {days: [mon, fri], hours: {from: "08:00", to: "18:00"}, time_zone: UTC}' if number % 7 == 0 else ""
    metric = f"metric:d{number % models}.x{number % _METRICS}"
    return f"  - {{id: g{number}, roles: [r{number % 50}], actions: [query], on: ['{metric}']{effect}{when}}}\n"


def _mask(number: int, models: int) -> str:
    on = f"column:m{number % models}.c{number % 400}"
    unless = ", unless: {purpose: [audit]}" if number % 3 == 0 else ""
    return f"  - {{id: k{number}, roles: [r{number % 50}], on: ['{on}'], method: hash{unless}}}\n"


def figures() -> list[Figure]:
    """Return the CPU seconds of a start and of three kinds of change; the least of three runs of each release."""
    with tempfile.TemporaryDirectory(prefix="bench-definitions-") as name:
        trees = {BEFORE: unpack(Path(name) / "before"), "now": ROOT}
        least: dict[str, dict[str, float]] = {release: {} for release in trees}
        versions = set()
        for round_ in range(_ROUNDS):
            for release, tree in trees.items():
                folder = Path(name) / f"{release}-{round_}"
                generate(folder)
                spent = _once(tree, folder)
                versions.add((spent.pop("catalog"), spent.pop("policy")))
                for part, seconds in spent.items():
                    least[release][part] = min(least[release].get(part, seconds), seconds)
        assert len(versions) == 1, versions
    return [
        Figure(
            subject=f"definitions of {_METRICS:,} metrics and {_RULES:,} rules, CPU",
            name=part,
            value=seconds,
            unit="s",
            floor_name=BEFORE,
            floor=least[BEFORE][part],
            aim=_AIMS.get(part, ""),
        )
        for part, seconds in least["now"].items()
    ]


def _once(tree: Path, folder: Path) -> dict[str, float]:
    environment = {**os.environ, "PYTHONPATH": str(tree / "src")}
    command = [sys.executable, str(ROOT / "bench" / "definitions_once.py"), str(folder)]
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if answer.returncode:
        sys.exit(answer.stderr)
    return dict(json.loads(answer.stdout))


if __name__ == "__main__":
    for figure in figures():
        print(f"{figure.name:30} {figure.value:.2f} s; {figure.floor_name}: {figure.floor:.2f} s")
