"""``policy diff`` and ``policy explain`` of the real program: against a folder, and against a git revision."""

from __future__ import annotations

import json
import shutil
import subprocess


def _git(folder, *arguments):
    identity = ("-c", "user.name=Ana", "-c", "user.email=ana@acme.example")
    subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True)


def _closed(folder):
    """Take the analysts' grant on sales away, and mask a column."""
    (folder / "policies" / "more.yaml").write_text(
        "version: 1\n"
        "grants: [{id: closed, roles: [everyone], actions: [query], on: ['metric:sales.*'], effect: deny}]\n"
        "masks: [{id: country, roles: [everyone], on: ['column:customers.country'], method: null}]\n"
    )


def test_who_loses_what_against_a_folder_and_a_revision(run, tmp_path):
    """The same differences from both sides; nothing and exit code 0 where nothing differs."""
    before = tmp_path / "before"
    shutil.copytree(run.folder, before, ignore=shutil.ignore_patterns(".metricgate", "*.duckdb"))
    assert run("policy", "diff", str(before)).exit_code == 0
    after = tmp_path / "after"
    shutil.copytree(before, after)
    _git(after, "init", "-q")
    _git(after, "add", ".")
    _git(after, "commit", "-q", "-m", "first")
    _closed(after)
    told = run("policy", "diff", str(before), str(after), "--json")
    assert told.exit_code == 3, told.output
    found = json.loads(told.stdout)
    assert found["counts"] == {"gains": 0, "loses": len(found["differences"]), "changes": 0}
    assert {each["kind"] for each in found["differences"]} == {"grant", "mask"}
    everyone = next(each for each in found["differences"] if each["who"] == ["everyone"] and each["kind"] == "grant")
    assert (everyone["resource"], everyone["after"]) == ("metric:sales.*", "denied")
    shown = run("policy", "diff", str(before), str(after))
    assert "column:customers.country" in shown.stdout
    back = json.loads(run("policy", "diff", str(after), str(before), "--json").stdout)
    assert back["counts"]["gains"] == found["counts"]["loses"]
    (after / "policies" / "more.yaml").write_text("version: 1\nmaskz: []\n")
    broken = run("policy", "diff", str(before), str(after))
    assert broken.exit_code == 3
    assert "do not load" in broken.stderr


def test_an_explanation_of_the_real_policy(run):
    """Every rule with its place, and what would have to change, for people and for programs."""
    asked = ("policy", "explain", "--as", "agent:nobody", "--do", "read", "--on", "column:customers.country")
    told = run(*asked)
    assert told.exit_code == 3, told.output
    assert "Rules considered, in order:" in told.stdout
    assert "A grant of `read` on one of column:customers.country" in told.stdout.replace("\n", " ")
    assert json.loads(run(*asked, "--json").stdout)["considered"]
