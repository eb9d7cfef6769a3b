"""The contract of ``state.state.ProjectState``, on every state that is entered under ``metricgate.state``.

To add a state: an entry point, and a line in ``PLACES``.
"""

from __future__ import annotations

import fcntl
import threading
import time
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.approvals.made import held_action

from metricgate.adapters.state.sqlite.schema import Schema
from metricgate.adapters.state.sqlite.sqlite_database import Database
from metricgate.adapters.state.sqlite.sqlite_leases import LEASES, SqliteLeases
from metricgate.adapters.system.clock import SystemClock
from metricgate.approvals.proposal import ProposedAction, State
from metricgate.settings.extension_points import STATES
from metricgate.state.actions import ActionFilter, ActionStep
from metricgate.state.leases import LeaseLost
from metricgate.state.people import PersonRecord, SessionRecord
from metricgate.state.record import EntryFilter
from metricgate.state.state import ProjectState, StatePlace, StateUnavailable
from metricgate.state.switches import Switch, SwitchKind
from metricgate.vocabulary.notice import Notice, NoticeKind

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LEASE = 1.0


def in_a_folder(folder: Path) -> StatePlace:
    """Where the embedded state is."""
    return StatePlace(folder=folder, record="ledger.db", origin="test/contract", lease_seconds=LEASE)


PLACES: dict[str, Callable[[Path], StatePlace]] = {"sqlite": in_a_folder}


@pytest.fixture(params=PLACES)
def state(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ProjectState]:
    """A state in which nothing is kept yet."""
    return opened(request.param, tmp_path)


KIND_OF: dict[Path, str] = {}
"""Folder of a test -> the kind of state that it tries."""


def opened(kind: str, folder: Path) -> ProjectState:
    KIND_OF[folder] = kind
    return STATES.installed()[kind].open(PLACES[kind](folder), SystemClock())


def again(state: ProjectState) -> ProjectState:
    """The same state, as another process has it."""
    return opened(KIND_OF[state.folder], state.folder)


def test_every_registered_state_is_tried() -> None:
    assert set(STATES.installed()) == set(PLACES) == set(PROJECT["entry-points"]["metricgate.state"])


def test_nothing_is_made_by_looking(state: ProjectState) -> None:
    assert (state.existing_stores(), state.reader(), state.holder(), list(state.findings())) == (
        frozenset(),
        None,
        None,
        [],
    )
    assert not any(state.folder.iterdir())


def test_an_entry_is_there_for_everybody_once_it_is_durable(state: ProjectState) -> None:
    record = state.take(instance="gateway_1")
    durable = record.append_blocking("gov.test", {"gov.x": 1}, bodies={"gov.secret": "s"})
    with state.reader() as reader:
        found = reader.entry(durable.index)
        receipt = reader.receipt(durable.index, state.receipt_key())
        listed = list(reader.entries(EntryFilter(event="gov.test")))
    assert (found.event, found.fields["gov.x"], found.bodies) == ("gov.test", 1, {"gov.secret": "s"})
    assert receipt is not None
    assert [each.index for each in listed] == [durable.index]
    record.close()
    assert state.verify().findings == ()
    made = state.export(EntryFilter(), "jsonl")
    assert made.manifest["count"] == len(b"".join(made.chunks).splitlines()) == durable.index + 1


def test_one_has_the_record_at_a_time(state: ProjectState) -> None:
    record = state.take(instance="gateway_1")
    assert state.holder() is not None
    for taking in ({}, {"instance": "gateway_2"}, {"instance": "gateway_2", "over_stopped": True}):
        with pytest.raises(StateUnavailable, match="already writes"):
            again(state).take(**taking)
    record.close()
    assert state.holder() is None
    again(state).take(instance="gateway_2").close()


