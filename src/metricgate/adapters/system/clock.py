"""The real clock."""

from __future__ import annotations

import time


class SystemClock:
    """``vocabulary.clock.Clock`` on the machine's own clocks."""

    def unix_nano(self) -> int:
        """Return nanoseconds since 1970-01-01T00:00Z."""
        return time.time_ns()

    def monotonic(self) -> float:
        """Return seconds from an arbitrary start, never going back."""
        return time.monotonic()
