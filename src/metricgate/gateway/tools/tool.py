"""What a tool is inside the gateway: its public definition, its arguments, and how it serves a call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from pydantic import BaseModel

from metricgate.gateway.answers import Answer, envelope_schema
from metricgate.gateway.argument_schemas import accepted_schema, shown_schema
from metricgate.gateway.arguments import ParsedArguments, read_arguments
from metricgate.gateway.call_context import CallContext
from metricgate.gateway.endings import Ending
from metricgate.gateway.tool import ToolDefinition
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

    def read(self, context: CallContext) -> ParsedArguments[Any] | Problems:
        """Return the call's arguments, read strictly."""
        ...

    @property
    def handle(self) -> Callable[[CallContext, ParsedArguments[Any]], Awaitable[Ending]]:
        """Resolve, decide, compile and run what is asked; return the answer, or how the call ended without one."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool(Generic[A]):
    """A tool whose arguments are an ``A``."""

    definition: ToolDefinition
    arguments: type[A]
    handle: Callable[[CallContext, ParsedArguments[A]], Awaitable[Ending]]

    @property
    def resource(self) -> Resource:
        """``tool:<name>``."""
        return Resource(ResourceKind.TOOL, self.definition.name)

    @property
    def right(self) -> Action:
        """Tools are called."""
        return Action.CALL

    def read(self, context: CallContext) -> ParsedArguments[A] | Problems:
        """Return the call's arguments, read strictly."""
        return read_arguments(context.call.tool, context.call.arguments, self.arguments)


def define(
    *,
    name: str,
    title: str,
    description: str,
    arguments: type[BaseModel],
    answer: type[Answer],
    polls: bool = False,
) -> ToolDefinition:
    """Make the definition of a reading tool.

    Args:
        name: the tool's name.
        title: for people.
        description: for models, at most 2,048 characters.
        arguments: the pydantic model of the arguments.
        answer: what it answers.
        polls: whether it is made for being asked again until something changes.
    """
    return ToolDefinition(
        name=name,
        title=title,
        description=description,
        input_schema=shown_schema(arguments),
        accepted_schema=accepted_schema(arguments),
        output_schema=envelope_schema(answer),
        polls=polls,
    )
