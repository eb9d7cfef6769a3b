"""The store of actions: durable, first come first served, readable by the gateway only, not altered by hand."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
from dataclasses import replace
from datetime import timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.approvals.made import EXPIRES, NOW, decision, held_action, proposal, saying

from metricgate.adapters.state.sqlite.action_documents import from_document, to_document
from metricgate.adapters.state.sqlite.action_rows import ActionRows
from metricgate.adapters.state.sqlite.seal import Seal
from metricgate.adapters.state.sqlite.sqlite_actions import SqliteActions
from metricgate.approvals import lifecycle
from metricgate.approvals.outcome import RowsChanged
from metricgate.approvals.preview import RowCounts
from metricgate.approvals.proposal import ProposedAction, Requirement, Review, State
from metricgate.state.actions import ActionFilter, ActionStep
from metricgate.state.sealed import Unsealable

_FORK = multiprocessing.get_context("fork")
_NOBODY: frozenset[str] = frozenset()


def _store(folder: Path) -> SqliteActions:
    return SqliteActions(folder / "actions.db", Seal(folder / "journal.key"))


def _ids(actions) -> list[int]:
    return [int(each.id.removeprefix("act_")) for each in actions]


_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(
    reason=_TEXTS,
    state=st.sampled_from(State),
    quorums=st.lists(st.tuples(st.integers(1, 3), st.tuples(_TEXTS))),
    reviews=st.lists(st.builds(Review, person=_TEXTS, at=st.just(NOW), reason=_TEXTS)),
)
@settings(max_examples=40)
def test_an_action_comes_back_as_it_was(reason, state, quorums, reviews):
    """Nothing is lost on the way into a document and back, whatever people wrote."""
    action = held_action(Requirement(approvals=2, roles=("dpo",), quorums=tuple(quorums), rules=("r",), seconds=7))
    decisions = (decision(action, reason, reason=reason, roles=("dpo",), break_glass=True),)
    action = replace(
        action,
        state=state,
        decisions=decisions,
        preview=saying(reason),
        reviews=tuple(reviews),
        outcome=RowsChanged(rows=RowCounts(update=1, total=1)),
        undo_until=EXPIRES,
        settled_at=NOW,
        user_groups=("a",),
        records=(1, 2),
        undone_by="act_x",
        idempotency_key=reason,
        arguments_digest="sha256:a",
        version=9,
    )
    again = from_document(to_document(action))
    assert again == action
    assert again.proposal.digest == action.proposal.digest


def _adding(folder: Path, pipe) -> None:
    store = _store(folder)
    for number in range(1, 10_000):
        action = store.add(held_action(number=number))
        store.keep_changes(action.id, b"rows")
        pipe.send(number)


def test_what_was_kept_survives_kill_9(tmp_path):
    """Everything of which the store said that it is kept is there, whole, however the process ends."""
    here, there = _FORK.Pipe(duplex=False)
    process = _FORK.Process(target=_adding, args=(tmp_path, there))
    process.start()
    for _number in range(20):
        here.recv()
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    kept = 20
    while here.poll():
        kept = here.recv()
    store = _store(tmp_path)
    found = _ids(store.list(ActionFilter(limit=1_000)))
    assert found in (list(range(kept, 0, -1)), list(range(kept + 1, 0, -1)))
    assert all(store.changes(proposal(number).action_id) == b"rows" for number in range(1, kept + 1))
    assert store.replace(replace(held_action(number=kept), version=2))


def _deciding(folder: Path, person: str, go, results) -> None:
    store = _store(folder)
    go.wait()
    while True:
        action = store.get(held_action().id)
        after = lifecycle.decide(action, decision(action, person), roles=_NOBODY)
        if not isinstance(after, ProposedAction):
            break
        if store.replace(after):
            break
    # Whoever finds it approved tries to begin it, as soon as possible.
    while True:
        action = store.get(held_action().id)
        begun = lifecycle.begin(action, NOW)
        if action.state is State.APPROVED and isinstance(begun, ProposedAction) and store.replace(begun):
            results.put(person)
            return
        if action.state is State.EXECUTING:
            results.put("")
            return


def test_of_approvers_who_race_one_begins_it(tmp_path):
    """Four processes decide at once where two must: every decision kept counts, and one alone carries it out."""
    store = _store(tmp_path)
    store.add(held_action(Requirement(approvals=2)))
    go, results = _FORK.Event(), _FORK.Queue()
    people = ("ana", "ben", "cyd", "dan")
    processes = [_FORK.Process(target=_deciding, args=(tmp_path, person, go, results)) for person in people]
    for process in processes:
        process.start()
    go.set()
    begun = [results.get(timeout=30) for _ in people]
    for process in processes:
        process.join()
    assert len([each for each in begun if each]) == 1
    action = store.get(held_action().id)
    assert action is not None
    assert action.state is State.EXECUTING
    assert len({each.person for each in action.decisions}) == 2
    assert action.version == 1 + 2 + 1


def _proposing(folder: Path, number: int, go, results) -> None:
    store = _store(folder)
    go.wait()
    results.put(store.add(replace(held_action(number=number), idempotency_key="once")).id)


def test_one_key_is_one_action_whoever_is_first(tmp_path):
    """Processes that open the folder at once share one key of sealing, and an idempotency key means one action."""
    go, results = _FORK.Event(), _FORK.Queue()
    processes = [_FORK.Process(target=_proposing, args=(tmp_path, number, go, results)) for number in range(1, 5)]
    for process in processes:
        process.start()
    go.set()
    (kept,) = {results.get(timeout=30) for _ in processes}
    for process in processes:
        process.join()
    store = _store(tmp_path)
    assert [each.id for each in store.list(ActionFilter())] == [kept]
    found = store.by_key("copilot", "rita@acme.example", "once")
    assert found is not None
    assert found.id == kept


def test_a_key_is_the_proposers_own(tmp_path):
    """The same key of another agent or user, or none, is another action; agent and user cannot run into one another."""
    store = _store(tmp_path)
    for number, agent, user, key in (
        (1, "a", "b", "k"),
        (2, "a", None, "k"),
        (3, "ab", None, "k"),
        (4, "a", "b", None),
        (5, "a", "b", None),
        (6, "b", "a", "k"),
    ):
        kept = store.add(replace(held_action(number=number, agent=agent, user=user), idempotency_key=key))
        assert _ids([kept]) == [number]
    again = store.add(replace(held_action(number=7, agent="a", user="b"), idempotency_key="k"))
    assert _ids([again]) == [1]
    assert store.by_key("a", "b", "other") is None


def test_a_version_is_replaced_once(tmp_path):
    """Of two who go on from one version the second is told so; versions are not left out."""
    store = _store(tmp_path)
    action = store.add(held_action())
    assert store.replace(replace(action, state=State.DENIED, version=2))
    assert not store.replace(replace(action, state=State.APPROVED, version=2))
    assert not store.replace(replace(action, state=State.APPROVED, version=4))
    kept = store.get(action.id)
    assert kept is not None
    assert (kept.state, kept.version) == (State.DENIED, 2)
    assert not store.replace(replace(held_action(number=99), version=2))
    assert store.get("act_none") is None


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A store of sixty actions, one a minute."""
    store = _store(tmp_path_factory.mktemp("filled"))
    for number in range(1, 61):
        made = held_action(
            number=number,
            agent=f"agent{number % 3}",
            user=None if number % 2 else "Ren\u00e9e",
            statement=f"DELETE number{number}. STRASSE",
            targets=("dataset:orders", "dataset:orders_old")[: 1 + number % 2],
            proposed_at=NOW + timedelta(minutes=number),
        )
        store.add(replace(made, state=State.DENIED if number % 4 == 0 else State.HELD))
    return store


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (ActionFilter(limit=3), [60, 59, 58]),
        (ActionFilter(states=(State.DENIED,), limit=2), [60, 56]),
        (ActionFilter(states=(State.DENIED, State.HELD), limit=2), [60, 59]),
        (ActionFilter(states=(State.EXECUTED,)), []),
        (ActionFilter(agent="agent1", limit=2), [58, 55]),
        (ActionFilter(user="Ren\u00e9e", limit=2), [60, 58]),
        (ActionFilter(user="ren\u00e9e"), []),
        (ActionFilter(target="dataset:orders_old", limit=2), [59, 57]),
        (ActionFilter(target="dataset:order"), []),
        (ActionFilter(target="orders"), []),
        (ActionFilter(since=NOW + timedelta(minutes=59)), [60, 59]),
        (ActionFilter(until=NOW + timedelta(minutes=3)), [2, 1]),
        (ActionFilter(since=(NOW + timedelta(minutes=60)).astimezone(timezone(timedelta(hours=-5)))), [60]),
        (ActionFilter(text="NUMBER7."), [7]),
        (ActionFilter(text="stra\u00dfe", limit=2), [60, 59]),
        (ActionFilter(text="%"), []),
        (ActionFilter(text="renée", agent="agent0", limit=2), [60, 54]),
        (ActionFilter(before=proposal(3).action_id), [2, 1]),
        (ActionFilter(before=proposal(30).action_id, text="number1", limit=2), [19, 18]),
        (ActionFilter(limit=0), [60]),
        (ActionFilter(agent="' OR 1 = 1 --"), []),
    ],
)
def test_lists_are_of_what_is_wanted(filled, wanted, numbers):
    """Each filter by itself and with others, newest first."""
    assert _ids(filled.list(wanted)) == numbers
    if wanted.text is None and wanted.before is None:
        glances = filled.glances(wanted)
        assert [each.id for each in glances] == [proposal(number).action_id for number in numbers]
        whole = {each.id: each for each in filled.list(wanted)}
        assert all(each.state is whole[each.id].state for each in glances)
        assert all(each.expires_at == whole[each.id].proposal.expires_at for each in glances)


