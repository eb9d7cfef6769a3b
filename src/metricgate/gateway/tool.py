"""What a tool is, as the doors see it, and how it is called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from metricgate.vocabulary.json import Json
from metricgate.vocabulary.principal import Principal


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolDefinition:
    """One tool: the HTTP route, the MCP tool, the CLI command and the docs are all made from this.

    Attributes:
        name: e.g. ``query_metrics``.
        title: for people.
        description: for models; at most 2,048 characters.
        input_schema: JSON Schema of the arguments as models are shown it, closed (``additionalProperties: false``):
            one plain type for every part.
        accepted_schema: the same with every form that is accepted, for programs; None where there are no others.
        output_schema: JSON Schema of the envelope ``{"verdicts": ..., "answer": ..., "record": ...}``.
        read_only, destructive, idempotent, open_world: MCP's annotations, truthful.
        polls: made for being asked again until something changes; asking it often is no loop.
        of_the_project: made from a project's own definitions: who may not call it learns nothing of it.
    """

    name: str
    title: str
    description: str
    input_schema: Mapping[str, Json]
    output_schema: Mapping[str, Json]
    accepted_schema: Mapping[str, Json] | None = None
    read_only: bool = True
    destructive: bool = False
    idempotent: bool = True
    open_world: bool = False
    polls: bool = False
    of_the_project: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """One call by an authenticated caller.

    Attributes:
        arguments: parsed JSON, unchecked; the gateway parses them itself, so that every door is equally strict. May be
            any JSON value: what is not an object is refused.
        door: ``http``, ``mcp``, ``cli`` or ``python``.
        purpose: what the caller says it asks for; a claim, recorded as such, that rules may depend on.
        carrier: ``traceparent`` and ``tracestate`` as they came, from headers or MCP ``_meta``.
        client: free facts for the record, e.g. ``{"mcp.protocol.version": "2026-07-28"}``.
    """

    tool: str
    arguments: Json
    principal: Principal
    door: str
    purpose: str | None = None
    carrier: Mapping[str, str] = field(default_factory=dict)
    client: Mapping[str, Json] = field(default_factory=dict)
