"""The record of a project, for operators: reading, exporting and verifying it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from metricgate.definitions.codes import UNREADABLE
from metricgate.ledger.verification import Report
from metricgate.operations import codes
from metricgate.state.record import EntryFilter, LedgerUnavailable
from metricgate.state.state import ProjectState
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Place, Problem, Problems


def list_entries(state: ProjectState, wanted: EntryFilter, limit: int | None) -> Iterable[Mapping[str, Json]]:
    """Return ledger entries; none where there is no ledger yet."""
    found = state.reader()
    if found is None:
        return
    with found as reader:
        for each in reader.entries(wanted, limit=limit):
            yield each.as_shown()


def read_entry(state: ProjectState, index: int) -> Mapping[str, Json] | None:
    """Return one entry with its bodies and its receipt."""
    opened = state.reader()
    if opened is None:
        return None
    with opened as reader:
        found = reader.entry(index)
        if found is None:
            return None
        receipt = reader.receipt(index, state.receipt_key())
        return {**found.as_shown(), "receipt": None if receipt is None else receipt.as_json()}


def export_entries(state: ProjectState, file: Path, wanted: EntryFilter, limit: int | None) -> int | Problems:
    """Write entries to a file, with its manifest beside it."""
    if "record" not in state.existing_stores():
        return _no_ledger(state)
    try:
        made = state.export(wanted, file.suffix.removeprefix("."), limit=limit)
        with file.open("wb") as out:
            out.writelines(made.chunks)
        manifest = json.dumps(dict(made.manifest), indent=1)
        file.with_name(f"{file.name}.manifest.json").write_text(f"{manifest}\n", encoding="utf-8")
    except (OSError, LedgerUnavailable) as error:
        return Problems((_file_unreadable(error),))
    return int(str(made.manifest["count"]))


def verify_record(state: ProjectState, against: Path | None) -> Report | Problems:
    """Verify the project's own ledger with its own public key."""
    if "record" not in state.existing_stores():
        return _no_ledger(state)
    try:
        return state.verify(None if against is None else against.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        return Problems((_file_unreadable(error),))


def _file_unreadable(error: Exception) -> Problem:
    """Return what is wrong with a file that cannot be read or written."""
    return Problem(code=UNREADABLE, message=str(error), hint=UNREADABLE.cure)


def _no_ledger(state: ProjectState) -> Problems:
    """Say that there is no ledger."""
    message = "There is no ledger yet."
    where = Place(file=str(state.folder))
    return Problems((Problem(code=codes.NO_LEDGER, message=message, where=where, hint=codes.NO_LEDGER.cure),))
