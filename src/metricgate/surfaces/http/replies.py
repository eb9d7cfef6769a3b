"""Replies as ASGI messages: problem documents, answers, and the headers that go with them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from starlette.types import Send

from metricgate.gateway.outcome import RecordPosition
from metricgate.surfaces.problem_document import MEDIA_TYPE, problem_document, to_bytes
from metricgate.vocabulary.problem import Problem, Problems

JSON_TYPE: Final = b"application/json"
_UNAUTHENTICATED: Final = 401
_NO_ERROR: Final = {"E_UNAUTHENTICATED"}

Headers = Iterable[tuple[bytes, bytes]]


async def reply(send: Send, status: int, body: bytes, media: bytes = JSON_TYPE, headers: Headers = ()) -> None:
    """Send one complete response."""
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [(b"content-type", media), (b"content-length", b"%d" % len(body)), *headers],
        }
    )
    await send({"type": "http.response.body", "body": body})


async def reply_problems(
    send: Send, problems: Problems, *, headers: Headers = (), metadata_url: str | None = None
) -> None:
    """Send problems that came before any tool was asked; a 401 carries its challenge (RFC 6750, RFC 9728)."""
    status, extra = problems.first.code.status, (*headers, *challenge_headers(problems, metadata_url))
    await reply(send, status, to_bytes(problem_document(problems)), MEDIA_TYPE.encode(), extra)


def challenge_headers(problems: Problems, metadata_url: str | None) -> Headers:
    """Return the WWW-Authenticate header where the problems are about who calls; else none."""
    if problems.first.code.status != _UNAUTHENTICATED:
        return ()
    return ((b"www-authenticate", challenge(problems.first, metadata_url)),)


def challenge(problem: Problem, metadata_url: str | None) -> bytes:
    """Return the WWW-Authenticate value: no ``error`` where no credential was sent (RFC 6750 section 3)."""
    parts = ['realm="metricgate"']
    if problem.code.name not in _NO_ERROR:
        words = problem.message.replace("\\", " ").replace('"', "'")
        parts += ['error="invalid_token"', f'error_description="{words}"']
    if metadata_url is not None:
        parts.append(f'resource_metadata="{metadata_url}"')
    return f"Bearer {', '.join(parts)}".encode("ascii", "replace")


RECORD_HEADER = b"x-metricgate-record"


def record_header(record: RecordPosition | None) -> Headers:
    """Return ``X-Metricgate-Record`` where there is a record."""
    return () if record is None else ((RECORD_HEADER, b"%d" % record.index),)
