"""What is printed, and what fails a run."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from conformance.differential.constructs import RARE
from conformance.differential.tally import Finding, Tally

MOST_REFUSED = 0.02
LEAST_DRAWN = 200
_OF = 50_000
"""``LEAST_DRAWN`` is asked of so many queries; of fewer, as much less."""


def printed(engine: str, tally: Tally, named: Sequence[str], *, shown: int) -> None:
    """Print findings, refusals and constructs."""
    for each in tally.findings[:shown]:
        told(each)
    also = f", {tally.filtered:,} of them also under row filters" if tally.filtered else ""
    print(
        f"\n{engine}: {tally.valid:,} queries{also} in {tally.seconds:,.0f} s: {len(tally.findings)} changed, "
        f"{tally.refused_share:.2%} refused ({tally.invalid:,} more that the engine itself refuses, "
        f"{tally.ambiguous:,} whose answer depends on the order of stored rows)"
    )
    for words, count in tally.refusals.most_common():
        print(f"  refused {count:>5,}  {words}\n                 e.g. {tally.examples[words][:2_000]}")
    table = Table(box=None)
    for name in ("construct", "drawn", "refused"):
        table.add_column(name, justify="left" if name == "construct" else "right")
    for name in named:
        table.add_row(name, f"{tally.drawn[name]:,}", f"{tally.refused[name]:,}")
    Console(width=100).print(table)


def told(finding: Finding) -> None:
    """Print what came back changed."""
    small = f"\n  small {finding.small}" if finding.small else ""
    print(
        f"\nquery {finding.number}, caller {finding.caller}: {finding.what}{small}\n  sent {finding.sql}\n"
        f"  ran  {finding.ran}",
        flush=True,
    )


def judged(engine: str, tally: Tally, count: int, named: Sequence[str]) -> int:
    """Return 1 where the run fails, and print why."""
    least = max(1, LEAST_DRAWN * count // _OF)
    seldom = [name for name in named if tally.drawn[name] < least]
    rare = RARE.get(engine, {})
    for name in seldom if count >= _OF // 10 else ():
        if name in rare:
            print(f"{engine}: {name} was drawn {tally.drawn[name]} times; {rare[name]}")
    wrong = [f"{name} was drawn {tally.drawn[name]} times, not {least}" for name in seldom if name not in rare]
    reasons = wrong if count >= _OF // 10 else []
    if tally.findings:
        reasons = [f"{len(tally.findings)} queries came back changed", *reasons]
    if tally.refused_share > MOST_REFUSED:
        reasons = [f"{tally.refused_share:.2%} were refused", *reasons]
    for each in reasons:
        print(f"FAILED {engine}: {each}")
    return 1 if reasons else 0
