"""``metricgate doctor`` as a program: what is wrong ends with 3, advice alone with 0, and each has its cure."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.contracts import servers
from tests.faults.served import make_key
from tests.gateway.conftest import write_project

from metricgate.adapters.state.sqlite.sqlite_people import SqlitePeople
from metricgate.state.people import PersonRecord


def doctor(folder: Path, *more: str) -> tuple[int, str]:
    ran = subprocess.run(
        [sys.executable, "-m", "metricgate", "doctor", "--project", str(folder), *more],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    return ran.returncode, ran.stdout + ran.stderr


def test_a_sound_project_and_one_that_is_open_to_all(tmp_path: Path) -> None:
    """Files that others may write, secrets that others may read: each is named with the command that mends it."""
    folder = write_project(tmp_path / "project")
    make_key(folder, "omni")
    folder.chmod(0o755)
    assert doctor(folder) == (0, "nothing wrong\n")
    keys = folder / ".metricgate" / "keys.db"
    keys.chmod(0o640)
    (folder / "data.duckdb").chmod(0o666)
    code, text = doctor(folder, "--json")
    assert code == 3
    told = json.loads(text)
    assert told["sound"] is False
    assert {(each["of"], each["object"]) for each in told["findings"]} == {
        ("state", str(keys)),
        ("duckdb", str(folder / "data.duckdb")),
    }
    for each in told["findings"]:
        subprocess.run(each["cure"].split(), check=True)
    assert doctor(folder)[0] == 0


def test_whose_authenticator_cannot_be_checked_is_told(tmp_path: Path) -> None:
    """Their secret was sealed with another key; the cure is a new login."""
    folder = write_project(tmp_path / "project")
    (folder / "data.duckdb").chmod(0o644)
    state = folder / ".metricgate"
    for key in ("first", "second"):
        store = SqlitePeople(state / "people.db")
        store.add(
            PersonRecord(
                name=f"{key}@acme.example",
                password="p",
                one_time_until=None,
                totp="GEZDGNBVGY3TQOJQ",
                last_step=0,
                groups=(),
                created=1.0,
            )
        )
        store.close()
        if key == "first":
            (state / "people.key").unlink()
    code, text = doctor(folder, "--json")
    assert code == 3
    [only] = json.loads(text)["findings"]
    assert (only["object"], only["cure"]) == ("person first@acme.example", "metricgate people reset first@acme.example")


def test_a_writable_source_is_advice(tmp_path: Path) -> None:
    """It is told, and nothing is wrong."""
    settings = "project: test\nwarehouse: {kind: duckdb, file: data.duckdb, read_only: false}\n"
    folder = write_project(tmp_path / "project", settings=settings)
    code, text = doctor(folder)
    assert code == 0
    assert "opened for writing" in text


def test_a_superuser_is_wrong(tmp_path: Path) -> None:
    """The account of these tests may do everything, and is told so."""
    at = servers.postgres()
    settings = (
        f"project: test\nwarehouse: {{kind: postgres, host: {at.host}, port: {at.port}, user: {at.user}, "
        f"database: {at.database}}}\n"
    )
    code, text = doctor(write_project(tmp_path / "project", settings=settings))
    assert code == 3
    assert "superuser" in text.lower()
