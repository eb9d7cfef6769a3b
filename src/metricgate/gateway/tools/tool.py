"""What a tool is inside the gateway: its public definition, its arguments, and how it serves a call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from pydantic import BaseModel

from metricgate.gateway.argument_schemas import accepted_schema, shown_schema
from metricgate.gateway.arguments import Parsed, read_arguments
from metricgate.gateway.desk import Desk
from metricgate.gateway.outcome import Outcome
from metricgate.gateway.tool import ToolDefinition
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Problems
from metricgate.vocabulary.resource import Action, Resource, ResourceKind

A = TypeVar("A", bound=BaseModel)


class Servable(Protocol):
    """A tool as the gateway sees it."""

    @property
    def definition(self) -> ToolDefinition:
        """What doors show of it."""
        ...

    @property
    def resource(self) -> Resource:
        """What policy calls it."""
        ...

    @property
    def right(self) -> Action:
        """What one must be allowed to do with ``resource`` to call it."""
        ...

    async def serve(self, desk: Desk) -> Outcome:
        """Read the call's arguments and serve it, or refuse."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool(Generic[A]):
    """A tool whose arguments are an ``A``."""

    definition: ToolDefinition
    arguments: type[A]
    handle: Callable[[Desk, Parsed[A]], Awaitable[Outcome]]

    @property
    def resource(self) -> Resource:
        """``tool:<name>``."""
        return Resource(ResourceKind.TOOL, self.definition.name)

    @property
    def right(self) -> Action:
        """Tools are called."""
        return Action.CALL

    async def serve(self, desk: Desk) -> Outcome:
        """Read strictly, then handle."""
        with desk.observer.span("gov.parse"):
            parsed = read_arguments(desk.call.tool, desk.call.arguments, self.arguments)
        if isinstance(parsed, Problems):
            return await desk.refuse(parsed)
        return await self.handle(desk, parsed)


def define(
    *,
    name: str,
    title: str,
    description: str,
    arguments: type[BaseModel],
    answer: Mapping[str, Json],
    polls: bool = False,
) -> ToolDefinition:
    """Make the definition of a reading tool.

    Args:
        name: the tool's name.
        title: for people.
        description: for models, at most 2,048 characters.
        arguments: the pydantic model of the arguments.
        answer: JSON Schema of the ``answer`` part of the envelope.
        polls: whether it is made for being asked again until something changes.
    """
    return ToolDefinition(
        name=name,
        title=title,
        description=description,
        input_schema=shown_schema(arguments),
        accepted_schema=accepted_schema(arguments),
        output_schema={
            "type": "object",
            "properties": {"answer": answer, "record": RECORD_SCHEMA},
            "required": ["answer", "record"],
            "additionalProperties": False,
        },
        polls=polls,
    )


RECORD_SCHEMA: Mapping[str, Json] = {
    "type": "object",
    "description": "Where this call stands in the ledger; get_receipt takes the index.",
    "properties": {"index": {"type": "integer"}, "trace_id": {"type": "string"}},
    "required": ["index", "trace_id"],
    "additionalProperties": False,
}
