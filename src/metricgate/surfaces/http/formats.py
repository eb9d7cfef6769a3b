"""Tool definitions in the forms that model clients take."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from metricgate.gateway.tool import ToolDefinition
from metricgate.vocabulary.json import Json


def as_plain(tool: ToolDefinition) -> dict[str, Json]:
    """Return our own form: ``{name, title, description, input_schema, output_schema, annotations}``."""
    return {
        "name": tool.name,
        "title": tool.title,
        "description": tool.description,
        "input_schema": tool.input_schema,
        "output_schema": tool.output_schema,
        "annotations": hints(tool),
    }


def as_mcp(tool: ToolDefinition) -> dict[str, Json]:
    """Return the form of MCP's ``tools/list``."""
    return {
        "name": tool.name,
        "title": tool.title,
        "description": tool.description,
        "inputSchema": tool.input_schema,
        "outputSchema": tool.output_schema,
        "annotations": hints(tool),
    }


def as_openai(tool: ToolDefinition) -> dict[str, Json]:
    """Return the form of OpenAI's chat completions; ``strict`` where the schema allows it."""
    return {"type": "function", "function": _function_definition(tool)}


def as_openai_responses(tool: ToolDefinition) -> dict[str, Json]:
    """Return the form of OpenAI's responses: the same, not nested."""
    return {"type": "function", **_function_definition(tool)}


def as_anthropic(tool: ToolDefinition) -> dict[str, Json]:
    """Return the form of Anthropic's messages."""
    return {"name": tool.name, "description": tool.description, "input_schema": tool.input_schema}


def hints(tool: ToolDefinition) -> dict[str, Json]:
    """Return MCP's hints."""
    return {
        "readOnlyHint": tool.read_only,
        "destructiveHint": tool.destructive,
        "idempotentHint": tool.idempotent,
        "openWorldHint": tool.open_world,
    }


FORMATS: Final[Mapping[str, Callable[[ToolDefinition], dict[str, Json]]]] = {
    "metricgate": as_plain,
    "openai": as_openai,
    "openai-responses": as_openai_responses,
    "anthropic": as_anthropic,
    "mcp": as_mcp,
}


def _function_definition(tool: ToolDefinition) -> dict[str, Json]:
    return {
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.input_schema,
        "strict": strict_fits(tool.input_schema),
    }


def strict_fits(schema: Json) -> bool:  # noqa: PLR0911 - one way out for each reason
    """Whether OpenAI's strict mode takes the schema: every object closed, every property required, every part typed."""
    if isinstance(schema, list):
        return all(strict_fits(part) for part in schema)
    if not isinstance(schema, Mapping):
        return True
    properties = schema.get("properties")
    if isinstance(properties, Mapping):
        required = schema.get("required", [])
        if schema.get("additionalProperties") is not False or not isinstance(required, list | tuple):
            return False
        if set(properties) != set(required):
            return False
        return all(_says_type(part) and strict_fits(part) for part in properties.values())
    if schema.get("type") == "object":
        return False
    return all(strict_fits(part) for name, part in schema.items() if name in {"items", "anyOf"})


def _says_type(part: Json) -> bool:
    return isinstance(part, Mapping) and bool({"type", "anyOf", "enum", "const"} & part.keys())
