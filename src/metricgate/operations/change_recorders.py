"""Changes of keys, people and switches, which their stores note and the record takes over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from metricgate.ledger.events import names
from metricgate.ledger.events.shared import facts_of_actor
from metricgate.operations.switches import notice_of_switch
from metricgate.state.keys import KeyStore, KeysUnavailable
from metricgate.state.people import PeopleAndSessions, PeopleUnavailable, PersonNotice
from metricgate.state.record import LedgerUnavailable, RecordStore
from metricgate.state.state import ProjectState, StateUnavailable
from metricgate.state.switches import SwitchesUnreadable, SwitchStore
from metricgate.vocabulary.actor import GATEWAY, Actor, operator, person
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.notice import NoticeNotKept, Notifier

_LOOK_SECONDS = 1.0
_PERSON_BODIES = (names.PERSON_ID, names.CLIENT_ADDRESS)


def record_at_once(state: ProjectState, changes: Callable[[RecordStore], None]) -> None:
    """Record changes unless a gateway runs, which then does it within a second. Blocks until each is durable."""
    try:
        ledger = state.take()
    except StateUnavailable:
        return
    try:
        with suppress(LedgerUnavailable):
            changes(ledger)
    finally:
        ledger.close()
        state.tell_anchors(ledger)


def record_key_changes(keys: KeyStore, ledger: RecordStore) -> None:
    """Record every change of the keys that awaits its record. Blocks until each is durable.

    Raises:
        LedgerUnavailable: the ledger cannot make entries durable; what is left stays noted.
        KeysUnavailable: the keys cannot be read.
    """
    for notice in keys.notices():
        who, bodies = facts_of_actor(operator()).to_attributes()
        ledger.append_blocking(notice.event, {**notice.fields, **who}, bodies=bodies)
        keys.settle(notice)


def record_switches(switches: SwitchStore, ledger: RecordStore, notifier: Notifier) -> None:
    """Record every change of the switches that awaits its record. Blocks until each is durable.

    Raises:
        LedgerUnavailable: the ledger cannot make entries durable; what is left stays noted.
        SwitchesUnreadable: the switches cannot be read.
        NoticeNotKept: the outbox cannot be written.
    """
    for notice in switches.notices():
        # Told before it is settled, under one id: a crash between tells nobody twice and nobody never.
        notifier.tell(notice_of_switch(notice))
        # A change that an earlier release noted does not say whether a person or an operator made it.
        apart = {name: value for name, value in notice.fields.items() if _stands_apart(name, value)}
        fields = {name: value for name, value in notice.fields.items() if name not in apart}
        ledger.append_blocking(notice.event, fields, bodies={**apart, names.ACTOR_ID: notice.fields[names.SWITCH_BY]})
        switches.settle(1)


def _stands_apart(name: str, value: Json) -> bool:
    """Whether it names somebody, or is a person's own words."""
    return name in {names.SWITCH_BY, names.SWITCH_BECAUSE} or (
        name == names.SWITCH_TARGET and str(value).startswith("user:")
    )


def record_people(store: PeopleAndSessions, ledger: RecordStore) -> None:
    """Record what happened to people and their logins and awaits its record. Blocks until each is durable.

    Raises:
        LedgerUnavailable: the ledger cannot make entries durable; what is left stays noted.
        PeopleUnavailable: the people cannot be read.
    """
    for notice in store.notices():
        bodies = {name: notice.fields[name] for name in _PERSON_BODIES if name in notice.fields}
        fields = {name: value for name, value in notice.fields.items() if name not in _PERSON_BODIES}
        who, who_bodies = facts_of_actor(_actor_of(notice)).to_attributes()
        ledger.append_blocking(notice.event, {**fields, **who}, bodies={**bodies, **who_bodies})
        store.settle(notice)


def _actor_of(notice: PersonNotice) -> Actor:
    if notice.event == names.PERSON_LOGGED_IN:
        return person(str(notice.fields[names.PERSON_ID]))
    # Whoever fails to log in is nobody yet.
    return GATEWAY if notice.event == names.LOGIN_REFUSED else operator()


async def watch_switches(switches: SwitchStore, ledger: RecordStore, notifier: Notifier) -> None:
    """Record the switches' changes as they come, until cancelled."""
    while True:
        with suppress(LedgerUnavailable, SwitchesUnreadable, NoticeNotKept):
            await asyncio.to_thread(record_switches, switches, ledger, notifier)
        await asyncio.sleep(_LOOK_SECONDS)


async def watch_keys(keys: KeyStore, ledger: RecordStore) -> None:
    """Record the keys' changes as they come, until cancelled."""
    while True:
        with suppress(LedgerUnavailable, KeysUnavailable):
            await asyncio.to_thread(record_key_changes, keys, ledger)
        await asyncio.sleep(_LOOK_SECONDS)


async def watch_people(store: PeopleAndSessions, ledger: RecordStore) -> None:
    """Record as things happen, until cancelled."""
    while True:
        with suppress(LedgerUnavailable, PeopleUnavailable):
            await asyncio.to_thread(record_people, store, ledger)
        await asyncio.sleep(_LOOK_SECONDS)
