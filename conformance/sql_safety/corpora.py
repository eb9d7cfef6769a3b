"""The guard's answer to each text of a corpus: whether it would take it for a harmless read, and why not."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from metricgate import guarding
from metricgate.guarding import FunctionAllowlist, ReadQuery

READ = frozenset({"read", "legit"})
"""What ``expected`` says of texts that only read."""

_DIALECTS = ("duckdb", "mysql", "postgres", "sqlite")
_SQLITE = """
    abs avg cast ceil ceiling char char_length coalesce concat count cume_dist date datetime dense_rank extract
    first_value floor format group_concat if ifnull iif instr julianday lag last_value lead length ln log lower ltrim
    max min mod ntile nullif percent_rank pow power printf rank replace round row_number rtrim sign sqrt strftime
    string_agg substr substring sum time timestamp total trim trunc unixepoch upper
"""
"""SQLite is none of our engines, so the product has no list for it; its texts are judged by this one."""


@dataclass(slots=True, kw_only=True)
class Tally:
    """What became of one corpus."""

    name: str
    reads: int = 0
    others: int = 0
    reads_refused: list[tuple[str, str]] = field(default_factory=list)
    others_accepted: list[str] = field(default_factory=list)
    faults: list[tuple[str, str]] = field(default_factory=list)

    @property
    def reasons(self) -> Counter[str]:
        """How often each reason refused a read."""
        return Counter(reason for reason, _ in self.reads_refused)


def corpora(folder: Path) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """Yield the name and the rows of each corpus of the folder; rows without a kind that we know are no corpus."""
    for file in sorted(folder.glob("*.jsonl")):
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
        if rows and all(isinstance(row, dict) and row.get("dialect") in _DIALECTS for row in rows):
            yield file.stem, rows


def tally(name: str, rows: list[dict[str, str]]) -> Tally:
    """Put every text to layers 1 to 3 of the guard, with all reviewed functions allowed."""
    books = {dialect: FunctionAllowlist.all_reviewed(dialect) for dialect in _DIALECTS}
    books["sqlite"] = FunctionAllowlist(dialect="sqlite", names=frozenset(_SQLITE.split()))
    found = Tally(name=name)
    for row in rows:
        dialect = row["dialect"]
        is_read = row["expected"] in READ
        found.reads += is_read
        found.others += not is_read
        try:
            answer = guarding.read(row["sql"], dialect=dialect, functions=books[dialect])
        except Exception as error:  # noqa: BLE001 - whatever escapes the guard is a finding
            found.faults.append((type(error).__name__, row["sql"]))
            continue
        accepted = isinstance(answer, ReadQuery)
        if accepted and not is_read:
            found.others_accepted.append(row["sql"])
        elif is_read and not accepted:
            found.reads_refused.append((answer.first.code.name, row["sql"]))
    return found
