"""``python -m conformance.layers [DIALECT...]``: prints the table; ends with 1 where the sentinel was seen.

The first row has all layers on, the second is without the decision (5), each row after it without one more. Switched
off, the decision is not heeded; the rows and values that it hides are in the relations all the same, which the
rewriting (6) puts in the datasets' place.
"""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table
from tests.attacks.attempts import attempts
from tests.attacks.confined import SENTINEL, stopped_by, through

from conformance.layers.decision import decision
from conformance.layers.engines import WORLDS, Shown, opinion_on
from metricgate.guarding import ALL, BoundQuery, GuardedQuery, Layer, check_agreement
from metricgate.vocabulary.problem import Problems

DECIDE = "decide"
JAIL = "jail"
OFF: tuple[Layer | str | None, ...] = (
    None,
    DECIDE,
    Layer.CLASSIFY,
    Layer.BIND,
    Layer.REWRITE,
    Layer.REGENERATE,
    Layer.OPINION,
    JAIL,
)
_NUMBERS = {
    Layer.CLASSIFY: 3,
    Layer.BIND: 4,
    DECIDE: 5,
    Layer.REWRITE: 6,
    Layer.REGENERATE: 7,
    Layer.OPINION: 8,
    JAIL: 9,
}
NOTE = """
Without 5, whoever may call query_sql calls every reviewed function, and filters, groups and joins by the masks of
masked columns: grants on functions and on such uses are held by 5 alone. The sentinel stays in, because what may not
be named does not bind (4), and hidden rows and masked values are not in the relations (6). What may be named and what
goes into the relations is policy's to say as well: no row shows a policy that hides nothing. The jail (9) is this
harness's own, with the gateway's settings; the worker process (10) and the limits on calls (11) have no row.
"""


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
        off = _words(row.off)
        stopped = ", ".join(f"{name} {count}" for name, count in row.stopped.most_common())
        total = row.ran + row.refused + sum(row.stopped.values())
        numbers = (str(row.refused), str(row.ran), str(len(row.seen)))
        table.add_row(row.dialect, off, str(total), stopped, *numbers)
    Console(width=150).print(table)
    print(NOTE)
    for row in rows:
        for sql in row.seen[:5]:
            print(f"seen on {row.dialect} without {row.off}: {sql[:200]!r}")
    return 1 if any(row.seen for row in rows) else 0


def _words(off: Layer | str | None) -> str:
    if off is None:
        return "none"
    return f"{_NUMBERS[off]} {off}" if off == DECIDE else f"{_NUMBERS[off]} {off}, {_NUMBERS[DECIDE]}"


def rows_of(dialect: str) -> list[Row]:
    """Return the rows of one engine."""
    texts = [attempt.sql for attempt in attempts() if attempt.dialect == dialect]
    found: list[Row] = []
    for jailed in (True, False):
        with WORLDS[dialect](jailed=jailed) as shown:
            visible = through("SELECT name FROM customers", dialect)
            # Where what may be seen did not come, that nothing else came would mean nothing.
            assert isinstance(visible, GuardedQuery)
            assert "Ann" in shown(visible)
            found += [_row(dialect, off, texts, shown) for off in OFF if (off != JAIL) == jailed]
    return found


def _row(dialect: str, off: Layer | str | None, texts: list[str], shown: Shown) -> Row:
    row, layers, asked = Row(dialect, off), ALL - {off}, opinion_on(dialect)
    decided = decision() if off is None else _undecided
    for sql in texts:
        answer = through(sql, dialect, layers, decided=decided)
        if not isinstance(answer, GuardedQuery):
            row.stopped[_stopper(sql, dialect, answer)] += 1
            if SENTINEL in str(answer):
                row.seen.append(sql)
            continue
        opinion = None if off is Layer.OPINION else asked(answer.sql)
        if opinion is not None and check_agreement(answer, opinion) is not None:
            row.stopped[str(Layer.OPINION)] += 1
            continue
        found = shown(answer)
        row.ran += bool(found)
        row.refused += not found
        if SENTINEL in found:
            row.seen.append(sql)
    return row


def _undecided(_bound: BoundQuery) -> None:
    """Layer 5 switched off."""


def _stopper(sql: str, dialect: str, answer: object) -> str:
    judged = isinstance(answer, Problems) and not answer.first.code.name.startswith("E_SQL_")
    return DECIDE if judged else str(stopped_by(sql, dialect, answer))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
