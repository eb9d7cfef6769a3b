"""The sinks of notifications that the settings name, opened."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from metricgate.gateway.notifications import Sink, SinkUnusable
from metricgate.settings.settings import Settings


def sinks_of(settings: Settings, folder: Path) -> Mapping[str, Sink]:
    """Return the sinks by name; ``folder`` is the project's.

    Raises:
        SinkUnusable: one cannot be made.
    """
    found: dict[str, Sink] = {}
    for each in settings.notifications:
        try:
            found[each.section.name] = each.open(folder)
        except SinkUnusable as error:
            raise SinkUnusable(f"notification {each.section.name}: {error}") from error
    return found
