"""Streams of events that stay open for as long as their clients like: ended when the gateway stops.

A server that stops waits for what it still serves. A stream that only listens (the sessions of older MCP revisions, the
console's pages) never ends by itself, and would hold it up until its patience is over.
"""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_EVENTS = b"text/event-stream"


class OpenStreams:
    """Wraps the whole app; ``end`` tells every stream of events that was asked for by GET that its client is gone."""

    def __init__(self, app: ASGIApp) -> None:
        """Take the app."""
        self._app = app
        self._ending = asyncio.Event()

    def end(self) -> None:
        """End the streams that are open, and those that begin from now on. From the event loop's own thread."""
        self._ending.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on; only what is asked for by GET can be such a stream."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        stream = _Stream(receive, send, self._ending)
        try:
            await self._app(scope, stream.receive, stream.send)
        finally:
            stream.close()
        await stream.finish()


class _Stream:
    """One response, of which it turns out whether it is a stream of events."""

    def __init__(self, receive: Receive, send: Send, ending: asyncio.Event) -> None:
        self._receive = receive
        self._send = send
        self._ending = ending
        self._events = self._finished = False
        self._next: asyncio.Future[Message] | None = None

    async def receive(self) -> Message:
        """Return the client's next message; where the gateway stops, that the client is gone."""
        coming = self._next = self._next or asyncio.ensure_future(self._receive())
        ending = asyncio.ensure_future(self._ending.wait())
        either: set[asyncio.Future[Message] | asyncio.Task[bool]] = {coming, ending}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ending.cancel()
        if self._events and not coming.done():
            return {"type": "http.disconnect"}
        message, self._next = await coming, None
        return message

    async def send(self, message: Message) -> None:
        """Pass on, and note what kind of response it is and whether it is complete."""
        if message["type"] == "http.response.start":
            self._events = any(
                name == b"content-type" and value.startswith(_EVENTS) for name, value in message.get("headers", ())
            )
        elif message["type"] == "http.response.body":
            self._finished = not message.get("more_body", False)
        await self._send(message)

    def close(self) -> None:
        """Stop waiting for the client."""
        if self._next is not None:
            self._next.cancel()

    async def finish(self) -> None:
        """Complete a stream that was ended in the middle, as its client should see it."""
        if self._events and self._ending.is_set() and not self._finished:
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})
