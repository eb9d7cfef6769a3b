"""Approves a held delete in a gateway that is killed at a chosen point: ``python dying.py FOLDER ACTION POINT``.

The gateway's own parts are wrapped from outside: each port's call may be the last thing that happens.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from tests.gateway.writing.shop import STEN, opened


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
                if self._after:
                    await whole(*args, **more)
                return die()

            return later

        def now(*args, **more):
            if self._after:
                whole(*args, **more)
            die()

        return now


def die() -> None:
    """Go as a machine goes that loses its power."""
    os.kill(os.getpid(), signal.SIGKILL)


async def main(folder: Path, action_id: str, point: str) -> None:
    """Approve the action; the point is ``before`` or ``after``, a part of the book, and what is called there."""
    when, part, method, *event = point.split(":")
    async with opened(folder) as shop:
        book = shop.parts.book
        setattr(book, part, Dying(getattr(book, part), method, event[0] if event else None, after=when == "after"))
        view = await shop.office.action(STEN, action_id)
        await shop.office.decide(
            STEN,
            action_id,
            approves=True,
            reason="as agreed",
            shown_digest=view.shown_digest,
            bound_to=view.action.proposal.digest,
        )


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
