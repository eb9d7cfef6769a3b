"""The sections of ``metricgate.yaml``, as they are written.

Every key is optional but those marked. ``metricgate.settings.settings`` reads the file and what plugins add to it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, JsonValue, model_validator

from metricgate.adapters.identity.sections import IdentitySection, PeopleSection
from metricgate.catalog.names import LONGEST, NAME_PATTERN, checked_name
from metricgate.documents.forms import FileName, FilePath, HttpUrl
from metricgate.documents.section import Section
from metricgate.settings.extension_points import STATES
from metricgate.surfaces.http.listen_section import Listen


def _check_log_origin(text: str) -> str:
    if not re.fullmatch(r"[^\s+]{1,200}", text):
        raise ValueError(
            f"{text[:60]!r} is no name of a log; write one without blanks and +, such as acme.example/metrics"
        )
    return text


def _ledger_file(text: str) -> str:
    taken = {
        "keys.db",
        "people.db",
        "outbox.db",
        "actions.db",
        "journal.db",
        "leases.db",
        "switches.json",
        "serve.json",
    }
    if text in taken or text.endswith((".key", ".vkey")) or "." not in text:
        raise ValueError(f"{text[:60]!r} is the name of another file of the state folder; write one such as ledger.db")
    return text


class Paths(Section):
    """Folders, relative to the project folder."""

    semantic_models: FilePath = Field("semantic_models", description="Folder of semantic models and metrics (*.yaml).")
    policies: FilePath = Field("policies", description="Folder of policies (*.yaml).")
    actions: FilePath = Field("actions", description="Folder of governed actions (*.yaml); there need not be one.")
    state: FilePath = Field(
        ".metricgate", description="Folder for the ledger, the keys and what else the gateway keeps."
    )

    @model_validator(mode="after")
    def _state_is_apart(self) -> Paths:
        state = _normal_path(self.state)
        definitions = (self.semantic_models, self.policies, self.actions)
        if state == _normal_path(".") or any(_normal_path(each).is_relative_to(state) for each in definitions):
            raise ValueError(
                f"state: {self.state!r} must be a folder of its own: only the gateway's account may read it"
            )
        return self


def _normal_path(path: str) -> Path:
    return Path(os.path.normpath(path))


class LedgerSection(Section):
    """The record."""

    origin: Annotated[str, AfterValidator(_check_log_origin)] | None = Field(
        None, description="Name of this log in its checkpoints; default: metricgate/<project>."
    )
    lease_seconds: Annotated[float, Field(ge=1, le=3_600)] = Field(
        30, description="Seconds for which a gateway may be silent before another one that starts takes its place."
    )
    file: Annotated[FileName, AfterValidator(_ledger_file)] = Field(
        "ledger.db", description="The ledger's file, relative to the state folder."
    )
    anchor: FilePath | None = Field(
        None, description="File outside the state folder, relative to the project, that is told how far the ledger is."
    )


def _state_kind(text: str) -> str:
    if text not in STATES.installed():
        raise ValueError(f"{text[:60]!r} is no kind of state; installed: {', '.join(STATES.installed())}")
    return text


class StateSection(Section):
    """Where the record, actions, keys and people are kept."""

    kind: Annotated[str, AfterValidator(_state_kind)] = Field(
        "sqlite", description="A kind of state that is installed; `sqlite`: files in the state folder, for one gateway."
    )


class ConductSection(Section):
    """What is borne of an agent's behaviour; budgets stand in the policy."""

    repeats: Annotated[int, Field(ge=2, le=10_000)] | None = Field(
        30, description="Equal calls with equal answers within a minute before the next is refused; null: any number."
    )
    errors: Annotated[int, Field(ge=2, le=10_000)] = Field(
        10, description="Equal calls that were refused for the same reason within a minute."
    )
    rounds: Annotated[int, Field(ge=2, le=1_000)] = Field(
        8, description="Rounds of the same two to six calls with the same answers within a minute."
    )
    refusals: Annotated[int, Field(ge=2, le=100_000)] | None = Field(
        20, description="Different calls of one agent refused within a minute before it is paused; null: never."
    )
    pause_seconds: Annotated[int, Field(ge=1, le=86_400)] = Field(300, description="How long an agent is paused.")


class TelemetrySection(Section):
    """Traces, counters, logs. Losing them loses no record."""

    otlp_endpoint: HttpUrl | None = Field(None, description="OTLP/HTTP traces endpoint; unset: no export.")
    sample_ratio: Annotated[float, Field(ge=0, le=1)] = Field(1.0, description="Share of traces to export.")
    logs: Literal["json", "console"] = Field("json", description="Form of the log lines on standard error.")


class OutboxSection(Section):
    """The outbox of notifications."""

    delivered_days: Annotated[int, Field(ge=1, le=3_650)] = Field(
        30, description="Days for which a delivered notification is kept; one that is not delivered is kept for good."
    )


class WritesSection(Section):
    """How far changes go at all."""

    environment: str = Field("production", pattern=r"^[a-z][a-z0-9_-]{0,40}$", description="What holds may depend on.")
    most_rows: Annotated[int, Field(ge=1, le=1_000_000)] = Field(10_000, description="Rows that one action may change.")
    seconds: Annotated[float, Field(gt=0, le=3_600)] = Field(30.0, description="Time limit of one change.")
    sample_rows: Annotated[int, Field(ge=1, le=500)] = Field(20, description="Rows of each kind to show.")
    undo_days: Annotated[int, Field(ge=1, le=3_650)] = Field(
        30, description="Days for which changes can be taken back."
    )


WarehouseName = Annotated[
    str, AfterValidator(checked_name), Field(json_schema_extra={"pattern": NAME_PATTERN, "maxLength": LONGEST})
]
"""As a semantic model may name it."""


class ProjectSettingsDocument(Section):
    """The whole of ``metricgate.yaml``."""

    project: str = Field("metricgate", pattern=r"^[a-z][a-z0-9_-]*$", description="Short name of the project.")
    paths: Paths = Paths()
    warehouse: dict[str, JsonValue] | None = Field(
        None, description="The engine that holds the data: `kind`, and the keys of that kind. This or `warehouses`."
    )
    warehouses: dict[WarehouseName, dict[str, JsonValue]] | None = Field(
        None, description="Several engines by name, each written as `warehouse` is."
    )
    default_warehouse: str | None = Field(
        None, description="Which of `warehouses` holds the models that name none; default: the first."
    )
    listen: Listen = Listen()
    identity: IdentitySection = IdentitySection()
    people: PeopleSection = PeopleSection()
    state: StateSection = StateSection()
    ledger: LedgerSection = LedgerSection()
    conduct: ConductSection = ConductSection()
    writes: WritesSection = WritesSection()
    telemetry: TelemetrySection = TelemetrySection()
    notifications: list[dict[str, JsonValue]] = Field(
        default_factory=list, description="Whom to tell of events: `name`, `on`, and the keys of its `kind`."
    )
    outbox: OutboxSection = OutboxSection()
