"""Questions over sales, returns and stock of three channels, asked of the gateway and checked by SQL.

Run: ``python examples/retail/run.py``. Makes the data in a scratch folder, prints each answer, and ends with exit
code 1 where one differs from the SQL written by hand beside it.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import isclose
from pathlib import Path

import duckdb
import yaml
from rich.console import Console
from rich.table import Table

from metricgate.bootstrap.running_gateway import run_gateway
from metricgate.gateway.outcome import Answered
from metricgate.gateway.tool import ToolCall
from metricgate.settings.settings import load_settings
from metricgate.vocabulary.principal import Identity, Principal, Proof

HERE = Path(__file__).parent
SHOWN = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One question: the gateway's columns and rows, and the rows of the SQL beside it."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]
    wanted: Sequence[Sequence[object]]

    @property
    def agrees(self) -> bool:
        """Whether both have the same rows in the same order; numbers within rounding."""
        return len(self.rows) == len(self.wanted) > 0 and all(
            len(one) == len(other) and all(map(_same, one, other))
            for one, other in zip(self.rows, self.wanted, strict=True)
        )


def _same(one: object, other: object) -> bool:
    if one is None or other is None:
        return one is other
    if isinstance(other, str | date):
        return str(one) == str(other)
    return isclose(float(str(one)), float(str(other)), rel_tol=1e-9)


async def answers() -> list[Compared]:
    """Make the data, ask every question, and give both results of each."""
    with tempfile.TemporaryDirectory(prefix="retail-") as scratch:
        project = Path(scratch)
        for name in ("semantic_models", "policies"):
            shutil.copytree(HERE / name, project / name)
        database = project / "retail.duckdb"
        with duckdb.connect(str(database)) as connection:
            connection.execute((HERE / "tables.sql").read_text())
        warehouse = {"kind": "duckdb", "file": str(database), "threads": 2}
        (project / "metricgate.yaml").write_text(json.dumps({"project": "retail", "warehouse": warehouse}))
        asked = yaml.safe_load((HERE / "questions.yaml").read_text())["questions"]
        with duckdb.connect(str(database), read_only=True) as connection:
            wanted = [connection.execute(each["check_sql"]).fetchall() for each in asked]
        async with run_gateway(project, load_settings(project), watch=False, logs=False) as parts:
            found = [await parts.gateway.call(_call(each["ask"])) for each in asked]
    compared = []
    for each, outcome, rows in zip(asked, found, wanted, strict=True):
        if not isinstance(outcome, Answered):
            raise SystemExit(f"{each['title']}: {outcome}")
        columns = [str(column["name"]) for column in outcome.answer["columns"]]
        compared.append(Compared(title=each["title"], columns=columns, rows=outcome.answer["rows"], wanted=rows))
    return compared


def _call(arguments: Mapping[str, object]) -> ToolCall:
    who = Principal(agent=Identity(id="analyst", proof=Proof.VERIFIED, method="local"))
    return ToolCall(tool="query_metrics", arguments=arguments, principal=who, door="python")


def main() -> int:
    """Print the answers; return how many differ from their SQL."""
    out = Console(width=110, highlight=False)
    compared = asyncio.run(answers())
    for each in compared:
        table = Table(*each.columns, title=each.title, title_justify="left")
        for row in each.rows[:SHOWN]:
            table.add_row(*("" if value is None else str(value) for value in row))
        out.print(table)
        out.print(f"{len(each.rows)} rows; {'the same as' if each.agrees else 'DIFFERENT from'} the SQL by hand\n")
    return sum(not each.agrees for each in compared)


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
