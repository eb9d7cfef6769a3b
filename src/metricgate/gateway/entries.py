"""What goes into the record: one place that names the fields, so that every tool records the same things alike.

OpenTelemetry names where they exist, ``gov.*`` for ours (design §7). Whatever may identify a person or repeat data goes
into bodies, which the ledger keeps apart behind salted commitments.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import orjson

from metricgate.compiling.statement import Statement
from metricgate.gateway.arguments import MOST_BYTES
from metricgate.gateway.ports import Rows
from metricgate.gateway.tool import ToolCall
from metricgate.guarding.outline import outline
from metricgate.planning.plan import Plan
from metricgate.policy.verdict import Verdict
from metricgate.vocabulary.actor import Actor, ActorKind
from metricgate.vocabulary.digest import digest_of_bytes
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.obligation import Limit, Obligations
from metricgate.vocabulary.predicate import Scalar, Secret
from metricgate.vocabulary.principal import Principal
from metricgate.vocabulary.problem import Problems

RELEASED = "gov.call.released"
"""Intent: decided and about to run. Durable before the effect."""
COMPLETED = "gov.call.completed"
"""Outcome: answered."""
REFUSED = "gov.call.refused"
"""Outcome: nothing ran."""
FAILED = "gov.call.failed"
"""Outcome: it was released but gave no answer (time-out, engine error, caller gone)."""
HELD = "gov.call.held"
"""Outcome: it waits for people."""
PAUSED = "gov.agent.paused"
"""An agent was refused too often and waits."""

Fields = dict[str, Json]
_NAME = re.compile(r"[A-Za-z0-9_.:/+-]{1,100}", re.ASCII)
_LOCAL = "local"
"""The method of an identity that nobody proved, because its caller is at the machine."""


@lru_cache(maxsize=4096)
def _who(principal: Principal) -> tuple[tuple[tuple[str, Json], ...], tuple[tuple[str, Json], ...]]:
    agent, user = principal.agent, principal.user
    fields: Fields = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.agent.id": agent.id,
        "gov.agent.proof": str(agent.proof),
        "gov.agent.method": agent.method,
        "gov.credential": principal.credential,
    }
    fields |= of_actor(principal)
    bodies: Fields = {}
    if user is not None:
        fields["gov.user.proof"] = str(user.proof)
        fields["gov.user.method"] = user.method
        bodies["gov.user.id"] = user.id
    return tuple(fields.items()), tuple(bodies.items())


def of_actor(principal: Principal) -> Fields:
    """Who makes a call: an agent. What the gateway's own commands ask is the operator's, whoever that is."""
    local = principal.agent.method == _LOCAL
    actor = Actor(kind=ActorKind.OPERATOR if local else ActorKind.AGENT, id="" if local else principal.agent.id)
    return actor.recorded()[0]


def of_user(principal: Principal) -> Fields:
    """The body that names the user, if there is one: outcomes carry it too, so that they are found by user."""
    return {} if principal.user is None else {"gov.user.id": principal.user.id}


def of_call(call: ToolCall, trace_id: str, span_id: str) -> tuple[Fields, Fields]:
    """Return (fields, bodies) that every entry about ``call`` starts from."""
    who, who_bodies = _who(call.principal)
    fields, bodies = dict(who), dict(who_bodies)
    fields["gov.door"] = call.door
    fields["trace_id"] = trace_id
    fields["span_id"] = span_id
    said: Fields = {"gen_ai.tool.name": call.tool, "gov.purpose": call.purpose, **call.client}
    for name, value in said.items():
        if value is not None:
            # What a caller says in its own words may be anything, so that only what is a name stands in the leaf.
            (fields if _is_name(value) else bodies)[name] = value[:200] if isinstance(value, str) else value
    bodies["gov.arguments"] = recordable(call.arguments)
    return fields, bodies


def _is_name(value: Json) -> bool:
    return isinstance(value, str) and _NAME.fullmatch(value) is not None


def recordable(arguments: Json) -> Json:
    """Return the arguments as the record takes them.

    What is larger than any question is kept as its size and digest, and what has no JSON form (too deeply nested, lone
    surrogates) as the reason why: nobody fills the ledger with junk, and no junk keeps a refusal out of it.
    """
    try:
        text = orjson.dumps(arguments)
    except (TypeError, ValueError, RecursionError) as error:
        return {"not_kept": str(error)[:200]}
    if len(text) <= MOST_BYTES:
        return arguments
    return {"not_kept": f"larger than {MOST_BYTES} bytes", "bytes": len(text), "digest": digest_of_bytes(text)}


def of_plan(plan: Plan) -> Fields:
    """What was asked, resolved: metrics with their versions, datasets, and everything that policy judged."""
    return {
        "gov.metrics": [{"name": metric.name, "version": metric.definition_version} for metric in plan.metrics],
        "gov.datasets": list(plan.datasets),
        "gov.resources": [str(resource) for resource in plan.resources],
    }


def of_verdict(verdict: Verdict) -> Fields:
    """Why: the verdict, its rules, its obligations and the policy it came from."""
    return {
        "gov.decision.verdict": str(verdict.decision),
        "gov.decision.action": str(verdict.action),
        "gov.decision.rules": list(verdict.rules),
        "gov.decision.obligations": obligations_as_json(verdict.obligations),
        "gov.policy.digest": verdict.policy_digest,
    }


def obligations_as_json(obligations: Obligations) -> Json:
    """The rules and limits of the obligations, without the values bound in row filters."""

    def limit(bound: Limit | None) -> Json:
        return None if bound is None else {"rule": bound.rule, "value": bound.value}

    return {
        "row_filters": [{"rule": each.rule, "dataset": each.dataset} for each in obligations.row_filters],
        "masks": [
            {"rule": each.rule, "column": f"{each.dataset}.{each.column}", "method": str(each.method)}
            for each in obligations.masks
        ],
        "minimum_groups": [
            {"rule": each.rule, "dataset": each.dataset, "size": each.size, "small": str(each.small)}
            for each in obligations.minimum_groups
        ],
        "rows": limit(obligations.rows),
        "bytes": limit(obligations.bytes),
        "seconds": limit(obligations.seconds),
    }


def of_statement(statement: Statement, warehouse: str, system: str) -> tuple[Fields, Fields]:
    """What runs and where: its words with placeholders and its digest as fields, the text and the values as bodies."""
    fields: Fields = {
        "gov.warehouse": warehouse,
        "db.system.name": system,
        "db.query.text": outline(statement.sql, dialect=statement.dialect),
        "gov.statement.digest": statement.digest,
    }
    values = scalars_as_json(statement.parameters)
    return fields, {"gov.statement.text": statement.sql, "gov.statement.parameters": values}


def of_rows(rows: Rows) -> Fields:
    """The effect of a read."""
    return {
        "gov.effect.rows": len(rows.values),
        "gov.effect.bytes": rows.bytes,
        "gov.effect.truncated": rows.truncated,
        "gov.effect.seconds": round(rows.seconds, 6),
    }


def of_problems(problems: Problems) -> tuple[Fields, Fields]:
    """Why nothing ran: the codes as fields, the messages (they repeat arguments) as a body."""
    first = problems.first
    return (
        {"error.type": first.code.name, "gov.codes": sorted({problem.code.name for problem in problems})},
        {"gov.problems": [problem.as_json() for problem in problems]},
    )


def scalars_as_json(values: Sequence[Scalar]) -> list[Json]:
    """Values as JSON: dates and decimals as text, secrets as their place only."""
    return [_scalar_as_json(value) for value in values]


def _scalar_as_json(value: Scalar) -> Json:
    if isinstance(value, Secret):
        return repr(value)
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)
