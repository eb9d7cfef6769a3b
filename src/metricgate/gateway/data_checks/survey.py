"""All that the definitions declare of the data, checked in the warehouses: several at a time, as one recorded call.

Under the rights of a principal only what it may query is checked, in the rows that it may see, and nothing over columns
that it may not join by; without one with the operator's: whoever runs the project's command line holds the warehouses'
credentials. What is found of keys is known to answers from then on, where their callers see the same rows.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from metricgate.catalog.model import SemanticModel
from metricgate.compiling.data_check_sql import compile_check
from metricgate.compiling.statement import Statement
from metricgate.gateway import entries
from metricgate.gateway.data_checks.check_results import counts_told, name_of, result_of
from metricgate.gateway.data_checks.counts import KeyCounts
from metricgate.gateway.data_checks.memory import KeyMemory
from metricgate.gateway.data_checks.result import CheckResult, CheckState
from metricgate.gateway.datasets import column_resource, dataset_resource
from metricgate.gateway.engine import Engine, Engines
from metricgate.gateway.governance import Governance
from metricgate.gateway.masks import masks_misused
from metricgate.gateway.ports import ReleasedStatement, WarehouseError
from metricgate.gateway.tool import ToolCall
from metricgate.ledger.events import names
from metricgate.ledger.events.calls import NO_SUBJECT, CallCompleted, CallFailed, CallReleased, CallSubject, ChecksFacts
from metricgate.ledger.events.shared import EntryLink
from metricgate.planning.data_checks import Check, KeyCheck, ReferenceCheck, SpineCheck, declared_checks
from metricgate.planning.uses import Uses, uses_of_check
from metricgate.policy.occasion import EvaluationContext
from metricgate.policy.refusal import problems_of
from metricgate.policy.verdict import Decision, Verdict, VerdictReason
from metricgate.state.record import AppendReceipt, Ledger, record_event
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.obligation import Limit, Obligations
from metricgate.vocabulary.principal import Identity, Principal, Proof
from metricgate.vocabulary.problem import Problems
from metricgate.vocabulary.resource import Action

TOOL = "validate_data"
"""What the record calls such a call; it is no tool of agents."""
OPERATOR = "operator"
AT_ONCE = 4
"""Statements at a time in one warehouse, where nobody else asks it."""
_SECONDS = 3_600.0
"""The operator's checks may take longer than a question."""

Told = Callable[[CheckResult, int, int], None]
"""Hears of each result as it comes: the result, how many there are by now, how many there will be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    """A check that may run: where, as what, under which verdict."""

    check: Check
    engine: Engine
    statement: Statement
    verdict: Verdict


@dataclass(slots=True, kw_only=True)
class _Progress:
    """The results so far by the place of their check."""

    total: int
    told: Told
    results: dict[int, CheckResult] = field(default_factory=dict)

    def add(self, place: int, result: CheckResult) -> None:
        self.results[place] = result
        self.told(result, len(self.results), self.total)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What the checks stand on.

    Attributes:
        governance: the definitions and the policy in force.
        engines: the warehouses.
        ledger: where intent and outcome are recorded.
        keys: takes what is found of keys.
        carried_out: changes so far, by warehouse.
        at_once: statements at a time in one warehouse.
    """

    governance: Governance
    engines: Engines
    ledger: Ledger
    keys: KeyMemory
    carried_out: Counter[str] = field(default_factory=Counter)
    at_once: int = AT_ONCE


async def check_data(
    ground: Ground, *, now: datetime, principal: Principal | None, told: Told
) -> tuple[CheckResult, ...]:
    """Return the result of every declared check, in the order of the definitions.

    Args:
        ground: see ``Ground``.
        now: the moment of the call, in UTC.
        principal: whose rights bind; None for the operator's.
        told: see ``Told``.

    Raises:
        LedgerUnavailable: the intent or the outcome cannot be made durable; without an intent nothing ran.
    """
    checks = declared_checks(ground.governance.catalog)
    progress = _Progress(total=len(checks), told=told)
    ready: dict[int, _Ready] = {}
    for place, check in enumerate(checks):
        found = _prepared(check, ground, principal, now)
        if isinstance(found, CheckResult):
            progress.add(place, found)
        else:
            ready[place] = found
    if ready:
        call = ToolCall(tool=TOOL, arguments={}, principal=principal or _operator(), door="cli")
        intent = await _intend(call, ground, list(ready.values()))
        try:
            await _run_checks(ready, ground, intent, progress)
        finally:
            await asyncio.shield(_conclude(call, ground.ledger, intent, progress))
            for engine in ground.engines:
                ground.keys.look_again(engine)
    return tuple(progress.results[place] for place in range(len(checks)))


def _operator() -> Principal:
    return Principal(agent=Identity(id=OPERATOR, proof=Proof.VERIFIED, method="local"))


def _prepared(check: Check, ground: Ground, principal: Principal | None, now: datetime) -> _Ready | CheckResult:
    governance = ground.governance
    catalog = governance.catalog
    models = tuple(catalog.models[name] for name in _datasets(check))
    home = catalog.time_spines[check.dataset].warehouse if isinstance(check, SpineCheck) else models[0].warehouse
    kind, subject = name_of(check)
    ended = partial(CheckResult, kind=kind, subject=subject)
    uses = uses_of_check(check) if governance.narrows_columns else {}
    verdict = _survey_verdict(governance, models, uses, principal, now)
    if verdict.decision is not Decision.ALLOW:
        return ended(state=CheckState.NOT_ALLOWED, message=problems_of(verdict).first.message)
    masked = masks_misused(verdict.obligations.masks, uses)
    if masked is not None:
        return ended(state=CheckState.NOT_ALLOWED, message=masked.first.message)
    if isinstance(check, ReferenceCheck) and check.warehouses[0] != check.warehouses[1]:
        here, there = (each or ground.engines.default.name for each in check.warehouses)
        message = f"{check.dataset} is in the warehouse {here}, {check.to} in {there}: no statement reads both"
        return ended(state=CheckState.NOT_CHECKED, message=message)
    engine = ground.engines.find(home)
    statement = compile_check(check, models, verdict.obligations, engine.dialect, mask_key=governance.mask_key)
    if isinstance(statement, Problems):
        return ended(state=CheckState.UNKNOWN, message=statement.first.message)
    return _Ready(check=check, engine=engine, statement=statement, verdict=verdict)


