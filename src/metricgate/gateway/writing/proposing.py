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
from metricgate.gateway.desk import Desk
from metricgate.gateway.outcome import Outcome
from metricgate.gateway.ports import WarehouseError
from metricgate.gateway.writing import codes, entries, sealed
from metricgate.gateway.writing.action_answer import action_answer, standing
from metricgate.gateway.writing.advance import KeyTaken, Raced, advance
from metricgate.gateway.writing.basis import Basis
from metricgate.gateway.writing.book import Book
from metricgate.gateway.writing.executing import execute, problem_of
from metricgate.gateway.writing.expiry import expire_if_due, find_action
from metricgate.gateway.writing.judging import considered_in, judged, requirement_of, risk_in
from metricgate.gateway.writing.planned import Denied, Planned
from metricgate.gateway.writing.ports import ChangeFailed, Rehearsal
from metricgate.gateway.writing.previewing import Previewed, for_proposer, previewed
from metricgate.gateway.writing.transitions import ProposalMade
from metricgate.ledger.events.calls import CallSubject
from metricgate.policy.judging_changes import FLOOR_SECONDS, ChangeVerdict
from metricgate.policy.verdict import Decision
from metricgate.state.record import Durable
from metricgate.vocabulary import actor as actors
from metricgate.vocabulary.digest import digest_of
from metricgate.vocabulary.problem import Place, Problem, Problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
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


async def offer(desk: Desk, asked: Asked, plan: Callable[[Book], Awaitable[Planned | Denied | Problems]]) -> Outcome:
    """Take a change from the call to its outcome: once for each idempotency key.

    Args:
        desk: the call's.
        asked: how it was asked for.
        plan: gives the change; may raise ``WarehouseError``.
    """
    book = desk.book
    if book is None:
        problem = Problem(code=codes.NOT_WRITABLE, message=codes.NOT_WRITABLE.cause, hint=codes.NOT_WRITABLE.cure)
        return await desk.refuse(Problems((problem,)))
    if not asked.dry_run and asked.idempotency_key is None:
        return await desk.refuse(Problems((_key_missing(),)))
    if asked.idempotency_key is None:
        return await _offered(desk, book, asked, plan)
    # Calls under one key wait for one another, so that each is told the one outcome.
    principal = desk.call.principal
    user = None if principal.user is None else principal.user.id
    async with book.turns.of(f"key {orjson.dumps([principal.agent.id, user, asked.idempotency_key]).decode()}"):
        again = await repeated(desk, book, asked)
        return again or await _offered(desk, book, asked, plan)


async def _offered(
    desk: Desk, book: Book, asked: Asked, plan: Callable[[Book], Awaitable[Planned | Denied | Problems]]
) -> Outcome:
    try:
        planned = await plan(book)
    except WarehouseError as error:
        return await desk.failed(failures.of_engine(error), error.engine_text)
    try:
        return await propose(desk, book, planned, asked)
    except KeyTaken as taken:
        return await _again(desk, book, taken.kept, asked)


def _key_missing() -> Problem:
    return Problem(
        code=gateway_codes.INVALID_ARGUMENT,
        message="The argument 'idempotency_key' is missing.",
        where=Place(path="idempotency_key"),
        hint="Give a name of your own for this proposal, and the same one in every repetition of the call.",
    )


async def repeated(desk: Desk, book: Book, asked: Asked) -> Outcome | None:
    """Answer a call whose idempotency key was used before; None where it is new."""
    if asked.idempotency_key is None:
        return None
    principal = desk.call.principal
    user = None if principal.user is None else principal.user.id
    action = await asyncio.to_thread(book.store.by_key, principal.agent.id, user, asked.idempotency_key)
    return None if action is None else await _again(desk, book, action, asked)


async def _again(desk: Desk, book: Book, action: Action, asked: Asked) -> Outcome:
    """Answer with the action that the idempotency key stands for, if these are the arguments that made it."""
    if action.arguments_digest != asked.arguments_digest:
        problem = Problem(
            code=codes.IDEMPOTENCY_CONFLICT,
            message=f"The idempotency key stands for {action.id}, which was another proposal.",
            hint=codes.IDEMPOTENCY_CONFLICT.cure,
        )
        return await desk.refuse(Problems((problem,)))
    return await told(desk, await expire_if_due(book, action))


async def propose(desk: Desk, book: Book, planned: Planned | Denied | Problems, asked: Asked) -> Outcome:
    """Rehearse a planned change, decide on it, and do what was decided.

    Raises:
        KeyTaken: another proposal came first under the same idempotency key.
    """
    if isinstance(planned, Denied):
        return await desk.deny(planned.verdict)
    frozen = None if asked.dry_run else book.frozen(desk.call.principal)
    if isinstance(planned, Problems) or frozen is not None:
        return await desk.refuse(planned if isinstance(planned, Problems) else Problems((frozen,)))  # type: ignore[arg-type]
    facts = _subject(planned)
    begun = await desk.begin(planned.verdict, facts, planned.write.statement)
    if not isinstance(begun, Durable):
        return begun
    rehearsal = await _rehearsed(desk, planned, facts)
    if not isinstance(rehearsal, Rehearsal):
        return rehearsal
    preview = previewed(planned, rehearsal, sample_rows=book.settings.sample_rows)
    verdict, basis = await judged(desk, book, planned, rehearsal, preview, begun)
    facts = replace(
        facts,
        considered=entries.rule_decisions(considered_in(verdict)),
        risk=entries.risk_facts(risk_in(verdict)),
    )
    if verdict.decision is Decision.DENY:
        problem = Problem(
            code=codes.TOO_RISKY,
            message=verdict.considered[-1].message,
            hint=codes.TOO_RISKY.cure,
            details={"risk": risk_to_json(risk_in(verdict))},
        )
        return await desk.refuse(Problems((problem,)), verdict=planned.verdict, facts=facts)
    action = await _kept(desk, book, planned, asked, rehearsal, preview, (verdict, basis), begun)
    return await _follow(desk, book, planned, asked, action, rehearsal.effect, verdict, facts)


