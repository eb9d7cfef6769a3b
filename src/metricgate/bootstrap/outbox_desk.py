"""The outbox of notifications as the command line sees it; works while a gateway runs, which then delivers."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime

from metricgate.adapters.system.clock import SystemClock
from metricgate.bootstrap.notifying import outbox_of
from metricgate.bootstrap.settings import Settings
from metricgate.definitions.codes import UNREADABLE
from metricgate.operations import codes
from metricgate.state.outbox import WAITING, Pending
from metricgate.state.state import ProjectState
from metricgate.surfaces.cli.project import DeliveryFacts, DeliveryFilter
from metricgate.vocabulary.nearest import did_you_mean
from metricgate.vocabulary.notice import NoticeNotKept
from metricgate.vocabulary.problem import Problem, Problems


def deliveries(state: ProjectState, settings: Settings, wanted: DeliveryFilter) -> Sequence[DeliveryFacts] | Problems:
    """Return deliveries, newest first; none where there is no outbox yet."""
    unknown = _unknown_sink(settings, wanted.sink)
    if unknown is not None:
        return unknown
    if "outbox" not in state.kept():
        return ()
    try:
        with closing(outbox_of(state, settings, SystemClock())) as outbox:
            found = outbox.deliveries(states=wanted.states, sink=wanted.sink, since=wanted.since, limit=wanted.limit)
    except NoticeNotKept as error:
        return _unreadable(error)
    return [_facts(each) for each in found]


def retry_deliveries(state: ProjectState, settings: Settings, notice: str | None, sink: str | None) -> int | Problems:
    """Let what was not delivered be tried again; how many deliveries. Naming one that is not there is a problem."""
    unknown = _unknown_sink(settings, sink)
    if unknown is not None:
        return unknown
    retried, waiting = 0, []
    if "outbox" in state.kept():
        try:
            with closing(outbox_of(state, settings, SystemClock())) as outbox:
                retried = outbox.retry(notice, sink=sink)
                waiting = [each.notice.id for each in outbox.deliveries(sink=sink)]
        except NoticeNotKept as error:
            return _unreadable(error)
    if notice is not None and not retried:
        message = f"No undelivered notification {notice!r} is there to be tried again."
        hint = did_you_mean(notice, waiting) or codes.NO_SUCH_NOTIFICATION.cure
        return Problems((Problem(code=codes.NO_SUCH_NOTIFICATION, message=message, hint=hint),))
    return retried


def _facts(pending: Pending) -> DeliveryFacts:
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


def _unknown_sink(settings: Settings, sink: str | None) -> Problems | None:
    names = [each.section.name for each in settings.notifications]
    if sink is None or sink in names:
        return None
    hint = did_you_mean(sink, names) or (f"There are: {', '.join(names)}." if names else "The settings name no sink.")
    message = f"{sink!r} is no sink of `notifications` in metricgate.yaml."
    return Problems((Problem(code=codes.NO_SUCH_SINK, message=message, hint=hint),))


def _unreadable(error: NoticeNotKept) -> Problems:
    return Problems((Problem(code=UNREADABLE, message=str(error), hint=UNREADABLE.cure),))
