"""How far changes go at all, whatever policy says."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSettings:
    """Settings of changes.

    Attributes:
        environment: what rules may depend on, e.g. ``production``.
        tenant: whose data it is; bound into every approval.
        most_rows: more rows in one action are refused.
        seconds: limit of one transaction.
        sample_rows: rows of each kind and table that people are shown.
        undo_days: how long before and after images are kept.
    """

    environment: str = "production"
    tenant: str = "metricgate"
    most_rows: int = 10_000
    seconds: float = 30.0
    sample_rows: int = 20
    undo_days: int = 30
