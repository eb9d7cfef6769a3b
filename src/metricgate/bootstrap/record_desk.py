"""The record of a project, for operators at the command line: reading and verifying it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from metricgate.adapters.stores import ledger_reading
from metricgate.adapters.stores.anchors import Behind
from metricgate.adapters.stores.ledger_audit import verify_file
from metricgate.adapters.stores.ledger_keys import load_verifier
from metricgate.bootstrap import codes
from metricgate.bootstrap.anchoring import ledger_behind
from metricgate.bootstrap.paths import StatePaths
from metricgate.ledger.verification import Finding as LedgerFinding
from metricgate.ledger.verification import FindingKind, Report
from metricgate.surfaces.cli.project import EntryFilter
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Place, Problem, Problems


def entries(paths: StatePaths, wanted: EntryFilter) -> Iterable[Mapping[str, Json]]:
    """Return ledger entries; none where there is no ledger yet."""
    if not paths.ledger.exists():
        return
    with ledger_reading.LedgerReader(paths.ledger) as reader:
        for each in reader.entries(filter_of(wanted), newest_first=wanted.newest_first, limit=wanted.limit):
            yield each.shown()


def entry(paths: StatePaths, index: int) -> Mapping[str, Json] | None:
    """Return one entry with its bodies and its receipt."""
    if not paths.ledger.exists():
        return None
    with ledger_reading.LedgerReader(paths.ledger) as reader:
        found = reader.entry(index)
        if found is None:
            return None
        receipt = reader.receipt(index, load_verifier(paths.public_key))
        return {**found.shown(), "receipt": None if receipt is None else receipt.as_json()}


def verified(paths: StatePaths, against: Path | None) -> Report | Problems:
    """Verify the project's own ledger with its own public key."""
    if not paths.ledger.exists():
        return no_ledger(paths.ledger)
    found = ledger_behind(paths)
    report = verify_ledger(paths.ledger, paths.public_key, against)
    return report if found is None or isinstance(report, Problems) else _with_loss(report, found)


def verify_ledger(file: Path, key_file: Path, against: Path | None) -> Report | Problems:
    """Verify a ledger file with nothing but the file and a public key (and an earlier checkpoint)."""
    try:
        key = key_file.read_text(encoding="utf-8")
        earlier = None if against is None else against.read_text(encoding="utf-8")
        return verify_file(file, key, earlier)
    except (OSError, ValueError) as error:
        return Problems((Problem(code=codes.UNREADABLE, message=str(error), hint=codes.UNREADABLE.cure),))


def unreadable(error: Exception) -> Problem:
    """Return what is wrong with a file that cannot be read or written."""
    return Problem(code=codes.UNREADABLE, message=str(error), hint=codes.UNREADABLE.cure)


def _with_loss(report: Report, found: Behind) -> Report:
    kind = FindingKind.HISTORY_CHANGED if found.other else FindingKind.TAIL_MISSING
    finding = LedgerFinding(kind=kind, message=str(found), index=0 if found.other else found.size)
    return replace(report, findings=(finding, *report.findings))


def filter_of(wanted: EntryFilter) -> ledger_reading.EntryFilter:
    """Return the filter as the ledger's reader takes it."""
    return ledger_reading.EntryFilter(
        agent=wanted.agent,
        actor=wanted.actor,
        user=wanted.user,
        tool=wanted.tool,
        metric=wanted.metric,
        verdict=wanted.verdict,
        rule=wanted.rule,
        event=wanted.event,
        outcome=wanted.outcome,
        code=wanted.code,
        person=wanted.person,
        dataset=wanted.dataset,
        action=wanted.action,
        trace_id=wanted.trace,
        since=None if wanted.since is None else int(wanted.since.timestamp() * 1e9),
        until=None if wanted.until is None else int(wanted.until.timestamp() * 1e9),
    )


def no_ledger(path: Path) -> Problems:
    """Say that there is no ledger."""
    message = f"There is no ledger at {path.name} yet."
    where = Place(file=str(path))
    return Problems((Problem(code=codes.NO_LEDGER, message=message, where=where, hint=codes.NO_LEDGER.cure),))
