"""Login at an OpenID provider, by the settings."""

from __future__ import annotations

import os
import time

from metricgate.adapters.identity.oidc_login import OidcLogin, Provider
from metricgate.adapters.identity.people import LocalPeople
from metricgate.adapters.identity.sections import PeopleOidcSection


def oidc_login(section: PeopleOidcSection, people: LocalPeople, redirect_uri: str) -> OidcLogin:
    """Return the login at the provider that the settings name, which sends people back to ``redirect_uri``.

    Raises:
        ValueError: the settings cannot be used, or the client's secret is not in the environment.
    """
    secret = None
    if section.client_secret is not None:
        secret = os.environ.get(section.client_secret)
        if not secret:
            raise ValueError(f"people.oidc: the environment variable {section.client_secret} is not set")
    provider = Provider(
        issuer=section.issuer,
        client_id=section.client_id,
        client_secret=secret,
        redirect_uri=redirect_uri,
        scopes=tuple(section.scopes),
        user_claim=section.user_claim,
        groups_claim=section.groups_claim,
        required_amr=tuple(section.required_amr),
        algorithms=tuple(section.algorithms),
    )
    return OidcLogin(provider, people, now=time.time, monotonic=time.monotonic)
