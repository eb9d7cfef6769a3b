"""Who may call: the authenticator of a project, from its keys and its settings."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from metricgate.adapters.identity.api_keys import ApiKeys, OnRefusedKey
from metricgate.adapters.identity.authenticator import Authenticator
from metricgate.adapters.identity.sections import OidcSection
from metricgate.state.keys import KeyStore

if TYPE_CHECKING:
    from metricgate.adapters.identity.tokens import Tokens


def make_authenticator(
    folder: Path, keys: KeyStore, oidc: OidcSection | None, *, resource: str, on_refused: OnRefusedKey
) -> Authenticator:
    """Return the authenticator.

    Args:
        folder: the project's, for a file of public keys.
        keys: the API keys.
        oidc: the settings of bearer tokens, if any are taken.
        resource: the URI that tokens must be made for.
        on_refused: told of known keys that were not let in.

    Raises:
        PublicKeysUnavailable: the file of public keys cannot be read.
        ValueError: an algorithm is not one of those that may be accepted.
    """
    tokens = None if oidc is None else _tokens(folder, oidc, resource)
    return Authenticator(api_keys=ApiKeys(keys, now=time.time, on_refused=on_refused), tokens=tokens, now=time.time)


def _tokens(folder: Path, oidc: OidcSection, resource: str) -> Tokens:
    # JOSE and an HTTP client, for projects with an issuer.
    from metricgate.adapters.identity.claims import ClaimNames  # noqa: PLC0415
    from metricgate.adapters.identity.public_keys import FileKeys, RemoteKeys  # noqa: PLC0415
    from metricgate.adapters.identity.tokens import Issuer, Tokens  # noqa: PLC0415

    names = ClaimNames(
        agent=tuple(dict.fromkeys((oidc.agent_claim, "azp"))),
        user=oidc.user_claim,
        groups=oidc.groups_claim,
        attributes=tuple(oidc.attribute_claims),
    )
    from_file = oidc.jwks_file is not None
    issuer = Issuer(
        issuer=oidc.issuer,
        audience=oidc.audience or resource,
        keys=FileKeys(folder / str(oidc.jwks_file))
        if from_file
        else RemoteKeys(oidc.jwks_url or "", monotonic=time.monotonic),
        algorithms=tuple(oidc.algorithms),
        leeway=float(oidc.leeway_seconds),
        claims=names,
    )
    return Tokens((issuer,), now=time.time)
