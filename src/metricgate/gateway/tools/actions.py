"""Governed actions as tools: ``action_<name>``, made from the action's own document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, Field, create_model

from metricgate.actions import ActionDefinition, Parameter
from metricgate.actions.definition import ParameterType, ParameterValue
from metricgate.actions.parameters import outside, to_value
from metricgate.gateway import codes as gateway_codes
from metricgate.gateway.argument_schemas import accepted_schema, shown_schema
from metricgate.gateway.arguments import ParsedArguments, read_arguments
from metricgate.gateway.call_context import CallContext
from metricgate.gateway.changes import codes
from metricgate.gateway.changes.action_answer import ACTION_SCHEMA
from metricgate.gateway.changes.plan import PlanResult, plan_action
from metricgate.gateway.changes.proposal import offer_change
from metricgate.gateway.changes.proposal_call import ProposalRequest
from metricgate.gateway.changes.services import ChangeServices
from metricgate.gateway.changes.target import find_shape
from metricgate.gateway.endings import CallRefusal, Ending
from metricgate.gateway.tool import ToolDefinition
from metricgate.gateway.tools.proposal import ProposalArguments
from metricgate.guarding.writes import fill
from metricgate.vocabulary.digest import digest_of
from metricgate.vocabulary.problem import Place, Problem, Problems
from metricgate.vocabulary.resource import Action, Resource, ResourceKind

_TYPES: Mapping[ParameterType, type] = {
    ParameterType.STRING: str,
    ParameterType.INTEGER: int,
    ParameterType.NUMBER: float,
    ParameterType.BOOLEAN: bool,
    ParameterType.DATE: str,
    ParameterType.TIMESTAMP: str,
}
_DESCRIPTION = 2_048


@dataclass(frozen=True, slots=True)
class ActionTool:
    """One governed action as the gateway serves it."""

    action: ActionDefinition

    @property
    def definition(self) -> ToolDefinition:
        """What doors show of it."""
        return _tool_definition(self.action)

    @property
    def resource(self) -> Resource:
        """``action:<name>``."""
        return Resource(ResourceKind.ACTION, self.action.name)

    @property
    def right(self) -> Action:
        """What it takes to call it."""
        return Action.EXECUTE

    def read(self, context: CallContext) -> ParsedArguments[Any] | Problems:
        """Return the parameters, read strictly."""
        return read_arguments(context.call.tool, context.call.arguments, _arguments_model(self.action))

    async def handle(self, context: CallContext, parsed: ParsedArguments[Any]) -> Ending:
        """Propose the change."""
        given: dict[str, Any] = parsed.value.model_dump()
        values = _values_within_bounds(self.action, given)
        if isinstance(values, Problems):
            return CallRefusal(values)
        request = ProposalRequest(
            dry_run=given["dry_run"],
            idempotency_key=given["idempotency_key"],
            arguments_digest=digest_of({name: str(value) for name, value in given.items()}),
            because=given["because"],
        )
        return await offer_change(context, request, lambda services: self._planned(context, services, values))

    async def _planned(
        self, context: CallContext, services: ChangeServices, values: Mapping[str, ParameterValue]
    ) -> PlanResult:
        model = context.governance.catalog.models[self.action.target]
        engine = context.engines.find(model.warehouse)
        found = (await engine.relations([model.source])).get(model.source)
        if found is None:
            message = f"The table of {model.name!r} is not there."
            return Problems((Problem(code=codes.NOT_CHANGEABLE, message=message),))
        write = fill(self.action.statement, dialect=engine.dialect, values=dict(values))
        if isinstance(write, Problems):
            return write
        target = await find_shape(engine, model, found)
        if isinstance(target, Problems):
            return target
        return await plan_action(context, self.action.name, write, target, services.settings, self.action.most_rows)


def _values_within_bounds(action: ActionDefinition, given: Mapping[str, Any]) -> dict[str, ParameterValue] | Problems:
    """Return the parameters' values, all within their bounds; or every mistake."""
    values: dict[str, ParameterValue] = {}
    problems: list[Problem] = []
    for each in action.parameters:
        raw = given[each.name]
        if raw is None:
            values[each.name] = each.default
            continue
        try:
            value = to_value(each.type, raw)
            why = outside(each, value)
        except ValueError as error:
            value, why = None, str(error)
        if why is not None:
            problems.append(
                Problem(
                    code=gateway_codes.INVALID_ARGUMENT,
                    message=f"The argument {each.name!r} cannot be used: {why}.",
                    where=Place(path=each.name),
                )
            )
        values[each.name] = value
    return Problems(tuple(problems)) if problems else values


@lru_cache(1_024)
def _arguments_model(action: ActionDefinition) -> type[BaseModel]:
    """Return the pydantic model of the action's arguments."""
    fields: dict[str, Any] = {each.name: _argument_field(each) for each in action.parameters}
    return create_model(f"Arguments_{action.name}", __base__=ProposalArguments, **fields)


def _argument_field(parameter: Parameter) -> tuple[Any, Any]:
    kind: Any = _TYPES[parameter.type]
    extra: dict[str, Any] = {}
    if parameter.type in {ParameterType.DATE, ParameterType.TIMESTAMP}:
        extra["format"] = "date" if parameter.type is ParameterType.DATE else "date-time"
    if parameter.one_of:
        extra["enum"] = [each if isinstance(each, str | int | bool) else str(each) for each in parameter.one_of]
    bounds = [
        f"{word} {value}"
        for word, value in (("at least", parameter.minimum), ("at most", parameter.maximum))
        if value is not None
    ]
    description = " ".join([parameter.description, *([f"({', '.join(bounds)})"] if bounds else [])]).strip()
    options: dict[str, Any] = {"description": description, "json_schema_extra": extra or None}
    if parameter.max_length is not None:
        options["max_length"] = parameter.max_length
    if parameter.required:
        return kind, Field(**options)
    return kind | None, Field(None, **options)


@lru_cache(1_024)
def _tool_definition(action: ActionDefinition) -> ToolDefinition:
    about = (
        f"{action.description.strip()} Governed action of {action.owner}; changes {action.target}. The first call is a "
        "dry run that shows what would change; with dry_run: false and an idempotency_key it is proposed, and runs or "
        "waits for a person (then ask get_action)."
    )
    return ToolDefinition(
        name=action.tool,
        title=action.name.replace("_", " ").capitalize(),
        description=about[:_DESCRIPTION],
        input_schema=shown_schema(_arguments_model(action)),
        accepted_schema=accepted_schema(_arguments_model(action)),
        output_schema=ACTION_SCHEMA,
        read_only=False,
        destructive=True,
        idempotent=False,
        of_the_project=True,
    )