async def _rehearsed(desk: Desk, planned: Planned, facts: CallSubject) -> Rehearsal | Outcome:
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
        return await desk.refuse(
            Problems((problem,)), verdict=planned.verdict, facts=replace(facts, error_code=error.code)
        )
    except WarehouseError as error:
        return await desk.failed(failures.of_own_text(error), error.engine_text, facts)


async def _kept(
    desk: Desk,
    book: Book,
    planned: Planned,
    asked: Asked,
    rehearsal: Rehearsal,
    preview: Previewed,
    judgement: tuple[ChangeVerdict, Basis],
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
        proposal=_proposal(desk, book, planned, asked, rehearsal, preview, judgement),
        state=State.PREVIEWED if asked.dry_run else State.HELD if held else State.APPROVED,
        requirement=requirement_of(verdict) if held else None,
        risk=risk_in(verdict),
        preview=replace(preview.preview, because=asked.because, considered=considered_in(verdict)),
        idempotency_key=None if asked.dry_run else asked.idempotency_key,
        user_groups=tuple(dict.fromkeys(groups)),
        arguments_digest=asked.arguments_digest,
    )
    content = None if asked.dry_run else _content(planned, rehearsal, basis)
    proposed = ProposalMade(effect=rehearsal.effect, content=content, after=begun.index)
    return (await advance(book, action, proposed)).action


def _proposal(
    desk: Desk,
    book: Book,
    planned: Planned,
    asked: Asked,
    rehearsal: Rehearsal,
    preview: Previewed,
    judgement: tuple[ChangeVerdict, Basis],
) -> Proposal:
    (verdict, basis), principal, now = judgement, desk.call.principal, book.now()
    user = None if principal.user is None else principal.user.id
    seconds = verdict.demand.seconds if verdict.decision is Decision.HOLD else FLOOR_SECONDS
    return Proposal(
        action_id=book.new_id(),
        tenant=book.settings.tenant,
        agent=principal.agent.id,
        user=user,
        owner=desk.governance.judge.policy.owner_of(principal.agent.id),
        tool=desk.call.tool,
        action=planned.action,
        statement=planned.write.statement,
        parameters_digest=asked.arguments_digest,
        targets=tuple(sorted(str(each) for each in planned.resources)),
        warehouse=planned.target.engine.name,
        changes_digest=sealed.digest_of_what(rehearsal.changes, planned.structure),
        preview_digest=rehearsal.effect.digest,
        row_ceiling=rehearsal.effect.rows,
        policy_digest=desk.governance.judge.policy.digest,
        catalog_version=desk.governance.catalog.version,
        reversibility=preview.reversibility,
        proposed_at=now,
        expires_at=now + timedelta(seconds=seconds),
        nonce=book.new_nonce(),
        governance_digest=basis.digest,
        definitions_digest=digest_of_definitions(rehearsal.definitions),
        actor=actors.agent(principal.agent.id),
    )


def _content(planned: Planned, rehearsal: Rehearsal, basis: Basis) -> bytes:
    """Return what is kept to be carried out."""
    # Values that would be others at another time are bound: what is carried out is what was shown.
    plan = None if planned.volatile else planned.plan
    return sealed.to_bytes(
        sealed.Sealed(
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
    book: Book,
    planned: Planned,
    asked: Asked,
    action: Action,
    effect: Effect,
    verdict: ChangeVerdict,
    facts: CallSubject,
) -> Outcome:
    own = replace(facts, action_id=action.id)
    sample = book.settings.sample_rows
    preview = (
        None if action.preview is None else for_proposer(desk, planned, effect, action.preview, sample_rows=sample)
    )
    if asked.dry_run:
        would = "be carried out" if verdict.decision is Decision.ALLOW else "wait for a person"
        message = f"Nothing ran. Proposed with dry_run: false, it would {would}."
        answer = action_answer(action, preview, message, would=str(verdict.decision))
        return await desk.answer(Draft(answer=answer, facts=own, verdict=planned.verdict))
    if action.state is State.APPROVED:
        try:
            done = await execute(book, action)
        except Raced:
            done = await find_action(book, action.id) or action
        return await _ended(desk, done, preview, own)
    book.tell("action_held", action, {})
    return await desk.hold(standing(action), own)


async def _ended(desk: Desk, action: Action, preview: Preview | None, facts: CallSubject) -> Outcome:
    if action.state is State.EXECUTED:
        return await desk.answer(Draft(answer=action_answer(action, preview, _done_said(action)), facts=facts))
    if action.state is State.FAILED:
        return await desk.refuse(Problems((_problem(action),)), facts=facts)
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


async def told(desk: Desk, action: Action) -> Outcome:
    """Answer how an action of the caller's stands."""
    facts = CallSubject(action_id=action.id, action_state=str(action.state))
    doing = "" if desk.book is None else desk.book.stages.get(action.id, "")
    return await desk.answer(Draft(answer=standing(action, doing), facts=facts))


def _subject(planned: Planned) -> CallSubject:
    return CallSubject(
        warehouse=planned.target.engine.name,
        datasets=[planned.target.model.name],
        targets=[str(each) for each in planned.resources],
        statement_digest=digest_of(planned.write.statement),
    )


def without_tables(action: Action) -> Action:
    """Return the action without samples, for lists."""
    return action if action.preview is None else replace(action, preview=replace(action.preview, tables=None))
