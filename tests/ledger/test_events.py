"""Events are written as before their classes were, read of every release, named in one place, and documented."""

from __future__ import annotations

import ast
import json
import re
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, is_dataclass
from pathlib import Path

import pytest
from tests.record_pages import PARTS, page_with_parts

from metricgate.adapters.state.sqlite.ledger_reader import LedgerReader
from metricgate.ledger.entry import as_bytes
from metricgate.ledger.events import names
from metricgate.ledger.events.access import AgentPaused, SwitchThrown
from metricgate.ledger.events.attribute import ERASED, Event, UnreadableEntry, attributes_of
from metricgate.ledger.events.log import LogOpened
from metricgate.ledger.events.registry import EVENTS, EVENTS_BY_NAME, event_of
from metricgate.ledger.events.shared import facts_of_actor
from metricgate.vocabulary.actor import person
from metricgate.vocabulary.json import Json

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "metricgate"
RECORDED = Path(__file__).parent / "recorded_events.jsonl"
"""Entries as the gateway wrote them before events had classes: of each event the forms that have all its attributes."""
EARLIER = sorted((ROOT / "tests").rglob("earlier*/*.tar.xz"))
"""State folders that earlier releases left."""
SPELT_HERE = ("ledger/events/", "gateway/span_names.py")
"""Where names of the record may be spelt, and those of spans, which are no part of it."""


@dataclass(frozen=True)
class Entry:
    """An entry as readers have it."""

    event: str
    fields: Mapping[str, Json]
    bodies: Mapping[str, Json] = field(default_factory=dict)


def recorded() -> list[Entry]:
    return [Entry(**json.loads(line)) for line in RECORDED.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("entry", recorded(), ids=lambda entry: entry.event)
def test_an_event_is_written_byte_for_byte_as_before(entry: Entry) -> None:
    """What the gateway wrote is read strictly, and what is read is written with the same bytes."""
    fields, bodies = event_of(entry).to_attributes()
    assert as_bytes(fields) == as_bytes(entry.fields)
    assert as_bytes(bodies) == as_bytes(entry.bodies)


def test_every_event_was_pinned() -> None:
    assert {each.event for each in recorded()} == EVENTS_BY_NAME.keys()


def test_every_attribute_was_pinned() -> None:
    """One without a sample might be written in another form than before; ``gov.verdicts`` is new."""
    seen = {name for each in recorded() for name in (*each.fields, *each.bodies)}
    missing = {each.name for event in EVENTS for each in attributes_of(event)} - seen
    assert missing == {names.VERDICTS}


def test_earlier_releases_left_something() -> None:
    assert len(EARLIER) >= 3


@pytest.mark.parametrize("folder", EARLIER, ids=lambda path: path.name)
def test_entries_of_earlier_releases_are_read(folder: Path, tmp_path: Path) -> None:
    """All of a ledger of an earlier release; read and written again it is what it was."""
    with tarfile.open(folder) as tar:
        tar.extractall(tmp_path, filter="data")
    [ledger] = tmp_path.rglob("ledger.db")
    with LedgerReader(ledger) as reader:
        entries = list(reader.entries())
    assert len(entries) > 3
    for entry in entries:
        fields, bodies = event_of(entry).to_attributes()
        assert (fields, bodies) == (entry.fields, entry.bodies)


def test_an_erased_body_reads_as_erased_and_cannot_be_written() -> None:
    switch = SwitchThrown(
        actor=facts_of_actor(person("ana")), kind="stop", target="user:ben", because="odd", by="ana", at="2026-01-01"
    )
    fields, bodies = switch.to_attributes()
    assert bodies == {
        names.ACTOR_ID: "ana",
        names.SWITCH_TARGET: "user:ben",
        names.SWITCH_BECAUSE: "odd",
        names.SWITCH_BY: "ana",
    }
    read = SwitchThrown.from_entry(Entry(names.SWITCH_THROWN, fields, {**bodies, names.SWITCH_BY: None}))
    assert (read.by, read.target) == (ERASED, "user:ben")
    with pytest.raises(ValueError, match="erased"):
        read.to_attributes()


@pytest.mark.parametrize(
    ("event", "fields"),
    [
        ("gov.agent.unpaused", {}),
        (names.AGENT_PAUSED, {names.AGENT_ID: "desk"}),
        (names.AGENT_PAUSED, {names.AGENT_ID: "desk", names.REFUSALS: "7"}),
        (names.AGENT_PAUSED, {names.AGENT_ID: "desk", names.REFUSALS: True}),
        (names.AGENT_PAUSED, {names.AGENT_ID: "desk", names.REFUSALS: 7, "gov.mood": "bad"}),
        (names.KEY_REVOKED, {names.AGENT_ID: "desk", names.REFUSALS: 7}),
    ],
)
def test_an_entry_that_is_not_what_its_class_says_is_refused(event: str, fields: dict[str, Json]) -> None:
    """Another event; an attribute missing, of another type, or unknown."""
    with pytest.raises(UnreadableEntry):
        event_of(Entry(event, fields))
    with pytest.raises(UnreadableEntry):
        AgentPaused.from_entry(Entry(event, fields))


def test_what_earlier_releases_did_not_write_is_absent() -> None:
    fields = {names.ORIGIN: "o", names.PUBLIC_KEY: "k", names.LOG_SIZE: 0, names.SQLITE_VERSION: "3.40.1"}
    opened = LogOpened.from_entry(Entry(names.LOG_OPENED, fields))
    assert opened.instance is None


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.NAME)
def test_each_event_is_a_frozen_class_with_meanings(event: type[Event]) -> None:
    assert is_dataclass(event)
    assert event.__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert event.__doc__
    for attribute in attributes_of(event):
        assert re.fullmatch(r"[a-z_]+(\.[a-z_]+)*", attribute.name)
        assert attribute.meaning
        assert not attribute.meaning.endswith(".")


def spelt(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield each text in a module that has a name of ours, but docstrings and texts that stand alone as such."""
    alone = {id(each.value) for each in ast.walk(tree) if isinstance(each, ast.Expr)}
    for each in ast.walk(tree):
        if isinstance(each, ast.Constant) and isinstance(each.value, str) and id(each) not in alone:
            for found in re.findall(r"(?<![\w.])gov\.[a-z_.]*", each.value):
                yield each.lineno, found


def test_no_other_place_spells_a_name_of_the_record() -> None:
    found = [
        f"{path.relative_to(SOURCE).as_posix()}:{line} {name}"
        for path in sorted(SOURCE.rglob("*.py"))
        if not path.relative_to(SOURCE).as_posix().startswith(SPELT_HERE)
        for line, name in spelt(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert found == []


@pytest.mark.parametrize("page", PARTS)
def test_the_docs_have_what_the_classes_say(page: str) -> None:
    """``make docs`` writes it anew."""
    assert (ROOT / "docs" / page).read_text(encoding="utf-8") == page_with_parts(page)