def test_a_glance_opens_what_was_not_seen_as_it_stands(tmp_path, monkeypatch):
    """An agent's proposal looks at what it did all day: hundreds of actions, of which it opens the new ones."""
    store = _store(tmp_path)
    for number in range(1, 31):
        store.add(held_action(number=number))
    opened: list[object] = []
    opening = ActionRows.open
    monkeypatch.setattr(ActionRows, "open", lambda self, row: (opened.append(row[0]), opening(self, row))[1])
    for _each in range(3):
        assert len(store.glances(ActionFilter(limit=100))) == 30
    assert len(opened) == 30
    store.replace(replace(held_action(number=2), state=State.DENIED, version=2))
    store.add(held_action(number=31))
    assert [each.state for each in store.glances(ActionFilter(limit=100))].count(State.DENIED) == 1
    assert len(opened) == 32


@given(size=st.integers(1, 70), text=st.sampled_from([None, "number", "number1"]))
@settings(max_examples=15)
def test_pages_are_the_whole_list(filled, size, text):
    """Nothing is told twice or left out between pages, of any length."""
    pages, before = [], None
    while page := filled.list(ActionFilter(limit=size, before=before, text=text)):
        pages += page
        before = page[-1].id
    assert pages == filled.list(ActionFilter(limit=1_000, text=text))


