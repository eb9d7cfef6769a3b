"""How much of a result may be kept."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultCaps:
    """How much may be kept. ``rows`` None means any number."""

    rows: int | None
    bytes: int
