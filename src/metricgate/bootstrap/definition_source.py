"""The definitions of a project, by its settings."""

from __future__ import annotations

from pathlib import Path

from metricgate.definitions.source import DefinitionSource
from metricgate.settings.installed_kinds import metric_types, rule_kinds
from metricgate.settings.settings import Settings


def definition_source(folder: Path, settings: Settings) -> DefinitionSource:
    """Return where the definitions of the project in ``folder`` are."""
    return DefinitionSource(
        folder=folder,
        paths=settings.document.paths,
        dialects=settings.dialects,
        types=metric_types(),
        rule_kinds=rule_kinds(),
        all_expressible=settings.all_said,
    )
