"""Which warehouse holds each relation of a plan: one statement reads from one warehouse only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from metricgate.catalog.model import SemanticModel
from metricgate.planning.scan import Densified, Scan, ScanTable, spines_joined, tables_read

Homes = tuple[tuple[str, str | None], ...]
"""(dataset or a time spine's source, name of the warehouse or None for the default), each once."""


def homes_of(models: Iterable[SemanticModel], scans: Sequence[Scan]) -> Homes:
    """Return the homes of a plan's models and of the time spines that its scans read.

    Args:
        models: of the plan, those of answers within included.
        scans: of the plan.
    """
    found = {model.name: model.warehouse for model in models}
    for table in _tables_of(scans):
        if not table.model and table.source:
            found.setdefault(".".join(table.source), table.warehouse)
    return tuple(found.items())


def _tables_of(scans: Sequence[Scan]) -> Iterator[ScanTable]:
    """Every table, those of answers within included."""
    for scan in scans:
        joined = scan.periods.joined if isinstance(scan, Densified) else ()
        for table in (*tables_read(scan), *spines_joined(scan), *joined):
            yield table
            if table.answer is not None:
                yield from _tables_of(table.answer.scans)
