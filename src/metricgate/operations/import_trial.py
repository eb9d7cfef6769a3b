"""Ask every metric of an import once, plain and by month, in the project's own warehouses.

A scratch gateway is opened beside the project: its warehouses, the imported definitions alone, and a policy that
lets one asker ask everything. The project's definitions, policies and record stay untouched.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from metricgate.gateway.gateway import Gateway
from metricgate.gateway.outcome import Answered, Held, Outcome, RefusedCall
from metricgate.gateway.tool import ToolCall
from metricgate.operations.start_refusal import StartRefused
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


class AttemptResult(StrEnum):
    """How a question about an imported metric ended."""

    ANSWERED = "answered"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One question about one imported metric; ``code`` and ``message`` say why there is no answer."""

    metric: str
    group_by: tuple[str, ...]
    result: AttemptResult
    code: str | None = None
    message: str | None = None

    def as_json(self) -> dict[str, Json]:
        """Return every member."""
        return {
            "metric": self.metric,
            "group_by": list(self.group_by),
            "result": str(self.result),
            "code": self.code,
            "message": self.message,
        }


OpenScratch = Callable[[Path], AbstractAsyncContextManager[Gateway]]
"""Opens a gateway over the project's warehouses whose definitions and state lie in a scratch folder."""


def ask_imported(
    open_gateway: OpenScratch, texts: Mapping[str, str], metrics: Sequence[str], told: Callable[[Attempt], None]
) -> Sequence[Attempt] | Problems:
    """Return how each metric's two questions ended, in the order given; ``told`` hears of each as it ends. Blocks.

    Args:
        open_gateway: reads ``models``, ``policies`` and ``actions`` of the folder that it is given.
        texts: YAML of the imported definitions by file name.
        metrics: full names.
        told: called once for each question.
    """
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        _write_scratch(scratch, texts)
        try:
            return asyncio.run(_ask_metrics(open_gateway(scratch), metrics, told))
        except StartRefused as refused:
            return refused.as_problems()


def _write_scratch(scratch: Path, texts: Mapping[str, str]) -> None:
    for name, text in {
        **{f"models/{name}": text for name, text in texts.items()},
        "policies/asker.yaml": _POLICY,
    }.items():
        path = scratch / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


async def _ask_metrics(
    opened: AbstractAsyncContextManager[Gateway], metrics: Sequence[str], told: Callable[[Attempt], None]
) -> Sequence[Attempt]:
    who = Principal(agent=Identity(id=_ASKER, proof=Proof.VERIFIED, method="import"))
    found: list[Attempt] = []
    async with opened as gateway:
        for metric in metrics:
            for group in ((), (_MONTH,)):
                arguments: dict[str, Json] = {"metrics": [metric], "group_by": list(group), "limit": _FEW}
                call = ToolCall(tool="query_metrics", arguments=arguments, principal=who, door="cli")
                attempt = _attempt(metric, group, await gateway.call(call))
                told(attempt)
                found.append(attempt)
    return found


def _attempt(metric: str, group: tuple[str, ...], outcome: Outcome) -> Attempt:
    if isinstance(outcome, Answered):
        return Attempt(metric=metric, group_by=group, result=AttemptResult.ANSWERED)
    if isinstance(outcome, Held):
        raise TypeError("a question is never held")
    refused = isinstance(outcome, RefusedCall)
    problem = outcome.problems.first if isinstance(outcome, RefusedCall) else outcome.problem
    result = AttemptResult.REFUSED if refused else AttemptResult.FAILED
    return Attempt(metric=metric, group_by=group, result=result, code=problem.code.name, message=problem.message)
