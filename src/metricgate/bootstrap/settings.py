"""``metricgate.yaml``: what a project folder says about itself.

Every key is optional but those marked; unknown keys are problems. Secrets never stand here: they come from the
environment variables that ``docs/settings.md`` lists.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator

from metricgate.bootstrap.access_sections import Identity, Listen, PeopleSection, Section
from metricgate.bootstrap.discovery import (
    SinkPlugin,
    WarehousePlugin,
    dialect_of,
    sink_plugins,
    state_kinds,
    warehouse_plugins,
)
from metricgate.catalog.names import LONGEST, NAME_PATTERN, checked_name
from metricgate.documents import codes
from metricgate.documents.forms import FileName, FilePath, HttpUrl
from metricgate.documents.model_fields import Step
from metricgate.documents.reading import Read, in_order, problems_of, read
from metricgate.vocabulary.nearest import did_you_mean
from metricgate.vocabulary.problem import Problem, Problems

if TYPE_CHECKING:
    from metricgate.adapters.sinks.section import SinkSection
    from metricgate.gateway.notices import Sink
    from metricgate.gateway.ports import Warehouse

FILE_NAME = "metricgate.yaml"
DEFAULT_SINK = "webhook"

M = TypeVar("M", bound=BaseModel)
P = TypeVar("P")


def _origin(text: str) -> str:
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
        state = _plain(self.state)
        definitions = (self.semantic_models, self.policies, self.actions)
        if state == _plain(".") or any(_plain(each).is_relative_to(state) for each in definitions):
            raise ValueError(
                f"state: {self.state!r} must be a folder of its own: only the gateway's account may read it"
            )
        return self


def _plain(path: str) -> Path:
    return Path(os.path.normpath(path))


class LedgerSection(Section):
    """The record."""

    origin: Annotated[str, AfterValidator(_origin)] | None = Field(
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
    if text not in state_kinds():
        raise ValueError(f"{text[:60]!r} is no kind of state; installed: {', '.join(state_kinds())}")
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


class Telemetry(Section):
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


class SettingsDocument(Section):
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
    identity: Identity = Identity()
    people: PeopleSection = PeopleSection()
    state: StateSection = StateSection()
    ledger: LedgerSection = LedgerSection()
    conduct: ConductSection = ConductSection()
    writes: WritesSection = WritesSection()
    telemetry: Telemetry = Telemetry()
    notifications: list[dict[str, JsonValue]] = Field(
        default_factory=list, description="Whom to tell of events: `name`, `on`, and the keys of its `kind`."
    )
    outbox: OutboxSection = OutboxSection()


class _PluginSections(BaseModel):
    """The parts of ``SettingsDocument`` that plugins read, whatever stands beside them."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    warehouse: dict[str, JsonValue] | None = None
    warehouses: dict[str, dict[str, JsonValue]] | None = None
    notifications: list[dict[str, JsonValue]] = Field(default_factory=list)


_Written = Read[SettingsDocument] | Read[_PluginSections]


