"""What the record says of calls: from the gateway's own values to the facts of ``ledger.events.calls``.

Whatever may identify a person or repeat data goes into bodies, which the ledger keeps apart behind salted commitments.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import orjson

from metricgate.compiling.statement import Statement
from metricgate.gateway.arguments import MOST_BYTES
from metricgate.gateway.ports import Rows
from metricgate.gateway.tool import ToolCall
from metricgate.guarding.outline import outline
from metricgate.ledger.events.calls import (
    ArgumentsFacts,
    CallerFacts,
    CallSubject,
    CallTrail,
    DecisionFacts,
    MetricVersion,
    ReadFacts,
    RequestFacts,
    StatementFacts,
    WholeCall,
)
from metricgate.ledger.events.shared import ActorFacts, ProblemFacts, facts_of_actor
from metricgate.planning.plan import Plan
from metricgate.policy.verdict import Verdict
from metricgate.vocabulary.actor import Actor, ActorKind
from metricgate.vocabulary.digest import digest_of_bytes
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.obligation import Limit, Obligations
from metricgate.vocabulary.predicate import Scalar, Secret
from metricgate.vocabulary.principal import Principal
from metricgate.vocabulary.problem import Problems

_LOCAL = "local"
"""The method of an identity that nobody proved, because its caller is at the machine."""
_LONGEST_SAID = 200


@lru_cache(maxsize=4096)
def _caller_facts(principal: Principal) -> CallerFacts:
    agent, user = principal.agent, principal.user
    return CallerFacts(
        agent=agent.id,
        agent_proof=str(agent.proof),
        agent_method=agent.method,
        credential=principal.credential,
        actor=actor_facts(principal),
        user_proof=None if user is None else str(user.proof),
        user_method=None if user is None else user.method,
        user=None if user is None else user.id,
    )


def actor_facts(principal: Principal) -> ActorFacts:
    """Return who makes a call: an agent. What the gateway's own commands ask is the operator's, whoever that is."""
    local = principal.agent.method == _LOCAL
    return facts_of_actor(
        Actor(kind=ActorKind.OPERATOR if local else ActorKind.AGENT, id="" if local else principal.agent.id)
    )


def whole_call(call: ToolCall, trace_id: str, span_id: str) -> WholeCall:
    """Return all that is known of a call. What a caller says in its own words is cut to 200 characters.

    Args:
        call: as the door made it.
        trace_id: W3C, 32 hex digits; empty where there is no trace.
        span_id: 16 hex digits; empty where there is none.
    """
    client = {
        name: value[:_LONGEST_SAID] if isinstance(value, str) else value
        for name, value in call.client.items()
        if value is not None
    }
    request = RequestFacts(
        door=call.door,
        trace_id=trace_id,
        span_id=span_id,
        tool=call.tool[:_LONGEST_SAID],
        purpose=None if call.purpose is None else call.purpose[:_LONGEST_SAID],
        client=client,
    )
    arguments = ArgumentsFacts(arguments=recordable(call.arguments))
    return WholeCall(caller=_caller_facts(call.principal), request=request, arguments=arguments)


def call_trail(call: ToolCall, trace_id: str, span_id: str) -> CallTrail:
    """Return the few facts by which an outcome is found without its intent; arguments as of ``whole_call``."""
    user = call.principal.user
    return CallTrail(
        agent=call.principal.agent.id,
        actor=actor_facts(call.principal),
        tool=call.tool,
        door=call.door,
        trace_id=trace_id,
        span_id=span_id,
        user=None if user is None else user.id,
    )


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


def plan_subject(plan: Plan) -> CallSubject:
    """Return what was asked, resolved: metrics with their versions, datasets, and everything that policy judged."""
    return CallSubject(
        metrics=[MetricVersion(name=metric.name, version=metric.definition_version) for metric in plan.metrics],
        datasets=plan.datasets,
        resources=[str(resource) for resource in plan.resources],
    )


def decision_facts(verdict: Verdict) -> DecisionFacts:
    """Return why: the verdict, its rules, its obligations and the policy it came from."""
    return DecisionFacts(
        verdict=str(verdict.decision),
        action=str(verdict.action),
        rules=verdict.rules,
        obligations=obligations_as_json(verdict.obligations),
        policy_digest=verdict.policy_digest,
    )


def obligations_as_json(obligations: Obligations) -> Mapping[str, Json]:
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


def statement_facts(statement: Statement, warehouse: str, system: str) -> StatementFacts:
    """Return what runs and where: its words with placeholders and its digest, the text and the values as bodies.

    Args:
        statement: compiled.
        warehouse: name in the settings.
        system: the engine, as ``db.system.name`` has it.
    """
    return StatementFacts(
        warehouse=warehouse,
        system=system,
        query_text=outline(statement.sql, dialect=statement.dialect),
        digest=statement.digest,
        text=statement.sql,
        parameters=scalars_as_json(statement.parameters),
    )


def read_facts(rows: Rows) -> ReadFacts:
    """Return the effect of a read; seconds to six places."""
    return ReadFacts(rows=len(rows.values), bytes=rows.bytes, truncated=rows.truncated, seconds=round(rows.seconds, 6))


def problem_facts(problems: Problems) -> ProblemFacts:
    """Return why nothing ran: the codes as fields, the messages (they repeat arguments) as a body."""
    return ProblemFacts(
        error_type=problems.first.code.name,
        codes=sorted({problem.code.name for problem in problems}),
        problems=[problem.as_json() for problem in problems],
    )


def scalars_as_json(values: Sequence[Scalar]) -> list[Json]:
    """Values as JSON: dates and decimals as text, secrets as their place only."""
    return [_scalar_as_json(value) for value in values]


def _scalar_as_json(value: Scalar) -> Json:
    if isinstance(value, Secret):
        return repr(value)
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)
