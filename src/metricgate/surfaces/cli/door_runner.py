"""Doors that a command opens and that stay open until somebody stops them."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine

from metricgate.operations.start_refusal import StartRefused
from metricgate.surfaces.cli.project import Exit

_NEW_LOOP: Callable[[], asyncio.AbstractEventLoop] | None
"""What makes the event loop: uvloop's where it runs (CPython, not Windows), else Python's own."""
try:
    import uvloop
except ImportError:
    _NEW_LOOP = None
else:
    _NEW_LOOP = uvloop.new_event_loop


def run_until_stopped(door: Coroutine[None, None, None]) -> int:
    """Run it in a loop of its own until it ends or is interrupted; return the exit code."""
    try:
        with asyncio.Runner(loop_factory=_NEW_LOOP) as runner:
            runner.run(door)
    except StartRefused as error:
        return tell_refusal(error)
    except KeyboardInterrupt:
        pass
    return Exit.ANSWERED


def tell_refusal(error: StartRefused) -> int:
    """Say on standard error why a gateway does not start; return the exit code."""
    sys.stderr.write(f"metricgate does not start: {error}{os.linesep}")
    if error.problems is not None:
        sys.stderr.write(f"{error.problems}{os.linesep}")
    return Exit.FAULT if error.problems is None else Exit.REFUSED
