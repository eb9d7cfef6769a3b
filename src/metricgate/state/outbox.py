"""Notices on their way to sinks: a port."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from metricgate.vocabulary.notice import Notice, Notifier

WAITING, DELIVERED, PARKED = "waiting", "delivered", "parked"


STATES = (WAITING, PARKED, DELIVERED)


UNDELIVERED = (WAITING, PARKED)


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingDelivery:
    """One notice on its way to one sink. Times in seconds since 1970.

    Attributes:
        first: when it was first tried.
        due: when it is tried next; where it was delivered, when that was.
    """

    notice: Notice
    sink: str
    state: str
    attempts: int
    first: float | None
    due: float
    failure: str


class Outbox(Notifier, Protocol):
    """Notices from when they are told until they are delivered. Safe to use from several threads and processes.

    Every method raises ``NoticeNotKept`` where they cannot be read or written.
    """

    def tell_but(self, notice: Notice, *, sink: str | None) -> None:
        """Keep the notice for every sink that wants its kind, but for ``sink``; None leaves none out."""
        ...

    def due(self, sink: str, *, most: int = 20) -> Sequence[PendingDelivery]:
        """Return at most ``most`` deliveries to a sink that wait and whose time has come, the oldest first."""
        ...

    def settle(self, pending: PendingDelivery, *, state: str, first: float, due: float, failure: str) -> None:
        """Note how an attempt ended, and count it. Times in seconds since 1970.

        Args:
            pending: the delivery, as ``due`` gave it.
            state: ``WAITING`` for another attempt, ``DELIVERED``, or ``PARKED`` where nobody tries any more.
            first: when it was first tried.
            due: when it is tried next; of what was delivered, when that was.
            failure: why it failed, in words; empty where it did not.
        """
        ...

    def deliveries(
        self,
        *,
        states: Sequence[str] = UNDELIVERED,
        sink: str | None = None,
        since: datetime | None = None,
        limit: int | None = None,
    ) -> Sequence[PendingDelivery]:
        """Return deliveries in these states, the newest first.

        Args:
            states: of ``WAITING``, ``PARKED`` and ``DELIVERED``.
            sink: to this one alone; None for all.
            since: events that happened then or later; None for all.
            limit: at most so many; None for all.
        """
        ...

    def list_undelivered(self) -> Sequence[PendingDelivery]:
        """Return what waits or is parked, the oldest first."""
        ...

    def retry(self, notice: str | None, *, sink: str | None = None) -> int:
        """Let what was not delivered, of one notice or of all, be tried anew and at once; return how many."""
        ...

    def prune(self, before: float) -> int:
        """Forget what was delivered before this moment, in seconds since 1970; return how many deliveries."""
        ...

    def close(self) -> None:
        """Let it go."""
        ...
