"""Settings of a scratch gateway beside a project."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from metricgate.settings.document import ConductSection, LedgerSection, Paths, WritesSection
from metricgate.settings.settings import Settings


def scratch_settings(settings: Settings, scratch: Path) -> Settings:
    """Return settings with the project's warehouses, and definitions and state in ``scratch``; nobody is told."""
    paths = Paths(
        semantic_models=str(scratch / "models"),
        policies=str(scratch / "policies"),
        actions=str(scratch / "actions"),
        state=str(scratch / "state"),
    )
    document = settings.document.model_copy(
        update={
            "paths": paths,
            "notifications": [],
            "conduct": ConductSection(repeats=None, errors=10_000, rounds=1_000, refusals=None),
            "ledger": LedgerSection(),
            "writes": WritesSection(),
        }
    )
    return replace(settings, document=document, notifications=(), all_said=False)
