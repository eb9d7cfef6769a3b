"""What is kept sealed, and does not open."""

from __future__ import annotations


class Unsealable(Exception):
    """What is kept of an action, or its images, does not open: sealed with another key, or altered since.

    Every reading method of ``ActionStore`` and ``Journal`` may raise it; nothing is done on what cannot be read.
    """
