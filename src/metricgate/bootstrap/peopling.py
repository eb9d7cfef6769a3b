"""People at a running gateway: the doors for them, and the record of what happens to their logins."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from starlette.routing import BaseRoute

from metricgate.adapters.identity.oidc_login import OidcLogin, Provider
from metricgate.adapters.identity.people import LocalPeople, SessionTimes
from metricgate.bootstrap.access_sections import PeopleOidcSection
from metricgate.bootstrap.settings import Settings
from metricgate.gateway.office import Office
from metricgate.state.people import LOGGED_IN, LOGIN_REFUSED, PeopleAndSessions, PeopleUnavailable, PersonNotice
from metricgate.state.record import LedgerUnavailable, Record
from metricgate.surfaces.console.app import Console
from metricgate.surfaces.console.logging_in import BACK
from metricgate.surfaces.human.admission import Admission
from metricgate.surfaces.human.api import PeopleApi
from metricgate.vocabulary.actor import GATEWAY, Actor, operator, person

_BODIES: Final = ("gov.person.id", "client.address")
_LOOK_SECONDS: Final = 1.0


def people_doors(settings: Settings, office: Office, store: PeopleAndSessions, *, url: str) -> Sequence[BaseRoute]:
    """Return the routes of the API for people and of the console.

    Raises:
        ValueError: the settings of the OpenID provider cannot be used.
    """
    section = settings.document.people
    times = SessionTimes(idle=section.idle_minutes * 60.0, longest=section.session_hours * 3_600.0)
    people = LocalPeople(store, now=time.time, times=times)
    admission = Admission(people, public_url=url)
    elsewhere = None if section.oidc is None else _provider(section.oidc, people, url)
    console = Console(office, admission, project=settings.document.project, elsewhere=elsewhere)
    return [*PeopleApi(office, admission).routes(), *console.routes()]


def _provider(section: PeopleOidcSection, people: LocalPeople, url: str) -> OidcLogin:
    secret = None
    if section.client_secret is not None:
        secret = os.environ.get(section.client_secret)
        if not secret:
            raise ValueError(f"people.oidc: the environment variable {section.client_secret} is not set")
    provider = Provider(
        issuer=section.issuer,
        client_id=section.client_id,
        client_secret=secret,
        redirect_uri=f"{url}{BACK}",
        scopes=tuple(section.scopes),
        user_claim=section.user_claim,
        groups_claim=section.groups_claim,
        required_amr=tuple(section.required_amr),
        algorithms=tuple(section.algorithms),
    )
    return OidcLogin(provider, people, now=time.time, monotonic=time.monotonic)


def record_people(store: PeopleAndSessions, ledger: Record) -> None:
    """Record what happened to people and their logins and awaits its record. Blocks until each is durable.

    Raises:
        LedgerUnavailable: the ledger cannot make entries durable; what is left stays noted.
        PeopleUnavailable: the people cannot be read.
    """
    for notice in store.notices():
        bodies = {name: notice.fields[name] for name in _BODIES if name in notice.fields}
        fields = {name: value for name, value in notice.fields.items() if name not in _BODIES}
        who, who_bodies = _actor(notice).recorded()
        ledger.append_blocking(notice.event, {**fields, **who}, bodies={**bodies, **who_bodies})
        store.settle(notice)


def _actor(notice: PersonNotice) -> Actor:
    if notice.event == LOGGED_IN:
        return person(str(notice.fields["gov.person.id"]))
    # Whoever fails to log in is nobody yet.
    return GATEWAY if notice.event == LOGIN_REFUSED else operator()


async def watch_people(store: PeopleAndSessions, ledger: Record) -> None:
    """Record as things happen, until cancelled."""
    while True:
        with suppress(LedgerUnavailable, PeopleUnavailable):
            await asyncio.to_thread(record_people, store, ledger)
        await asyncio.sleep(_LOOK_SECONDS)
