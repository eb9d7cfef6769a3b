"""The layers of the guard by name, so that a test can switch one off and watch the others hold."""

from __future__ import annotations

from enum import StrEnum


class Layer(StrEnum):
    """What stands between an agent's text and an engine, in this room. Each stands if another falls."""

    INTAKE = "intake"
    """Characters and sizes."""
    PARSE = "parse"
    """One statement, a query."""
    CLASSIFY = "classify"
    """Node types, clauses, types and functions, by allow-list."""
    BIND = "bind"
    """Every table governed, every column visible and with a source."""
    REWRITE = "rewrite"
    """Every governed table replaced by its relation."""
    REGENERATE = "regenerate"
    """The whole text read again: one query, no table beside the relations, no call beside those approved."""
    OPINION = "opinion"
    """The engine's own parser sees nothing more."""


ALL = frozenset(Layer)
"""What every caller but a test of the layers uses."""
