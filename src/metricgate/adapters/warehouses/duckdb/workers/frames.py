"""What the gateway and a DuckDB worker say to each other: frames over a socket pair, one question at a time each way.

A frame is a JSON head and a body of bytes. A question's head has a ``kind`` (``run``, ``types``, ``relations``,
``functions``, ``opinion``, and about changes ``shapes``, ``rehearse``, ``apply``, ``applied``). The first frame back
says that work has begun, so that whoever hears nothing knows that nothing was done; the second is the answer, and its
head says whether it went well. Before it commits, ``apply`` sends one frame more, ``{"prepare": true}`` with the effect
as its body, and waits for ``{"go": true}`` or ``{"go": false}``. Nothing that a worker sends is ever unpickled or run:
heads and plain rows are JSON, batches are Arrow IPC, and a frame larger than its question allows is not read.
"""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Mapping

from metricgate.vocabulary.json import Json

Head = dict[str, Json]
"""A frame's head."""

_LENGTHS = struct.Struct(">IQ")
LARGEST_HEAD = 16 * 1024 * 1024
LARGEST_QUESTION = 256 * 1024 * 1024
"""Bytes of a question's body: a change row by row, which a worker takes where the file is opened for changes."""


class Gone(Exception):
    """The other side is not there any more."""


class Malformed(Exception):
    """The other side does not keep to the protocol."""


def send(channel: socket.socket, head: Mapping[str, Json], body: bytes | memoryview = b"") -> None:
    """Send one frame.

    Raises:
        Gone: the other side does not take it.
    """
    text = json.dumps(head).encode()
    try:
        channel.sendall(_LENGTHS.pack(len(text), len(body)) + text)
        if len(body):
            channel.sendall(body)
    except OSError as error:
        raise Gone(str(error)) from error


def receive(channel: socket.socket, largest_body: int = 0) -> tuple[Head, memoryview]:
    """Wait for one frame and return it.

    Raises:
        Gone: the other side has hung up.
        Malformed: the frame is larger than it may be, or its head is no JSON object.
    """
    head_length, body_length = _LENGTHS.unpack(_receive_exactly(channel, _LENGTHS.size))
    if head_length > LARGEST_HEAD or body_length > largest_body:
        raise Malformed(f"a frame of {head_length} and {body_length} bytes, at most {largest_body} are allowed")
    text = bytes(_receive_exactly(channel, head_length))
    body = _receive_exactly(channel, body_length)
    try:
        head = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Malformed("a head that is no JSON") from error
    if not isinstance(head, dict):
        raise Malformed("a head that is no JSON object")
    return head, body


def _receive_exactly(channel: socket.socket, length: int) -> memoryview:
    whole = memoryview(bytearray(length))
    filled = 0
    while filled < length:
        try:
            count = channel.recv_into(whole[filled:])
        except OSError as error:
            raise Gone(str(error)) from error
        if not count:
            raise Gone("hung up")
        filled += count
    return whole
