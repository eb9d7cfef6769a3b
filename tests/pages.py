"""Pages of the documentation that are run: their definitions over their data, asked at the command line."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

import duckdb
from click.testing import Result
from tests.console import blocks, commands, fits
from typer.testing import CliRunner

from metricgate.adapters.state.sqlite.ledger_files import verify_ledger
from metricgate.bootstrap.project import open_project
from metricgate.surfaces.cli import build_app

SETTINGS = "project: page\nwarehouse: {kind: duckdb, file: data.duckdb, threads: 1}\n"
EVERYTHING = """
version: 1
roles: [{name: readers, members: ["agent:reader"]}]
grants:
  - {id: tools, roles: [readers], actions: [call], on: ["tool:*"]}
  - {id: all, roles: [readers], actions: [describe, query, list_values], on: ["metric:*", "dimension:*", "dataset:*"]}
"""
"""The policy under which the one caller may ask for everything."""


@dataclass(frozen=True, slots=True)
class Project:
    """A page's model and data as a project, with a key of its own."""

    page: str
    folder: Path
    key: str

    def run(self, *arguments: str) -> Result:
        """Run the program."""
        variables = {"METRICGATE_API_KEY": self.key, "METRICGATE_PROJECT": str(self.folder), "COLUMNS": "140"}
        unset = dict.fromkeys(("METRICGATE_URL", "METRICGATE_USER"))
        return CliRunner().invoke(build_app(open_project, verify_ledger), list(arguments), env=variables | unset)


def made(folder: Path, page: str, model: str, policy: str) -> Project:
    """Make a project of definitions, a policy and the page's block of SQL that makes tables; ``reader`` has a key."""
    for name, text in {
        "metricgate.yaml": SETTINGS,
        "semantic_models/page.yaml": model,
        "policies/policy.yaml": policy,
    }.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    (data,) = [block for block in blocks(page, "sql") if "CREATE TABLE" in block]
    with duckdb.connect(str(folder / "data.duckdb")) as connection:
        connection.execute(data)
    key = Project(page, folder, "").run("keys", "create", "reader")
    assert key.exit_code == 0, key.output
    return Project(page, folder, key.stdout.strip())


def said_as_shown(project: Project) -> set[int]:
    """Run every command of a page and compare what it says; return the exit codes that came.

    An answer's rows or a statement are on standard output, a refusal with its code and hint on standard error.
    """
    shown = [each for block in blocks(project.page, "console") for each in commands(block)]
    assert len(shown) >= 3
    codes = set()
    for each in shown:
        program, *arguments = shlex.split(each.command)
        assert program == "metricgate"
        assert each.output, each.command
        result = project.run(*arguments)
        codes.add(result.exit_code)
        said = result.stdout if result.exit_code == 0 else result.stderr
        assert fits(each.output, said), f"$ {each.command}\n--- shown\n{chr(10).join(each.output)}\n--- came\n{said}"
    return codes
