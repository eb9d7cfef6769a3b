"""``python -m conformance.sql_safety --cases FOLDER``: print what of each corpus was let through and what was not."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from conformance.sql_safety.corpora import Tally, corpora, tally
from conformance.sql_safety.probes import suite
from conformance.sql_safety.probing import ENGINES, Report, probe

_DEFAULT = Path(__file__).resolve().parents[3] / "shared" / "conformance" / "sql_safety"
_MOST_REFUSED = 0.005
"""The share of ordinary analytics that may be refused."""


def main(arguments: Sequence[str]) -> int:
    """Run; return 0 where the bars hold, 1 where one does not, 2 where the folder holds no corpus."""
    parser = argparse.ArgumentParser(prog="python -m conformance.sql_safety", description=__doc__)
    parser.add_argument("--cases", type=Path, default=_DEFAULT, metavar="FOLDER", help="the folder with *.jsonl")
    parser.add_argument(
        "--engines", nargs="*", default=ENGINES, choices=ENGINES, help="where the probes are asked (default: all)"
    )
    parser.add_argument("--verbose", action="store_true", help="show each non-read accepted and each read refused")
    asked = parser.parse_args(arguments)
    found = [tally(name, rows) for name, rows in corpora(asked.cases)]
    if not found:
        print(f"There is no corpus (*.jsonl) in {asked.cases}. Name the folder: make conformance CASES=path")
        return 2
    print(f"{'corpus':<14}{'reads':>8}{'refused':>9}{'share':>9}{'others':>8}{'accepted':>10}{'faults':>8}")
    for each in found:
        _tell(each)
    for each in found:
        _tell_reasons(each)
        if asked.verbose:
            _tell_texts(each)
    probes = suite(asked.cases)
    reports = [] if probes is None else [probe(probes, engine) for engine in asked.engines]
    for report in reports:
        _tell_probes(report, verbose=asked.verbose)
    held = all(_holds(each) for each in found) and not any(each.leaking or each.beside for each in reports)
    return 0 if held else 1


def _tell_probes(report: Report, *, verbose: bool) -> None:
    answered = sum(each.how == "answered" for each in report.probed)
    print(
        f"probes on {report.engine:<9}{len(report.probed):>5} asked{answered:>5} answered, confined"
        f"{len(report.probed) - answered:>5} refused{len(report.leaking):>5} leaking"
        f"; logs, spans, metrics: {', '.join(report.beside) or 'nothing'}"
    )
    for each in report.leaking:
        print(f"LEAK in {', '.join(each.leaks)}: {each.sql}")
    if verbose:
        for each in report.probed:
            print(f"{each.how:<28}{' '.join(each.sql.split())[:160]}")


def _holds(found: Tally) -> bool:
    """No non-read passes, nothing escapes; a corpus of nothing but ordinary analytics passes nearly whole."""
    if found.others_accepted or found.faults:
        return False
    return bool(found.others) or len(found.reads_refused) <= _MOST_REFUSED * found.reads


def _tell(found: Tally) -> None:
    share = len(found.reads_refused) / found.reads if found.reads else 0.0
    print(
        f"{found.name:<14}{found.reads:>8}{len(found.reads_refused):>9}{share:>9.2%}{found.others:>8}"
        f"{len(found.others_accepted):>10}{len(found.faults):>8}"
    )


def _tell_reasons(found: Tally) -> None:
    if found.reads_refused:
        print(f"{found.name}: reads refused, by reason")
    for reason, count in found.reasons.most_common():
        print(f"  {count:>6} {reason}")


def _tell_texts(found: Tally) -> None:
    for sql in found.others_accepted:
        print(f"ACCEPTED {found.name}: {' '.join(sql.split())[:300]}")
    for error, sql in found.faults:
        print(f"FAULT {found.name} {error}: {' '.join(sql.split())[:300]}")
    for reason, sql in found.reads_refused:
        print(f"REFUSED {found.name} {reason}: {' '.join(sql.split())[:300]}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
