"""The sections of ``metricgate.yaml`` about who comes in, and how: the doors' address, tokens, people's logins."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from metricgate.adapters.identity.algorithms import ALGORITHMS
from metricgate.documents.forms import (
    BaseUrl,
    FilePath,
    Host,
    HostAndPort,
    Name,
    Origin,
    Seconds,
    SecureBaseUrl,
    SecureUrl,
    Variable,
    Word,
)
from metricgate.surfaces.http.connection_limits import ConnectionLimits
from metricgate.vocabulary.nearest import did_you_mean


class Section(BaseModel):
    """The base of every section: unknown keys are refused, and what has another type than is wanted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _algorithms(names: list[str]) -> list[str]:
    for name in names:
        if name not in ALGORITHMS:
            hint = did_you_mean(name[:20], ALGORITHMS) or ""
            raise ValueError(
                f"{name[:20]!r} is not accepted; there are: {', '.join(sorted(ALGORITHMS))}. {hint}".strip()
            )
    return names


def _with_openid(scopes: list[str]) -> list[str]:
    if "openid" not in scopes:
        raise ValueError("the scope 'openid' is missing: without it the provider says nothing of who logged in")
    return scopes


Algorithms = Annotated[list[str], Field(min_length=1), AfterValidator(_algorithms)]
_DEFAULT = ConnectionLimits()


class Limits(Section):
    """What clients may take of the doors, and how long they may take."""

    connections: Annotated[int, Field(ge=8, le=65_536)] = Field(
        _DEFAULT.connections, description="Connections open at once; past them, the one that waits longest goes."
    )
    head_bytes: Annotated[int, Field(ge=4_096, le=1_048_576)] = Field(
        _DEFAULT.head_bytes, description="Bytes of a request's line and headers."
    )
    head_seconds: Annotated[Seconds, Field(ge=0.1)] = Field(
        _DEFAULT.head_seconds, description="Time for a client to send them."
    )
    body_bytes: Annotated[int, Field(ge=1_024, le=16_777_216)] = Field(
        _DEFAULT.body_bytes, description="Bytes of a request's body."
    )
    body_seconds: Annotated[Seconds, Field(ge=0.1)] = Field(
        _DEFAULT.body_seconds, description="Time for a client to send it."
    )
    idle_seconds: Annotated[Seconds, Field(ge=0.1)] = Field(
        _DEFAULT.idle_seconds, description="How long a connection is kept for the next request."
    )
    answer_seconds: Annotated[Seconds, Field(ge=0.1)] = Field(
        _DEFAULT.answer_seconds, description="How long an answer waits for a client that does not read it."
    )

    def connection_limits(self) -> ConnectionLimits:
        """Return them for the door."""
        return ConnectionLimits(**self.model_dump())


class Listen(Section):
    """Where the HTTP and MCP doors listen."""

    host: Host = Field("127.0.0.1", description="Address to bind.")
    port: Annotated[int, Field(ge=0, le=65535)] = Field(8321, description="Port to bind; 0 takes a free one.")
    public_url: BaseUrl | None = Field(
        None, description="The URL clients use; also the resource that tokens must be made for. Default: host and port."
    )
    allowed_hosts: list[HostAndPort] = Field(
        default_factory=list, description="Further Host headers to accept, as host, host:port or host:*."
    )
    allowed_origins: list[Origin] = Field(default_factory=list, description="Browser origins to accept.")
    limits: Limits = Limits()


class OidcSection(Section):
    """Who may issue bearer tokens for this gateway."""

    issuer: Word = Field(description="Exact `iss` of accepted tokens.")
    audience: Word | None = Field(None, description="`aud` that tokens must carry; default: the public URL with /mcp.")
    jwks_url: SecureUrl | None = Field(None, description="Where the issuer's public keys are: https.")
    jwks_file: FilePath | None = Field(None, description="Or a file with them, relative to the project folder.")
    algorithms: Algorithms = Field(["RS256", "ES256", "EdDSA"], description="Signature algorithms to accept.")
    agent_claim: Word = Field("client_id", description="Claim that names the agent; `azp` is tried next.")
    user_claim: Word = Field("sub", description="Claim that names the user.")
    groups_claim: Word = Field("groups", description="Claim that lists the user's groups.")
    attribute_claims: list[Word] = Field(default_factory=list, description="Claims that become principal attributes.")
    leeway_seconds: Annotated[int, Field(ge=0, le=300)] = Field(30, description="Clock difference to forgive.")

    @model_validator(mode="after")
    def _one_source_of_keys(self) -> OidcSection:
        if (self.jwks_url is None) == (self.jwks_file is None):
            raise ValueError("give jwks_url or jwks_file, one of the two")
        return self


class Identity(Section):
    """How callers are known, beside API keys."""

    oidc: OidcSection | None = Field(None, description="OAuth 2.1 / OIDC bearer tokens.")


class PeopleOidcSection(Section):
    """An OpenID provider at which people log in to the console."""

    issuer: SecureBaseUrl = Field(description="Exact `iss`; the provider's configuration is read below it.")
    client_id: Name = Field(description="This gateway's id at the provider.")
    client_secret: Variable | None = Field(None, description="The environment variable that holds the client's secret.")
    scopes: Annotated[list[Word], AfterValidator(_with_openid)] = Field(
        ["openid", "email", "profile"], description="What to ask for."
    )
    user_claim: Word = Field("email", description="Claim that names the person as policies do.")
    groups_claim: Word = Field("groups", description="Claim that lists the person's groups.")
    required_amr: list[Word] = Field(default_factory=list, description="Ways of proof, one of which `amr` must name.")
    algorithms: Algorithms = Field(["RS256", "ES256", "EdDSA"], description="Signature algorithms to accept.")


class PeopleSection(Section):
    """How people log in."""

    idle_minutes: Annotated[int, Field(ge=1, le=1_440)] = Field(30, description="A session unused so long ends.")
    session_hours: Annotated[int, Field(ge=1, le=168)] = Field(12, description="A session ends after so long.")
    oidc: PeopleOidcSection | None = Field(None, description="Login at an OpenID provider, beside local users.")
