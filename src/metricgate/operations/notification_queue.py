"""The queue of notifications, as operators see it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime

from metricgate.definitions.codes import UNREADABLE
from metricgate.operations import codes
from metricgate.state.outbox import WAITING, Outbox, PendingDelivery
from metricgate.state.state import ProjectState
from metricgate.vocabulary.nearest import did_you_mean
from metricgate.vocabulary.notice import NoticeNotKept
from metricgate.vocabulary.problem import Problem, Problems


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryFilter:
    """Which deliveries of notifications; every part that is set must hold. ``since`` is the event's, inclusive."""

    states: tuple[str, ...]
    sink: str | None = None
    since: datetime | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryFacts:
    """One notification on its way to one sink. Times are ISO 8601 in UTC.

    Attributes:
        id: the notification's; one that is for two sinks has two deliveries.
        at: when the event was.
        state: ``waiting``, ``parked`` or ``delivered``.
        next_attempt: where it waits, when it is tried next at the earliest.
        failure: how the last attempt failed; None where none has.
    """

    id: str
    event: str
    at: str
    title: str
    sink: str
    state: str
    attempts: int
    next_attempt: str | None
    failure: str | None


class NotificationQueue:
    """The outbox of a project, for operators; works while a gateway runs, which then delivers.

    Every method may return that a sink is none of the project's, or that the outbox cannot be read.
    """

    def __init__(self, state: ProjectState, *, sinks: Sequence[str], open_outbox: Callable[[], Outbox]) -> None:
        """Take the names of the sinks, and what opens the outbox where there is one."""
        self._state = state
        self._sinks = sinks
        self._open = open_outbox

    def deliveries(self, wanted: DeliveryFilter) -> Sequence[DeliveryFacts] | Problems:
        """Return deliveries, newest first; none where there is no outbox yet."""
        unknown = self._unknown_sink(wanted.sink)
        if unknown is not None:
            return unknown
        if "outbox" not in self._state.existing_stores():
            return ()
        try:
            with closing(self._open()) as outbox:
                found = outbox.deliveries(
                    states=wanted.states, sink=wanted.sink, since=wanted.since, limit=wanted.limit
                )
        except NoticeNotKept as error:
            return _queue_unreadable(error)
        return [_delivery_facts(each) for each in found]

    def retry(self, notice: str | None, sink: str | None) -> int | Problems:
        """Let what was not delivered be tried again; how many deliveries. Naming one that is not there is a problem."""
        unknown = self._unknown_sink(sink)
        if unknown is not None:
            return unknown
        retried, waiting = 0, []
        if "outbox" in self._state.existing_stores():
            try:
                with closing(self._open()) as outbox:
                    retried = outbox.retry(notice, sink=sink)
                    waiting = [each.notice.id for each in outbox.deliveries(sink=sink)]
            except NoticeNotKept as error:
                return _queue_unreadable(error)
        if notice is not None and not retried:
            message = f"No undelivered notification {notice!r} is there to be tried again."
            hint = did_you_mean(notice, waiting) or codes.NO_SUCH_NOTIFICATION.cure
            return Problems((Problem(code=codes.NO_SUCH_NOTIFICATION, message=message, hint=hint),))
        return retried

    def _unknown_sink(self, sink: str | None) -> Problems | None:
        names = self._sinks
        if sink is None or sink in names:
            return None
        there = f"There are: {', '.join(names)}." if names else "The settings name no sink."
        message = f"{sink!r} is no sink of `notifications` in metricgate.yaml."
        hint = did_you_mean(sink, names) or there
        return Problems((Problem(code=codes.NO_SUCH_SINK, message=message, hint=hint),))


def _delivery_facts(pending: PendingDelivery) -> DeliveryFacts:
    due = datetime.fromtimestamp(pending.due, UTC).isoformat(timespec="seconds")
    return DeliveryFacts(
        id=pending.notice.id,
        event=str(pending.notice.kind),
        at=pending.notice.at,
        title=pending.notice.title,
        sink=pending.sink,
        state=pending.state,
        attempts=pending.attempts,
        next_attempt=due if pending.state == WAITING else None,
        failure=pending.failure or None,
    )


def _queue_unreadable(error: NoticeNotKept) -> Problems:
    return Problems((Problem(code=UNREADABLE, message=str(error), hint=UNREADABLE.cure),))