def _datasets(check: Check) -> tuple[str, ...]:
    """Return the semantic models that a check reads, each once."""
    names = [] if isinstance(check, SpineCheck) else [check.dataset]
    names += [check.to] if isinstance(check, ReferenceCheck) else []
    return tuple(dict.fromkeys(names))


def _survey_verdict(
    governance: Governance, models: Sequence[SemanticModel], uses: Uses, principal: Principal | None, now: datetime
) -> Verdict:
    """Judge the datasets, and the columns behind, as a question over them is judged; a time spine is no dataset."""
    if principal is not None and models:
        resources = [dataset_resource(model) for model in models]
        columns = [column_resource(model, each) for model in models for each in uses.get(model.name, {})]
        circumstances = EvaluationContext(now=now)
        return governance.judge.judge(
            principal, Action.QUERY, resources, unless_forbidden=columns, circumstances=circumstances
        )
    reason = VerdictReason(
        rule=OPERATOR,
        party=OPERATOR,
        resource=None,
        decision=Decision.ALLOW,
        message="Whoever runs the project's command line holds the credentials of its warehouses.",
    )
    return Verdict(
        action=Action.QUERY,
        decision=Decision.ALLOW,
        reasons=(reason,),
        obligations=Obligations(seconds=Limit(rule=OPERATOR, value=_SECONDS)),
        policy_digest=governance.judge.policy.digest,
    )


async def _run_checks(ready: Mapping[int, _Ready], ground: Ground, intent: AppendReceipt, progress: _Progress) -> None:
    turns = {engine.name: asyncio.Semaphore(ground.at_once) for engine in ground.engines}

    async def one(place: int, each: _Ready) -> None:
        async with turns[each.engine.name]:
            progress.add(place, await _result(each, ground, intent))

    async with asyncio.TaskGroup() as group:
        for place, each in ready.items():
            group.create_task(one(place, each))


async def _result(each: _Ready, ground: Ground, intent: AppendReceipt) -> CheckResult:
    released = ReleasedStatement(statement=each.statement, verdict=each.verdict, intent=intent)
    kind, subject = name_of(each.check)
    warehouse = each.engine.warehouse
    state, changes = warehouse.data_state, ground.carried_out[each.engine.name]
    try:
        found = result_of(each.check, await warehouse.run(released))
    except WarehouseError as error:
        # The engine's own words may repeat data: they go to nobody but the operator, who may read all of it.
        said = f"{error.code}: {error.engine_text}" if each.verdict.rules == (OPERATOR,) else error.code
        return CheckResult(kind=kind, subject=subject, state=CheckState.UNKNOWN, message=said)
    if isinstance(each.check, KeyCheck):
        keys, rows = (found.counts[name] for name in ("repeated_keys", "repeated_rows"))
        counts = KeyCounts(complete=True, repeated_keys=keys, repeated_rows=rows)
        await ground.keys.note(
            each.engine, each.check, each.verdict.obligations, counts, data_state=state, changes=changes
        )
    if counts_told(each.verdict, _datasets(each.check)):
        return found
    message = "counts are not told to who may not see small groups"
    return CheckResult(kind=kind, subject=subject, state=found.state, message=message)


async def _intend(call: ToolCall, ground: Ground, ready: Sequence[_Ready]) -> AppendReceipt:
    """Record every statement before the first runs."""
    listed: list[dict[str, Json]] = []
    bodies: list[Json] = []
    for each in ready:
        facts = entries.statement_facts(each.statement, each.engine.name, each.engine.dialect).to_attributes()
        decision = entries.decision_facts(each.verdict).to_attributes()
        kind, subject = name_of(each.check)
        listed.append({names.CHECK: f"{kind} {subject}", **facts.fields, **decision.fields})
        bodies.append(facts.bodies)
    intent = CallReleased(
        call=entries.whole_call(call, "", ""),
        about=CallSubject(datasets=sorted({each.check.dataset for each in ready})),
        decision=entries.decision_facts(ready[0].verdict),
        catalog_version=ground.governance.catalog.version,
        statement=ChecksFacts(checks=listed, parameters=bodies),
    )
    return await record_event(ground.ledger, intent)


async def _conclude(call: ToolCall, ledger: Ledger, intent: AppendReceipt, progress: _Progress) -> None:
    """Record what came of it; where the caller left, what came until then."""
    outcome = replace(entries.whole_call(call, "", ""), arguments=None)
    results = [progress.results[place].as_json() for place in sorted(progress.results)]
    links = [EntryLink(index=intent.index, rel="intent")]
    if len(progress.results) == progress.total:
        await record_event(ledger, CallCompleted(call=outcome, about=NO_SUBJECT, checks=results, links=links))
    else:
        await record_event(
            ledger, CallFailed(call=outcome, outcome="cancelled", about=NO_SUBJECT, checks=results, links=links)
        )
