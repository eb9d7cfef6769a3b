"""The record of a project, for operators at the command line: reading and verifying it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from metricgate.adapters.state.sqlite.ledger_audit import verify_file
from metricgate.definitions.codes import UNREADABLE
from metricgate.ledger.verification import Report
from metricgate.operations import codes
from metricgate.state.record import EntryFilter
from metricgate.state.state import ProjectState
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Place, Problem, Problems


def entries(state: ProjectState, wanted: EntryFilter, limit: int | None) -> Iterable[Mapping[str, Json]]:
    """Return ledger entries; none where there is no ledger yet."""
    found = state.reader()
    if found is None:
        return
    with found as reader:
        for each in reader.entries(wanted, limit=limit):
            yield each.shown()


def entry(state: ProjectState, index: int) -> Mapping[str, Json] | None:
    """Return one entry with its bodies and its receipt."""
    opened = state.reader()
    if opened is None:
        return None
    with opened as reader:
        found = reader.entry(index)
        if found is None:
            return None
        receipt = reader.receipt(index, state.receipt_key())
        return {**found.shown(), "receipt": None if receipt is None else receipt.as_json()}


def verified(state: ProjectState, against: Path | None) -> Report | Problems:
    """Verify the project's own ledger with its own public key."""
    if "record" not in state.kept():
        return no_ledger(state)
    try:
        return state.verify(None if against is None else against.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        return Problems((unreadable(error),))


def verify_ledger(file: Path, key_file: Path, against: Path | None) -> Report | Problems:
    """Verify a ledger file with nothing but the file and a public key (and an earlier checkpoint)."""
    try:
        key = key_file.read_text(encoding="utf-8")
        earlier = None if against is None else against.read_text(encoding="utf-8")
        return verify_file(file, key, earlier)
    except (OSError, ValueError) as error:
        return Problems((Problem(code=UNREADABLE, message=str(error), hint=UNREADABLE.cure),))


def unreadable(error: Exception) -> Problem:
    """Return what is wrong with a file that cannot be read or written."""
    return Problem(code=UNREADABLE, message=str(error), hint=UNREADABLE.cure)


def no_ledger(state: ProjectState) -> Problems:
    """Say that there is no ledger."""
    message = "There is no ledger yet."
    where = Place(file=str(state.folder))
    return Problems((Problem(code=codes.NO_LEDGER, message=message, where=where, hint=codes.NO_LEDGER.cure),))
