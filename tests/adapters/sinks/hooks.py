"""A receiver of webhooks over a real socket, and notices to send it."""

from __future__ import annotations

import asyncio
import base64
import itertools
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from metricgate.adapters.sinks.courier import Courier, RetrySchedule
from metricgate.vocabulary.notice import Notice, NoticeKind

SECRETS = "whsec_" + base64.b64encode(b"n" * 32).decode() + " whsec_" + base64.b64encode(b"o" * 32).decode()
HASTY = RetrySchedule(first=0.01, longest=0.05, end=0.5, attempt=60.0, look=0.01, tidy=0.01)


class Stepping:
    """A clock that goes on by five milliseconds whenever it is asked, however slow the machine is."""

    def __init__(self) -> None:
        self._steps = itertools.count()

    def unix_nano(self) -> int:
        """Return nanoseconds since 1970."""
        return 1_767_225_600_000_000_000 + next(self._steps) * 5_000_000

    def monotonic(self) -> float:
        """Return seconds."""
        return next(self._steps) * 0.005


CLOCK = Stepping()


def _wait(until: Callable[[], object]) -> None:
    end = time.monotonic() + 60.0
    while not until():
        assert time.monotonic() < end
        time.sleep(0.01)


def served(courier: Courier, until: Callable[[], object]) -> None:
    """Let a courier deliver until something is so."""

    async def main() -> None:
        delivering = asyncio.ensure_future(courier.run())
        await asyncio.to_thread(_wait, until)
        delivering.cancel()
        await asyncio.wait([delivering])

    asyncio.run(main())


class Hook(ThreadingHTTPServer):
    """Answers with the statuses it was given, the last for ever; keeps what came."""

    def __init__(self, *statuses: int) -> None:
        self.statuses, self.got = list(statuses), []
        super().__init__(("127.0.0.1", 0), Handler)
        Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @property
    def url(self) -> str:
        """Where to post."""
        return f"http://127.0.0.1:{self.server_port}/hook"


class Handler(BaseHTTPRequestHandler):
    """Keeps what was posted."""

    server: Hook

    def do_POST(self) -> None:
        """Answer a post."""
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.got.append((dict(self.headers), body))
        status = self.server.statuses.pop(0) if len(self.server.statuses) > 1 else self.server.statuses[0]
        self.send_response(status)
        self.send_header("location", self.server.url)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


def notice(name: str = "n_1", text: str = "It was refused too often.") -> Notice:
    return Notice(kind=NoticeKind.AGENT_PAUSED, id=name, at="2026-01-01T00:00:00Z", title="Paused", text=text)
