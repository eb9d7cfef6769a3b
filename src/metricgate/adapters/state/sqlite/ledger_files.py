"""A ledger's file away from its project, verified with nothing but the file and a public key."""

from __future__ import annotations

from pathlib import Path

from metricgate.adapters.state.sqlite.ledger_audit import verify_file
from metricgate.definitions.codes import UNREADABLE
from metricgate.ledger.verification import Report
from metricgate.vocabulary.problem import Problem, Problems


def verify_ledger(file: Path, key_file: Path, against: Path | None) -> Report | Problems:
    """Verify a ledger file with nothing but the file and a public key (and an earlier checkpoint)."""
    try:
        key = key_file.read_text(encoding="utf-8")
        earlier = None if against is None else against.read_text(encoding="utf-8")
        return verify_file(file, key, earlier)
    except (OSError, ValueError) as error:
        return Problems((Problem(code=UNREADABLE, message=str(error), hint=UNREADABLE.cure),))
