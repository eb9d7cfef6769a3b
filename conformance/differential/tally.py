"""What came of all queries so far, also as a file from which a run goes on."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A query that came back changed.

    Attributes:
        number: of the draw.
        sql: as it was drawn.
        caller: who asked.
        ran: what ran in its place.
        what: the difference.
        small: the text without what the difference does not need.
    """

    number: int
    sql: str
    caller: str
    ran: str
    what: str
    small: str = ""


@dataclass(slots=True)
class Tally:
    """What came of all queries.

    Attributes:
        valid: queries that the raw engine runs; only these count.
        filtered: how often one was asked by the caller who may see some rows, too.
        ambiguous: queries whose raw answer depends on the order in which rows are stored.
        drawn: construct -> valid queries that have it.
        refused: construct -> those that the gate refused.
        refusals: the refusal's words -> how often.
        examples: the refusal's words -> a text that was refused so.
        seconds: how long it took.
    """

    valid: int = 0
    filtered: int = 0
    invalid: int = 0
    ambiguous: int = 0
    drawn: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def refused_share(self) -> float:
        """Refused queries among the valid ones."""
        return sum(self.refusals.values()) / max(1, self.valid)

    def add(self, other: Tally) -> None:
        """Take in what came of other queries."""
        self.valid += other.valid
        self.filtered += other.filtered
        self.invalid += other.invalid
        self.ambiguous += other.ambiguous
        self.seconds += other.seconds
        for mine, theirs in (
            (self.drawn, other.drawn),
            (self.refused, other.refused),
            (self.refusals, other.refusals),
        ):
            mine.update(theirs)
        self.examples = other.examples | self.examples
        self.findings += other.findings


@dataclass(slots=True, kw_only=True)
class Kept:
    """A run as far as it has come.

    Attributes:
        engine: it runs on.
        seed: of its tables and queries.
        next: number of the query with which it goes on.
        tally: of the queries before that one.
    """

    engine: str
    seed: int
    next: int
    tally: Tally = field(default_factory=Tally)

    def write(self, path: Path) -> None:
        """Put it in the place of what the file had, whole."""
        new = path.with_suffix(f"{path.suffix}.new")
        tally = {each.name: getattr(self.tally, each.name) for each in fields(self.tally)}
        whole = {"engine": self.engine, "seed": self.seed, "next": self.next, "tally": tally}
        new.write_text(json.dumps(whole, default=asdict), encoding="utf-8")
        new.replace(path)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Return what a file has; raises as ``json.loads`` and the constructors do where it is no such file."""
        found = json.loads(path.read_text(encoding="utf-8"))
        tally = found.pop("tally")
        counters = {name: Counter(tally.pop(name)) for name in ("drawn", "refused", "refusals")}
        findings = [Finding(**each) for each in tally.pop("findings")]
        return cls(**found, tally=Tally(**tally, **counters, findings=findings))


def summed(runs: Iterable[Kept]) -> dict[str, Tally]:
    """Return engine -> what came of all runs on it."""
    found: dict[str, Tally] = {}
    for each in runs:
        found.setdefault(each.engine, Tally()).add(each.tally)
    return found
