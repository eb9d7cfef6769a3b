"""Python's garbage collector, kept out where it only costs."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_paused() -> Iterator[None]:
    """Collect no cycles meanwhile.

    For work that makes many objects of which most stay: the collector would look through all of them again and again
    (measured: half the time of loading 10,000 rules) and find nothing. What is freed by count is freed as ever.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
