"""Outcomes and definitions in MCP's words."""

from __future__ import annotations

import mcp_types as types
import orjson

from metricgate.gateway.outcome import Answered, Fault, Held, Outcome, Refused
from metricgate.gateway.tool import ToolDefinition
from metricgate.surfaces.envelope import envelope
from metricgate.surfaces.problem_document import document_of, to_bytes
from metricgate.vocabulary.problem import Problem


def tool_of(definition: ToolDefinition) -> types.Tool:
    """Return the definition as MCP lists it."""
    return types.Tool(
        name=definition.name,
        title=definition.title,
        description=definition.description,
        input_schema=dict(definition.input_schema),
        output_schema=dict(definition.output_schema),
        annotations=types.ToolAnnotations(
            read_only_hint=definition.read_only,
            destructive_hint=definition.destructive,
            idempotent_hint=definition.idempotent,
            open_world_hint=definition.open_world,
        ),
    )


def result_of(outcome: Outcome) -> types.CallToolResult:
    """Return an outcome as a tool result: answers as envelope, refusals and faults as errors a model can act on."""
    match outcome:
        case Answered():
            body = envelope(outcome)
            return _result(body.decode(), body, is_error=False)
        case Refused() | Fault():
            problems = tuple(outcome.problems) if isinstance(outcome, Refused) else (outcome.problem,)
            return _result("\n".join(_words(each) for each in problems), to_bytes(document_of(outcome)), is_error=True)
        case Held():
            held = {"held": {"action_id": outcome.action_id, "message": outcome.message, "rules": outcome.rules}}
            return _result(outcome.message, orjson.dumps(held | {"record": outcome.record.as_json()}), is_error=True)


def _result(text: str, structured: bytes, *, is_error: bool) -> types.CallToolResult:
    return types.CallToolResult(
        content=[types.TextContent(type="text", text=text)],
        structured_content=orjson.loads(structured),
        is_error=is_error,
    )


def _words(problem: Problem) -> str:
    place = f" (at {problem.where})" if problem.where is not None else ""
    lines = [f"{problem.code.name}{place}: {problem.message}"]
    lines.append(f"Hint: {problem.hint if problem.hint is not None else problem.code.cure}")
    corrected = problem.details.get("corrected")
    if corrected is not None:
        lines.append(f"Corrected call: {orjson.dumps(corrected, default=dict).decode()}")
    question = problem.details.get("question")
    if isinstance(question, str):
        lines.append(question)
    return "\n".join(lines)
