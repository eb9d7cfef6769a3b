"""The doors for people over an office in memory: real logins, real sessions, the real app."""

from __future__ import annotations

import re
import time

import httpx2
import pyotp
import pytest
from argon2 import PasswordHasher
from tests.surfaces.echo import EchoGate, keeper
from tests.surfaces.human.office import MemoryOffice
from tests.surfaces.serving import make_app

from metricgate.adapters.identity.people import LocalPeople, enroll
from metricgate.adapters.state.sqlite.sqlite_people import SqlitePeople
from metricgate.surfaces.console.app import Console
from metricgate.surfaces.human.api import PeopleApi
from metricgate.surfaces.human.openapi import people_described
from metricgate.surfaces.human.session_auth import Admission

CHEAP = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
BASE = "http://gate.test"
PASSWORD = "correct horse battery"
ANA, BO, SAM = "ana@acme.example", "bo@acme.example", "sam@acme.example"


class Clock:
    """Seconds that tests move."""

    def __init__(self):
        self.now = time.time()

    def __call__(self):
        """Return the time."""
        return self.now


class House:
    """A gateway's doors and its people."""

    def __init__(self, folder, *, elsewhere=None, base=BASE):
        self.clock = Clock()
        self.store = SqlitePeople(folder / "people.db")
        self.people = LocalPeople(self.store, now=self.clock, hasher=CHEAP)
        self.office = MemoryOffice()
        self.base = base
        admission = Admission(self.people, public_url=base)
        where = None if elsewhere is None else elsewhere(self.people)
        self.console = Console(self.office, admission, project="acme", elsewhere=where)
        routes = [*PeopleApi(self.office, admission).routes(), *self.console.routes()]
        self.app = make_app(EchoGate(), keeper(), beside=routes, described=people_described())
        self.secrets: dict[str, tuple[str, str]] = {}

    def client(self, **headers):
        """A browser that has not logged in."""
        transport = httpx2.ASGITransport(app=self.app, raise_app_exceptions=False)
        usual = {"sec-fetch-site": "same-origin", **headers}
        return httpx2.AsyncClient(transport=transport, base_url=self.base, headers=usual)

    def add(self, name):
        """Enrol somebody who has already chosen a password."""
        record, paper = enroll(name, ("stewards",), self.clock(), issuer="acme", hasher=CHEAP)
        self.store.add(record)
        self.secrets[name] = (paper.one_time_password, record.totp)
        return paper

    def code(self, name):
        """The next unused code: every login takes a step of its own."""
        self.clock.now += 30
        return pyotp.TOTP(self.secrets[name][1]).at(int(self.clock.now))

    def credentials(self, name, **more):
        """What the API's login takes; the first time with a new password."""
        if name not in self.secrets:
            self.add(name)
        first, _totp = self.secrets[name]
        given = {"name": name, "password": first, "code": self.code(name), **more}
        if first != PASSWORD:
            given.setdefault("new_password", PASSWORD)
        return given

    async def bearer(self, name, channel="cli"):
        """A client with a person's token."""
        client = self.client()
        answer = await client.post("/v1/people/login", json={**self.credentials(name), "channel": channel})
        assert answer.status_code == 200, answer.text
        self.secrets[name] = (PASSWORD, self.secrets[name][1])
        client.headers["authorization"] = f"Bearer {answer.json()['token']}"
        return client

    async def browser(self, name):
        """A browser with a person's session."""
        client = self.client()
        answer = await client.post("/console/login", data=self.credentials(name))
        assert answer.status_code == 303, answer.text
        self.secrets[name] = (PASSWORD, self.secrets[name][1])
        return client


def fields(page):
    """Hidden fields of the forms of a page."""
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))


@pytest.fixture
def house(tmp_path):
    """Doors; people are enrolled when they first log in."""
    made = House(tmp_path)
    yield made
    made.store.close()
