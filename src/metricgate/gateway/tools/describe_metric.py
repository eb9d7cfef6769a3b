"""``describe_metric``: one definition in full, and what it can be grouped and filtered by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from metricgate.catalog.dependencies import models_behind
from metricgate.catalog.metrics import InputMetric, Metric
from metricgate.gateway.answers import Answer, AnswerDraft, Object
from metricgate.gateway.arguments import ParsedArguments
from metricgate.gateway.call_context import CallContext
from metricgate.gateway.descriptions import member_as_json, shorten, summary_of
from metricgate.gateway.endings import CallRefusal, Ending
from metricgate.gateway.explanation import predicate_as_json
from metricgate.gateway.metric_lifecycle import deprecation_of
from metricgate.gateway.metric_names import resolve_metrics, resource_of
from metricgate.gateway.saved_queries import calendars_for
from metricgate.gateway.tools.tool import Tool, define
from metricgate.gateway.visibility import CallerVisibility
from metricgate.ledger.events.calls import CallSubject, MetricVersion
from metricgate.planning.planner import ReachableMember
from metricgate.policy.verdict import Decision
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.predicate import Predicate
from metricgate.vocabulary.problem import Problems
from metricgate.vocabulary.resource import Action


class DescribeArguments(BaseModel):
    """Which metric."""

    model_config = ConfigDict(extra="forbid", strict=True)

    metric: Annotated[str, Field(min_length=1, max_length=300)] = Field(description="A metric's name or synonym.")


@dataclass(frozen=True, kw_only=True)
class MetricAnswer(Answer):
    """One definition, and what it can be grouped and filtered by."""

    name: str
    label: str | None
    description: str
    domain: str | None
    owner: str | None
    status: str
    certified: bool
    synonyms: Sequence[str]
    unit: str | None
    definition_version: str
    definition: Object
    certification: Object | None
    deprecation: Object | None
    instructions: str
    examples: Sequence[str]
    calendars: Annotated[
        Sequence[str],
        Field(
            description="Grains of this project's own, besides day, week, month, quarter and year, that some "
            "member of the metric can be cut to: a time known as finely as the calendar."
        ),
    ]
    members: Sequence[Object]
    catalog_version: str


async def _serve_describe_metric(context: CallContext, parsed: ParsedArguments[DescribeArguments]) -> Ending:
    named = resolve_metrics(context, (parsed.value.metric,))
    if isinstance(named, Problems):
        return CallRefusal(named)
    name = named.metrics[0]
    verdict = context.judge(Action.DESCRIBE, (resource_of(context, name),))
    if verdict.decision is not Decision.ALLOW:
        return CallRefusal.by_policy(verdict)
    metric = context.governance.catalog.metrics[name]
    seen = CallerVisibility(context, Action.QUERY)
    reached = [each for each in context.governance.planner.reachable((name,)) if _share_warehouse(context, name, each)]
    members = [each for each in reached if seen.may_use(each)]
    answer = MetricAnswer(
        **summary_of(metric),
        definition=_definition_json(metric, seen),
        certification=_certification(metric),
        deprecation=deprecation_of(context, metric),
        instructions=shorten(metric.header.ai_instructions),
        examples=list(metric.header.ai_examples),
        calendars=list(calendars_for(context.governance.catalog, members)),
        members=[member_as_json(member) for member in members],
        catalog_version=context.governance.catalog.version,
        notes=list(named.notes),
    )
    facts = CallSubject(metrics=[MetricVersion(name=name, version=metric.header.definition_version)])
    return AnswerDraft(answer=answer, facts=facts, verdict=verdict)


def _share_warehouse(context: CallContext, metric: str, member: ReachableMember) -> bool:
    """Whether the member is in the metric's own warehouse, and so is every model on the way to it."""
    catalog = context.governance.catalog
    passed = (hop.rpartition(" -> ")[2] for hop in member.path)
    names = {member.model, *passed, *models_behind(metric, catalog.metrics)}
    return len({catalog.models[each].warehouse for each in names if each in catalog.models}) <= 1


def _definition_json(metric: Metric, seen: CallerVisibility) -> Mapping[str, Json]:
    words = _Words(seen)
    return {"type": metric.type, **metric.describe(words), "filter": words.condition(metric.filter)}


@dataclass(frozen=True, slots=True)
class _Words:
    """Parts of a metric as one caller may know of them."""

    seen: CallerVisibility

    def input(self, each: InputMetric, *, alias: bool = False) -> Json:  # noqa: ARG002 - it is told of every input
        """An input that the caller may not know of has no name here; an alias of its own stays: expressions use it."""
        shown = self.seen.metric(each.name)
        found: dict[str, Json] = {
            "name": each.name if shown else None,
            "alias": each.alias if shown or each.alias != each.name.rpartition(".")[2] else None,
            "filter": self.condition(each.filter),
        }
        if each.offset_window is not None:
            found["offset_window"] = str(each.offset_window)
        if each.offset_to_grain is not None:
            found["offset_to_grain"] = str(each.offset_to_grain)
        return found

    def condition(self, condition: Predicate | None) -> Json:
        """Return a filter."""
        return None if condition is None else predicate_as_json(condition)

    def model(self, name: str) -> Json:
        """Return a model's name."""
        return name


def _certification(metric: Metric) -> Mapping[str, Json] | None:
    given = metric.header.certification
    if given is None:
        return None
    return {"level": given.level, "by": given.by, "at": given.at, "valid": metric.header.certified}


DESCRIBE_METRIC = Tool(
    definition=define(
        name="describe_metric",
        title="Describe a metric",
        description=(
            "Show one metric: its definition and version, owner, certification, what it is computed from, and every "
            "member (`members`) that it can be grouped and filtered by, with time grains. `metric_time` is always "
            "allowed where the definition names one."
        ),
        arguments=DescribeArguments,
        answer=MetricAnswer,
    ),
    arguments=DescribeArguments,
    handle=_serve_describe_metric,
)
