"""What is noted every few seconds, what grew, and the picture of it."""

from __future__ import annotations

import json
import re
import sqlite3
import statistics
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from tests.faults.served import Served

from metricgate.ledger import entry
from metricgate.ledger.events import names

Figures = list[dict[str, float]]

_MOST_GROWTH = 0.05
_SHORTEST = 12
_GROWING = ("memory_mb", "files", "threads", "open_intents", "wal_mb")
_DRAWN = ("memory_mb", "own_mb", "latency_ms", "slowest_ms", "queue", "files", "threads", "open_intents", "wal_mb")
_SLACK = {"files": 1, "threads": 1, "open_intents": 4, "wal_mb": 0.0, "memory_mb": 0.0}
"""What medians may differ by, whatever the share."""


class OpenIntents:
    """Counts the intents of a ledger that nothing settles; each look reads what came since the last."""

    def __init__(self, ledger: Path) -> None:
        self._ledger = ledger
        self._read = -1
        self._open: set[int] = set()

    def count(self) -> int:
        """Read on, and return how many there are. Blocks."""
        with closing(sqlite3.connect(f"{self._ledger.as_uri()}?mode=ro", uri=True)) as connection:
            for index, leaf in connection.execute(
                "SELECT idx, leaf FROM entries WHERE idx>? ORDER BY idx", [self._read]
            ):
                record = json.loads(leaf)
                self._open.difference_update(entry.settles(record))
                if record["event_name"] == names.CALL_RELEASED:
                    self._open.add(index)
                self._read = index
        return len(self._open)


def noted(gate: Served, intents: OpenIntents, counters: str, latencies: Sequence[float]) -> dict[str, float]:
    """Return one look at the gateway. Blocks.

    Args:
        gate: the gateway.
        intents: of its ledger.
        counters: text of ``/metrics``.
        latencies: of the calls that ended since the last look, in milliseconds.
    """
    process = Path(f"/proc/{gate.process.pid}")
    status = (process / "status").read_text()
    queue = re.search(r"^metricgate_ledger_queue_depth ([\d.e+]+)$", counters, re.MULTILINE)
    logs = [each.stat().st_size / 1e6 for each in gate.ledger.parent.glob("*-wal")]
    ordered = sorted(latencies)
    return {
        "memory_mb": _kilobytes(status, "VmRSS") / 1024,
        "own_mb": _kilobytes(status, "RssAnon") / 1024,
        "threads": _kilobytes(status, "Threads"),
        "files": len(list((process / "fd").iterdir())),
        "queue": float(queue[1]) if queue else 0.0,
        "open_intents": intents.count(),
        "wal_mb": sum(logs),
        "latency_ms": statistics.median(ordered) if ordered else 0.0,
        "slowest_ms": ordered[int(len(ordered) * 0.99)] if ordered else 0.0,
        "calls": len(ordered),
    }


def _kilobytes(status: str, name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+)", status, re.MULTILINE)
    return int(found[1]) if found else 0


def told(figures: Figures) -> list[str]:
    """Print medians of the second and the last sixth of the run; return what grew by more than it may."""
    sixth = len(figures) // 6
    grown = []
    if len(figures) < _SHORTEST:
        print(f"too short to tell: give at least {_SHORTEST} looks")
        return ["too short"]
    for name in dict.fromkeys((*_GROWING, *_DRAWN, "calls")):
        early = statistics.median(each[name] for each in figures[sixth : 2 * sixth])
        late = statistics.median(each[name] for each in figures[-sixth:])
        bound = name in _GROWING
        if bound and late > early * (1 + _MOST_GROWTH) + _SLACK[name]:
            grown.append(name)
        per_minute = 60 * slope([each["second"] for each in figures[sixth:]], [each[name] for each in figures[sixth:]])
        said = ("GREW" if name in grown else "steady") if bound else ""
        print(f"{name:<14} {early:10.1f} -> {late:10.1f}  {per_minute:+8.2f} a minute  {said}".rstrip())
    return grown


def slope(times: Sequence[float], values: Sequence[float]) -> float:
    """Return by how much values grow in a unit of time, by least squares."""
    if len(set(times)) < 2:
        return 0.0
    return statistics.linear_regression(times, values).slope


def picture(figures: Figures) -> str:
    """Return an SVG with a strip each for what is drawn, over the run."""
    width, height = 900, 120
    strips = []
    for place, name in enumerate(_DRAWN):
        values = [each[name] for each in figures] or [0.0]
        most = max(values) or 1.0
        points = " ".join(
            f"{60 + (width - 80) * at / max(1, len(values) - 1):.1f},{height - 20 - (height - 50) * value / most:.1f}"
            for at, value in enumerate(values)
        )
        strips.append(
            f'<g transform="translate(0 {place * height})"><text x="8" y="18">{name}, at most {most:,.1f}</text>'
            f'<polyline fill="none" stroke="#246" stroke-width="1.5" points="{points}"/>'
            f'<line x1="60" x2="{width - 20}" y1="{height - 20}" y2="{height - 20}" stroke="#999"/></g>'
        )
    last = figures[-1]["second"] if figures else 0
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height * len(_DRAWN) + 20}" '
        f'font-family="sans-serif" font-size="12">{"".join(strips)}'
        f'<text x="60" y="{height * len(_DRAWN) + 10}">0 to {last:,.0f} seconds</text></svg>\n'
    )
