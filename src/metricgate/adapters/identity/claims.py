"""The claims of a proven token -> agent, user, groups, attributes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from metricgate.vocabulary.json import Json
from metricgate.vocabulary.principal import AttributeValue, Identity, Principal, Proof

_LONGEST_ID: Final = 320
_MOST_GROUPS: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimNames:
    """Which claims say what.

    Attributes:
        agent: claims that name the agent, the first one present counts.
        user: the claim that names the user of a delegated token.
        groups: the claim that lists groups.
        attributes: claims that become attributes, where present.
    """

    agent: tuple[str, ...] = ("client_id", "azp")
    user: str = "sub"
    groups: str = "groups"
    attributes: tuple[str, ...] = ()


def principal_of(claims: Mapping[str, Json], names: ClaimNames) -> Principal | None:
    """Return who the claims prove, or None where they do not say enough.

    A token of an application for itself (client credentials) has no user. A token that has a subject of its own but
    lacks the configured user claim proves nobody: dropping the user silently would widen rights.
    With ``act`` (RFC 8693) the agent is the outermost actor.
    """
    client = next((name for claim in names.agent if (name := _valid_id(claims.get(claim))) is not None), None)
    agent = _acting_party(claims, names) if "act" in claims else client
    if agent is None:
        return None
    groups = _valid_groups(claims.get(names.groups))
    attributes = tuple(
        sorted((name, value) for name in names.attributes if (value := _valid_attribute(claims.get(name))) is not None)
    )
    if groups is None:
        return None
    if "act" not in claims and _own_behalf(claims, agent):
        identity = Identity(id=agent, proof=Proof.VERIFIED, method="oidc", groups=groups, attributes=attributes)
        return Principal(agent=identity, credential=_credential_name(claims))
    user = _valid_id(claims.get(names.user))
    if user is None or (names.user == "email" and claims.get("email_verified") is False):
        return None
    return Principal(
        agent=Identity(id=agent, proof=Proof.VERIFIED, method="oidc"),
        user=Identity(id=user, proof=Proof.VERIFIED, method="oidc", groups=groups, attributes=attributes),
        credential=_credential_name(claims),
    )


def _own_behalf(claims: Mapping[str, Json], agent: str) -> bool:
    """Whether the application acts for itself: no subject, itself as subject, or one of the usual marks of it."""
    subject = claims.get("sub")
    return (
        subject is None
        or subject in {agent, f"{agent}@clients"}
        or claims.get("gty") == "client-credentials"
        or claims.get("idtyp") == "app"
    )


def _acting_party(claims: Mapping[str, Json], names: ClaimNames) -> str | None:
    act = claims["act"]
    if not isinstance(act, Mapping):
        return None
    return next((name for claim in (*names.agent, "sub") if (name := _valid_id(act.get(claim))) is not None), None)


def _valid_id(value: Json) -> str | None:
    if not isinstance(value, str) or not value.strip() or len(value) > _LONGEST_ID or not value.isprintable():
        return None
    return value


def _valid_groups(value: Json) -> tuple[str, ...] | None:
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list) or len(value) > _MOST_GROUPS:
        return None
    return tuple(name for name in value if isinstance(name, str))


def _valid_attribute(value: Json) -> AttributeValue | None:
    if isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, list):
        words = tuple(part for part in value if isinstance(part, str))
        if len(words) == len(value):
            return words
        numbers = tuple(part for part in value if isinstance(part, int) and not isinstance(part, bool))
        if len(numbers) == len(value):
            return numbers
    return None


def _credential_name(claims: Mapping[str, Json]) -> str:
    jti = _valid_id(claims.get("jti"))
    return f"token:{jti}" if jti is not None else "token"
