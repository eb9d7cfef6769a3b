"""Entries of a project's record as a file, for operators at the command line."""

from __future__ import annotations

import json
from pathlib import Path

from metricgate.adapters.stores.ledger_export import export
from metricgate.adapters.stores.ledger_keys import load_verifier
from metricgate.adapters.stores.ledger_reading import LedgerReader
from metricgate.bootstrap.paths import StatePaths
from metricgate.bootstrap.record_desk import filter_of, no_ledger, unreadable
from metricgate.gateway.ports import LedgerUnavailable
from metricgate.surfaces.cli.project import EntryFilter
from metricgate.vocabulary.problem import Problems


def export_entries(paths: StatePaths, file: Path, wanted: EntryFilter) -> int | Problems:
    """Write entries to a file, with its manifest beside it."""
    if not paths.ledger.exists():
        return no_ledger(paths.ledger)
    try:
        with LedgerReader(paths.ledger) as reader:
            key = load_verifier(paths.public_key)
            made = export(reader, filter_of(wanted), file.suffix.removeprefix("."), key, limit=wanted.limit)
            with file.open("wb") as out:
                out.writelines(made.chunks)
        manifest = json.dumps(dict(made.manifest), indent=1)
        file.with_name(f"{file.name}.manifest.json").write_text(f"{manifest}\n", encoding="utf-8")
    except (OSError, LedgerUnavailable) as error:
        return Problems((unreadable(error),))
    return int(str(made.manifest["count"]))