def _bytes_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir() if path.suffix != ".key")


def test_what_is_personal_cannot_be_read_in_the_file(tmp_path):
    """Statement, rows, people, reasons, keys: nothing of them lies on the disk in clear, nor in the log beside it."""
    store = _store(tmp_path)
    secret = "Q7x-secret"
    action = held_action(user=f"{secret}@acme.example", owner=f"{secret}2", statement=f"DELETE {secret}")
    action = replace(action, preview=saying(secret), idempotency_key=f"key {secret}")
    store.add(action)
    store.keep_changes(action.id, f"rows {secret}".encode())
    store.keep_shown("sha256:d", {"row": secret})
    after = lifecycle.decide(action, decision(action, f"ana {secret}", reason=secret), roles=_NOBODY)
    assert isinstance(after, ProposedAction)
    assert store.replace(after)
    found = _bytes_in(tmp_path)
    assert action.id.encode() in found
    assert secret.encode() not in found
    assert secret.lower().encode() not in found.lower()
    assert store.find_shown("sha256:d") == {"row": secret}
    assert store.get(action.id) == after
    assert [path.stat().st_mode & 0o077 for path in tmp_path.iterdir()] == [0] * len(list(tmp_path.iterdir()))


def _alter(folder: Path, sql: str, *values: object) -> None:
    with sqlite3.connect(folder / "actions.db") as connection:
        connection.execute(sql, values)
    connection.close()


_FIRST, _SECOND = proposal(1).action_id, proposal(2).action_id


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE actions SET state = 'approved' WHERE id = ?",
        "UPDATE actions SET agent = 'another' WHERE id = ?",
        "UPDATE actions SET user_mark = 'another' WHERE id = ?",
        "UPDATE actions SET targets = 'dataset:other' WHERE id = ?",
        "UPDATE actions SET version = 7 WHERE id = ?",
        "UPDATE actions SET document = (SELECT document FROM actions AS b WHERE b.id <> actions.id) WHERE id = ?",
        "UPDATE actions SET document = (SELECT content FROM changes) WHERE id = ?",
        "UPDATE actions SET document = x'00' WHERE id = ?",
        "UPDATE actions SET document = substr(document, 1, length(document) - 1) WHERE id = ?",
    ],
)
def test_an_action_altered_by_hand_is_refused(tmp_path, sql):
    """The document, or what is said of it in clear; the other action is still read."""
    store = _store(tmp_path)
    for number in (1, 2):
        store.add(held_action(number=number))
        store.keep_changes(proposal(number).action_id, b"rows")
    assert len(store.glances(ActionFilter())) == 2
    _alter(tmp_path, sql, _FIRST)
    with pytest.raises(Unsealable):
        store.get(_FIRST)
    with pytest.raises(Unsealable):
        store.glances(ActionFilter())
    assert store.get(_SECOND) == held_action(number=2)


