"""Ask every metric of an import once, plain and by month, in the project's own warehouses.

A scratch gateway is opened beside the project: its warehouses, the imported definitions alone, and a policy that
lets one asker ask everything. The project's definitions, policies and record stay untouched.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from metricgate.bootstrap.running import running
from metricgate.bootstrap.settings import Settings
from metricgate.bootstrap.settings_document import ConductSection, LedgerSection, Paths, WritesSection
from metricgate.gateway.outcome import Answered, Held, Outcome, Refused
from metricgate.gateway.tool import ToolCall
from metricgate.operations.start_refusal import StartRefused
from metricgate.surfaces.cli.project import Attempt, AttemptResult
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.principal import Identity, Principal, Proof
from metricgate.vocabulary.problem import Problems

_ASKER = "import-check"
_POLICY = f"""
version: 1
roles: [{{name: asker, members: ["agent:{_ASKER}"]}}]
grants:
  - {{id: calls, roles: [asker], actions: [call], on: ["tool:*"]}}
  - {{id: asks, roles: [asker], actions: [describe, query], on: ["metric:*", "dimension:*", "dataset:*"]}}
"""
_MONTH = "metric_time__month"
_FEW = 50
"""Rows asked for: enough to see that there is an answer."""


def ask_imported(
    folder: Path, settings: Settings, texts: Mapping[str, str], metrics: Sequence[str], told: Callable[[Attempt], None]
) -> Sequence[Attempt] | Problems:
    """Return how each metric's two questions ended, in the order given; ``told`` hears of each as it ends.

    Args:
        folder: the project's.
        settings: the project's; only its warehouses are used.
        texts: YAML of the imported definitions by file name.
        metrics: full names.
        told: called once for each question.
    """
    with tempfile.TemporaryDirectory() as scratch:
        try:
            return asyncio.run(_asked(folder, _beside(settings, Path(scratch), texts), metrics, told))
        except StartRefused as refused:
            return refused.as_problems()


def _beside(settings: Settings, scratch: Path, texts: Mapping[str, str]) -> Settings:
    """Write the scratch definitions and return settings that read them and keep their state there."""
    for name, text in {
        **{f"models/{name}": text for name, text in texts.items()},
        "policies/asker.yaml": _POLICY,
    }.items():
        path = scratch / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    paths = Paths(
        semantic_models=str(scratch / "models"),
        policies=str(scratch / "policies"),
        actions=str(scratch / "actions"),
        state=str(scratch / "state"),
    )
    document = settings.document.model_copy(
        update={
            "paths": paths,
            "notifications": [],
            "conduct": ConductSection(repeats=None, errors=10_000, rounds=1_000, refusals=None),
            "ledger": LedgerSection(),
            "writes": WritesSection(),
        }
    )
    return replace(settings, document=document, notifications=(), all_said=False)


async def _asked(
    folder: Path, settings: Settings, metrics: Sequence[str], told: Callable[[Attempt], None]
) -> Sequence[Attempt]:
    who = Principal(agent=Identity(id=_ASKER, proof=Proof.VERIFIED, method="import"))
    found: list[Attempt] = []
    async with running(folder, settings, watch=False, logs=False) as parts:
        for metric in metrics:
            for group in ((), (_MONTH,)):
                arguments: dict[str, Json] = {"metrics": [metric], "group_by": list(group), "limit": _FEW}
                call = ToolCall(tool="query_metrics", arguments=arguments, principal=who, door="cli")
                attempt = _attempt(metric, group, await parts.gateway.call(call))
                told(attempt)
                found.append(attempt)
    return found


def _attempt(metric: str, group: tuple[str, ...], outcome: Outcome) -> Attempt:
    if isinstance(outcome, Answered):
        return Attempt(metric=metric, group_by=group, result=AttemptResult.ANSWERED)
    if isinstance(outcome, Held):
        raise TypeError("a question is never held")
    refused = isinstance(outcome, Refused)
    problem = outcome.problems.first if isinstance(outcome, Refused) else outcome.problem
    result = AttemptResult.REFUSED if refused else AttemptResult.FAILED
    return Attempt(metric=metric, group_by=group, result=result, code=problem.code.name, message=problem.message)
