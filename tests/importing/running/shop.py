"""A small shop's tables, and a project made by ``metricgate import`` over them: asked through the gateway."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import yaml

from metricgate.bootstrap.running_gateway import run_gateway
from metricgate.gateway.outcome import Answered, Outcome
from metricgate.gateway.tool import ToolCall
from metricgate.settings.settings import load_settings
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.principal import Identity, Principal, Proof

HERE = Path(__file__).parent
POLICY = """
version: 1
grants:
  - {id: all, roles: [everyone], actions: [call, describe, query, list_values],
     on: ["tool:*", "metric:*", "dimension:*", "dataset:*"]}
"""
Rows = list[tuple[object, ...]]


@dataclass(frozen=True)
class Project:
    """A project's folder whose models (and policy, where the source has one) were imported and not touched since."""

    folder: Path
    told: tuple[str, ...]

    def ask_all(
        self, questions: list[dict[str, Json]], *, group: str | None = None, **attributes: str
    ) -> list[Outcome]:
        """Ask through the gateway, as an agent whose credential proves the group and the attributes."""

        async def asked() -> list[Outcome]:
            groups = () if group is None else (group,)
            held = tuple(sorted(attributes.items()))
            agent = Identity(id="any", proof=Proof.VERIFIED, method="oidc", groups=groups, attributes=held)
            who = Principal(agent=agent, credential="key")
            calls = [ToolCall(tool="query_metrics", arguments=each, principal=who, door="python") for each in questions]
            async with run_gateway(self.folder, load_settings(self.folder), watch=False, logs=False) as parts:
                return [await parts.gateway.call(each) for each in calls]

        return asyncio.run(asked())

    def check(self, cases: Path) -> None:
        """Ask each question of the file, and compare with the SQL beside it over the same tables; rows in any order."""
        found = yaml.safe_load(cases.read_text())
        outcomes = self.ask_all([case["ask"] for case in found])
        wrong = []
        with duckdb.connect(str(self.folder / "data.duckdb"), read_only=True) as connection:
            for case, outcome in zip(found, outcomes, strict=True):
                wanted = _plain(connection.execute(case["sql"]).fetchall())
                got = _plain(outcome.answer["rows"]) if isinstance(outcome, Answered) else outcome
                if got != wanted:
                    wrong.append(f"{case['ask']}\n  got    {got}\n  wanted {wanted}")
        assert not wrong, "\n".join(wrong)


def imported(folder: Path, kind: str, source: Path, *options: str, policy: str | None = POLICY) -> Project:
    """Import the source by the command line, and make a project of what comes out; without ``policy``, of its own."""
    (folder / "policies").mkdir(parents=True)
    if policy is None:
        options = (*options, "--policies", str(folder / "policies"))
    else:
        (folder / "policies" / "policy.yaml").write_text(policy)
    command = [
        sys.executable,
        "-m",
        "metricgate",
        "import",
        kind,
        str(source),
        "--out",
        str(folder / "semantic_models"),
    ]
    done = subprocess.run([*command, *options, "--json"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert told["problems"] == []
    (folder / "metricgate.yaml").write_text("project: it\nwarehouse: {kind: duckdb, file: data.duckdb, threads: 1}\n")
    with duckdb.connect(str(folder / "data.duckdb")) as connection:
        connection.execute((HERE / "tables.sql").read_text())
    return Project(folder, tuple(f"{each['kind']} {each['subject']}: {each['reason']}" for each in told["changes"]))


def exported(project: Project, kind: str, folder: Path) -> Path:
    """Export the project's models by the command line; nothing may be lost on the way."""
    models = str(project.folder / "semantic_models")
    command = [sys.executable, "-m", "metricgate", "export", kind, models, "--out", str(folder), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [each for each in json.loads(done.stdout)["changes"] if each["kind"] == "dropped"] == []
    return folder


def _plain(rows: list[list[object]] | Rows) -> Rows:
    """Return rows to compare: dates as text, numbers rounded, in one order."""
    return sorted((tuple(_value(each) for each in row) for row in rows), key=repr)


def _value(value: object) -> object:
    if isinstance(value, (datetime, date)):
        return value.isoformat().replace("T00:00:00", "")
    if isinstance(value, str):
        return value.replace("T00:00:00", "")
    if isinstance(value, (float, Decimal, int)) and not isinstance(value, bool):
        return round(float(value), 9)
    return value
