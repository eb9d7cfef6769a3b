"""Definitions by digest, with their content: on every registered state, and through gateway, command and erasure."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import zlib
from pathlib import Path

import pytest
from tests.contracts.test_state import PLACES, again, opened
from tests.gateway.conftest import MODELS, POLICY, write_project
from tests.gateway.conftest import opened as gateway
from typer.testing import CliRunner

from metricgate.bootstrap.project import open_project
from metricgate.bootstrap.states import state_of
from metricgate.operations.erasure import ErasureAsked
from metricgate.settings.settings import load_settings
from metricgate.state.definitions import DefinitionsNotKept, Publication
from metricgate.state.record import EntryFilter, RecordReader
from metricgate.state.state import ProjectState
from metricgate.surfaces.cli import build_app
from metricgate.vocabulary.problem import Problems

TEXTS = {"models/a.yaml": "a: 1\n", "models/b.yaml": "b: 2\r\n\u00e9 \u4e2d\n"}


@pytest.fixture(params=PLACES)
def state(request: pytest.FixtureRequest, tmp_path: Path) -> ProjectState:
    return opened(request.param, tmp_path)


def test_what_came_into_force_can_be_read_by_its_digest(state: ProjectState) -> None:
    kept = state.definitions()
    assert kept.list() == []
    kept.keep("models", "d1", TEXTS, at=100.0)
    kept.keep("policies", "d1", {"p.yaml": "rules\n"}, at=101.0)
    kept.keep("models", "d2", {**TEXTS, "models/a.yaml": "a: 3\n"}, at=102.0)
    kept.close()
    kept = again(state).definitions()
    first = Publication(kind="models", digest="d1", published_at=100.0, files=2)
    assert [each.digest for each in kept.list("models")] == ["d2", "d1"]
    assert [each.kind for each in kept.list()] == ["models", "policies", "models"]
    found = kept.find("models", "d1")
    assert (found.publication, dict(found.texts), found.erased) == (first, TEXTS, frozenset())
    assert kept.find("models", "d2").texts["models/a.yaml"] == "a: 3\n"
    assert kept.find("actions", "d1") is None
    assert "definitions" in state.existing_stores()
    kept.close()


def test_a_digest_stays_with_its_first_content_and_time(state: ProjectState) -> None:
    """Comments change no digest: what is read is what was there when it first came into force."""
    kept = state.definitions()
    kept.keep("models", "d1", TEXTS, at=100.0)
    kept.keep("models", "d1", {"models/a.yaml": "# other words\n"}, at=200.0)
    assert kept.find("models", "d1").texts == TEXTS
    assert [each.published_at for each in kept.list()] == [100.0]
    kept.close()


def test_a_gateway_keeps_what_it_puts_in_force(tmp_path: Path) -> None:
    """At its start, and each change while it runs; what the record names is there."""
    folder = write_project(tmp_path)
    changed = MODELS.replace("expr: amount", "expr: amount * 2", 1)
    assert changed != MODELS

    async def serve() -> list[str]:
        async with gateway(folder, watch=True) as parts:
            (folder / "semantic_models" / "models.yaml").write_text(changed)
            first = parts.governance.current.catalog.version
            for _ in range(200):
                await asyncio.sleep(0.05)
                with parts_reader(folder) as reader:
                    found = list(reader.entries(EntryFilter(event="gov.definitions.published")))
                if len(found) == 2:
                    break
            assert [each.fields["gov.catalog.version"] for each in found][-1] == first
            return [str(each.fields["gov.catalog.version"]) for each in found]

    versions = asyncio.run(serve())
    assert len(set(versions)) == 2
    listed = command(folder, "--json")["definitions"]
    assert [each["digest"] for each in listed if each["kind"] == "models"] == versions
    for version, text in zip(versions, (changed, MODELS), strict=True):
        shown = command(folder, version, "--json")
        assert shown["files"] == {"semantic_models/models.yaml": text}
        assert shown["agrees"]
    policy = next(each["digest"] for each in listed if each["kind"] == "policies")
    folder_of_old = tmp_path / "old"
    command(folder, policy.removeprefix("sha256:")[:8], "--into", str(folder_of_old), "--json")
    assert [path.read_text() for path in (folder_of_old / "policies").iterdir()] == [POLICY]
    assert "already" in told(folder, policy, "--into", str(folder_of_old), exit_code=2)
    assert "E_NO_SUCH_DEFINITIONS" in told(folder, "0000000000", exit_code=3)
    assert policy in told(folder, policy[:-1] + "x", exit_code=3)  # the nearest one


def test_what_was_altered_is_not_shown_as_what_was_in_force(tmp_path: Path) -> None:
    folder = write_project(tmp_path)
    asyncio.run(once(folder))
    digest = command(folder, "--kind", "policies", "--json")["definitions"][0]["digest"]
    file = folder / ".metricgate" / "definitions.db"
    with sqlite3.connect(file) as connection:
        key = connection.execute("SELECT text FROM files WHERE kind='policies'").fetchone()[0]
        body = zlib.compress(POLICY.replace("rows: 1000", "rows: 9000").encode())
        connection.execute("UPDATE texts SET body=? WHERE digest=?", (body, key))
    assert "altered" in told(folder, digest, exit_code=3)
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE texts SET body=x'00' WHERE digest=?", (key,))
    assert "altered" in told(folder, digest, exit_code=3)
    found = open_project(folder).erase(ErasureAsked(value="zebra-4711", reason="r", basis="b"))
    assert isinstance(found, Problems)
    assert "altered" in str(found)
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE texts SET body=? WHERE digest=?", (body, key))
    with sqlite3.connect(file) as connection:  # a whole other file in its place
        connection.execute("INSERT INTO texts SELECT 'x', body, 1 FROM texts WHERE digest=?", (key,))
        connection.execute("UPDATE files SET text='x' WHERE kind='policies'")
    assert not command(folder, digest, "--json")["agrees"]


def test_erasing_takes_lines_out_of_what_was_published(tmp_path: Path) -> None:
    """That is said; publishing them again brings nothing back."""
    folder = write_project(tmp_path, policy=POLICY + "# for zebra-4711\n")
    asyncio.run(once(folder))
    project = open_project(folder)
    asked = ErasureAsked(value="zebra-4711", reason="r", basis="b", dry_run=True)
    copies = project.erase(asked).copies
    assert [each.kind for each in copies] == ["definition"]
    asked = ErasureAsked(value="zebra-4711", reason="r", basis="b", dry_run=False)
    assert project.erase(asked).record is not None
    packed = [path.read_bytes() for path in (folder / ".metricgate").glob("definitions.db*")]
    assert packed
    asyncio.run(once(folder))
    digest = command(folder, "--kind", "policies", "--json")["definitions"][0]["digest"]
    shown = command(folder, digest, "--json")
    assert shown["erased"] == ["policies/policy.yaml"]
    assert shown["files"]["policies/policy.yaml"] == POLICY + "# (erased)\n"
    assert "erased since" in told(folder, digest, exit_code=0)


def test_a_file_that_cannot_be_read_is_said(state: ProjectState) -> None:
    (state.folder / "definitions.db").write_bytes(b"no database, but long enough to be looked at as one" * 20)
    with pytest.raises(DefinitionsNotKept, match=r"definitions\.db"):
        state.definitions()


def parts_reader(folder: Path) -> RecordReader:
    return state_of(folder, load_settings(folder)).reader()


async def once(folder: Path) -> None:
    """Start a gateway and stop it."""
    async with gateway(folder):
        pass


def told(folder: Path, *words: str, exit_code: int) -> str:
    done = CliRunner().invoke(
        build_app(open_project, lambda *_files: None), ["audit", "definitions", *words, "--project", str(folder)]
    )
    assert done.exit_code == exit_code, done.output
    return done.output


def command(folder: Path, *words: str) -> dict:
    return json.loads(told(folder, *words, exit_code=0).partition("\n")[0])
