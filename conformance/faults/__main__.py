"""``python -m conformance.faults [WORD...]``: the fault matrix; 1 where a row does not hold or was not tried.

With words, only rows whose fault or engine has one of them. PostgreSQL and MariaDB are those of the tests; a row whose
server is not there counts as not tried.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

from conformance.faults.matrix import ROWS, Row

_PATIENCE_SECONDS = 180
"""A machine that is busy with other things starts a gateway late; what must hold does not depend on that."""
_ROOT = Path(__file__).parents[2]


def main() -> int:
    """Try every row and print what came of it."""
    words = sys.argv[1:]
    rows = [row for row in ROWS if not words or any(word in f"{row.fault} {row.engine}" for word in words)]
    broken = 0
    for row in rows:
        said, tried = tried_out(row)
        broken += said != "holds"
        print(f"{said:<9} {row.engine:<9} {row.fault}: {row.holds} ({tried} tried)", flush=True)
    print(f"{len(rows)} rows, {len(rows) - broken} hold, {broken} do not")
    return 1 if broken or not rows else 0


def tried_out(row: Row) -> tuple[str, int]:
    """Return ``holds``, ``BROKEN`` or ``NOT TRIED``, and how many cases were run to their end."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junit-xml={report}", *row.tests]
        if row.only:
            command += ["-k", row.only]
        patient = {**os.environ, "METRICGATE_TEST_PATIENCE": str(_PATIENCE_SECONDS)}
        ran = subprocess.run(  # noqa: S603 - our own
            command, cwd=_ROOT, env=patient, capture_output=True, text=True, check=False
        )
        cases = list(ET.parse(report).getroot().iter("testcase")) if report.exists() else []  # noqa: S314 - our own
    failed = [each for each in cases if each.find("failure") is not None or each.find("error") is not None]
    skipped = [each for each in cases if each.find("skipped") is not None]
    if failed:
        print(ran.stdout[-3_000:], file=sys.stderr)
        return "BROKEN", len(cases) - len(skipped)
    if skipped or not cases:
        return "NOT TRIED", len(cases) - len(skipped)
    return "holds", len(cases)


if __name__ == "__main__":
    sys.exit(main())
