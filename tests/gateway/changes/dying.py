"""Approves a held delete in a gateway that dies at a chosen point: ``python dying.py FOLDER ACTION POINT [SIGNAL]``.

The gateway's own parts are wrapped from outside: each port's call may be the last thing that happens. With ``SIGSTOP``
the gateway is stopped there instead, goes on when it is woken, and prints what it was told.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

from tests.gateway.changes.shop import STEN, opened

from metricgate.state.record import LedgerUnavailable


class Dying:
    """A port that ends the process before or after one of its methods."""

    def __init__(self, port, method: str, event: str | None, *, after: bool) -> None:
        self._port, self._method, self._event, self._after = port, method, event, after

    def __getattr__(self, name: str):
        whole = getattr(self._port, name)
        if name != self._method:
            return whole
        if asyncio.iscoroutinefunction(whole):

            async def later(*args, **more):
                if self._event not in {None, args[0]}:
                    return await whole(*args, **more)
                found = await whole(*args, **more) if self._after else None
                die()
                return found if self._after else await whole(*args, **more)

            return later

        def now(*args, **more):
            found = whole(*args, **more) if self._after else None
            die()
            return found if self._after else whole(*args, **more)

        return now


def die() -> None:
    """Go as a machine goes that loses its power, or stand still until somebody wakes it."""
    os.kill(os.getpid(), getattr(signal, sys.argv[4]) if len(sys.argv) > 4 else signal.SIGKILL)
    # The other threads may be stopped first: this one must not go on meanwhile.
    time.sleep(0.5)


async def main(folder: Path, action_id: str, point: str) -> None:
    """Approve the action; the point is ``before`` or ``after``, which of the services, and what is called there."""
    when, part, method, *event = point.split(":")
    # Who is to stand still holds no lock by chance, as what is done from time to time might.
    async with opened(folder, watch=len(sys.argv) < 5) as shop:
        services = shop.parts.changes
        dying = Dying(getattr(services, part), method, event[0] if event else None, after=when == "after")
        setattr(services, part, dying)
        view = await shop.office.action(STEN, action_id)
        try:
            done = await shop.office.decide(
                STEN,
                action_id,
                approves=True,
                reason="as agreed",
                shown_digest=view.shown_digest,
                bound_to=view.action.proposal.digest,
            )
        except LedgerUnavailable as error:
            done = error
        print(done, await shop.call("query_metrics", metrics=["nothing"]), sep="\n")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
