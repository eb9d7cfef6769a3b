"""The sections of ``metricgate.yaml`` about how callers and people are known: tokens, people's logins."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from metricgate.adapters.identity.algorithms import ALGORITHMS
from metricgate.documents.forms import (
    FilePath,
    Name,
    SecureBaseUrl,
    SecureUrl,
    Variable,
    Word,
)
from metricgate.documents.section import Section
from metricgate.vocabulary.nearest import did_you_mean


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


class IdentitySection(Section):
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
