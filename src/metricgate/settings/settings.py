"""``metricgate.yaml``: what a project folder says about itself.

Every key is optional but those marked; unknown keys are problems. Secrets never stand here: they come from the
environment variables that ``docs/settings.md`` lists.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from metricgate.documents import codes
from metricgate.documents.model_fields import Step
from metricgate.documents.yaml_documents import Read, in_order, problems_of, read
from metricgate.gateway.warehouse_source import WarehouseSource
from metricgate.settings.document import ProjectSettingsDocument
from metricgate.settings.extension_points import SINKS, WAREHOUSES
from metricgate.settings.plugins import (
    SinkPlugin,
    WarehousePlugin,
    dialect_of,
)
from metricgate.state.state import StatePlace
from metricgate.vocabulary.nearest import did_you_mean
from metricgate.vocabulary.problem import Problem, Problems

if TYPE_CHECKING:
    from metricgate.adapters.sinks.section import SinkSection
    from metricgate.gateway.notifications import Sink

FILE_NAME = "metricgate.yaml"
DEFAULT_SINK = "webhook"
_ANY_ADDRESS = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - compared with, not listened on

M = TypeVar("M", bound=BaseModel)
P = TypeVar("P")


class _PluginSections(BaseModel):
    """The parts of ``ProjectSettingsDocument`` that plugins read, whatever stands beside them."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    warehouse: dict[str, JsonValue] | None = None
    warehouses: dict[str, dict[str, JsonValue]] | None = None
    notifications: list[dict[str, JsonValue]] = Field(default_factory=list)


_Written = Read[ProjectSettingsDocument] | Read[_PluginSections]


@dataclass(frozen=True, slots=True, kw_only=True)
class WarehouseSettings:
    """One warehouse: its plugin, and its section as the plugin checked it."""

    plugin: WarehousePlugin
    section: BaseModel

    @property
    def dialect(self) -> str:
        """The name of the dialect in which it is spoken to."""
        return dialect_of(self.plugin)

    def source(self, folder: Path) -> WarehouseSource:
        """Return how it is opened; ``folder`` is the project's."""
        of_file = getattr(self.section, "file_state", None)
        return WarehouseSource(
            dialect=self.dialect,
            open=partial(self.plugin.from_section, self.section, folder),
            file_state=None if of_file is None else partial(of_file, folder),
        )


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

    document: ProjectSettingsDocument
    warehouses: Mapping[str, WarehouseSettings]
    notifications: Sequence[NotificationSettings] = ()
    all_said: bool = True

    @property
    def dialects(self) -> dict[str, str]:
        """How each warehouse is spoken to, the default one first."""
        return {name: each.dialect for name, each in self.warehouses.items()}

    def warehouse_sources(self, folder: Path) -> dict[str, WarehouseSource]:
        """How each warehouse is opened, the default one first; ``folder`` is the project's."""
        return {name: each.source(folder) for name, each in self.warehouses.items()}

    def state_place(self, folder: Path) -> StatePlace:
        """Where the state is, and by which words it is known; ``folder`` is the project's."""
        ledger = self.document.ledger
        return StatePlace(
            folder=folder / self.document.paths.state,
            record=ledger.file,
            origin=ledger.origin or f"metricgate/{self.document.project}",
            anchor=None if ledger.anchor is None else folder / ledger.anchor,
            lease_seconds=ledger.lease_seconds,
        )

    def public_url(self, port: int) -> str:
        """The URL clients use, without a trailing slash; ``port`` is the one actually bound."""
        listen = self.document.listen
        return f"http://{listen.host}:{port}" if listen.public_url is None else listen.public_url.rstrip("/")

    def console_url(self, port: int) -> str | None:
        """Where people reach this gateway's console; None where it listens everywhere and no name was set."""
        listen = self.document.listen
        if listen.public_url is None and listen.host in _ANY_ADDRESS:
            return None
        return self.public_url(port)


def load_settings(folder: Path) -> Settings | Problems:
    """Read ``folder/metricgate.yaml``.

    Raises:
        OSError: there is none, or it cannot be read.
    """
    text = (folder / FILE_NAME).read_text(encoding="utf-8")
    document = read(FILE_NAME, text, ProjectSettingsDocument)
    if not isinstance(document, Problems):
        return _with_plugins(document)
    # What plugins say of their own sections is told along with what is wrong elsewhere.
    sections = read(FILE_NAME, text, _PluginSections)
    problems = list(document)
    if not isinstance(sections, Problems):
        _read_warehouses(sections, problems)
        _notifications(sections, problems)
    return Problems(in_order(problems))


def _with_plugins(document: Read[ProjectSettingsDocument]) -> Settings | Problems:
    problems = list(_choice_problems(document))
    warehouses = _read_warehouses(document, problems)
    notifications = _notifications(document, problems)
    if problems:
        return Problems(in_order(problems))
    first = document.value.default_warehouse or next(iter(warehouses))
    return Settings(
        document=document.value, warehouses={first: warehouses[first], **warehouses}, notifications=notifications
    )


def _read_warehouses(document: _Written, problems: list[Problem]) -> dict[str, WarehouseSettings]:
    written = document.value
    sections: list[tuple[str, Mapping[str, JsonValue], tuple[str, ...]]] = []
    if written.warehouse is not None:
        sections.append((str(written.warehouse.get("kind")), written.warehouse, ("warehouse",)))
    sections += [(name, raw, ("warehouses", name)) for name, raw in (written.warehouses or {}).items()]
    found: dict[str, WarehouseSettings] = {}
    plugins = WAREHOUSES.installed()
    for name, raw, path in sections:
        plugin = _plugin(raw.get("kind"), plugins, "warehouse", path, document, problems)
        section = None if plugin is None else _section(raw, plugin.section, path, document, problems)
        if plugin is not None and section is not None and _has_dialect(plugin, path, document, problems):
            found[name] = WarehouseSettings(plugin=plugin, section=section)
    return found


def _has_dialect(plugin: WarehousePlugin, path: tuple[Step, ...], document: _Written, problems: list[Problem]) -> bool:
    """Make a plugin's dialect known; False, with a problem more, where its name is that of another."""
    try:
        dialect_of(plugin)
    except ValueError as error:
        hint = "Remove the package, or ask its author to give the dialect another name."
        where = document.place((*path, "kind"))
        problems.append(Problem(code=codes.BAD_VALUE, message=str(error), where=where, hint=hint))
        return False
    return True


def _notifications(document: _Written, problems: list[Problem]) -> tuple[NotificationSettings, ...]:
    found: dict[str, NotificationSettings] = {}
    plugins = SINKS.installed() if document.value.notifications else {}
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


def _choice_problems(document: Read[ProjectSettingsDocument]) -> Iterator[Problem]:
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
