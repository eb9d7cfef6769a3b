"""A whole state folder of an earlier release, whose gateway was killed in the midst of a call: nothing is lost."""

from __future__ import annotations

import asyncio
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pyotp
import pytest
from tests.gateway.changes.shop import STELLA, STEN, Shop

from metricgate.adapters.identity.people import LocalPeople
from metricgate.approvals.proposal import State
from metricgate.bootstrap.running_gateway import run_gateway
from metricgate.bootstrap.states import state_of
from metricgate.gateway.people import Login, OpenedSession
from metricgate.ledger.verification import FindingKind
from metricgate.operations.people_service import ProjectPeopleService
from metricgate.settings.settings import load_settings
from metricgate.state.record import EntryFilter
from metricgate.state.state import ProjectState

EARLIER = Path(__file__).parent / "earlier_state"
RELEASES = sorted(path.name.removesuffix(".tar.xz") for path in EARLIER.glob("*.tar.xz"))
THEN = 1_767_225_600
"""New Year 2026, when ``earlier_state/make.py`` says that all of it happened."""


class Minutes:
    """The clock, some minutes later."""

    def unix_nano(self) -> int:
        """Return the time."""
        return (THEN + 300) * 1_000_000_000

    def monotonic(self) -> float:
        """Return seconds that do not pass."""
        return 1.0


@pytest.fixture(params=RELEASES)
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    with tarfile.open(EARLIER / f"{request.param}.tar.xz") as tar:
        tar.extractall(tmp_path, filter="data")
    (tmp_path / "shop" / ".metricgate").chmod(0o700)
    return tmp_path / "shop"


@pytest.fixture
def given(shop: Path) -> Mapping[str, str]:
    """What people, agents and actions of then were given: passwords, keys, ids."""
    return json.loads((shop / "given.json").read_text())


def state(shop: Path) -> ProjectState:
    return state_of(shop, load_settings(shop))


def test_there_is_one() -> None:
    assert RELEASES


def test_nothing_is_wrong_before_anything_is_opened(shop: Path) -> None:
    assert list(state(shop).findings()) == []
    assert [each.kind for each in state(shop).verify().findings] == [FindingKind.INTENT_OPEN]
    assert state(shop).existing_stores() >= {"record", "changes", "keys", "people", "outbox"}


def test_the_open_intent_is_marked_once(shop: Path) -> None:
    """Nobody can say how that call ended; the record says so, and every proof stays whole."""
    with state(shop).reader() as reader:
        left = max(reader.entries(EntryFilter(event="gov.call.released")), key=lambda each: each.index)
    for _ in range(2):
        state(shop).take().close()
        with state(shop).reader() as reader:
            marked = list(reader.entries(EntryFilter(event="gov.recovery.marked")))
        assert [each.fields["gov.links"][0]["index"] for each in marked] == [left.index]
    assert state(shop).verify().findings == ()


def test_people_log_in_with_what_they_were_given(shop: Path, given: Mapping[str, str]) -> None:
    """The one-time password and the authenticator of then; groups are as they were."""
    store = state(shop).people(may_make_key=False)
    people = LocalPeople(store, now=lambda: THEN + 300.0)
    code = pyotp.parse_uri(given["otpauth"]).at(THEN + 300)
    asked = Login(
        name="sten",
        password=given["password"],
        code=code,
        new_password="a long and new phrase of words",
        address="127.0.0.1",
        channel="cli",
    )
    opened = asyncio.run(people.login(asked))
    assert isinstance(opened, OpenedSession), opened
    assert opened.session.person.groups == ("stewards",)
    assert store.find_damaged() == []
    store.close()


def test_keys_are_good_for_what_they_were(shop: Path, given: Mapping[str, str]) -> None:
    keys = state(shop).keys(Minutes())
    key, revoked = keys.find(given["key"]), keys.find(given["revoked"])
    assert key is not None
    assert (key.agent, key.may_act_for, key.or_alone, key.usable(THEN + 300)) == ("desk", ("dora",), True, True)
    assert revoked is not None
    assert revoked.revoked
    assert [each.event for each in keys.notices()] == ["gov.key.created", "gov.key.created", "gov.key.revoked"]
    keys.close()


def test_what_waits_is_approved_and_what_was_done_is_taken_back(shop: Path, given: Mapping[str, str]) -> None:
    async def run() -> None:
        settings = load_settings(shop)
        async with run_gateway(shop, settings, watch=False, logs=False, clock=Minutes()) as parts:
            office = ProjectPeopleService(parts.changes, parts.governance, parts.conduct, state_of(shop, settings))
            here = Shop(shop, settings, parts, office)
            view = await office.action(STEN, given["held"])
            done = await office.decide(
                STEN,
                given["held"],
                approves=True,
                reason="as agreed",
                shown_digest=view.shown_digest,
                bound_to=view.action.proposal.digest,
            )
            assert getattr(done, "state", done) is State.EXECUTED
            assert await here.rows("SELECT count(*) FROM orders") == [[34]]
            for name in ("held", "done"):
                undone = await office.undo(STELLA, given[name], reason="back")
                assert getattr(undone, "state", undone) is State.EXECUTED
            assert await here.rows("SELECT count(*) FROM orders") == [[40]]
            assert await here.rows("SELECT segment FROM customers WHERE id <= 2") == [["gold"], ["gold"]]

    asyncio.run(run())
    assert state(shop).verify().findings == ()
