"""``python -m conformance.layers [DIALECT...]``: prints the table; ends with 1 where the sentinel was seen.

Each row has one layer switched off. Layer 5, the decision, takes part in none of them: what the world's policy shows is
in the relations, so that every row is also one without it.
"""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table
from tests.attacks.attempts import attempts
from tests.attacks.confined import SENTINEL, stopped_by, through

from conformance.layers.engines import WORLDS, Shown, opinion_on
from metricgate.guarding import ALL, Guarded, Layer, agrees

JAIL = "jail"
OFF: tuple[Layer | str | None, ...] = (
    None,
    Layer.CLASSIFY,
    Layer.BIND,
    Layer.REWRITE,
    Layer.REGENERATE,
    Layer.OPINION,
    JAIL,
)
_NUMBERS = {Layer.CLASSIFY: 3, Layer.BIND: 4, Layer.REWRITE: 6, Layer.REGENERATE: 7, Layer.OPINION: 8, JAIL: 9}


@dataclass
class Row:
    """What came of all attempts on one engine with one layer off."""

    dialect: str
    off: Layer | str | None
    stopped: Counter[str] = field(default_factory=Counter)
    ran: int = 0
    refused: int = 0
    seen: list[str] = field(default_factory=list)


def main(arguments: list[str]) -> int:
    """Print the table."""
    rows = [row for dialect in arguments or list(WORLDS) for row in rows_of(dialect)]
    table = Table(title="Attempts with one layer off: who stops them, and whether the sentinel is seen", box=None)
    for name in ("engine", "off", "attempts", "stopped by", "engine refused", "ran, confined", "sentinel seen"):
        table.add_column(name, justify="left" if name in {"engine", "off", "stopped by"} else "right")
    for row in rows:
        off = "none" if row.off is None else f"{_NUMBERS[row.off]} {row.off}"
        stopped = ", ".join(f"{name} {count}" for name, count in row.stopped.most_common())
        total = row.ran + row.refused + sum(row.stopped.values())
        numbers = (str(row.refused), str(row.ran), str(len(row.seen)))
        table.add_row(row.dialect, off, str(total), stopped, *numbers)
    Console(width=150).print(table)
    for row in rows:
        for sql in row.seen[:5]:
            print(f"seen on {row.dialect} without {row.off}: {sql[:200]!r}")
    return 1 if any(row.seen for row in rows) else 0


def rows_of(dialect: str) -> list[Row]:
    """Return the rows of one engine."""
    texts = [attempt.sql for attempt in attempts() if attempt.dialect == dialect]
    found: list[Row] = []
    for jailed in (True, False):
        with WORLDS[dialect](jailed=jailed) as shown:
            visible = through("SELECT name FROM customers", dialect)
            # Where what may be seen did not come, that nothing else came would mean nothing.
            assert isinstance(visible, Guarded)
            assert "Ann" in shown(visible)
            found += [_row(dialect, off, texts, shown) for off in OFF if (off != JAIL) == jailed]
    return found


def _row(dialect: str, off: Layer | str | None, texts: list[str], shown: Shown) -> Row:
    row, layers, asked = Row(dialect, off), ALL - {off}, opinion_on(dialect)
    for sql in texts:
        answer = through(sql, dialect, layers)
        if not isinstance(answer, Guarded):
            row.stopped[str(stopped_by(sql, dialect, answer))] += 1
            if SENTINEL in str(answer):
                row.seen.append(sql)
            continue
        opinion = None if off is Layer.OPINION else asked(answer.sql)
        if opinion is not None and agrees(answer, opinion) is not None:
            row.stopped[str(Layer.OPINION)] += 1
            continue
        found = shown(answer)
        row.ran += bool(found)
        row.refused += not found
        if SENTINEL in found:
            row.seen.append(sql)
    return row


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