@dataclass(frozen=True, slots=True, kw_only=True)
class WarehouseSettings:
    """One warehouse: its plugin, and its section as the plugin checked it."""

    plugin: WarehousePlugin
    section: BaseModel

    @property
    def dialect(self) -> str:
        """The name of the dialect in which it is spoken to."""
        return dialect_of(self.plugin)

    def open(self, folder: Path) -> Warehouse:
        """Open it; ``folder`` is the project's.

        Raises:
            WarehouseError: it cannot be opened.
        """
        return self.plugin.from_section(self.section, folder)

    def state(self, folder: Path) -> Callable[[], Hashable | None] | None:
        """Return what tells the warehouse's file from another in its place; None where it is in no file."""
        of_file = getattr(self.section, "file_state", None)
        return None if of_file is None else partial(of_file, folder)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationSettings:
    """One sink: its plugin, and its section as the plugin checked it."""

    plugin: SinkPlugin
    section: SinkSection

    def open(self, folder: Path) -> Sink:
        """Make it; ``folder`` is the project's.

        Raises:
            SinkUnusable: it cannot be made.
        """
        return self.plugin.from_section(self.section, folder)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Checked settings.

    Attributes:
        document: as written.
        warehouses: by name, the default one first. A single ``warehouse`` is called as its kind.
        notifications: in their order; each name once.
        all_said: whether definitions are refused of which an engine cannot give an expression; otherwise the question.
    """

    document: SettingsDocument
    warehouses: Mapping[str, WarehouseSettings]
    notifications: Sequence[NotificationSettings] = ()
    all_said: bool = True

    @property
    def dialects(self) -> dict[str, str]:
        """How each warehouse is spoken to, the default one first."""
        return {name: each.dialect for name, each in self.warehouses.items()}

    def public_url(self, port: int) -> str:
        """The URL clients use, without a trailing slash; ``port`` is the one actually bound."""
        listen = self.document.listen
        return f"http://{listen.host}:{port}" if listen.public_url is None else listen.public_url.rstrip("/")


def load_settings(folder: Path) -> Settings | Problems:
    """Read ``folder/metricgate.yaml``.

    Raises:
        OSError: there is none, or it cannot be read.
    """
    text = (folder / FILE_NAME).read_text(encoding="utf-8")
    document = read(FILE_NAME, text, SettingsDocument)
    if not isinstance(document, Problems):
        return _with_plugins(document)
    # What plugins say of their own sections is told along with what is wrong elsewhere.
    sections = read(FILE_NAME, text, _PluginSections)
    problems = list(document)
    if not isinstance(sections, Problems):
        _warehouses(sections, problems)
        _notifications(sections, problems)
    return Problems(in_order(problems))


def _with_plugins(document: Read[SettingsDocument]) -> Settings | Problems:
    problems = list(_choice_problems(document))
    warehouses = _warehouses(document, problems)
    notifications = _notifications(document, problems)
    if problems:
        return Problems(in_order(problems))
    first = document.value.default_warehouse or next(iter(warehouses))
    return Settings(
        document=document.value, warehouses={first: warehouses[first], **warehouses}, notifications=notifications
    )


def _warehouses(document: _Written, problems: list[Problem]) -> dict[str, WarehouseSettings]:
    written = document.value
    sections: list[tuple[str, Mapping[str, JsonValue], tuple[str, ...]]] = []
    if written.warehouse is not None:
        sections.append((str(written.warehouse.get("kind")), written.warehouse, ("warehouse",)))
    sections += [(name, raw, ("warehouses", name)) for name, raw in (written.warehouses or {}).items()]
    found: dict[str, WarehouseSettings] = {}
    plugins = warehouse_plugins()
    for name, raw, path in sections:
        plugin = _plugin(raw.get("kind"), plugins, "warehouse", path, document, problems)
        section = None if plugin is None else _section(raw, plugin.section, path, document, problems)
        if plugin is not None and section is not None:
            found[name] = WarehouseSettings(plugin=plugin, section=section)
    return found


def _notifications(document: _Written, problems: list[Problem]) -> tuple[NotificationSettings, ...]:
    found: dict[str, NotificationSettings] = {}
    plugins = sink_plugins() if document.value.notifications else {}
    for position, raw in enumerate(document.value.notifications):
        path = ("notifications", position)
        plugin = _plugin(raw.get("kind", DEFAULT_SINK), plugins, "notification", path, document, problems)
        section = None if plugin is None else _section(raw, plugin.section, path, document, problems)
        if plugin is None or section is None:
            continue
        if section.name in found:
            problems.append(
                Problem(
                    code=codes.BAD_VALUE,
                    message=f"two notifications are called {section.name!r}",
                    where=document.place((*path, "name")),
                    hint="Give each a name of its own: deliveries are kept by it.",
                )
            )
        found[section.name] = NotificationSettings(plugin=plugin, section=section)
    return tuple(found.values())


def _choice_problems(document: Read[SettingsDocument]) -> Iterator[Problem]:
    """Exactly one of ``warehouse`` and ``warehouses``; the default is one of the latter."""
    written = document.value
    default, names = written.default_warehouse, list(written.warehouses or {})
    if written.warehouse is None and not names:
        place = document.place(() if written.warehouses is None else ("warehouses",))
        yield Problem(
            code=codes.MISSING_KEY,
            message="the key 'warehouse' is missing",
            where=place,
            hint="Add `warehouse:` with a `kind`, or `warehouses:` with one or more of them by name.",
        )
    if written.warehouse is not None and written.warehouses is not None:
        yield Problem(
            code=codes.BAD_VALUE,
            message="`warehouse` and `warehouses` exclude each other",
            where=document.place(("warehouses",)),
            hint="Move the one warehouse under `warehouses`, with a name of its own.",
        )
    if default is not None and default not in names:
        hint = did_you_mean(default, names) or (
            f"The names are: {', '.join(names)}." if names else "Leave it out: there is one warehouse."
        )
        yield Problem(
            code=codes.BAD_VALUE,
            message=f"{default!r} is no name of `warehouses`",
            where=document.place(("default_warehouse",)),
            hint=hint,
        )


def _plugin(
    kind: JsonValue,
    plugins: Mapping[str, P],
    what: str,
    path: tuple[Step, ...],
    document: _Written,
    problems: list[Problem],
) -> P | None:
    plugin = plugins.get(kind) if isinstance(kind, str) else None
    if plugin is None:
        problem = Problem(
            code=codes.BAD_VALUE,
            message=f"{kind!r} is no kind of {what}; there are: {', '.join(sorted(plugins))}",
            where=document.place((*path, "kind")),
            hint=did_you_mean(str(kind), plugins),
        )
        problems.append(problem)
    return plugin


def _section(
    raw: Mapping[str, JsonValue],
    model: type[M],
    path: tuple[Step, ...],
    document: _Written,
    problems: list[Problem],
) -> M | None:
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        problems += problems_of(error, raw, model, lambda inside: document.place((*path, *inside)))
    return None