def test_who_was_replaced_writes_nothing(state: ProjectState) -> None:
    """In the record, actions and journal; what it had written stands."""
    state.mask_key()  # As every start of a gateway does.
    first = state.take(instance="gateway_1")
    silent(first)
    stores = state.changes(first)
    action = held_action()
    assert stores.actions.add(action) == action
    time.sleep(LEASE + 0.2)
    other = again(state)
    with pytest.raises(StateUnavailable, match="already writes"):
        other.take()  # A command waits for whoever has it, however long that one is silent.
    second = other.take(instance="gateway_2", over_stopped=True)
    step = ActionStep(id="s1", action_id=action.id, event="gov.x", after=-1, owner="gateway_1")
    for write in (
        lambda: first.append_blocking("gov.test", {}),
        lambda: stores.actions.add(held_action(number=2)),
        lambda: stores.actions.replace(replace(action, version=action.version + 1)),
        lambda: stores.steps.begin(step, replace(action, version=action.version + 1)),
        lambda: stores.journal.prepare("act_1", b"x", until=datetime.now(UTC)),
    ):
        with pytest.raises(Exception, match="replaced by gateway_2"):
            write()
    with pytest.raises(LeaseLost):
        first.check()
    assert first.replaced
    assert not second.replaced
    assert second.alive("gateway_2")
    assert not second.alive("gateway_1")
    theirs = other.changes(second)
    assert [each.id for each in theirs.actions.list(ActionFilter())] == [action.id]
    assert theirs.journal.all() == []
    with other.reader() as reader:
        assert [each.event for each in reader.entries(EntryFilter(event="gov.gateway.replaced"))]
    for each in (stores, first, theirs, second):
        each.close()
    assert other.verify().findings == ()


def test_who_was_replaced_is_refused_where_the_leases_were_lost(tmp_path: Path) -> None:
    """Numbers go on growing: the first of a new file is not one that an old gateway still holds."""
    database = Database(tmp_path / "leases.db", Schema([LEASES]))
    first = SqliteLeases(database, time.time).take("gateway", "gateway_1", seconds=9.0)
    time.sleep(0.01)
    anew = SqliteLeases(Database(tmp_path / "anew.db", Schema([LEASES])), time.time)
    assert anew.take("gateway", "gateway_2", seconds=9.0).number > first.number
    with pytest.raises(LeaseLost):
        anew.renew(first, seconds=9.0)