def test_swapped_rows_are_refused(tmp_path):
    """What one action changes cannot be put in another's place, nor what somebody was shown."""
    store = _store(tmp_path)
    store.keep_changes(_FIRST, b"one")
    store.keep_changes(_SECOND, b"two")
    store.keep_shown("sha256:1", {"a": 1})
    store.keep_shown("sha256:2", {"a": 2})
    _alter(tmp_path, "UPDATE changes SET content = (SELECT content FROM changes WHERE action = ?)", _FIRST)
    _alter(tmp_path, "UPDATE shown SET content = (SELECT content FROM shown WHERE digest = 'sha256:1')")
    assert store.changes(_FIRST) == b"one"
    assert store.find_shown("sha256:1") == {"a": 1}
    with pytest.raises(Unsealable):
        store.changes(_SECOND)
    with pytest.raises(Unsealable):
        store.find_shown("sha256:2")
    assert store.find_shown("sha256:3") is None


def test_another_key_opens_nothing(tmp_path):
    """Whoever takes the file without the key has ids, states, agents and targets."""
    store = _store(tmp_path)
    store.add(held_action())
    store.close()
    (tmp_path / "journal.key").unlink()
    with pytest.raises(Unsealable):
        _store(tmp_path).get(_FIRST)


def test_the_rows_of_what_is_settled_are_forgotten(tmp_path):
    """They wait for being carried out, and no longer."""
    store = _store(tmp_path)
    action = store.add(held_action())
    store.keep_changes(action.id, b"rows")
    for version, state in enumerate((State.APPROVED, State.EXECUTING), start=2):
        assert store.replace(replace(action, state=state, version=version))
        assert store.changes(action.id) == b"rows"
    assert not store.replace(replace(action, state=State.EXECUTED, version=9))
    assert store.changes(action.id) == b"rows"
    assert store.replace(replace(action, state=State.EXECUTED, version=4))
    assert store.changes(action.id) is None


@pytest.mark.parametrize("content", ["", "zz", "00" * 31])
def test_a_key_file_that_holds_no_key_is_refused(tmp_path, content):
    """Nothing is sealed with half a key."""
    (tmp_path / "journal.key").write_text(content)
    with pytest.raises(ValueError, match=r"key|hexadecimal"):
        _store(tmp_path)


def _stepping(folder: Path, name: str, go, results) -> None:
    store = _store(folder)
    action = store.get(held_action().id)
    go.wait()
    after = lifecycle.decide(action, decision(action, name), roles=_NOBODY)
    step = ActionStep(id=name, action_id=action.id, event="decided", after=0)
    results.put(name if store.steps.begin(step, after) is not None else "")


def test_of_steps_that_race_one_begins(tmp_path):
    """Four processes take the next step at once: one gets there, and no other before it ended or was taken back."""
    store = _store(tmp_path)
    action = store.add(held_action(Requirement(approvals=9)))
    go, results = _FORK.Event(), _FORK.Queue()
    processes = [_FORK.Process(target=_stepping, args=(tmp_path, name, go, results)) for name in ("a", "b", "c", "d")]
    for process in processes:
        process.start()
    go.set()
    [winner] = [name for name in (results.get(timeout=60) for _each in processes) if name]
    for process in processes:
        process.join()
    [step] = store.steps.open_steps()
    kept = store.get(action.id)
    assert (step.id, [each.person for each in kept.decisions]) == (winner, [winner])
    other = lifecycle.decide(kept, decision(kept, "eve"), roles=_NOBODY)
    assert store.steps.begin(ActionStep(id="e", action_id=action.id, event="decided", after=0), other) is None
    back = store.steps.take_back(step)
    assert (back.decisions, back.version) == ((), kept.version + 1)
    assert not store.replace(other)
    again = lifecycle.decide(back, decision(back, "eve"), roles=_NOBODY)
    step = ActionStep(id="e", action_id=action.id, event="decided", after=0)
    assert store.steps.begin(step, again) == again
    assert store.steps.end(step, 7).records == (7,)
    assert store.get(action.id).decisions == again.decisions
