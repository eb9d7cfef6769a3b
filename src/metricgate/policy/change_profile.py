"""What is at stake in a change: the facts on which rules about changes, and the risk score, may depend."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentActivity:
    """What the proposing agent did lately.

    Attributes:
        changes_today: actions carried out in the last 24 hours.
        changes_lately: in the last ten minutes.
        rows_lately: rows that these changed.
        denied_today: proposals that people denied.
        deleted_here_lately: whether it deleted rows of the same dataset in the last ten minutes.
        first_on_target: whether it changed nothing of the dataset in the last 24 hours.
    """

    changes_today: int = 0
    changes_lately: int = 0
    rows_lately: int = 0
    denied_today: int = 0
    deleted_here_lately: bool = False
    first_on_target: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeProfile:
    """A rehearsed change.

    Attributes:
        verbs: ``insert``, ``update``, ``delete``, ``truncate``, ...
        targets: resources that change, as texts.
        labels: sensitivity labels of what changes.
        columns: of the target that change.
        inserted: rows, by what happens to them; likewise the next ones.
        cascaded: rows that change behind foreign keys.
        most_rows: the cap.
        reversibility: ``R0`` to ``R4``.
        unknown: why more may happen than is known.
        no_where: whether all rows are meant.
        structure: what happens to the table itself, in a sentence; empty where only rows change.
        environment: of the gateway, e.g. ``production``.
        now: UTC.
        risk_class: of the governed action: ``low`` to ``critical``; None for SQL.
        made_up: how far inserted rows look made up, 0 to 1; and why.
    """

    verbs: tuple[str, ...]
    targets: tuple[str, ...]
    labels: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    cascaded: int = 0
    most_rows: int = 10_000
    reversibility: str = "R0"
    unknown: tuple[str, ...] = ()
    no_where: bool = False
    structure: str = ""
    environment: str = "production"
    now: datetime
    risk_class: str | None = None
    past: RecentActivity = field(default_factory=RecentActivity)
    made_up: float = 0.0
    made_up_because: str = ""

    @property
    def rows(self) -> int:
        """All rows that change."""
        return self.inserted + self.updated + self.deleted + self.cascaded
