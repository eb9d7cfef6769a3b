"""Server-sent events: a number that grows whenever something changed. Pages then fetch themselves anew."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from metricgate.gateway.people_service import PeopleService
from metricgate.surfaces.human.session_auth import CONSOLE, Admission
from metricgate.vocabulary.problem import Problems

_MOST: Final = 100
_MOST_EACH: Final = 6
_LOOK_SECONDS: Final = 0.5
_ASK_SECONDS: Final = 10.0
_LONGEST_SECONDS: Final = 300.0


class Live:
    """The stream of changes. It says that something changed, never what."""

    def __init__(self, office: PeopleService, admission: Admission) -> None:
        self._office = office
        self._admission = admission
        self._open: dict[str, int] = {}

    async def stream(self, request: Request) -> Response:
        """Serve one page's stream: five minutes at most, no longer than its session."""
        admitted = await self._admission.admit(request)
        if isinstance(admitted, Problems) or admitted.session.person.channel != CONSOLE:
            return Response(status_code=401)
        person = admitted.session.person.id
        if sum(self._open.values()) >= _MOST or self._open.get(person, 0) >= _MOST_EACH:
            return Response(status_code=429, headers={"retry-after": "30"})
        return StreamingResponse(self._events(request, person), media_type="text/event-stream")

    async def _events(self, request: Request, person: str) -> AsyncIterator[bytes]:
        self._open[person] = self._open.get(person, 0) + 1
        try:
            begun = asked = time.monotonic()
            told = -1
            yield b"retry: 3000\n\n"
            while time.monotonic() < begun + _LONGEST_SECONDS:
                changed = self._office.change_count()
                if changed != told:
                    told = changed
                    yield f"event: changed\ndata: {changed}\n\n".encode()
                if time.monotonic() >= asked + _ASK_SECONDS:
                    asked = time.monotonic()
                    if isinstance(await self._admission.admit(request), Problems):
                        yield b"event: over\ndata: -\n\n"
                        return
                    yield b": still here\n\n"
                await asyncio.sleep(_LOOK_SECONDS)
        finally:
            left = self._open.get(person, 1) - 1
            if left:
                self._open[person] = left
            else:
                self._open.pop(person, None)
