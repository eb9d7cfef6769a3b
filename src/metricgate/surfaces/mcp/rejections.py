"""Requests that do not get as far as the protocol: JSON-RPC errors that say what to do, as JSON.

Clients show what a JSON-RPC error says and little else; a bare status or another document is lost on most of them. What
the SDK itself rejects with a reason is left to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import orjson
from mcp_types import INVALID_REQUEST, METHOD_NOT_FOUND
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS, LATEST_MODERN_VERSION
from starlette.types import Message, Receive, Send

from metricgate.surfaces.http.replies import JSON_TYPE, Headers, reply
from metricgate.surfaces.mcp.results import words_of
from metricgate.surfaces.ports import RawHeaders
from metricgate.surfaces.problem_document import problem_document, to_bytes
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Problems

_VERSION_KEY: Final = "io.modelcontextprotocol/protocolVersion"
_NOT_FOUND: Final = 404
_JSON: Final = {"application/json", "application/*", "*/*"}
_EVENTS: Final = {"text/event-stream", "text/*", "*/*"}
_ACCEPT: Final = (
    "The Accept header must name both forms of answers: `Accept: application/json, text/event-stream`. Where only JSON "
    "can be read, call the same tools at POST /v1/tools/{tool}."
)
_OPEN: Final = (
    "No session is open: send `initialize` first, and its Mcp-Session-Id header with every later request; or send "
    f"requests of revision {LATEST_MODERN_VERSION}, which need none, with the header MCP-Protocol-Version: "
    f"{LATEST_MODERN_VERSION}."
)
_GONE: Final = (
    "Session not found: it ended, or the gateway was restarted, or another key opened it. Send `initialize` again "
    "without the Mcp-Session-Id header and repeat the call."
)
_PING: Final = (
    f"Revision {LATEST_MODERN_VERSION} has no ping: GET /healthz tells whether the gateway is alive, `server/discover` "
    "what it speaks."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """An HTTP status and the JSON-RPC error that goes with it; ``id`` is the request's, where it is known."""

    status: int
    code: int
    message: str
    id: Json = None
    data: Json = None

    def as_json(self) -> bytes:
        """Return the JSON-RPC response."""
        error = {"code": self.code, "message": self.message} | ({} if self.data is None else {"data": self.data})
        return orjson.dumps({"jsonrpc": "2.0", "id": self.id, "error": error})


async def reject(send: Send, rejection: Rejection, headers: Headers = ()) -> None:
    """Send a rejection as JSON."""
    await reply(send, rejection.status, rejection.as_json(), JSON_TYPE, headers)


def not_admitted(problems: Problems) -> Rejection:
    """Return why a caller is not let in: in words, and as a problem document for programs."""
    words = "\n".join(words_of(each) for each in problems)
    data = orjson.loads(to_bytes(problem_document(problems)))
    return Rejection(status=problems.first.code.status, code=INVALID_REQUEST, message=words, data=data)


def acceptable(raw: RawHeaders) -> bool:
    """Whether the Accept header names both forms that an answer may have (streamable HTTP, "Sending Messages")."""
    listed = b",".join(value for name, value in raw if name == b"accept").decode("latin-1")
    media = {part.partition(";")[0].strip().lower() for part in listed.split(",")}
    return bool(media & _JSON) and bool(media & _EVENTS)


NO_SESSION: Final = Rejection(status=400, code=INVALID_REQUEST, message=_OPEN)
NOT_ACCEPTABLE: Final = Rejection(status=406, code=INVALID_REQUEST, message=_ACCEPT)


async def read_ahead(receive: Receive, most: int) -> tuple[bytes, Receive]:
    """Read a body, of which at most about ``most`` bytes count; return it and a ``receive`` that gives it once more."""
    messages: list[Message] = []
    size = 0
    while True:
        message = await receive()
        messages.append(message)
        size += len(message.get("body", b""))
        if message["type"] != "http.request" or not message.get("more_body", False) or size > most:
            break
    seen = iter(messages)

    async def again() -> Message:
        for each in seen:
            return each
        return await receive()

    return b"".join(each.get("body", b"") for each in messages), again


def before_session(raw: RawHeaders) -> bool:
    """Whether a request belongs to no session and to no revision that does without."""
    return _header_value(raw, b"mcp-session-id") is None and not _modern(raw)


def in_session(raw: RawHeaders) -> bool:
    """Whether a request names a session, at a revision that has them."""
    return _header_value(raw, b"mcp-session-id") is not None and not _modern(raw)


def pings_without_session(raw: RawHeaders) -> bool:
    """Whether a request is a ping of a revision that has none."""
    return _modern(raw) and _header_value(raw, b"mcp-method") == "ping"


def reject_unopened(body: bytes) -> Rejection | None:
    """Return what is wrong with a request outside any session; None where it opens one, or is not JSON-RPC at all."""
    request = _request(body)
    if request is None or request.get("method") in {"initialize", None}:
        return None
    stated, message = _stated_version(request), _OPEN
    if stated is not None and stated not in HANDSHAKE_PROTOCOL_VERSIONS:
        message = (
            f"The body is of revision {stated[:40]}, but its headers are missing: send MCP-Protocol-Version: "
            f"{stated[:40]}, Mcp-Method with the body's method and, for a tool, Mcp-Name with its name."
        )
    elif request["method"] == "ping":
        message = f"{_OPEN} Without a session, GET /healthz tells whether the gateway is alive."
    return Rejection(status=400, code=INVALID_REQUEST, message=message, id=_request_id(request))


def no_ping(body: bytes) -> Rejection:
    """Return the answer to a ping of a revision that has none."""
    return Rejection(status=_NOT_FOUND, code=METHOD_NOT_FOUND, message=_PING, id=_request_id(_request(body) or {}))


def saying_where_sessions_end(send: Send) -> Send:
    """Return a ``send`` that replaces the SDK's 404, which stands for a session that is not there."""
    replaced = False

    async def sending(message: Message) -> None:
        nonlocal replaced
        if message["type"] == "http.response.start" and message["status"] == _NOT_FOUND:
            replaced = True
            await reject(send, Rejection(status=_NOT_FOUND, code=INVALID_REQUEST, message=_GONE))
        elif not replaced:
            await send(message)

    return sending


def _modern(raw: RawHeaders) -> bool:
    """Whether the version header names a revision without sessions, or one that nobody knows."""
    version = _header_value(raw, b"mcp-protocol-version")
    return version is not None and version not in HANDSHAKE_PROTOCOL_VERSIONS


def _header_value(raw: RawHeaders, wanted: bytes) -> str | None:
    return next((value.decode("latin-1") for name, value in raw if name == wanted), None)


def _request(body: bytes) -> Mapping[str, Json] | None:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


def _stated_version(request: Mapping[str, Json]) -> str | None:
    params = request.get("params")
    meta = params.get("_meta") if isinstance(params, Mapping) else None
    version = meta.get(_VERSION_KEY) if isinstance(meta, Mapping) else None
    return version if isinstance(version, str) else None


def _request_id(request: Mapping[str, Json]) -> Json:
    found = request.get("id")
    return found if isinstance(found, str | int) and not isinstance(found, bool) else None
