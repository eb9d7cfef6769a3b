"""A planned change becomes an action: rehearsed, shown, decided on; then it is over, runs, or waits for people."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

from metricgate.approvals.documents import risk_to_json
from metricgate.approvals.outcome import NotCarriedOut, RowsChanged
from metricgate.approvals.preview import Preview
from metricgate.approvals.proposal import Proposal, ProposedAction, State
from metricgate.changing.definitions import digest_of_definitions
from metricgate.gateway import codes as gateway_codes
from metricgate.gateway import failures, sql_codes
from metricgate.gateway.answers import AnswerDraft
from metricgate.gateway.call_context import CallContext
from metricgate.gateway.changes import codes, kept_change, record_facts
from metricgate.gateway.changes.action_answer import answer_action, describe_standing
from metricgate.gateway.changes.advance import KeyTaken, StateConflict, advance
from metricgate.gateway.changes.execution import execute
from metricgate.gateway.changes.expiry import expire_if_due, find_action
from metricgate.gateway.changes.judgement import JudgedChange, judge_rehearsal, requirement_of
from metricgate.gateway.changes.plan import PlanDenied, PlannedChange, PlanResult
from metricgate.gateway.changes.ports import ChangeFailed, Rehearsal
from metricgate.gateway.changes.preview import show_proposer
from metricgate.gateway.changes.problems import problem_of
from metricgate.gateway.changes.proposal_call import ProposalCall, ProposalRequest
from metricgate.gateway.changes.services import ChangeServices
from metricgate.gateway.changes.transitions import ProposalMade
from metricgate.gateway.endings import CallHold, CallRefusal, Ending, EngineFailure
from metricgate.gateway.ports import WarehouseError
from metricgate.ledger.events.calls import CallSubject
from metricgate.policy.judging_changes import FLOOR_SECONDS
from metricgate.policy.verdict import Decision
from metricgate.state.record import AppendReceipt
from metricgate.vocabulary import actor as actors
from metricgate.vocabulary.digest import digest_of
from metricgate.vocabulary.problem import Place, Problem, Problems

PlanChange = Callable[[ChangeServices], Awaitable[PlanResult]]
"""Gives the change that a call proposes; may raise ``WarehouseError``."""


async def offer_change(context: CallContext, request: ProposalRequest, plan: PlanChange) -> Ending:
    """Take a change from the call to its outcome: once for each idempotency key.

    Args:
        context: the call's.
        request: how it was asked for.
        plan: gives the change.
    """
    if context.changes is None:
        problem = Problem(code=codes.NOT_WRITABLE, message=codes.NOT_WRITABLE.cause, hint=codes.NOT_WRITABLE.cure)
        return CallRefusal(Problems((problem,)))
    if not request.dry_run and request.idempotency_key is None:
        return CallRefusal(Problems((_key_missing(),)))
    call = ProposalCall(context=context, services=context.changes, request=request)
    if request.idempotency_key is None:
        return await _offer_planned(call, plan)
    # Calls under one key wait for one another, so that each is told the one outcome.
    async with call.services.locks.of(call.lock_name(request.idempotency_key)):
        again = await _answer_repetition(call, request.idempotency_key)
        return again or await _offer_planned(call, plan)


async def _offer_planned(call: ProposalCall, plan: PlanChange) -> Ending:
    try:
        planned = await plan(call.services)
    except WarehouseError as error:
        return EngineFailure(failures.of_engine(error), error.engine_text)
    try:
        return await _propose(call, planned)
    except KeyTaken as taken:
        return await _answer_again(call, taken.kept)


def _key_missing() -> Problem:
    return Problem(
        code=gateway_codes.INVALID_ARGUMENT,
        message="The argument 'idempotency_key' is missing.",
        where=Place(path="idempotency_key"),
        hint="Give a name of your own for this proposal, and the same one in every repetition of the call.",
    )


async def _answer_repetition(call: ProposalCall, key: str) -> Ending | None:
    """Answer a call whose idempotency key was used before; None where it is new."""
    action = await asyncio.to_thread(call.services.store.by_key, call.principal.agent.id, call.user, key)
    return None if action is None else await _answer_again(call, action)


async def _answer_again(call: ProposalCall, action: ProposedAction) -> Ending:
    """Answer with the action that the idempotency key stands for, if these are the arguments that made it."""
    if action.arguments_digest != call.request.arguments_digest:
        problem = Problem(
            code=codes.IDEMPOTENCY_CONFLICT,
            message=f"The idempotency key stands for {action.id}, which was another proposal.",
            hint=codes.IDEMPOTENCY_CONFLICT.cure,
        )
        return CallRefusal(Problems((problem,)))
    return answer_standing(call.context, await expire_if_due(call.services, action))


async def _propose(call: ProposalCall, planned: PlanResult) -> Ending:  # noqa: PLR0911 - one way out for each stage
    """Rehearse a planned change, decide on it, and do what was decided: all stages of a proposal, in order.

    Raises:
        KeyTaken: another proposal came first under the same idempotency key.
    """
    context = call.context
    if isinstance(planned, PlanDenied):
        return CallRefusal.by_policy(planned.verdict)
    if isinstance(planned, Problems):
        return CallRefusal(planned)
    frozen = None if call.request.dry_run else call.services.freeze_problem(call.principal)
    if frozen is not None:
        return CallRefusal(Problems((frozen,)))
    facts = _subject_of(planned)
    begun = await context.begin(planned.verdict, facts, planned.write.statement)
    if not isinstance(begun, AppendReceipt):
        return begun
    rehearsal = await _rehearse_planned(planned, facts)
    if not isinstance(rehearsal, Rehearsal):
        return rehearsal
    judged = await judge_rehearsal(call, planned, rehearsal, begun)
    facts = replace(
        facts, considered=record_facts.rule_decisions(judged.considered), risk=record_facts.risk_facts(judged.risk)
    )
    if judged.verdict.decision is Decision.DENY:
        problem = Problem(
            code=codes.TOO_RISKY,
            message=judged.verdict.considered[-1].message,
            hint=codes.TOO_RISKY.cure,
            details={"risk": risk_to_json(judged.risk)},
        )
        return CallRefusal(Problems((problem,)), verdict=planned.verdict, facts=facts)
    action = await _keep_action(call, judged, begun)
    return await _follow(call, judged, action, replace(facts, action_id=action.id))


async def _rehearse_planned(planned: PlannedChange, facts: CallSubject) -> Rehearsal | Ending:
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


async def _keep_action(call: ProposalCall, judged: JudgedChange, begun: AppendReceipt) -> ProposedAction:
    """Make the action and keep it with its rows, and with its entry.

    Raises:
        KeyTaken: another proposal came first under the same idempotency key.
    """
    request, principal = call.request, call.principal
    groups = (*principal.agent.groups, *(() if principal.user is None else principal.user.groups))
    action = ProposedAction(
        proposal=_make_proposal(call, judged),
        state=State.PREVIEWED if request.dry_run else State.HELD if judged.held else State.APPROVED,
        requirement=requirement_of(judged.verdict) if judged.held else None,
        risk=judged.risk,
        preview=replace(judged.preview.preview, because=request.because, considered=judged.considered),
        idempotency_key=None if request.dry_run else request.idempotency_key,
        user_groups=tuple(dict.fromkeys(groups)),
        arguments_digest=request.arguments_digest,
    )
    content = None if request.dry_run else _content_of(judged)
    proposed = ProposalMade(effect=judged.rehearsal.effect, content=content, after=begun.index)
    return (await advance(call.services, action, proposed)).action


def _make_proposal(call: ProposalCall, judged: JudgedChange) -> Proposal:
    context, services, agent, now = call.context, call.services, call.principal.agent.id, call.services.now()
    planned, rehearsal = judged.planned, judged.rehearsal
    seconds = judged.verdict.demand.seconds if judged.held else FLOOR_SECONDS
    return Proposal(
        action_id=services.new_id(),
        tenant=services.settings.tenant,
        agent=agent,
        user=call.user,
        owner=context.governance.judge.policy.owner_of(agent),
        tool=context.call.tool,
        action=planned.action,
        statement=planned.write.statement,
        parameters_digest=call.request.arguments_digest,
        targets=tuple(sorted(str(each) for each in planned.resources)),
        warehouse=planned.target.engine.name,
        changes_digest=kept_change.digest_of_content(rehearsal.changes, planned.structure),
        preview_digest=rehearsal.effect.digest,
        row_ceiling=rehearsal.effect.rows,
        policy_digest=context.governance.judge.policy.digest,
        catalog_version=context.governance.catalog.version,
        reversibility=judged.preview.reversibility,
        proposed_at=now,
        expires_at=now + timedelta(seconds=seconds),
        nonce=services.new_nonce(),
        governance_digest=judged.basis.digest,
        definitions_digest=digest_of_definitions(rehearsal.definitions),
        actor=actors.agent(agent),
    )


def _content_of(judged: JudgedChange) -> bytes:
    """Return what is kept to be carried out."""
    planned, rehearsal = judged.planned, judged.rehearsal
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
            basis=judged.basis,
        )
    )


async def _follow(call: ProposalCall, judged: JudgedChange, action: ProposedAction, facts: CallSubject) -> Ending:
    """Do what was decided: nothing of a dry run, carry it out, or say that it waits."""
    context, services, planned = call.context, call.services, judged.planned
    preview = show_proposer(
        context, planned, judged.rehearsal.effect, action.preview, sample_rows=services.settings.sample_rows
    )
    if call.request.dry_run:
        would = "wait for a person" if judged.held else "be carried out"
        message = f"Nothing ran. Proposed with dry_run: false, it would {would}."
        answer = answer_action(action, preview, message, would=str(judged.verdict.decision))
        return AnswerDraft(answer=answer, facts=facts, verdict=planned.verdict)
    if action.state is State.APPROVED:
        try:
            done = await execute(services, action)
        except StateConflict:
            done = await find_action(services, action.id) or action
        return await _answer_ended(context, done, preview, facts)
    services.tell("action_held", action, {})
    return CallHold(describe_standing(action), action.id, facts)


async def _answer_ended(
    context: CallContext, action: ProposedAction, preview: Preview | None, facts: CallSubject
) -> Ending:
    if action.state is State.EXECUTED:
        return AnswerDraft(answer=answer_action(action, preview, _describe_done(action)), facts=facts)
    if action.state is State.FAILED:
        return CallRefusal(Problems((_problem_of(action),)), facts=facts)
    code = codes.OUTCOME_UNKNOWN
    problem = Problem(code=code, message=code.cause, hint=code.cure, details={"action_id": action.id})
    return await context.fault(problem, "the outcome is not known", facts)


def _describe_done(action: ProposedAction) -> str:
    """Return what was done; where no row fitted, that nothing was."""
    if not action.changes_structure and isinstance(action.outcome, RowsChanged) and action.outcome.rows.total == 0:
        return "No row fitted, so that nothing was changed and there is nothing to take back."
    return "It was carried out."


def _problem_of(action: ProposedAction) -> Problem:
    """Return the problem that an action failed with, as it was kept."""
    failed, own = action.outcome, {"action_id": action.id}
    by_name = {code.name: code for code in (*codes.CODES, *gateway_codes.CODES, *sql_codes.CODES)}
    if not isinstance(failed, NotCarriedOut):
        return Problem(code=codes.FAILED, message=codes.FAILED.cause, hint=codes.FAILED.cure, details={**own})
    code = by_name.get(failed.code, codes.FAILED)
    return Problem(code=code, message=failed.message, hint=failed.hint or code.cure, details={**failed.details, **own})


def answer_standing(context: CallContext, action: ProposedAction) -> Ending:
    """Answer how an action of the caller's stands."""
    facts = CallSubject(action_id=action.id, action_state=str(action.state))
    doing = "" if context.changes is None else context.changes.stages.get(action.id, "")
    return AnswerDraft(answer=describe_standing(action, doing), facts=facts)


def _subject_of(planned: PlannedChange) -> CallSubject:
    return CallSubject(
        warehouse=planned.target.engine.name,
        datasets=[planned.target.model.name],
        targets=[str(each) for each in planned.resources],
        statement_digest=digest_of(planned.write.statement),
    )


def leave_out_samples(action: ProposedAction) -> ProposedAction:
    """Return the action without samples, for lists."""
    return action if action.preview is None else replace(action, preview=replace(action.preview, tables=None))
