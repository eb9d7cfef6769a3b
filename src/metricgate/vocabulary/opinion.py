"""What an engine's own parser makes of a text: the second opinion that is compared with ours before anything runs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """An engine's reading of a text. Nothing ran for it, and no relation was looked up.

    Attributes:
        statements: how many statements the text is.
        kind: ``select`` where it is plain queries from the root to the last leaf; else the engine's word for what is
            not, in lower case (``insert``, ``show_ref``, ``unreadable``).
        tables: relations that are named, by their parts as written, e.g. ``("w", "main", "orders")``; not the names of
            the text's own CTEs where those are meant.
        functions: names of functions and operators in lower case, as the engine's parser calls them.
    """

    statements: int
    kind: str
    tables: frozenset[tuple[str, ...]]
    functions: frozenset[str]
