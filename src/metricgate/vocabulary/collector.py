"""Python's garbage collector, kept out where it only costs."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def pause_collector_for_imports() -> Iterator[None]:
    """Import what stays: the collector waits meanwhile, and in our own program never looks through it again.

    Looking through modules again and again is a fifth of the start of a gateway, and later a tenth of a second at each
    full collection. Our program is known by what it froze at its start (``__main__``); in another one all that lives
    just then need not stay.
    """
    with collector_paused():
        yield
        if gc.get_freeze_count():
            gc.freeze()


@contextmanager
def collector_paused(*, when: bool = True) -> Iterator[None]:
    """Collect no cycles meanwhile, in the whole process.

    For work that makes many objects of which most stay: the collector would look through all of them again and again
    (measured: half the time of loading 10,000 rules, half the gateway's of a change of a million rows) and find
    nothing. What is freed by count is freed as ever. Of two that pause at once, the one that began
    ends it for both.
    """
    was_on = when and gc.isenabled()
    if was_on:
        gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
