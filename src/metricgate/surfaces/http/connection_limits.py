"""How much of the gateway one client, and all of them together, may take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MOST_BYTES: Final = 1_048_576
"""Of one request's body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionLimits:
    """What one client, and all of them, may take.

    Attributes:
        connections: open at once.
        head_bytes: of request line and headers together.
        head_seconds: from the connection, or the first byte of a further request, to the end of its head.
        body_bytes: of one request's body.
        body_seconds: from the end of the head to the end of the body.
        idle_seconds: how long a connection without a request is kept.
        answer_seconds: how long an answer may wait for a client that does not read it.
    """

    connections: int = 512
    head_bytes: int = 32_768
    head_seconds: float = 10.0
    body_bytes: int = MOST_BYTES
    body_seconds: float = 30.0
    idle_seconds: float = 5.0
    answer_seconds: float = 30.0

    @property
    def body_bytes_on_the_wire(self) -> int:
        """How much is read at all: chunks have a form of their own, and who was refused may still be sending."""
        return 2 * self.body_bytes + 65_536
