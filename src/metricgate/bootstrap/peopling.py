"""People: the doors for them, the operator's commands, and a person's own session on the command line."""

from __future__ import annotations

import asyncio
import json
import os
import re
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import httpx2
from starlette.routing import BaseRoute

from metricgate.adapters.identity.oidc_login import OidcLogin, Provider
from metricgate.adapters.identity.people import LocalPeople, SessionTimes, enrolled
from metricgate.adapters.stores.sqlite_ledger import SqliteLedger
from metricgate.adapters.stores.sqlite_people import PeopleUnavailable, PersonRecord, SqlitePeople
from metricgate.bootstrap import codes
from metricgate.bootstrap.settings import PeopleOidcSection, Settings
from metricgate.gateway.office import Office
from metricgate.gateway.ports import LedgerUnavailable
from metricgate.surfaces.cli.people_desk import HumanReply, NewPerson, PersonFacts
from metricgate.surfaces.console.app import Console
from metricgate.surfaces.console.logging_in import BACK
from metricgate.surfaces.human.admission import Admission
from metricgate.surfaces.human.api import PeopleApi
from metricgate.surfaces.problem_document import problem_document
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Code, Problem, Problems

_NAME: Final = re.compile(r"[!-~]+(?: [!-~]+)*", re.ASCII)
_LONGEST_NAME: Final = 320
_BODIES: Final = ("gov.person.id", "client.address")
_LOOK_SECONDS: Final = 1.0
_CALL_SECONDS: Final = 300.0


def people_doors(settings: Settings, office: Office, store: SqlitePeople, *, url: str) -> Sequence[BaseRoute]:
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


def record_people(store: SqlitePeople, ledger: SqliteLedger) -> None:
    """Record what happened to people and their logins and awaits its record. Blocks until each is durable.

    Raises:
        LedgerUnavailable: the ledger cannot make entries durable; what is left stays noted.
        PeopleUnavailable: the people cannot be read.
    """
    for notice in store.notices():
        bodies = {name: notice.fields[name] for name in _BODIES if name in notice.fields}
        fields = {name: value for name, value in notice.fields.items() if name not in _BODIES}
        ledger.append_blocking(notice.event, fields, bodies=bodies)
        store.settle(notice)


async def watch_people(store: SqlitePeople, ledger: SqliteLedger) -> None:
    """Record as things happen, until cancelled."""
    while True:
        with suppress(LedgerUnavailable, PeopleUnavailable):
            await asyncio.to_thread(record_people, store, ledger)
        await asyncio.sleep(_LOOK_SECONDS)


class OperatorsDesk:
    """Implements ``surfaces.cli.people_desk.PeopleDesk``."""

    def __init__(self, path: Path, *, project: str) -> None:
        self._path = path
        self._project = project

    def add(self, name: str, groups: Sequence[str]) -> NewPerson | Problems:
        """Add a person."""
        if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
            return _problem(codes.BAD_PERSON, f"{name[:80]!r} is no name of a person.")
        record, paper = enrolled(name, tuple(groups), time.time(), issuer=f"Metricgate {self._project}")
        store = SqlitePeople(self._path)
        try:
            added = store.add(record)
        finally:
            store.close()
        if not added:
            return _problem(codes.BAD_PERSON, f"There is a person {name!r} already; `people reset` gives a new login.")
        return NewPerson(name=name, one_time_password=paper.one_time_password, otpauth=paper.otpauth, until=paper.until)

    def reset(self, name: str) -> NewPerson | Problems:
        """Give a person a new login."""
        record, paper = enrolled(name, (), time.time(), issuer=f"Metricgate {self._project}")
        store = SqlitePeople(self._path)
        try:
            found = store.reset(record)
        finally:
            store.close()
        if not found:
            return _problem(codes.BAD_PERSON, f"There is no person {name[:80]!r}.")
        return NewPerson(name=name, one_time_password=paper.one_time_password, otpauth=paper.otpauth, until=paper.until)

    def remove(self, name: str) -> Problems | None:
        """Remove a person."""
        store = SqlitePeople(self._path)
        try:
            found = store.remove(name)
        finally:
            store.close()
        return None if found else _problem(codes.BAD_PERSON, f"There is no person {name[:80]!r}.")

    def list(self) -> Sequence[PersonFacts]:
        """Return everybody."""
        store = SqlitePeople(self._path)
        try:
            return [_facts(each) for each in store.list()]
        finally:
            store.close()


