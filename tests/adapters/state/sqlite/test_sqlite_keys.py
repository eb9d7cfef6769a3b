"""API keys: shown once, kept as digests, revoked everywhere at once."""

import contextlib
import os
import re
import sqlite3
import subprocess
import sys
import textwrap

import pytest
from tests.adapters.state.sqlite.ledgers import SystemClock

from metricgate.adapters.state.sqlite.sqlite_keys import SqliteKeys
from metricgate.state.keys import KeysUnavailable


@pytest.fixture
def keys(tmp_path):
    store = SqliteKeys(tmp_path / "keys.db", clock=SystemClock())
    yield store
    store.close()


def test_a_key_is_found_by_its_text_only(keys, tmp_path):
    """The text finds its record; nothing else does; the secret stands in no file."""
    text, record = keys.create(
        "copilot", name="n", expires_in=60, may_act_for=["ana"], attributes={"regions": ("EU", "US")}
    )
    assert re.fullmatch(r"mg_[0-9a-f]{16}_[A-Za-z0-9_-]{43}", text)
    assert keys.find(text) == record
    assert (record.agent, record.may_act_for, record.attributes) == ("copilot", ("ana",), {"regions": ("EU", "US")})
    assert record.usable(record.created_at)
    assert not record.usable(record.expires_at)
    secret = text.split("_", 2)[2]
    assert not any(secret.encode() in file.read_bytes() for file in tmp_path.iterdir())
    assert (tmp_path / "keys.db").stat().st_mode & 0o777 == 0o600
    for wrong in (text[:-1], text + "x", text.upper(), f"mg_{record.id}_", f"mg_{record.id}_{'A' * 43}", "", "mg_",
                  "mg__x", "\ud800", "x" * 100_000, "mg_' OR 1=1 --_x", text.replace("mg_", "")):  # fmt: skip
        assert keys.find(wrong) is None


def test_a_key_revoked_by_another_process_is_revoked_here(keys, tmp_path):
    """The very next look-up after the other process has returned tells that the key is revoked."""
    text, record = keys.create("copilot", name="n", expires_in=60)
    assert not keys.find(text).revoked
    script = f"""
        import pathlib
        from metricgate.adapters.state.sqlite.sqlite_keys import SqliteKeys
        from tests.adapters.state.sqlite.ledgers import SystemClock
        store = SqliteKeys(pathlib.Path({str(tmp_path / "keys.db")!r}), clock=SystemClock())
        assert store.revoke({record.id!r}).revoked
        store.close()
    """
    subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        check=True,
        env={**os.environ, "PYTHONPATH": os.getcwd()},  # noqa: PTH109
    )
    assert keys.find(text).revoked
    assert not keys.find(text).usable(record.created_at)


def test_revoking_twice_keeps_the_first_time(keys):
    """A second revocation changes nothing; an unknown key is None."""
    _, record = keys.create("a", name="n", expires_in=60, may_act_for="*")
    first = keys.revoke(record.id)
    assert keys.revoke(record.id) == first
    assert keys.revoke("nothing") is None
    assert [each.id for each in keys.list()] == [record.id]
    assert keys.list()[0].may_act_for == ("*",)


def test_keys_of_an_earlier_version_must_name_their_user(tmp_path):
    """A file without the column is widened in place; its keys for users are not made to act alone."""
    path = tmp_path / "keys.db"
    first = SqliteKeys(path, clock=SystemClock())
    alone, _ = first.create("a", name="n", expires_in=60, may_act_for=["ana"], or_alone=True)
    assert first.find(alone).or_alone
    first.close()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("ALTER TABLE keys DROP COLUMN or_alone")
        connection.execute("PRAGMA user_version=0")
        connection.commit()
    for _ in range(2):
        second = SqliteKeys(path, clock=SystemClock())
        assert not second.find(alone).or_alone
        second.close()


@pytest.mark.parametrize(
    "wrong", [{"agent": ""}, {"name": ""}, {"expires_in": 0}, {"expires_in": -1}, {"may_act_for": "ana"}]
)
def test_a_key_needs_agent_name_and_expiry(keys, wrong):
    """Nonsense is refused before anything is written."""
    values = {"agent": "a", "name": "n", "expires_in": 60, **wrong}
    with pytest.raises(ValueError, match="a key"):
        keys.create(values.pop("agent"), **values)
    assert keys.list() == ()


def test_a_broken_file_is_told(tmp_path):
    """A file that is no database is an error of its own, never an empty set of keys."""
    (tmp_path / "keys.db").write_bytes(b"not a database at all, but long enough to be looked at" * 40)
    with pytest.raises(KeysUnavailable):
        SqliteKeys(tmp_path / "keys.db", clock=SystemClock())
