"""Every event of the record, by its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from metricgate.ledger.events import access, actions, calls, log
from metricgate.ledger.events.attribute import Event, ReadableEntry, UnreadableEntry

EVENTS: Final[tuple[type[Event], ...]] = (
    calls.CallReleased,
    calls.CallCompleted,
    calls.CallRefused,
    calls.CallFailed,
    calls.CallHeld,
    actions.ActionProposed,
    actions.ActionShown,
    actions.ActionDecided,
    actions.ActionUncounted,
    actions.ActionReleased,
    actions.ActionExecuted,
    actions.ActionFailed,
    actions.ActionEnded,
    actions.ActionReviewed,
    log.LogOpened,
    log.GatewayReplaced,
    log.LossAccepted,
    log.StateNarrowed,
    log.RecoveryMarked,
    actions.RecoveryMended,
    log.RedactionPerformed,
    access.KeyCreated,
    access.KeyRevoked,
    access.AuthRefused,
    access.DoorRefused,
    access.AgentPaused,
    access.SwitchThrown,
    access.SwitchTakenBack,
    access.PersonAdded,
    access.PersonRemoved,
    access.PersonReset,
    access.PersonLoggedIn,
    access.LoginRefused,
    access.DefinitionsPublished,
    access.DefinitionsRejected,
)
"""In the order of the docs."""
EVENTS_BY_NAME: Final[Mapping[str, type[Event]]] = {each.NAME: each for each in EVENTS}


def event_of(entry: ReadableEntry) -> Event:
    """Return what an entry says happened.

    Raises:
        UnreadableEntry: it is of no event that this release knows, or not what the event's class says.
    """
    event = EVENTS_BY_NAME.get(entry.event)
    if event is None:
        raise UnreadableEntry(f"no event is called {entry.event}")
    return event.from_entry(entry)
