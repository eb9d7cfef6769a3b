"""``metricgate people``, ``approvals`` and ``undo``: the program against a gateway on a socket."""

import asyncio
import json
import stat
from pathlib import Path

import pytest
from tests.gateway.conftest import write_project
from tests.surfaces.human.conftest import ANA, PASSWORD
from tests.surfaces.serving import served
from typer.testing import CliRunner

from metricgate.adapters.state.sqlite.ledger_files import verify_ledger
from metricgate.bootstrap.project import open_project
from metricgate.surfaces.cli.app import build_app


@pytest.fixture
def project(tmp_path):
    return write_project(tmp_path / "project") or tmp_path / "project"


@pytest.fixture
def run(project, tmp_path):
    """Run the program; return its exit code, what it printed, and what it warned."""

    def go(*arguments, url="", said="", **more):
        more |= {"METRICGATE_PROJECT": str(project), "XDG_CONFIG_HOME": str(tmp_path / "config")}
        app = build_app(open_project, verify_ledger)
        done = CliRunner().invoke(app, arguments, input=said, env={**more, "METRICGATE_URL": url or None})
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, done.stdout, done.stderr

    return go


def test_the_operator_adds_and_removes(run, project):
    """A person comes with a one-time login, once; and goes."""
    code, out, _ = run("people", "add", ANA, "--group", "stewards", "--json")
    assert code == 0
    assert json.loads(out)["otpauth"].startswith("otpauth://totp/")
    assert run("people", "add", ANA.upper())[0] == 3
    assert run("people", "add", "a\u202eb")[0] == 3
    listed = json.loads(run("people", "list", "--json")[1])["people"]
    assert [(each["name"], each["groups"], each["state"]) for each in listed] == [(ANA, ["stewards"], "invited")]
    assert stat.S_IMODE(Path(project, ".metricgate", "people.db").stat().st_mode) == 0o600
    assert json.loads(run("people", "reset", ANA, "--json")[1])["one_time_password"]
    assert run("people", "remove", ANA)[0] == 0
    assert run("people", "reset", ANA)[0] == 3


def test_a_person_decides(run, house, tmp_path):
    """Login, list, show, approve with exit codes; the session is kept for its owner only; undo; logout."""

    async def go():
        action = house.office.propose(approvals=2)
        second = house.office.propose()
        async with served(house.app) as url:

            async def cli(*arguments, said="", **more):
                return await asyncio.to_thread(run, *arguments, url=url, said=said, **more)

            assert (await cli("approvals", "list"))[0] == 3
            given = house.credentials(ANA)
            said = f"{given['password']}\n{given['code']}\n{PASSWORD}\n"
            code, out, err = await cli("approvals", "login", ANA, said=said)
            assert code == 0, err
            kept = tmp_path / "config" / "metricgate" / "sessions.json"
            assert stat.S_IMODE(kept.stat().st_mode) == 0o600
            assert "mgp_" not in out + err
            assert action.id in (await cli("approvals", "list", "--state", "held"))[1]
            code, out, _ = await cli("approvals", "show", action.id)
            assert "UPDATE shop.main.customers" in out
            assert "0 of 2" in out
            assert "It was agreed" in out
            assert json.loads((await cli("approvals", "list", "--to-review", "--json"))[1])["actions"] == []
            assert (await cli("approvals", "review", action.id, "--because", "no glass was broken"))[0] == 3
            assert (await cli("approvals", "approve", action.id, "--because", "fine"))[0] == 2
            assert (await cli("approvals", "approve", action.id, "--because", "fine", "--yes"))[0] == 4
            assert (await cli("approvals", "approve", action.id, "--because", "again", "--yes"))[0] == 3
            code, out, _ = await cli("approvals", "approve", second.id, "--because", "fine", "--yes", "--json")
            assert (code, json.loads(out)["state"]) == (0, "executed")
            code, out, _ = await cli("undo", second.id, "--because", "wrong", "--json")
            assert (code, json.loads(out)["undoes"]) == (4, second.id)
            assert (await cli("approvals", "deny", action.id, "--because", "no", METRICGATE_PERSON_TOKEN="mg_x"))[
                0
            ] == 3
            assert (await cli("approvals", "logout"))[0] == 0
            assert (await cli("approvals", "list"))[0] == 3

    asyncio.run(go())


def test_without_a_gateway(run):
    """People decide at a running gateway; the program says so."""
    code, out, _ = run("approvals", "list", "--json")
    assert code == 1
    assert json.loads(out)["code"] == "E_NO_GATEWAY"
