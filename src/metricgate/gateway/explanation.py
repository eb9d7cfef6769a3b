"""Every answer explains itself: what was resolved, which SQL, which rules, which versions (promise 4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from metricgate.catalog.filters import subject_of
from metricgate.gateway.answers import Answer, Object
from metricgate.gateway.call_context import CallContext
from metricgate.gateway.entries import scalars_as_json
from metricgate.gateway.masks import mask_as_json
from metricgate.gateway.metric_lifecycle import deprecation_of
from metricgate.gateway.metric_query import PreparedQuery
from metricgate.policy.verdict import Verdict
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.obligation import Obligations
from metricgate.vocabulary.predicate import And, Comparison, Not, Or, Predicate, Template


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyApplied:
    """What policy said of a question: the rules that decided, and what they added to it."""

    verdict: str
    rules: Sequence[str]
    row_filters: Sequence[Object]
    masks: Sequence[Object]
    minimum_groups: Sequence[Object]
    limits: Object
    digest: str


@dataclass(frozen=True, kw_only=True)
class ExplainedAnswer(Answer):
    """An answer that says how a question was understood and what ran for it."""

    definitions: Annotated[
        Sequence[Object], Field(description="The governed definition of each metric and its version.")
    ]
    sql: Annotated[str, Field(description="The statement, with $1, $2, ... for the parameters.")]
    parameters: Sequence[Any]
    time: Annotated[Object, Field(description="Time column used per metric, the range as [start, before), the zone.")]
    joins: Annotated[Object, Field(description="Join path taken per member.")]
    policy: Annotated[
        PolicyApplied, Field(description="The rules that decided, and the filters and limits they added.")
    ]
    data: Annotated[Object, Field(description="Where the numbers come from and the state of that data.")]
    catalog_version: str


def explain(context: CallContext, prepared: PreparedQuery, notes: Sequence[str] = ()) -> dict[str, Any]:
    """Return the fields of an ``ExplainedAnswer``, as keywords; ``notes`` come before those of the plan."""
    plan = prepared.plan
    return {
        "definitions": [
            {
                "metric": metric.name,
                "definition_version": metric.definition_version,
                "certified": metric.certified,
                "status": str(metric.status),
                "deprecation": deprecation_of(context, context.governance.catalog.metrics[metric.name]),
            }
            for metric in plan.metrics
        ],
        "sql": prepared.statement.sql,
        "parameters": scalars_as_json(prepared.statement.parameters),
        "time": plan.explanation.time_as_json(),
        "joins": plan.explanation.joins_as_json(),
        "policy": policy_applied(prepared.verdict),
        "data": {
            "warehouse": prepared.engine.name,
            "datasets": list(plan.datasets),
            "state": prepared.engine.warehouse.data_state,
        },
        "catalog_version": context.governance.catalog.version,
        "notes": [*notes, *prepared.notes, *plan.explanation.notes],
    }


def policy_applied(verdict: Verdict) -> PolicyApplied:
    """Return what the verdict's rules did."""
    return PolicyApplied(
        verdict=str(verdict.decision),
        rules=list(verdict.rules),
        row_filters=[
            {"rule": each.rule, "dataset": each.dataset, "where": predicate_as_json(each.condition)}
            for each in verdict.obligations.row_filters
        ],
        masks=[mask_as_json(each) for each in verdict.obligations.masks],
        minimum_groups=[
            {"rule": each.rule, "dataset": each.dataset, "size": each.size, "small": str(each.small)}
            for each in verdict.obligations.minimum_groups
        ],
        limits=_limits_json(verdict.obligations),
        digest=verdict.policy_digest,
    )


def predicate_as_json(predicate: Predicate) -> Json:
    """Return the structured form in which a caller could have written the predicate."""
    match predicate:
        case Comparison():
            values = scalars_as_json(predicate.values)
            value: Json = values[0] if len(values) == 1 and str(predicate.op) not in {"in", "not_in"} else values
            return {**subject_of(predicate.member), "op": str(predicate.op), **({"value": value} if values else {})}
        case And():
            return {"and": [predicate_as_json(part) for part in predicate.parts]}
        case Or():
            return {"or": [predicate_as_json(part) for part in predicate.parts]}
        case Not():
            return {"not": predicate_as_json(predicate.part)}
        case Template():
            return {
                "sql": predicate.text,
                "members": list(predicate.members),
                "values": scalars_as_json(predicate.values),
            }


def _limits_json(obligations: Obligations) -> Mapping[str, Json]:
    named = {"rows": obligations.rows, "bytes": obligations.bytes, "seconds": obligations.seconds}
    return {
        name: {"value": int(limit.value) if limit.value == int(limit.value) else limit.value, "rule": limit.rule}
        for name, limit in named.items()
        if limit is not None
    }
