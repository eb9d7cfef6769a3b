"""Who may call: the authenticator of a project, from its keys and its settings."""

from __future__ import annotations

import time
from pathlib import Path

from metricgate.adapters.identity.api_keys import ApiKeys, OnRefusedKey
from metricgate.adapters.identity.authenticator import Authenticator
from metricgate.adapters.identity.claims import ClaimNames
from metricgate.adapters.identity.public_keys import FileKeys, PublicKeys, RemoteKeys
from metricgate.adapters.identity.tokens import Issuer, Tokens
from metricgate.bootstrap.access_sections import OidcSection
from metricgate.state.keys import KeyStore


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
        KeysUnavailable: the file of public keys cannot be read.
        ValueError: an algorithm is not one of those that may be accepted.
    """
    tokens = None
    if oidc is not None:
        names = ClaimNames(
            agent=tuple(dict.fromkeys((oidc.agent_claim, "azp"))),
            user=oidc.user_claim,
            groups=oidc.groups_claim,
            attributes=tuple(oidc.attribute_claims),
        )
        issuer = Issuer(
            issuer=oidc.issuer,
            audience=oidc.audience or resource,
            keys=_public_keys(folder, oidc),
            algorithms=tuple(oidc.algorithms),
            leeway=float(oidc.leeway_seconds),
            claims=names,
        )
        tokens = Tokens((issuer,), now=time.time)
    return Authenticator(api_keys=ApiKeys(keys, now=time.time, on_refused=on_refused), tokens=tokens, now=time.time)


def _public_keys(folder: Path, oidc: OidcSection) -> PublicKeys:
    if oidc.jwks_file is not None:
        return FileKeys(folder / oidc.jwks_file)
    return RemoteKeys(oidc.jwks_url or "", monotonic=time.monotonic)