def test_who_has_the_lock_and_no_lease_is_not_replaced(state: ProjectState) -> None:
    """A gateway of a release that knows no leases, say, while it is being replaced by a newer one."""
    state.take(instance="gateway_1").close()
    with (state.folder / "ledger.db.lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        time.sleep(LEASE + 0.2)
        with pytest.raises(StateUnavailable, match="already writes"):
            again(state).take(instance="gateway_2", over_stopped=True)
    again(state).take(instance="gateway_2", over_stopped=True).close()


def silent(record) -> None:
    """Let a gateway say nothing more, as if its process were stopped."""
    record._holding._ended.set()
    record._holding._beat.join()
    record._holding._ended = threading.Event()


def test_steps_say_whose_they_are_until_they_are_over(state: ProjectState) -> None:
    record = state.take(instance="gateway_1")
    stores = state.changes(record)
    action = stores.actions.add(held_action())
    approved = replace(action, state=State.APPROVED, version=action.version + 1)
    step = ActionStep(id="s1", action_id=action.id, event="gov.action.decided", after=-1, owner="gateway_1")
    assert stores.steps.begin(step, approved) == approved
    assert [each.owner for each in stores.steps.open_steps()] == ["gateway_1"]
    assert stores.steps.owners() == {action.id: "gateway_1"}
    over = stores.steps.end(step, 7)
    assert stores.steps.open_steps() == []
    failed = replace(over, state=State.FAILED, version=over.version + 1)
    last = ActionStep(id="s2", action_id=action.id, event="gov.action.failed", after=7, owner="gateway_1")
    stores.steps.begin(last, failed)
    stores.steps.end(last, 8)
    assert stores.steps.owners() == {}
    stores.close()
    record.close()


def test_keys_are_there_for_every_process_and_wait_for_their_record(state: ProjectState) -> None:
    keys, beside = state.keys(SystemClock()), again(state).keys(SystemClock())
    text, made = keys.create("bot", name="bot", expires_in=60.0, may_act_for=["ana"])
    assert beside.find(text) == made
    assert beside.find(text[:-1] + "?") is None
    assert beside.revoke(made.id).revoked
    assert keys.find(text).revoked
    assert [each.event for each in keys.notices()] == ["gov.key.created", "gov.key.revoked"]
    for each in beside.notices():
        beside.settle(each)
    assert keys.notices() == ()
    assert [each.id for each in keys.list()] == [made.id]
    keys.close()
    beside.close()


def test_people_sessions_and_failures(state: ProjectState) -> None:
    people = state.people()
    ana = PersonRecord(
        name="Ana", password="hash", one_time_until=None, totp="SECRET", last_step=0, groups=("a",), created=5.0
    )
    assert people.add(ana)
    assert not people.add(replace(ana, name="ANA"))
    assert people.find("Ana") == ana
    assert people.list()[0].totp == ""
    assert state.account_since("Ana") == 5.0
    assert state.account_since("nobody") is None
    assert people.use_code("Ana", 3, new_password=None)
    assert not people.use_code("Ana", 3, new_password=None)
    session = SessionRecord(
        person="Ana", method="password+totp", channel="console", groups=(), csrf="c", created=1.0, seen=1.0, expires=9.0
    )
    people.open_session("token", session, device="phone", address="::1")
    assert people.session("token") == session
    assert people.knows_device("phone", "Ana")
    people.count_failure(["name:Ana"], 10.0, forget_before=0.0, fields={"gov.person.id": "Ana"})
    assert people.attempts("name:Ana") == (1, 10.0)
    assert people.remove("Ana")
    assert people.session("token") is None
    assert not people.knows_device("phone", "Ana")
    people.close()


def test_notices_stay_until_they_are_delivered(state: ProjectState) -> None:
    routes = {"hook": frozenset({NoticeKind.ACTION_HELD}), "deaf": frozenset[NoticeKind]()}
    outbox = state.outbox(routes, SystemClock())
    told = Notice(kind=NoticeKind.ACTION_HELD, id="n1", at="2026-01-01T00:00:00+00:00", title="t", text="x")
    outbox.tell(told)
    outbox.tell(told)
    [due] = outbox.due("hook")
    assert due.notice == told
    assert outbox.due("deaf") == []
    outbox.settle(due, state="parked", first=1.0, due=2.0, failure="gone")
    assert outbox.due("hook") == []
    assert outbox.retry("n1") == 1
    assert len(outbox.due("hook")) == 1
    outbox.close()


def test_switches_are_seen_by_every_process(state: ProjectState) -> None:
    switch = Switch(kind=SwitchKind.STOP, target="agent:x", because="why", by="ana", at="2026-01-01T00:00:00+00:00")
    state.switches().throw(switch)
    beside = again(state).switches()
    assert beside.current().thrown == (switch,)
    assert beside.take_back("agent:x", because="over", by="ana", at=switch.at) == (switch,)
    assert [each.event for each in state.switches().notices()] == ["gov.switch.thrown", "gov.switch.taken_back"]
    beside.settle(2)
    assert state.switches().notices() == ()


def test_images_are_kept_until_their_time_is_over(state: ProjectState) -> None:
    record = state.take(instance="gateway_1")
    stores = state.changes(record)
    over = datetime.now(UTC) - timedelta(days=1)
    stores.journal.prepare("act_1", b"before", until=over)
    assert stores.journal.list_prepared() == ["act_1"]
    assert stores.journal.content("act_1") is None
    stores.journal.commit("act_1")
    assert stores.journal.content("act_1") == b"before"
    assert stores.journal.due(datetime.now(UTC)) == ["act_1"]
    stores.journal.forget("act_1")
    assert stores.journal.all() == []
    stores.close()
    record.close()


def test_the_first_of_two_changes_of_one_version_counts(state: ProjectState) -> None:
    record = state.take(instance="gateway_1")
    stores = state.changes(record)
    action = stores.actions.add(held_action())
    later: list[ProposedAction] = [replace(action, version=action.version + 1)] * 2
    assert [stores.actions.replace(each) for each in later] == [True, False]
    stores.close()
    record.close()
