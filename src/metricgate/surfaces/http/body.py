"""A request's body -> JSON, strictly: capped while it is read, no key twice, mistakes with line and column."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import orjson
from starlette.types import Receive

from metricgate.surfaces.http import codes
from metricgate.surfaces.http.connection_limits import MOST_BYTES
from metricgate.surfaces.ports import RawHeaders
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Code, Place, Problem, Problems


class ClientGone(Exception):
    """The caller hung up before the body was complete."""


@dataclass(frozen=True, slots=True)
class ParsedBody:
    """The body's value (which may be None: JSON null)."""

    value: Json


def problem(code: Code, message: str | None = None, where: Place | None = None) -> Problems:
    """Return the one problem."""
    return Problems((Problem(code=code, message=message or code.cause, where=where, hint=code.cure),))


async def read_json(raw: RawHeaders, receive: Receive, *, most: int = MOST_BYTES) -> ParsedBody | Problems:
    """Read and parse the body.

    Raises:
        ClientGone: the caller hung up.
    """
    if (wrong := _declared(raw, most)) is not None:
        return wrong
    body = await read_body(receive, most)
    return body if isinstance(body, Problems) else parse_json(body)


async def read_body(receive: Receive, most: int) -> bytes | Problems:
    """Return the body, giving up as soon as it passes ``most`` bytes.

    Raises:
        ClientGone: the caller hung up.
    """
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientGone
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False):
        return body if len(body) <= most else _too_large(most)
    chunks, size = [body], len(body)
    while message.get("more_body", False):
        if size > most:
            return _too_large(most)
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
    return b"".join(chunks) if size <= most else _too_large(most)


def parse_json(body: bytes) -> ParsedBody | Problems:
    """Return the value of ``body``, or where it is not JSON."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        message = f"The body is not JSON: {error.msg} (line {error.lineno}, column {error.colno})."
        return problem(codes.MALFORMED_JSON, message, Place(line=error.lineno, column=error.colno))
    # Every key is followed by a colon: only where there are more colons than keys can a key have been there twice.
    if body.count(b":") != _count_keys(value):
        twice = _repeated_key(body)
        if twice is not None:
            return problem(codes.MALFORMED_JSON, f"The key {twice[:80]!r} is there twice in one object.")
    return ParsedBody(value)


def _declared(raw: RawHeaders, most: int) -> Problems | None:
    kind = b""
    for name, value in raw:
        if name == b"content-type":
            kind = value
        elif name == b"content-encoding" and value.lower() != b"identity":
            return problem(codes.CONTENT_TYPE, "A compressed body is not read.")
        elif name == b"content-length" and value.isdigit() and int(value) > most:
            return _too_large(most)
    media, _, parameters = kind.lower().partition(b";")
    if media.strip() != b"application/json":
        return problem(codes.CONTENT_TYPE, "The Content-Type must be application/json.")
    if b"charset" in parameters and b"utf-8" not in parameters:
        return problem(codes.CONTENT_TYPE, "The charset must be utf-8.")
    return None


def _too_large(most: int) -> Problems:
    return problem(codes.BODY_TOO_LARGE, f"The body is larger than {most} bytes.")


def _count_keys(value: Json) -> int:
    count, stack = 0, [value]
    while stack:
        part = stack.pop()
        if isinstance(part, Mapping):
            count += len(part)
            stack.extend(part.values())
        elif isinstance(part, list):
            stack.extend(part)
    return count


class _RepeatedKeyError(Exception):
    pass


def _repeated_key(body: bytes) -> str | None:
    def once(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
        found = dict(pairs)
        if len(found) != len(pairs):
            names = [name for name, _value in pairs]
            raise _RepeatedKeyError(next(name for name in names if names.count(name) > 1))
        return found

    try:
        json.loads(body, object_pairs_hook=once)
    except _RepeatedKeyError as error:
        return str(error)
    except RecursionError:
        return "(too deeply nested to check)"
    return None
