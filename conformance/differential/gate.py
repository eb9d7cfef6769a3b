"""The gate: a real gateway over the tables, a caller who may see everything, and one who may see some rows."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, redirect_stderr
from dataclasses import dataclass
from pathlib import Path

from conformance.differential.places import Place
from conformance.differential.tables import FILTERS, TABLES
from metricgate.bootstrap.running_gateway import RunningGateway, run_gateway
from metricgate.gateway.outcome import Answered, Fault, RefusedCall
from metricgate.gateway.tool import ToolCall
from metricgate.operations.start_refusal import StartRefused
from metricgate.settings.settings import load_settings
from metricgate.vocabulary.principal import Identity, Principal, Proof
from metricgate.vocabulary.problem import Problems

ROWS = 5_000
"""More than any query over the small tables gives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the gate answered: columns and rows, or a refusal.

    Attributes:
        refusal: the first problem as ``CODE message``; None where it answered.
        sql: what ran.
    """

    names: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    rows: tuple[tuple[object, ...], ...] = ()
    refusal: str | None = None
    sql: str = ""


class Gate:
    """The gateway, asked as one of the two callers."""

    def __init__(self, parts: RunningGateway) -> None:
        """Ask these parts."""
        self._parts = parts

    async def ask(self, sql: str, caller: str) -> Reply:
        """Ask as ``all`` or as ``allowed``."""
        outcome = await self._parts.gateway.call(
            ToolCall(tool="query_sql", arguments={"sql": sql}, principal=_PRINCIPALS[caller], door="python")
        )
        match outcome:
            case Answered():
                answer = json.loads(outcome.body)
                return Reply(
                    names=tuple(each["name"] for each in answer["columns"]),
                    types=tuple(each["type"] for each in answer["columns"]),
                    rows=tuple(map(tuple, answer["rows"])),
                    sql=answer["sql"],
                )
            case RefusedCall():
                first = outcome.problems.first
                return Reply(refusal=f"{first.code.name} {first.message}")
            case Fault():
                return Reply(refusal=f"{outcome.problem.code.name} {outcome.problem.message}")
        return Reply(refusal=f"{type(outcome).__name__}")


@asynccontextmanager
async def opened(place: Place, folder: Path) -> AsyncIterator[Gate]:
    """Write the project and open the gateway on it."""
    for path, document in _documents(place).items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(json.dumps(document), encoding="utf-8")
    settings = load_settings(folder)
    if isinstance(settings, Problems):
        raise SystemExit(str(settings))
    try:
        with (folder / "gateway.log").open("w") as log, redirect_stderr(log):
            async with run_gateway(folder, settings, watch=False) as parts:
                yield Gate(parts)
    except StartRefused as error:
        raise SystemExit(f"{error}: {error.problems}") from error


def _documents(place: Place) -> Mapping[str, Mapping[str, object]]:
    models = [
        {
            "name": table,
            "source": f"{place.schema}.{table}",
            "primary_entity": f"{table}_row",
            "dimensions": [{"name": FILTERS[table][0], "type": "categorical"}] if table in FILTERS else [],
        }
        for table in TABLES
    ]
    return {
        "semantic_models/models.yaml": {"semantic_models": models},
        "policies/policy.yaml": {
            "version": 1,
            "roles": [
                {"name": "everybody", "members": ["agent:all", "agent:allowed"]},
                {"name": "some", "members": ["agent:allowed"]},
            ],
            "grants": [
                {"id": "tools", "roles": ["everybody"], "actions": ["call"], "on": ["tool:*"]},
                {
                    "id": "data",
                    "roles": ["everybody"],
                    "actions": ["read"],
                    "on": ["dataset:*", "function:*", "column:*"],
                },
            ],
            "row_filters": [
                {
                    "id": f"rows-of-{table}",
                    "roles": ["some"],
                    "dataset": table,
                    "where": {"member": member, "op": operator, "value": value},
                }
                for table, (member, operator, value) in FILTERS.items()
            ],
            "limits": [{"id": "soon", "roles": ["everybody"], "seconds": 20, "rows": ROWS}],
        },
        "metricgate.yaml": {
            "project": "differential",
            "warehouse": place.warehouse,
            "conduct": {"repeats": None, "refusals": None},
        },
    }


_PRINCIPALS = {
    name: Principal(agent=Identity(id=name, proof=Proof.VERIFIED, method="api_key"), credential="key")
    for name in ("all", "allowed")
}
