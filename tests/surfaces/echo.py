# ruff: noqa: D101, D102 - the stand-ins below are described by the tests
"""A tiny gateway for the doors' tests: echoes, refuses, asks back, waits; and the doorkeeper with real keys."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

from metricgate.adapters.identity.api_keys import ApiKeys
from metricgate.adapters.identity.authenticator import Authenticator
from metricgate.gateway.codes import UNKNOWN_TOOL
from metricgate.gateway.outcome import Answered, Outcome, RecordPosition, RefusedCall
from metricgate.gateway.tool import ToolCall, ToolDefinition
from metricgate.planning.codes import AMBIGUOUS_METRIC
from metricgate.vocabulary.json import canonical_json
from metricgate.vocabulary.nearest import did_you_mean
from metricgate.vocabulary.principal import Principal
from metricgate.vocabulary.problem import Place, Problem, Problems

ANSWER = {
    "type": "object",
    "properties": {
        "answer": {"type": "object"},
        "record": {"type": "object"},
    },
    "required": ["answer", "record"],
}


def tool(name: str) -> ToolDefinition:
    return ToolDefinition(
        name=name,
        title=name.title(),
        description=f"{name} it.",
        input_schema={
            "type": "object",
            "properties": {"metrics": {"type": "array", "items": {"type": "string"}}},
            "additionalProperties": True,
        },
        output_schema=ANSWER,
    )


TOOLS = (tool("echo"), tool("slow"), tool("broken"))


@dataclass
class EchoGate:
    """Answers with the arguments; a metric called ``revenue`` is ambiguous; ``slow`` waits; ``broken`` raises."""

    calls: list[ToolCall] = field(default_factory=list)
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)

    def tools(self, principal: Principal | None = None) -> tuple[ToolDefinition, ...]:
        return TOOLS if principal is None or principal.agent.id != "narrow" else TOOLS[:1]

    async def call(self, call: ToolCall) -> Outcome:
        self.calls.append(call)
        record = RecordPosition(index=len(self.calls), trace_id="ab" * 16)
        if call.tool == "slow":
            try:
                await asyncio.sleep(30)
            except asyncio.CancelledError:
                self.cancelled.set()
                raise
        if call.tool == "broken":
            raise RuntimeError("secret inside")
        if call.tool != "echo":
            hint = did_you_mean(call.tool, [each.name for each in TOOLS])
            problem = Problem(code=UNKNOWN_TOOL, message=f"There is no tool {call.tool!r}.", hint=hint)
            return RefusedCall(problems=Problems((problem,)), record=record)
        metrics = call.arguments.get("metrics", []) if isinstance(call.arguments, dict) else []
        for index, name in enumerate(metrics):
            if name in {"revenue", "active"}:
                return RefusedCall(problems=Problems((ambiguous(name, index),)), record=record)
        answer = {"arguments": call.arguments, "agent": call.principal.agent.id, "half": 0.5, "ü": "∑"}
        body = canonical_json(answer)
        return Answered(answer=answer, body=body, record=record)


def ambiguous(name: str, index: int) -> Problem:
    rows = [
        {"name": f"{domain}.{name}", "domain": domain, "owner": f"{domain}-team", "description": "x", "difference": {}}
        for domain in ("finance", "sales")
    ]
    return Problem(
        code=AMBIGUOUS_METRIC,
        message=f"{name!r} fits 2 metrics.",
        where=Place(path=f"metrics[{index}]"),
        hint=f"Use the full name: finance.{name} or sales.{name}.",
        details={"question": f"Which {name!r} do you mean?", "candidates": rows},
    )


@dataclass(kw_only=True)
class Key:
    name: str
    agent: str
    may_act_for: tuple[str, ...] = ()
    expires_at: float | None = None
    revoked: bool = False
    attributes: dict = field(default_factory=dict)
    or_alone: bool = False


KEYS = {
    "mg_good": Key(name="k1", agent="copilot", may_act_for=("ana@acme.example", "*@corp.example"), or_alone=True),
    "mg_other": Key(name="k2", agent="other"),
    "mg_narrow": Key(name="k3", agent="narrow"),
    "mg_revoked": Key(name="k4", agent="copilot", revoked=True),
    "mg_expired": Key(name="k5", agent="copilot", expires_at=1.0),
}


class Keys:
    def find(self, secret: str) -> Key | None:
        return KEYS.get(secret)


def keeper(**more) -> Authenticator:
    return Authenticator(api_keys=ApiKeys(Keys(), now=time.time, **more), tokens=None, now=time.time)
