"""The doors for people at a running gateway, and how they log in."""

from __future__ import annotations

import time
from collections.abc import Sequence

from starlette.routing import BaseRoute

from metricgate.adapters.identity.oidc_setup import oidc_login
from metricgate.adapters.identity.people import LocalPeople, SessionTimes
from metricgate.gateway.people_service import PeopleService
from metricgate.settings.settings import Settings
from metricgate.state.people import PeopleAndSessions
from metricgate.surfaces.console.app import Console
from metricgate.surfaces.console.login_pages import BACK
from metricgate.surfaces.human.api import PeopleApi
from metricgate.surfaces.human.session_auth import Admission


def people_doors(
    settings: Settings, office: PeopleService, store: PeopleAndSessions, *, url: str
) -> Sequence[BaseRoute]:
    """Return the routes of the API for people and of the console.

    Raises:
        ValueError: the settings of the OpenID provider cannot be used.
    """
    section = settings.document.people
    times = SessionTimes(idle=section.idle_minutes * 60.0, longest=section.session_hours * 3_600.0)
    people = LocalPeople(store, now=time.time, times=times)
    admission = Admission(people, public_url=url)
    elsewhere = None if section.oidc is None else oidc_login(section.oidc, people, f"{url}{BACK}")
    console = Console(office, admission, project=settings.document.project, elsewhere=elsewhere)
    return [*PeopleApi(office, admission).routes(), *console.routes()]
