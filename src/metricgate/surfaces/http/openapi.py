"""The OpenAPI 3.1 document: one operation for each tool, with its real schemas, and what is served beside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from metricgate.gateway.tool import ToolDefinition
from metricgate.surfaces.http.formats import FORMATS
from metricgate.surfaces.problem_document import MEDIA_TYPE
from metricgate.vocabulary.json import Json

_PROBLEM: Final[dict[str, Json]] = {
    "type": "object",
    "description": "RFC 9457 problem document.",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "description": "Stable code, see docs/errors."},
        "message": {"type": "string"},
        "details": {"type": "object"},
        "hint": {"type": "string"},
        "problems": {"type": "array", "items": {"type": "object"}},
        "rules": {"type": "array", "items": {"type": "string"}},
        "record": {"type": ["object", "null"]},
    },
    "required": ["type", "title", "status", "detail", "code", "message", "details", "hint", "problems", "record"],
}
REFUSED: Final[dict[str, Json]] = {
    "description": "Refused or failed; the code says why.",
    "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
"""The response of every operation that is not answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What another door adds to the document. None of its names may be one of the tools' own."""

    paths: Mapping[str, Json]
    schemas: Mapping[str, Json]
    security_schemes: Mapping[str, Json]


_NOTHING: Final = Described(paths={}, schemas={}, security_schemes={})


def openapi_document(
    tools: Iterable[ToolDefinition], *, version: str, beside: Described | None = None
) -> dict[str, Json]:
    """Return the document: the tools, and the routes that are served beside them."""
    more = beside or _NOTHING
    paths: dict[str, Json] = {f"/v1/tools/{tool.name}": {"post": _tool_operation(tool)} for tool in tools}
    paths["/v1/tools"] = {"get": _listing()}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Metricgate", "version": version, "license": {"name": "Apache-2.0"}},
        "paths": {**paths, **more.paths},
        "components": {
            "schemas": {"Problem": _PROBLEM, **more.schemas},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "API key or OAuth 2.1 access token."},
                "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
                **more.security_schemes,
            },
        },
        "security": [{"bearer": []}, {"apiKey": []}],
    }


def _tool_operation(tool: ToolDefinition) -> dict[str, Json]:
    user: dict[str, Json] = {
        "name": "X-Metricgate-User",
        "in": "header",
        "required": False,
        "description": "The user an API key acts for; a key made for users must name one.",
        "schema": {"type": "string"},
    }
    responses: dict[str, Json] = {"200": _answer_response("The answer and its record.", tool.output_schema)}
    if tool.destructive:
        responses["202"] = _answer_response(
            "The change waits for people; ask get_action how it stands.", _held_schema(tool)
        )
    return {
        "operationId": tool.name,
        "summary": tool.title,
        "description": tool.description,
        "parameters": [user],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": tool.accepted_schema or tool.input_schema}},
        },
        "responses": {**responses, "default": REFUSED},
    }


def _answer_response(description: str, schema: Mapping[str, Json]) -> dict[str, Json]:
    return {
        "description": description,
        "headers": {"X-Metricgate-Record": {"schema": {"type": "integer"}}},
        "content": {"application/json": {"schema": schema}},
    }


def _held_schema(tool: ToolDefinition) -> dict[str, Json]:
    """The envelope's schema where a change is held: the answer, and beside it what a program needs to wait."""
    properties, required = tool.output_schema["properties"], tool.output_schema["required"]
    held: dict[str, Json] = {
        "type": "object",
        "properties": {
            "action_id": {"type": "string"},
            "message": {"type": "string"},
            "rules": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["action_id", "message", "rules"],
    }
    return {
        **tool.output_schema,
        "properties": {**(properties if isinstance(properties, Mapping) else {}), "held": held},
        "required": [*(required if isinstance(required, list) else []), "held"],
    }


def _listing() -> dict[str, Json]:
    form: dict[str, Json] = {
        "name": "format",
        "in": "query",
        "required": False,
        "schema": {"type": "string", "enum": list(FORMATS)},
    }
    return {
        "operationId": "list_tools",
        "summary": "The tools that the caller may call",
        "parameters": [form],
        "responses": {
            "200": {"description": "The tools.", "content": {"application/json": {"schema": {"type": "object"}}}},
            "default": REFUSED,
        },
    }
