"""A driver as a process: commands in, what a model would see out."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

_SECONDS = 90.0


class Talk:
    """One connected client; ``opening`` is what it said when it connected, or why it could not."""

    def __init__(self, command: Sequence[str], url: str, key: str) -> None:
        """Start the driver, and wait until it is connected."""
        self._process = subprocess.Popen(  # noqa: S603 - our own drivers
            [*command, url, key],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={name: value for name, value in os.environ.items() if not name.startswith("METRICGATE_")},
        )
        self.opening = self._heard()

    def __enter__(self) -> Self:
        """Go on."""
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()

    @property
    def connected(self) -> bool:
        """Whether it can be asked."""
        return self.opening == "connected"

    def tools(self) -> str:
        """Return the names of the tools that the client could load."""
        return self._asked({"do": "tools"})

    def call(self, tool: str, arguments: Mapping[str, object]) -> str:
        """Call a tool; return what a model would see."""
        return self._asked({"do": "call", "tool": tool, "arguments": arguments})

    def cancel(self, tool: str, arguments: Mapping[str, object], *, after: float) -> str:
        """Call a tool and give it up after so many seconds."""
        return self._asked({"do": "cancel", "tool": tool, "arguments": arguments, "after": after})

    def _asked(self, command: Mapping[str, object]) -> str:
        if self._process.stdin is None or not self.connected:
            return self.opening
        try:
            self._process.stdin.write(json.dumps(command).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return "the client's process ended"
        return self._heard()

    def _heard(self) -> str:
        if self._process.stdout is None:
            return ""
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            if not selector.select(_SECONDS):
                return f"nothing within {_SECONDS:.0f} s"
        line = self._process.stdout.readline()
        return str(json.loads(line)["shown"]) if line else "the client's process ended"
