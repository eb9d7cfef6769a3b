"""Outcomes and definitions in MCP's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import mcp_types as types
import orjson

from metricgate.gateway.outcome import Answered, Fault, Held, Outcome, RefusedCall
from metricgate.gateway.tool import ToolDefinition
from metricgate.surfaces.envelope import envelope
from metricgate.surfaces.mcp.clarification import label_of
from metricgate.surfaces.problem_document import document_of, to_bytes
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Problem

PROBLEM: Final = "metricgate/problem"
"""Where a result's ``_meta`` has the problem document of a refusal or a fault."""


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
    """Return an outcome as a tool result.

    An answer, and what waits for people, is the envelope, as structured content and as text. A refusal or a fault is an
    error: its text says all that a model needs to act on it, its problem document is in ``_meta``. It has no structured
    content, because clients hold that against the schema of answers and drop the whole result where it does not fit.
    """
    match outcome:
        case Answered() | Held():
            body = envelope(outcome)
            return types.CallToolResult(content=[_text_content(body.decode())], structured_content=orjson.loads(body))
        case RefusedCall() | Fault():
            document = orjson.loads(to_bytes(document_of(outcome)))
            return types.CallToolResult(
                content=[_text_content(_outcome_words(outcome))], is_error=True, _meta={PROBLEM: document}
            )


def _text_content(text: str) -> types.TextContent:
    return types.TextContent(type="text", text=text)


def _outcome_words(outcome: RefusedCall | Fault) -> str:
    """Return everything in words: many clients show a model nothing but the text."""
    if isinstance(outcome, Fault):
        parts = [words_of(outcome.problem)]
    else:
        parts = [words_of(each) for each in outcome.problems]
        if outcome.rules:
            parts.append(f"Decided by: {', '.join(outcome.rules)}")
    if outcome.record is not None:
        parts.append(f"Record: {outcome.record.index}")
    return "\n".join(parts)


def words_of(problem: Problem) -> str:
    """Return a problem as text, with all that helps to put it right."""
    place = f" (at {problem.where})" if problem.where is not None else ""
    lines = [f"{problem.code.name}{place}: {problem.message}"]
    lines.append(f"Hint: {problem.hint if problem.hint is not None else problem.code.cure}")
    details = problem.details
    if (corrected := details.get("corrected")) is not None:
        lines.append(f"Corrected call: {orjson.dumps(corrected, default=dict).decode()}")
    if isinstance(question := details.get("question"), str):
        lines.append(f"Ask the user: {question}")
    if isinstance(candidates := details.get("candidates"), list | tuple):
        lines += [_candidate(each) for each in candidates if isinstance(each, Mapping) and "name" in each]
    if isinstance(action := details.get("action_id"), str):
        lines.append(f'get_action tells how it stands: {{"action_id": "{action}"}}')
    return "\n".join(lines)


def _candidate(row: Mapping[str, Json]) -> str:
    difference = row.get("difference")
    facts = difference.items() if isinstance(difference, Mapping) else ()
    return "; ".join([f"- {label_of(row)}", *(f"{name}: {fact}" for name, fact in facts)])
