"""``metricgate.yaml``: what a project folder says about itself.

Every key is optional but those marked; unknown keys are problems. Secrets never stand here: they come from the
environment variables that ``docs/settings.md`` lists.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator

from metricgate.adapters.sinks.section import SinkSection
from metricgate.bootstrap.discovery import SinkPlugin, WarehousePlugin, sink_plugins, warehouse_plugins
from metricgate.catalog.names import LONGEST, NAME_PATTERN, checked_name
from metricgate.documents import codes
from metricgate.documents.model_fields import Step
from metricgate.documents.reading import Read, in_order, problems_of, read
from metricgate.gateway.notices import Sink
from metricgate.gateway.ports import Warehouse
from metricgate.vocabulary.nearest import did_you_mean
from metricgate.vocabulary.problem import Problem, Problems

FILE_NAME = "metricgate.yaml"
DEFAULT_SINK = "webhook"

M = TypeVar("M", bound=BaseModel)
P = TypeVar("P")


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Paths(_Section):
    """Folders, relative to the project folder."""

    semantic_models: str = Field("semantic_models", description="Folder of semantic models and metrics (*.yaml).")
    policies: str = Field("policies", description="Folder of policies (*.yaml).")
    actions: str = Field("actions", description="Folder of governed actions (*.yaml); there need not be one.")
    state: str = Field(".metricgate", description="Folder for the ledger, the keys and what else the gateway keeps.")


class Listen(_Section):
    """Where the HTTP and MCP doors listen."""

    host: str = Field("127.0.0.1", description="Address to bind.")
    port: Annotated[int, Field(ge=0, le=65535)] = Field(8321, description="Port to bind; 0 takes a free one.")
    public_url: str | None = Field(
        None, description="The URL clients use; also the resource that tokens must be made for. Default: host and port."
    )
    allowed_hosts: list[str] = Field(
        default_factory=list, description="Further Host headers to accept, as host or host:port."
    )
    allowed_origins: list[str] = Field(default_factory=list, description="Browser origins to accept.")


class OidcSection(_Section):
    """Who may issue bearer tokens for this gateway."""

    issuer: str = Field(description="Exact `iss` of accepted tokens.")
    audience: str | None = Field(None, description="`aud` that tokens must carry; default: the public URL with /mcp.")
    jwks_url: str | None = Field(None, description="Where the issuer's public keys are.")
    jwks_file: str | None = Field(None, description="Or a file with them, relative to the project folder.")
    algorithms: list[str] = Field(["RS256", "ES256", "EdDSA"], description="Signature algorithms to accept.")
    agent_claim: str = Field("client_id", description="Claim that names the agent; `azp` is tried next.")
    user_claim: str = Field("sub", description="Claim that names the user.")
    groups_claim: str = Field("groups", description="Claim that lists the user's groups.")
    attribute_claims: list[str] = Field(default_factory=list, description="Claims that become principal attributes.")
    leeway_seconds: Annotated[int, Field(ge=0, le=300)] = Field(30, description="Clock difference to forgive.")

    @model_validator(mode="after")
    def _one_source_of_keys(self) -> OidcSection:
        if (self.jwks_url is None) == (self.jwks_file is None):
            raise ValueError("give jwks_url or jwks_file, one of the two")
        return self


class Identity(_Section):
    """How callers are known, beside API keys."""

    oidc: OidcSection | None = Field(None, description="OAuth 2.1 / OIDC bearer tokens.")


class LedgerSection(_Section):
    """The record."""

    origin: str | None = Field(None, description="Name of this log in its checkpoints; default: metricgate/<project>.")
    file: str = Field("ledger.db", description="The ledger's file, relative to the state folder.")


class ConductSection(_Section):
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


class Telemetry(_Section):
    """Traces, counters, logs. Losing them loses no record."""

    otlp_endpoint: str | None = Field(None, description="OTLP/HTTP traces endpoint; unset: no export.")
    sample_ratio: Annotated[float, Field(ge=0, le=1)] = Field(1.0, description="Share of traces to export.")
    logs: Literal["json", "console"] = Field("json", description="Form of the log lines on standard error.")


class OutboxSection(_Section):
    """The outbox of notifications."""

    delivered_days: Annotated[int, Field(ge=1, le=3_650)] = Field(
        30, description="Days for which a delivered notification is kept; one that is not delivered is kept for good."
    )


class WritesSection(_Section):
    """How far changes go at all."""

    environment: str = Field("production", pattern=r"^[a-z][a-z0-9_-]{0,40}$", description="What holds may depend on.")
    most_rows: Annotated[int, Field(ge=1, le=1_000_000)] = Field(10_000, description="Rows that one action may change.")
    seconds: Annotated[float, Field(gt=0, le=3_600)] = Field(30.0, description="Time limit of one change.")
    sample_rows: Annotated[int, Field(ge=1, le=500)] = Field(20, description="Rows of each kind to show.")
    undo_days: Annotated[int, Field(ge=1, le=3_650)] = Field(
        30, description="Days for which changes can be taken back."
    )


class PeopleOidcSection(_Section):
    """An OpenID provider at which people log in to the console."""

    issuer: str = Field(description="Exact `iss`; the provider's configuration is read below it.")
    client_id: str = Field(description="This gateway's id at the provider.")
    client_secret: str | None = Field(None, description="The environment variable that holds the client's secret.")
    scopes: list[str] = Field(["openid", "email", "profile"], description="What to ask for.")
    user_claim: str = Field("email", description="Claim that names the person as policies do.")
    groups_claim: str = Field("groups", description="Claim that lists the person's groups.")
    required_amr: list[str] = Field(default_factory=list, description="Ways of proof, one of which `amr` must name.")
    algorithms: list[str] = Field(["RS256", "ES256", "EdDSA"], description="Signature algorithms to accept.")


class PeopleSection(_Section):
    """How people log in."""

    idle_minutes: Annotated[int, Field(ge=1, le=1_440)] = Field(30, description="A session unused so long ends.")
    session_hours: Annotated[int, Field(ge=1, le=168)] = Field(12, description="A session ends after so long.")
    oidc: PeopleOidcSection | None = Field(None, description="Login at an OpenID provider, beside local users.")


WarehouseName = Annotated[
    str, AfterValidator(checked_name), Field(json_schema_extra={"pattern": NAME_PATTERN, "maxLength": LONGEST})
]
"""As a semantic model may name it."""


class SettingsDocument(_Section):
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
    ledger: LedgerSection = LedgerSection()
    conduct: ConductSection = ConductSection()
    writes: WritesSection = WritesSection()
    telemetry: Telemetry = Telemetry()
    notifications: list[dict[str, JsonValue]] = Field(
        default_factory=list, description="Whom to tell of events: `name`, `on`, and the keys of its `kind`."
    )
    outbox: OutboxSection = OutboxSection()


@dataclass(frozen=True, slots=True, kw_only=True)
class WarehouseSettings:
    """One warehouse: its plugin, and its section as the plugin checked it."""

    plugin: WarehousePlugin
    section: BaseModel

    def open(self, folder: Path) -> Warehouse:
        """Open it; ``folder`` is the project's.

        Raises:
            WarehouseError: it cannot be opened.
        """
        return self.plugin.from_section(self.section, folder)


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
    """

    document: SettingsDocument
    warehouses: Mapping[str, WarehouseSettings]
    notifications: Sequence[NotificationSettings] = ()

    @property
    def dialects(self) -> dict[str, str]:
        """How each warehouse is spoken to, the default one first."""
        return {name: each.plugin.dialect for name, each in self.warehouses.items()}

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
    return document if isinstance(document, Problems) else _with_plugins(document)


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


def _warehouses(document: Read[SettingsDocument], problems: list[Problem]) -> dict[str, WarehouseSettings]:
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


def _notifications(document: Read[SettingsDocument], problems: list[Problem]) -> tuple[NotificationSettings, ...]:
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
    document: Read[SettingsDocument],
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
    document: Read[SettingsDocument],
    problems: list[Problem],
) -> M | None:
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        problems += problems_of(error, raw, model, lambda inside: document.place((*path, *inside)))
    return None
