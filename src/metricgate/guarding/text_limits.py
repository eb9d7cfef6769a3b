"""How large a text may be before anybody spends time on it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TextLimits:
    """Limits on one text.

    Attributes:
        bytes: of the text in UTF-8.
        nodes: of its tree.
        depth: of its brackets and of its tree.
        branches: SELECTs joined by set operations, in all.
        joins: in all.
        ctes: in all.
        generated: rows or characters that one call may be told to make.
        steps: that a recursive CTE may take; MariaDB cuts longer ones without an error.
    """

    bytes: int = 65_536
    nodes: int = 5_000
    depth: int = 100
    branches: int = 50
    joins: int = 32
    ctes: int = 50
    generated: int = 100_000
    steps: int = 1_000


CAPS = TextLimits()
