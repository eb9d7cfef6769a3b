"""Entries of a project's record as a file, for operators at the command line."""

from __future__ import annotations

import json
from pathlib import Path

from metricgate.bootstrap.record_desk import no_ledger, unreadable
from metricgate.state.record import EntryFilter, LedgerUnavailable
from metricgate.state.state import ProjectState
from metricgate.vocabulary.problem import Problems


def export_entries(state: ProjectState, file: Path, wanted: EntryFilter, limit: int | None) -> int | Problems:
    """Write entries to a file, with its manifest beside it."""
    if "record" not in state.kept():
        return no_ledger(state)
    try:
        made = state.export(wanted, file.suffix.removeprefix("."), limit=limit)
        with file.open("wb") as out:
            out.writelines(made.chunks)
        manifest = json.dumps(dict(made.manifest), indent=1)
        file.with_name(f"{file.name}.manifest.json").write_text(f"{manifest}\n", encoding="utf-8")
    except (OSError, LedgerUnavailable) as error:
        return Problems((unreadable(error),))
    return int(str(made.manifest["count"]))
