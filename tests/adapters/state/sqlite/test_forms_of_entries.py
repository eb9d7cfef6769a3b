"""Entries of an earlier form and of this one in one tree, and the bound of a leaf."""

from __future__ import annotations

import shutil
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.adapters.state.sqlite.ledgers import opened, verify

from metricgate.adapters.state.sqlite.ledger_reader import LedgerReader
from metricgate.ledger import entry
from metricgate.ledger.events import names
from metricgate.ledger.note import parse_key
from metricgate.ledger.receipt import verify_receipt

EARLIER = Path(__file__).parent / "record_1"
"""A ledger that a release before wrote: eleven entries of ``metricgate.record/1``, one erased, one leaf of 66 kB."""


def earlier(folder: Path) -> Path:
    for file in EARLIER.iterdir():
        shutil.copyfile(file, folder / file.name)
        (folder / file.name).chmod(0o600)
    return folder


def test_an_earlier_ledger_verifies_as_it_is(tmp_path):
    report = verify(earlier(tmp_path))
    assert (report.findings, report.size, report.erased) == ((), 11, 2)


def test_entries_of_both_forms_stand_in_one_tree(tmp_path):
    """The earlier ledger goes on in the new form; all of it verifies, and receipts of both forms do."""
    ledger = opened(earlier(tmp_path))
    ledger.append_blocking("gov.call.refused", {"gen_ai.agent.id": "desk"}, bodies={"gov.user.id": "ben"})
    ledger.close()
    report = verify(tmp_path)
    assert (report.findings, report.size) == ((), 13)
    key = parse_key((tmp_path / "ledger.vkey").read_text())
    with LedgerReader(tmp_path / "ledger.db") as reader:
        forms = [each.record["schema"] for each in reader.entries(newest_first=False)]
        assert forms == ["metricgate.record/1"] * 11 + ["metricgate.record/2"] * 2
        for index in range(13):
            verify_receipt(reader.receipt(index, key), key)


_NAMES = st.text("abcdefg.", min_size=1, max_size=12)
_BIG = st.integers(0, 90_000).map(lambda size: "x" * size)
_VALUES = _BIG | st.lists(_BIG.map(lambda text: text[:9_000]), max_size=40) | st.integers() | st.none()


@given(st.dictionaries(_NAMES, _VALUES, max_size=40), st.dictionaries(_NAMES, _BIG, max_size=20))
def test_no_leaf_is_longer_than_its_form_allows(fields, bodies):
    """Whatever is recorded; and nothing of it is lost."""
    kept, apart = entry.fit_to_leaf(fields, bodies)
    drafted = entry.draft(
        "gov.call.refused",
        kept,
        bodies=apart,
        entry_id="0" * 26,
        time_unix_nano=2**63,
        entropy=bytes(entry.SALT_BYTES * len(apart)),
    )
    leaf = drafted.leaf(2**53)
    assert len(leaf) <= entry.MOST_LEAF
    for name, value in fields.items():
        assert kept[name] == value or apart[names.MOVED_FIELD + name] == value
    assert all(apart[name] == value for name, value in bodies.items())
    assert orjson.loads(leaf)["schema"] == entry.SCHEMA


def test_what_was_too_large_is_read_as_if_it_were_not(tmp_path):
    ledger = opened(tmp_path)
    metrics = [{"name": f"finance.metric_{number}", "version": "v" * 60} for number in range(2_000)]
    index = ledger.append_blocking("gov.call.refused", {"gov.metrics": metrics, "gen_ai.agent.id": "desk"}).index
    ledger.close()
    assert verify(tmp_path).findings == ()
    with LedgerReader(tmp_path / "ledger.db") as reader:
        found = reader.entry(index)
    assert len(found.leaf) < entry.MOST_LEAF
    assert len(found.metrics) == 2_000
    assert found.text("gen_ai.agent.id") == "desk"


def test_a_leaf_beyond_the_bound_is_found(tmp_path, monkeypatch):
    """One that is signed all the same: by a gateway that was changed."""
    monkeypatch.setattr(entry, "fit_to_leaf", lambda fields, bodies=None: (fields, bodies or {}))
    ledger = opened(tmp_path)
    ledger.append_blocking("gov.call.refused", {"text": "x" * entry.MOST_LEAF})
    ledger.close()
    [finding] = verify(tmp_path).findings
    assert (str(finding.kind), finding.index) == ("entry_changed", 1)


@pytest.mark.parametrize("name", [names.LINKS, names.REDACTED_BODIES])
def test_what_verification_reads_stays_in_the_leaf(name):
    kept, _apart = entry.fit_to_leaf({name: [{"index": 1, "rel": "intent"}], "other": "x" * 90_000})
    assert kept[name] == [{"index": 1, "rel": "intent"}]