class PersonsDoor:
    """Implements ``surfaces.cli.people_desk.HumanDoor``: at the running gateway.

    The session lies in the user's own configuration folder, readable to them only, under the gateway that gave it.
    """

    def __init__(self, *, url: str | None, name: str) -> None:
        """Take the gateway's URL, if one runs, and the name under which its session is kept."""
        self._url = url
        self._name = name

    def ask(
        self, method: str, path: str, *, query: Sequence[tuple[str, str]] = (), body: Mapping[str, Json] | None = None
    ) -> HumanReply:
        """Ask as the person who is logged in."""
        return self._send(method, path, query=query, body=body, token=self._token())

    def login(self, credentials: Mapping[str, str]) -> HumanReply:
        """Log in and keep the session."""
        kept = _kept().get(self._name, {})
        given: dict[str, Json] = {**credentials, "channel": "cli"}
        if kept.get("device") and kept.get("person") == credentials.get("name"):
            given["device"] = kept["device"]
        reply = self._send("POST", "/v1/people/login", body=given)
        if isinstance(reply.body, Mapping) and "token" in reply.body:
            session = {name: str(reply.body.get(name) or "") for name in ("person", "token", "device")}
            session["device"] = session["device"] or kept.get("device", "")
            _keep({**_kept(), self._name: session})
        return reply

    def logout(self) -> None:
        """End the session and forget it; the device stays known."""
        if self._token():
            self._send("POST", "/v1/people/logout", token=self._token(), body={})
        kept = _kept()
        kept.get(self._name, {}).pop("token", None)
        _keep(kept)

    def _token(self) -> str:
        return os.environ.get("METRICGATE_PERSON_TOKEN") or _kept().get(self._name, {}).get("token", "")

    def _send(
        self,
        method: str,
        path: str,
        *,
        query: Sequence[tuple[str, str]] = (),
        body: Mapping[str, Json] | None = None,
        token: str = "",
    ) -> HumanReply:
        if self._url is None:
            return _reply(_problem(codes.NO_GATEWAY, codes.NO_GATEWAY.cause))
        headers = {"authorization": f"Bearer {token}"} if token else {}
        try:
            with httpx2.Client(base_url=self._url, timeout=_CALL_SECONDS, follow_redirects=False) as client:
                sent = None if body is None else dict(body)
                answer = client.request(method, path, params=list(query), json=sent, headers=headers)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            return _reply(_problem(codes.NO_GATEWAY, f"The gateway at {self._url} does not answer: {error}"))
        try:
            return HumanReply(status=answer.status_code, body=answer.json() if answer.content else None)
        except ValueError:
            return _reply(_problem(codes.NO_GATEWAY, f"What answers at {self._url} is no gateway of this release."))


def _folder() -> Path:
    base = os.environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "metricgate"


def _kept() -> dict[str, dict[str, str]]:
    try:
        found = json.loads((_folder() / "sessions.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {str(name): dict(each) for name, each in found.items() if isinstance(each, dict)}


def _keep(sessions: Mapping[str, Mapping[str, str]]) -> None:
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = folder / f".sessions.{os.getpid()}"
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({name: dict(each) for name, each in sessions.items()}, file)
    beside.replace(folder / "sessions.json")


def _facts(record: PersonRecord) -> PersonFacts:
    return PersonFacts(
        name=record.name,
        groups=record.groups,
        state="active" if record.one_time_until is None else "invited",
        created_at=datetime.fromtimestamp(int(record.created), UTC),
    )


def _problem(code: Code, message: str) -> Problems:
    return Problems((Problem(code=code, message=message, hint=code.cure),))


def _reply(problems: Problems) -> HumanReply:
    return HumanReply(status=problems.first.code.status, body=problem_document(problems))
