"""Notifications put together from the settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from metricgate.gateway.notifications import Sink
from metricgate.settings.settings import Settings
from metricgate.state.outbox import Outbox
from metricgate.state.state import ProjectState
from metricgate.vocabulary.clock import Clock

if TYPE_CHECKING:
    from metricgate.adapters.sinks.courier import Courier


def outbox_of(state: ProjectState, settings: Settings, clock: Clock) -> Outbox:
    """Open the outbox.

    Raises:
        NoticeNotKept: it cannot be opened.
    """
    routes = {each.section.name: frozenset(each.section.on) for each in settings.notifications}
    return state.outbox(routes, clock)


def courier_of(settings: Settings, outbox: Outbox, sinks: Mapping[str, Sink], clock: Clock) -> Courier:
    """Return what delivers, and forgets what was delivered long ago."""
    from metricgate.adapters.sinks.courier import Courier  # noqa: PLC0415 - only `serve` and `mcp` deliver

    keep = settings.document.outbox.delivered_days * 86_400.0
    return Courier(outbox, sinks, clock=clock, keep_seconds=keep)
