"""Time as a port."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """Time as a port."""

    def unix_nano(self) -> int:
        """Return nanoseconds since 1970-01-01T00:00Z."""
        ...

    def monotonic(self) -> float:
        """Return seconds from an arbitrary start, never going back."""
        ...
