"""Connections with bounds: no client makes the gateway hold more, or wait longer, than was set.

uvicorn bounds neither the bytes of a request's head nor the time that a client takes to send one. Here each connection
is in one of four phases, and in all but one of them it waits for its client, against a deadline:

    HEAD --head complete--> BODY --request complete--> BUSY --answered--> IDLE --first byte--> HEAD

What is too large or too late is refused with a problem document where no answer is under way, and the connection is
over: what still comes is thrown away for a moment, since a client that is cut off while it sends does not read why.
Where as many connections are open as may be, the one that has waited longest for its client makes room: clients that
send nothing cannot keep out those that do.
"""

from __future__ import annotations

import asyncio
from enum import Enum, auto
from http import HTTPStatus
from typing import ClassVar, Final

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from metricgate.surfaces.http import codes
from metricgate.surfaces.http.body import problem
from metricgate.surfaces.http.connection_limits import ConnectionLimits
from metricgate.surfaces.problem_document import MEDIA_TYPE, problem_document, to_bytes
from metricgate.vocabulary.problem import Code

MOST_REQUEST_LINE: Final = 8_192
MOST_HEADERS: Final = 100
_MOST_QUEUED: Final = 16
_LINGER_SECONDS: Final = 2.0
_LINGER_BYTES: Final = 1_048_576


class _Phase(Enum):
    HEAD = auto()
    BODY = auto()
    BUSY = auto()
    IDLE = auto()
    OVER = auto()


class _RefusedError(Exception):
    """Stops the parser."""


class BoundedProtocol(HttpToolsProtocol):
    """One connection. Made by ``bounded``, since uvicorn constructs it."""

    limits: ClassVar[ConnectionLimits]
    waiting: ClassVar[dict[BoundedProtocol, None]]
    """The connections that wait for their clients, those first that have done so longest."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, object],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        """Take what uvicorn gives."""
        super().__init__(config, server_state, app_state, _loop)
        self._phase = _Phase.HEAD
        self._deadline: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None
        self._fed = 0
        self._head = 0
        self._wrong: Code | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request; where there are too many connections, one goes."""
        super().connection_made(transport)
        if len(self.connections) > self.limits.connections:
            oldest = next((each for each in self.waiting if not each.answering), None)
            if oldest is None:
                self._refuse(codes.TOO_MANY_CONNECTIONS)
                return
            oldest.cut()
        self._enter(_Phase.HEAD)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self.waiting.pop(self, None)
        self._unset_keepalive_if_required()
        for timer in (self._deadline, self._unread):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse; refuse what is larger than it may be, finished or not."""
        if self.parser is None or self.transport.is_closing():
            return
        if self._phase is _Phase.IDLE:
            self._enter(_Phase.HEAD)
        self._fed += len(data)
        if self._phase is _Phase.OVER:
            if self._fed > _LINGER_BYTES:
                self.transport.abort()
            return
        super().data_received(data)
        if self._phase is _Phase.HEAD and self._fed > self.limits.head_bytes:
            self._refuse(codes.HEAD_TOO_LARGE)
        elif self._phase is _Phase.BODY and self._fed > self.limits.body_bytes_on_the_wire:
            self._refuse(codes.BODY_TOO_LARGE)

    def send_400_response(self, msg: str) -> None:
        """Say why the parser stopped."""
        del msg
        self._refuse(self._wrong or codes.MALFORMED_REQUEST)

    def on_message_begin(self) -> None:
        """A further request begins, perhaps behind others that are still to be answered."""
        super().on_message_begin()
        self._head = 0
        if len(self.pipeline) >= _MOST_QUEUED:
            self._stop(codes.TOO_MANY_CONNECTIONS)
        if self._phase is not _Phase.HEAD:
            self._enter(_Phase.HEAD)

    def on_url(self, url: bytes) -> None:
        """Take a part of the request's target."""
        super().on_url(url)
        self._head += len(url)
        if len(self.url) > MOST_REQUEST_LINE:
            self._stop(codes.URL_TOO_LONG)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header. One that comes behind the body (a trailer) is counted and belongs to nothing."""
        self._head += len(name) + len(value) + 4
        if self._phase is _Phase.HEAD:
            super().on_header(name, value)
        if self._head > self.limits.head_bytes or len(self.headers) > MOST_HEADERS:
            self._stop(codes.HEAD_TOO_LARGE)

    def on_headers_complete(self) -> None:
        """Begin to answer, and wait for the body."""
        self._enter(_Phase.BODY)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is whole: from here on the client waits for us."""
        super().on_message_complete()
        self._enter(_Phase.BUSY if self.answering else _Phase.IDLE)

    def on_response_complete(self) -> None:
        """Go on with the next request, or wait for one."""
        more = bool(self.pipeline)
        super().on_response_complete()
        if self._phase is _Phase.BUSY and not more and not self.transport.is_closing():
            self._enter(_Phase.IDLE)

    def pause_writing(self) -> None:
        """The client does not read: not for ever."""
        super().pause_writing()
        if self._unread is None:
            self._unread = self.loop.call_later(self.limits.answer_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """It reads again."""
        super().resume_writing()
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _enter(self, phase: _Phase) -> None:
        self._phase, self._fed = phase, 0
        self.waiting.pop(self, None)
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        if phase is not _Phase.BUSY:
            self.waiting[self] = None
            self._arm()

    def _arm(self) -> None:
        seconds = {
            _Phase.HEAD: self.limits.head_seconds,
            _Phase.BODY: self.limits.body_seconds,
            _Phase.IDLE: self.limits.idle_seconds,
        }.get(self._phase, _LINGER_SECONDS)
        self._deadline = self.loop.call_later(seconds, self._late)

    def _late(self) -> None:
        if self._phase is _Phase.OVER:
            self.transport.abort()
            return
        # A client that we do not read from, or that waits for an earlier answer, is not slow.
        if self.flow.read_paused or (self._phase is not _Phase.BODY and self.answering):
            self._arm()
        elif self._phase is _Phase.IDLE or (self._phase is _Phase.HEAD and not self._fed):
            self.transport.close()
        else:
            self._refuse(codes.TOO_SLOW)

    @property
    def answering(self) -> bool:
        """Whether a request of the client's is being answered."""
        return self.cycle is not None and not self.cycle.response_complete

    def cut(self) -> None:
        """Make room at once."""
        self.waiting.pop(self, None)
        self.transport.abort()

    def _stop(self, code: Code) -> None:
        self._wrong = code
        raise _RefusedError(code.name)

    def _refuse(self, code: Code) -> None:
        """End the connection; say why where what is said can only be taken for the answer to this request."""
        own = self._phase is _Phase.BODY and not self.pipeline and not self.cycle.response_started
        says = own or not self.answering
        if self.answering:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self._enter(_Phase.OVER)
        if says:
            self.transport.write(_refusal_bytes(code))
            self.transport.write_eof()
        else:
            self.transport.close()


def bound_protocol(limits: ConnectionLimits) -> type[BoundedProtocol]:
    """Return the protocol of one server, to be given to uvicorn as ``http``."""
    return type("Bounded", (BoundedProtocol,), {"limits": limits, "waiting": {}})


def _refusal_bytes(code: Code) -> bytes:
    body = to_bytes(problem_document(problem(code)))
    head = (
        f"HTTP/1.1 {code.status} {HTTPStatus(code.status).phrase}\r\ncontent-type: {MEDIA_TYPE}\r\n"
        f"content-length: {len(body)}\r\ncache-control: no-store\r\nx-content-type-options: nosniff\r\n"
        "connection: close\r\n\r\n"
    )
    return head.encode() + body
