"""The courier: takes due notices from the outbox to their sinks, again and again, up to an end that is known."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from metricgate.gateway.notifications import Delivery, Sink
from metricgate.state.outbox import DELIVERED, PARKED, WAITING, Outbox, PendingDelivery
from metricgate.vocabulary.clock import Clock
from metricgate.vocabulary.notice import Notice, NoticeKind, NoticeNotKept


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrySchedule:
    """Seconds: the first wait, doubled each time up to the longest; the end counts from the first attempt.

    Attributes:
        attempt: that one attempt may take; a sink that keeps its own limit ends before.
        look: between looks for what is due.
        tidy: between looks for what was delivered long ago.
    """

    first: float = 5.0
    longest: float = 3_600.0
    end: float = 86_400.0
    attempt: float = 30.0
    look: float = 1.0
    tidy: float = 3_600.0


class Courier:
    """Delivers at least once. What was taken and not yet settled when the process dies is delivered again.

    Args:
        outbox: where notices wait.
        sinks: by the names of the outbox's routes.
        clock: for when things are due.
        keep_seconds: after which a delivered notice is forgotten.
        patience: how often and how long to try.
    """

    def __init__(
        self,
        outbox: Outbox,
        sinks: Mapping[str, Sink],
        *,
        clock: Clock,
        keep_seconds: float = 30 * 86_400.0,
        patience: RetrySchedule | None = None,
    ) -> None:
        self._outbox, self._sinks, self._clock, self._keep = outbox, sinks, clock, keep_seconds
        self._patience = patience or RetrySchedule()

    async def run(self) -> None:
        """Deliver until cancelled; a slow sink keeps no other waiting."""
        async with asyncio.TaskGroup() as tasks:
            for name, sink in self._sinks.items():
                tasks.create_task(self._serve(name, sink))
            tasks.create_task(self._tidy())

    async def _tidy(self) -> None:
        while True:
            try:
                await asyncio.to_thread(self._outbox.prune, self._now() - self._keep)
            except NoticeNotKept as error:
                structlog.get_logger("metricgate.notifications").warning("outbox_not_tidied", error=str(error))
            await asyncio.sleep(self._patience.tidy)

    async def _serve(self, name: str, sink: Sink) -> None:
        while True:
            try:
                for pending in await asyncio.to_thread(self._outbox.due, name):
                    await self._attempt(pending, sink)
            except Exception as error:  # noqa: BLE001 - neither a full disk nor a bad plugin ends the courier
                structlog.get_logger("metricgate.notifications").error(
                    "notifications_stuck", sink=name, error=type(error).__name__
                )
            await asyncio.sleep(self._patience.look)

    async def _attempt(self, pending: PendingDelivery, sink: Sink) -> None:
        now = self._now()
        first = now if pending.first is None else pending.first
        delivery = await self._deliver(pending.notice, sink, seconds=int(now))
        state, due = DELIVERED, now
        if delivery.failure:
            wait = min(self._patience.longest, self._patience.first * 2.0 ** min(pending.attempts, 30))
            due = now + wait * random.uniform(0.5, 1.0)  # noqa: S311 - to spread, not to hide
            state = PARKED if delivery.final or due > first + self._patience.end else WAITING
        await asyncio.to_thread(
            self._outbox.settle, pending, state=state, first=first, due=due, failure=delivery.failure
        )
        if state == PARKED:
            await asyncio.to_thread(self._say_parked, pending, delivery.failure)

    async def _deliver(self, notice: Notice, sink: Sink, *, seconds: int) -> Delivery:
        """Try once; a plugin that hangs or raises has not taken it."""
        try:
            async with asyncio.timeout(self._patience.attempt):
                return await sink.deliver(notice, seconds=seconds)
        except TimeoutError:
            return Delivery("timeout")
        except Exception as error:  # noqa: BLE001 - a plugin's mistake is a failed attempt, counted like any other
            # Its own text may hold an address, which may be a secret.
            return Delivery(type(error).__name__)

    def _now(self) -> float:
        return self._clock.unix_nano() / 1e9

    def _say_parked(self, pending: PendingDelivery, failure: str) -> None:
        log = structlog.get_logger("metricgate.notifications")
        log.error("notification_parked", notice=pending.notice.id, sink=pending.sink, failure=failure)
        if pending.notice.kind is NoticeKind.NOTIFICATION_PARKED:
            return
        told = Notice(
            kind=NoticeKind.NOTIFICATION_PARKED,
            id=f"parked_{pending.notice.id}"[:100],
            at=pending.notice.at,
            title="A notification could not be delivered",
            text=f"The sink {pending.sink} did not take it. It is kept in the outbox.",
            fields={"notification": pending.notice.id, "sink": pending.sink, "failure": failure},
        )
        try:
            self._outbox.tell_but(told, sink=pending.sink)
        except NoticeNotKept:
            log.exception("notice_not_kept", notice=told.id)
