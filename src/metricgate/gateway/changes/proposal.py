"""A planned change becomes an action: rehearsed, shown, decided on; then it is over, runs, or waits for people."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import orjson

from metricgate.approvals.documents import risk_to_json
from metricgate.approvals.outcome import NotCarriedOut, RowsChanged
from metricgate.approvals.preview import Preview
from metricgate.approvals.proposal import Action, Proposal, State
from metricgate.changing.definitions import digest_of_definitions
from metricgate.changing.effect import Effect
from metricgate.gateway import codes as gateway_codes
from metricgate.gateway import failures, sql_codes
from metricgate.gateway.answers import Draft
from metricgate.gateway.changes import codes, kept_change, record_facts
from metricgate.gateway.changes.action_answer import answer_action, describe_standing
from metricgate.gateway.changes.advance import KeyTaken, Raced, advance
from metricgate.gateway.changes.decision_basis import DecisionBasis
from metricgate.gateway.changes.execution import execute, problem_of
from metricgate.gateway.changes.expiry import expire_if_due, find_action
from metricgate.gateway.changes.judgement import judge_rehearsal, requirement_of, summarize_risk, summarize_rules
from metricgate.gateway.changes.plan import PlanDenied, PlannedChange, PlanResult
from metricgate.gateway.changes.ports import ChangeFailed, Rehearsal
from metricgate.gateway.changes.preview import RehearsalPreview, build_preview, show_proposer
from metricgate.gateway.changes.services import ChangeServices
from metricgate.gateway.changes.transitions import ProposalMade
from metricgate.gateway.desk import Desk
from metricgate.gateway.ending import CallRefusal, Ending, EngineFailure
from metricgate.gateway.ports import WarehouseError
from metricgate.ledger.events.calls import CallSubject
from metricgate.policy.judging_changes import FLOOR_SECONDS, ChangeVerdict
from metricgate.policy.verdict import Decision
from metricgate.state.record import Durable
from metricgate.vocabulary import actor as actors
from metricgate.vocabulary.digest import digest_of
from metricgate.vocabulary.problem import Place, Problem, Problems


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalRequest:
    """How a change was asked for.

    Attributes:
        dry_run: show what it would do and what would be decided; nothing runs.
        idempotency_key: the same key never runs twice.
        arguments_digest: of the call's arguments.
        because: what the agent says it is for; untrusted.
    """

    dry_run: bool
    idempotency_key: str | None
    arguments_digest: str
    because: str | None = None


async def offer_change(
    desk: Desk, asked: ProposalRequest, plan: Callable[[ChangeServices], Awaitable[PlanResult]]
) -> Ending:
    """Take a change from the call to its outcome: once for each idempotency key.

    Args:
        desk: the call's.
        asked: how it was asked for.
        plan: gives the change; may raise ``WarehouseError``.
    """
    services = desk.changes
    if services is None:
        problem = Problem(code=codes.NOT_WRITABLE, message=codes.NOT_WRITABLE.cause, hint=codes.NOT_WRITABLE.cure)
        return CallRefusal(Problems((problem,)))
    if not asked.dry_run and asked.idempotency_key is None:
        return CallRefusal(Problems((_key_missing(),)))
    if asked.idempotency_key is None:
        return await _offered(desk, services, asked, plan)
    # Calls under one key wait for one another, so that each is told the one outcome.
    principal = desk.call.principal
    user = None if principal.user is None else principal.user.id
    async with services.locks.of(f"key {orjson.dumps([principal.agent.id, user, asked.idempotency_key]).decode()}"):
        again = await answer_repetition(desk, services, asked)
        return again or await _offered(desk, services, asked, plan)


async def _offered(
    desk: Desk,
    services: ChangeServices,
    asked: ProposalRequest,
    plan: Callable[[ChangeServices], Awaitable[PlanResult]],
) -> Ending:
    try:
        planned = await plan(services)
    except WarehouseError as error:
        return EngineFailure(failures.of_engine(error), error.engine_text)
    try:
        return await propose(desk, services, planned, asked)
    except KeyTaken as taken:
        return await _again(desk, services, taken.kept, asked)


def _key_missing() -> Problem:
    return Problem(
        code=gateway_codes.INVALID_ARGUMENT,
        message="The argument 'idempotency_key' is missing.",
        where=Place(path="idempotency_key"),
        hint="Give a name of your own for this proposal, and the same one in every repetition of the call.",
    )


async def answer_repetition(desk: Desk, services: ChangeServices, asked: ProposalRequest) -> Ending | None:
    """Answer a call whose idempotency key was used before; None where it is new."""
    if asked.idempotency_key is None:
        return None
    principal = desk.call.principal
    user = None if principal.user is None else principal.user.id
    action = await asyncio.to_thread(services.store.by_key, principal.agent.id, user, asked.idempotency_key)
    return None if action is None else await _again(desk, services, action, asked)


async def _again(desk: Desk, services: ChangeServices, action: Action, asked: ProposalRequest) -> Ending:
    """Answer with the action that the idempotency key stands for, if these are the arguments that made it."""
    if action.arguments_digest != asked.arguments_digest:
        problem = Problem(
            code=codes.IDEMPOTENCY_CONFLICT,
            message=f"The idempotency key stands for {action.id}, which was another proposal.",
            hint=codes.IDEMPOTENCY_CONFLICT.cure,
        )
        return CallRefusal(Problems((problem,)))
    return answer_standing(desk, await expire_if_due(services, action))


async def propose(desk: Desk, services: ChangeServices, planned: PlanResult, asked: ProposalRequest) -> Ending:
    """Rehearse a planned change, decide on it, and do what was decided.

    Raises:
        KeyTaken: another proposal came first under the same idempotency key.
    """
    if isinstance(planned, PlanDenied):
        return CallRefusal.by_policy(planned.verdict)
    frozen = None if asked.dry_run else services.frozen(desk.call.principal)
    if isinstance(planned, Problems) or frozen is not None:
        return CallRefusal(planned if isinstance(planned, Problems) else Problems((frozen,)))  # type: ignore[arg-type]
    facts = _subject(planned)
    begun = await desk.begin(planned.verdict, facts, planned.write.statement)
    if not isinstance(begun, Durable):
        return begun
    rehearsal = await _rehearsed(planned, facts)
    if not isinstance(rehearsal, Rehearsal):
        return rehearsal
    preview = build_preview(planned, rehearsal, sample_rows=services.settings.sample_rows)
    verdict, basis = await judge_rehearsal(desk, services, planned, rehearsal, preview, begun)
    facts = replace(
        facts,
        considered=record_facts.rule_decisions(summarize_rules(verdict)),
        risk=record_facts.risk_facts(summarize_risk(verdict)),
    )
    if verdict.decision is Decision.DENY:
        problem = Problem(
            code=codes.TOO_RISKY,
            message=verdict.considered[-1].message,
            hint=codes.TOO_RISKY.cure,
            details={"risk": risk_to_json(summarize_risk(verdict))},
        )
        return CallRefusal(Problems((problem,)), verdict=planned.verdict, facts=facts)
    action = await _kept(desk, services, planned, asked, rehearsal, preview, (verdict, basis), begun)
    return await _follow(desk, services, planned, asked, action, rehearsal.effect, verdict, facts)


async def _rehearsed(planned: PlannedChange, facts: CallSubject) -> Rehearsal | Ending:
    warehouse = planned.target.warehouse
    try:
        if planned.structure is not None:
            return await warehouse.rehearse_structure(planned.structure, seconds=planned.seconds)
        if planned.plan is not None:
            return await warehouse.rehearse(planned.plan)
        return await warehouse.rehearse_changes(
            planned.changes, most_rows=planned.most_rows, seconds=planned.seconds, views=planned.views
        )
    except ChangeFailed as error:
        # The engine's own words go to the record.
        problem = problem_of(error, own_text=planned.action is None)
        return CallRefusal(Problems((problem,)), verdict=planned.verdict, facts=replace(facts, error_code=error.code))
    except WarehouseError as error:
        return EngineFailure(failures.of_own_text(error), error.engine_text, facts)


async def _kept(
    desk: Desk,
    services: ChangeServices,
    planned: PlannedChange,
    asked: ProposalRequest,
    rehearsal: Rehearsal,
    preview: RehearsalPreview,
    judgement: tuple[ChangeVerdict, DecisionBasis],
    begun: Durable,
) -> Action:
    """Make the action and keep it with its rows, and with its entry.

    Raises:
        KeyTaken: another proposal came first under the same idempotency key.
    """
    (verdict, basis), principal = judgement, desk.call.principal
    held = verdict.decision is Decision.HOLD
    groups = (*principal.agent.groups, *(() if principal.user is None else principal.user.groups))
    action = Action(
        proposal=_proposal(desk, services, planned, asked, rehearsal, preview, judgement),
        state=State.PREVIEWED if asked.dry_run else State.HELD if held else State.APPROVED,
        requirement=requirement_of(verdict) if held else None,
        risk=summarize_risk(verdict),
        preview=replace(preview.preview, because=asked.because, considered=summarize_rules(verdict)),
        idempotency_key=None if asked.dry_run else asked.idempotency_key,
        user_groups=tuple(dict.fromkeys(groups)),
        arguments_digest=asked.arguments_digest,
    )
    content = None if asked.dry_run else _content(planned, rehearsal, basis)
    proposed = ProposalMade(effect=rehearsal.effect, content=content, after=begun.index)
    return (await advance(services, action, proposed)).action


def _proposal(
    desk: Desk,
    services: ChangeServices,
    planned: PlannedChange,
    asked: ProposalRequest,
    rehearsal: Rehearsal,
    preview: RehearsalPreview,
    judgement: tuple[ChangeVerdict, DecisionBasis],
) -> Proposal:
    (verdict, basis), principal, now = judgement, desk.call.principal, services.now()
    user = None if principal.user is None else principal.user.id
    seconds = verdict.demand.seconds if verdict.decision is Decision.HOLD else FLOOR_SECONDS
    return Proposal(
        action_id=services.new_id(),
        tenant=services.settings.tenant,
        agent=principal.agent.id,
        user=user,
        owner=desk.governance.judge.policy.owner_of(principal.agent.id),
        tool=desk.call.tool,
        action=planned.action,
        statement=planned.write.statement,
        parameters_digest=asked.arguments_digest,
        targets=tuple(sorted(str(each) for each in planned.resources)),
        warehouse=planned.target.engine.name,
        changes_digest=kept_change.digest_of_content(rehearsal.changes, planned.structure),
        preview_digest=rehearsal.effect.digest,
        row_ceiling=rehearsal.effect.rows,
        policy_digest=desk.governance.judge.policy.digest,
        catalog_version=desk.governance.catalog.version,
        reversibility=preview.reversibility,
        proposed_at=now,
        expires_at=now + timedelta(seconds=seconds),
        nonce=services.new_nonce(),
        governance_digest=basis.digest,
        definitions_digest=digest_of_definitions(rehearsal.definitions),
        actor=actors.agent(principal.agent.id),
    )


def _content(planned: PlannedChange, rehearsal: Rehearsal, basis: DecisionBasis) -> bytes:
    """Return what is kept to be carried out."""
    # Values that would be others at another time are bound: what is carried out is what was shown.
    plan = None if planned.volatile else planned.plan
    return kept_change.to_bytes(
        kept_change.KeptChange(
            plan=plan,
            changes=rehearsal.changes,
            views=planned.views,
            most_rows=planned.most_rows,
            seconds=planned.seconds,
            structure=planned.structure,
            definitions=rehearsal.definitions,
            basis=basis,
        )
    )


async def _follow(
    desk: Desk,
    services: ChangeServices,
    planned: PlannedChange,
    asked: ProposalRequest,
    action: Action,
    effect: Effect,
    verdict: ChangeVerdict,
    facts: CallSubject,
) -> Ending:
    own = replace(facts, action_id=action.id)
    sample = services.settings.sample_rows
    preview = (
        None if action.preview is None else show_proposer(desk, planned, effect, action.preview, sample_rows=sample)
    )
    if asked.dry_run:
        would = "be carried out" if verdict.decision is Decision.ALLOW else "wait for a person"
        message = f"Nothing ran. Proposed with dry_run: false, it would {would}."
        answer = answer_action(action, preview, message, would=str(verdict.decision))
        return Draft(answer=answer, facts=own, verdict=planned.verdict)
    if action.state is State.APPROVED:
        try:
            done = await execute(services, action)
        except Raced:
            done = await find_action(services, action.id) or action
        return await _ended(desk, done, preview, own)
    services.tell("action_held", action, {})
    return await desk.hold(describe_standing(action), own)


async def _ended(desk: Desk, action: Action, preview: Preview | None, facts: CallSubject) -> Ending:
    if action.state is State.EXECUTED:
        return Draft(answer=answer_action(action, preview, _done_said(action)), facts=facts)
    if action.state is State.FAILED:
        return CallRefusal(Problems((_problem(action),)), facts=facts)
    code = codes.OUTCOME_UNKNOWN
    problem = Problem(code=code, message=code.cause, hint=code.cure, details={"action_id": action.id})
    return await desk.fault(problem, "the outcome is not known", facts)


def _done_said(action: Action) -> str:
    """Return what was done; where no row fitted, that nothing was."""
    if not action.changes_structure and isinstance(action.outcome, RowsChanged) and action.outcome.rows.total == 0:
        return "No row fitted, so that nothing was changed and there is nothing to take back."
    return "It was carried out."


def _problem(action: Action) -> Problem:
    """Return the problem that an action failed with, as it was kept."""
    failed, own = action.outcome, {"action_id": action.id}
    by_name = {code.name: code for code in (*codes.CODES, *gateway_codes.CODES, *sql_codes.CODES)}
    if not isinstance(failed, NotCarriedOut):
        return Problem(code=codes.FAILED, message=codes.FAILED.cause, hint=codes.FAILED.cure, details={**own})
    code = by_name.get(failed.code, codes.FAILED)
    return Problem(code=code, message=failed.message, hint=failed.hint or code.cure, details={**failed.details, **own})


def answer_standing(desk: Desk, action: Action) -> Ending:
    """Answer how an action of the caller's stands."""
    facts = CallSubject(action_id=action.id, action_state=str(action.state))
    doing = "" if desk.changes is None else desk.changes.stages.get(action.id, "")
    return Draft(answer=describe_standing(action, doing), facts=facts)


def _subject(planned: PlannedChange) -> CallSubject:
    return CallSubject(
        warehouse=planned.target.engine.name,
        datasets=[planned.target.model.name],
        targets=[str(each) for each in planned.resources],
        statement_digest=digest_of(planned.write.statement),
    )


def leave_out_samples(action: Action) -> Action:
    """Return the action without samples, for lists."""
    return action if action.preview is None else replace(action, preview=replace(action.preview, tables=None))
