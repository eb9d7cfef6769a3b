"""What a policy test may say of a change: what is at stake, and what a hold must demand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field, StrictBool, StrictFloat, StrictInt

from metricgate.documents import Document
from metricgate.policy.change_profile import ChangeProfile, RecentActivity
from metricgate.policy.kinds.holds import Apart, Level
from metricgate.vocabulary.resource import Action

Rows = Annotated[StrictInt, Field(ge=0)]
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
"""A Monday: when a test without ``at`` takes place, as far as risk is concerned."""


class StakesCaseDocument(Document):
    """What the rehearsal of a change is supposed to have told; what is left out is harmless."""

    verbs: tuple[Action, ...] = ()
    inserted: Rows = 0
    updated: Rows = 0
    deleted: Rows = 0
    cascaded: Rows = 0
    columns: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    reversibility: Level = "R0"
    unknown: tuple[str, ...] = ()
    no_where: StrictBool = False
    environment: str = "production"
    risk_class: str | None = None
    made_up: Annotated[StrictFloat, Field(ge=0, le=1)] = 0.0
    changes_today: Rows = 0
    changes_lately: Rows = 0
    rows_lately: Rows = 0
    denied_today: Rows = 0
    deleted_here_lately: StrictBool = False
    first_on_target: StrictBool = False


class ApprovalsCaseDocument(Document):
    """What a hold must demand; what is left out is not looked at."""

    count: Annotated[StrictInt, Field(ge=1)] | None = None
    roles: tuple[str, ...] | None = None
    apart: tuple[Apart, ...] | None = None
    within_minutes: Annotated[StrictInt, Field(ge=1)] | None = None


def read_stakes(
    document: StakesCaseDocument | None, action: Action, on: tuple[str, ...], now: datetime | None
) -> ChangeProfile | None:
    """Return the stakes of a test, or None where it has none."""
    if document is None:
        return None
    return ChangeProfile(
        verbs=tuple(each.value for each in document.verbs or (action,)),
        targets=on,
        labels=document.labels,
        columns=document.columns,
        inserted=document.inserted,
        updated=document.updated,
        deleted=document.deleted,
        cascaded=document.cascaded,
        reversibility=document.reversibility,
        unknown=document.unknown,
        no_where=document.no_where,
        environment=document.environment,
        now=now or NOON,
        risk_class=document.risk_class,
        past=RecentActivity(
            changes_today=document.changes_today,
            changes_lately=document.changes_lately,
            rows_lately=document.rows_lately,
            denied_today=document.denied_today,
            deleted_here_lately=document.deleted_here_lately,
            first_on_target=document.first_on_target,
        ),
        made_up=document.made_up,
        made_up_because="the test says so." if document.made_up else "",
    )
