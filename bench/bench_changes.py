"""Changes of 100,000 rows beside df0a88a in one run, and of a million beside 100,000: seconds, processor and memory.

Each run is a process of its own (``changes_once.py``) with one release on its path; df0a88a is taken from the history.
Its rehearsal did not yet prove that the change can be taken back. A bare SELECT and UPDATE by key, with nothing around
them, are the floor of the server's own work.
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

_AIMS = {"duckdb": "a tenth", "postgres": "a tenth", "mariadb": "a third"}
_PARTS = ("rehearse", "carry out", "undo")
_ROWS = int(os.environ.get("BENCH_CHANGES_ROWS", "100000"))
_MILLION = 10 * _ROWS


def figures() -> list[Figure]:
    """Return the figures; each floor was measured in the minute before or after."""
    found: list[Figure] = []
    engines = os.environ.get("BENCH_CHANGES_ENGINES", " ".join(_AIMS)).split()
    with tempfile.TemporaryDirectory(prefix="bench-before-") as folder:
        before = unpack(Path(folder))
        for engine in engines:
            old, new = _once(before, engine, _ROWS), _once(ROOT, engine, _ROWS)
            found += _beside(engine, old, new)
            if "BENCH_CHANGES_MILLION" in os.environ:
                found += _more(engine, new, _once(ROOT, engine, _MILLION))
    return found


def _once(tree: Path, engine: str, rows: int) -> dict[str, float]:
    environment = {**os.environ, "PYTHONPATH": f"{tree / 'src'}{os.pathsep}{tree}"}
    command = [sys.executable, str(ROOT / "bench" / "changes_once.py"), engine, str(rows)]
    answer = subprocess.run(command, env=environment, cwd=tree, capture_output=True, text=True, check=False)
    if answer.returncode:
        sys.exit(answer.stderr)
    return dict(json.loads(answer.stdout))


def _beside(engine: str, old: dict[str, float], new: dict[str, float]) -> list[Figure]:
    subject, aim = f"{_ROWS:,} rows on {engine} (a bare UPDATE {new['bare']:.3f} s)", _AIMS[engine]
    found = [_figure(subject, part, new[part], "s", old[part], aim) for part in _PARTS]
    # Of the gateway and of the server's side of its connections: what others do on the machine is not in it.
    spent, earlier = (
        {part: run[f"{part}, processor"] + run[f"{part}, server"] for part in _PARTS} for run in (new, old)
    )
    found += [_figure(subject, f"{part}, processor", spent[part], "s", earlier[part], aim) for part in _PARTS]
    found += [
        _figure(subject, f"{part}, the gateway's of it", new[f"{part}, processor"], "s", old[f"{part}, processor"], "")
        for part in _PARTS
    ]
    if "rehearse, bare" in new:
        found += [_above(subject, part, new[part], new[f"{part}, bare"]) for part in _PARTS]
        found += [
            _above(subject, f"{part}, processor", spent[part], new[f"{part}, bare, processor"]) for part in _PARTS
        ]
    found.append(_figure(subject, "memory at its peak", new["peak"], "MB", old["peak"], ""))
    found.append(_figure(subject, "memory beyond that at rest", new["growth"], "MB", old["growth"], "half"))
    return found


def _more(engine: str, few: dict[str, float], many: dict[str, float]) -> list[Figure]:
    subject = f"{_MILLION:,} rows on {engine}"
    parts = [
        Figure(
            subject=subject,
            name=part,
            value=many[part],
            unit="s",
            floor_name=f"{_ROWS:,} rows",
            floor=few[part],
            aim="11 times",
        )
        for part in (*_PARTS, *(f"{part}, processor" for part in _PARTS))
    ]
    return [
        *parts,
        Figure(
            subject=subject,
            name="memory at its peak",
            value=many["peak"],
            unit="MB",
            floor_name=f"{_ROWS:,} rows",
            floor=few["peak"],
        ),
    ]


def _above(subject: str, name: str, value: float, floor: float) -> Figure:
    """Return how much more a change takes than the driver's own SELECT and UPDATE of the same rows by key.

    Beside an undo stand two of them, for it is rehearsed as well.
    """
    return Figure(subject=subject, name=name, value=value, unit="s", floor_name="bare SELECT, UPDATE", floor=floor)


def _figure(subject: str, name: str, value: float, unit: str, floor: float, aim: str) -> Figure:
    return Figure(subject=subject, name=name, value=value, unit=unit, floor_name=BEFORE, floor=floor, aim=aim)
