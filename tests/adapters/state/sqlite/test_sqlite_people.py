"""The secrets of authenticator apps: sealed in the file, also those that an older version left there as they are."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
from dataclasses import replace
from pathlib import Path

import pyotp
import pytest
from argon2 import PasswordHasher

from metricgate.adapters.identity.people import LocalPeople, enroll
from metricgate.adapters.state.sqlite.sqlite_people import SqlitePeople
from metricgate.gateway.people import Login
from metricgate.state.people import PeopleUnavailable, PersonRecord
from metricgate.vocabulary.problem import Problems

ANA = PersonRecord(
    name="ana", password="p", one_time_until=None, totp="ANASECRET234567A", last_step=0, groups=("g",), created=1.0
)
BO = replace(ANA, name="bo", totp="BOBSECRET234567B")
OLD = """
CREATE TABLE people(
  name TEXT PRIMARY KEY, password TEXT NOT NULL, one_time_until REAL, totp TEXT NOT NULL, last_step INTEGER NOT NULL,
  groups TEXT NOT NULL, created REAL NOT NULL
) STRICT;
CREATE UNIQUE INDEX one_spelling ON people(lower(name));
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "people.db"


def on_disk(path: Path, secret: str) -> bool:
    """Whether a secret can be read in the file, its log, or any other beside it."""
    return any(secret.encode() in each.read_bytes() for each in path.parent.iterdir())


def test_a_secret_is_sealed_and_comes_back(path: Path) -> None:
    """Also after a reset; a list has none; the key is its owner's."""
    store = SqlitePeople(path)
    assert store.add(ANA)
    assert store.find("ana") == ANA
    assert (store.knows("ana"), store.knows("bo"), store.find("bo")) == (True, False, None)
    assert store.reset(replace(ANA, totp=BO.totp))
    assert store.list() == (replace(ANA, totp=""),)
    assert not on_disk(path, ANA.totp) | on_disk(path, BO.totp)
    assert stat.S_IMODE(path.with_suffix(".key").stat().st_mode) == 0o600
    store.close()
    again = SqlitePeople(path)
    assert again.find("ana") == replace(ANA, totp=BO.totp)
    again.close()


def test_what_an_older_version_kept_is_sealed_at_open(path: Path) -> None:
    """Nothing of it is left, not even of somebody who was removed; whoever opens it meanwhile finds it sealed, too."""
    with sqlite3.connect(path) as old:
        old.execute("PRAGMA journal_mode=WAL")
        old.execute("PRAGMA secure_delete=OFF")
        old.executescript(OLD)
        row = (ANA.password, None, 0, '["g"]', 1.0)
        for each in (ANA, BO):
            values = (each.name, row[0], row[1], each.totp, *row[2:])
            old.execute("INSERT INTO people VALUES (?,?,?,?,?,?,?)", values)
        old.commit()
        old.execute("DELETE FROM people WHERE name='bo'")
    assert on_disk(path, ANA.totp)
    store, other = SqlitePeople(path), SqlitePeople(path)
    assert store.find("ana") == ANA == other.find("ana")
    other.close()
    store.close()
    old.close()
    SqlitePeople(path).close()
    assert not on_disk(path, ANA.totp) | on_disk(path, BO.totp)


@pytest.mark.parametrize(
    "altered",
    [
        "UPDATE people SET totp=(SELECT totp FROM people WHERE name='bo') WHERE name='ana'",
        "UPDATE people SET totp='ANASECRET234567A' WHERE name='ana'",
        "UPDATE people SET totp='' WHERE name='ana'",
    ],
)
def test_a_secret_that_was_put_there_is_not_taken(path: Path, altered: str) -> None:
    """Another person's, one that is not sealed, none: nobody computes codes of their own."""
    store = SqlitePeople(path)
    store.add(ANA)
    store.add(BO)
    with sqlite3.connect(path) as other:
        other.execute(altered)
    other.close()
    with pytest.raises(PeopleUnavailable, match="of ana cannot be opened"):
        store.find("ana")
    assert store.find("bo") == BO
    store.close()


def test_without_its_key_nobody_is_let_in_until_their_login_is_new(path: Path) -> None:
    """Said where no new key may be made; else refused by code, ``damaged`` names them, ``reset`` is the way back."""
    hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    record, paper = enroll("ana", (), 1_000.0, issuer="acme", hasher=hasher)
    store = SqlitePeople(path)
    store.add(record)
    store.close()
    path.with_suffix(".key").unlink()
    with pytest.raises(PeopleUnavailable, match=r"people\.key is gone"):
        SqlitePeople(path, may_make_key=False)
    assert not path.with_suffix(".key").exists()
    store = SqlitePeople(path)
    assert store.find_damaged() == ["ana"]
    people = LocalPeople(store, now=lambda: 1_000.0, hasher=hasher)
    code = pyotp.TOTP(record.totp).at(1_000)
    asked = Login(
        name="ana",
        password=paper.one_time_password,
        code=code,
        new_password="correct horse battery",
        address="::1",
        channel="api",
        device=None,
    )
    refused = asyncio.run(people.login(asked))
    assert isinstance(refused, Problems)
    assert refused.first.code.name == "E_PEOPLE_UNAVAILABLE"
    assert [each.name for each in store.list()] == ["ana"]
    assert store.reset(record)
    assert store.find_damaged() == []
    assert not isinstance(asyncio.run(people.login(asked)), Problems)
    store.close()
    path.with_suffix(".key").write_text("none")
    with pytest.raises(PeopleUnavailable, match="cannot be opened"):
        SqlitePeople(path)
