"""An approved action is carried out: once, as it was shown, or not at all; and what a crash left is settled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta

import structlog

from metricgate.approvals.deciding import Refusal
from metricgate.approvals.proposal import Action, State
from metricgate.changing.effect import Effect
from metricgate.changing.proving import back_of
from metricgate.changing.serial import effect_from_bytes, effect_to_bytes
from metricgate.gateway import sql_codes
from metricgate.gateway.changes import codes, kept_change
from metricgate.gateway.changes.advance import Raced, advance
from metricgate.gateway.changes.damage import damage_problem
from metricgate.gateway.changes.ports import ChangeFailed, OutcomeUnknown, ReleasedChange, WritableWarehouse
from metricgate.gateway.changes.release_check import find_objection
from metricgate.gateway.changes.services import ChangeServices
from metricgate.gateway.changes.transitions import ActionTakenBack, ExecutionBegun, ExecutionFailed, ExecutionFinished
from metricgate.gateway.failures import place_in
from metricgate.gateway.ports import WarehouseError
from metricgate.policy.verdict import Decision, Reason, Verdict
from metricgate.state.actions import ActionFilter
from metricgate.state.record import LedgerUnavailable
from metricgate.state.sealed import Unsealable
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Code, Problem
from metricgate.vocabulary.resource import Action as Verb

CHANGING = "rows are changed and compared with what was shown"
KEEPING = "images of the rows are kept, so that it can be taken back; then it is committed"
_BY_NAME: Mapping[str, Code] = {code.name: code for code in (*codes.CODES, *sql_codes.CODES)}


async def execute(services: ChangeServices, action: Action) -> Action:
    """Carry an approved action out. Whatever goes wrong is the action's outcome; nothing raises for it.

    Raises:
        Raced: somebody else carries it out, or changed it.
        LedgerUnavailable: the intent could not be made durable; nothing was changed.
    """
    # The caller may go away; what was begun is finished, and recorded, all the same.
    task: asyncio.Task[Action] = asyncio.ensure_future(_execute(services, action))
    services.running.add(task)
    task.add_done_callback(services.running.discard)
    return await asyncio.shield(task)


async def _execute(services: ChangeServices, action: Action) -> Action:
    kept = await _ready(services, action)
    if isinstance(kept, Problem):
        return await _fail(services, action, kept, "")
    done = await advance(services, action, ExecutionBegun(at=services.now()))
    if isinstance(done, Refusal):
        return await _fail(services, action, Problem(code=codes.NOT_DECIDABLE, message=done.message), "")
    begun, intent = done.action, done.entry
    assert intent is not None  # noqa: S101 - what is begun has an entry of its own
    released = ReleasedChange(
        action_id=begun.id,
        plan=kept.plan,
        changes=kept.changes,
        expected_digest=begun.proposal.preview_digest,
        most_rows=begun.proposal.row_ceiling,
        seconds=kept.seconds,
        views=kept.views,
        structure=kept.structure,
        definitions=kept.definitions,
        verdict=_verdict(begun),
        intent=intent,
    )
    until = services.now() + timedelta(days=services.settings.undo_days)

    def prepare(effect: Effect) -> None:
        services.stages[begun.id] = KEEPING
        _unless_known(begun, effect)
        _unless_back(services, begun, effect)
        services.journal.prepare(begun.id, effect_to_bytes(effect), until=until)

    services.stages[begun.id] = CHANGING
    try:
        return await _applied(services, begun, released, prepare)
    except LedgerUnavailable:
        services.unsettled.add(begun.id)
        raise
    finally:
        services.stages.pop(begun.id, None)


def _unless_known(action: Action, effect: Effect) -> None:
    """Refuse what may do more than was shown.

    Raises:
        ChangeFailed: ``E_DEFINITIONS_CHANGED``.
    """
    more = [each for each in effect.unknown if each not in action.unknown]
    if more:
        raise ChangeFailed(codes.DEFINITIONS_CHANGED.name, "; ".join(more), detail="; ".join(more[:5]))


def _unless_back(services: ChangeServices, action: Action, effect: Effect) -> None:
    """Hold the rows after an undo against the images of before, in its own transaction; calls from a thread.

    Raises:
        ChangeFailed: ``E_NOT_BACK``; nothing is taken back then.
    """
    try:
        content = None if action.undoes is None else services.journal.content(action.undoes)
    except Unsealable as error:
        raise ChangeFailed(codes.KEPT_UNREADABLE.name, str(error)) from error
    first = None if content is None else effect_from_bytes(content)
    if first is None or first.structure is not None:
        return
    back = back_of(first, effect, whole=False, partly=action.preview is not None and bool(action.preview.partial))
    if back.why:
        raise ChangeFailed(codes.NOT_BACK.name, "; ".join(back.why), rows=back.rows, detail="; ".join(back.why[:5]))


async def _applied(
    services: ChangeServices, begun: Action, released: ReleasedChange, prepare: Callable[[Effect], None]
) -> Action:
    warehouse = _warehouse(services, begun)
    if warehouse is None:
        return await _fail(services, begun, Problem(code=codes.NOT_WRITABLE, message=codes.NOT_WRITABLE.cause), "")
    try:
        try:
            effect = await warehouse.apply(released, prepare)
        finally:
            services.carried_out[services.engines.named(begun.proposal.warehouse).name] += 1
    except ChangeFailed as error:
        await asyncio.to_thread(services.journal.abandon, begun.id)
        return await _fail(services, begun, problem_of(error), error.engine_text)
    except (OutcomeUnknown, WarehouseError) as error:
        structlog.get_logger("metricgate.writing").warning("outcome_unknown", action=begun.id, error=str(error))
        return await settle(services, begun) or begun
    return await _done(services, begun, effect)


def _warehouse(services: ChangeServices, action: Action) -> WritableWarehouse | None:
    found = services.engines.named(action.proposal.warehouse).warehouse
    return found if isinstance(found, WritableWarehouse) and found.writable else None


async def _ready(services: ChangeServices, action: Action) -> kept_change.KeptChange | Problem:
    """Return what is to be carried out, or what came between the decision and now."""
    try:
        content = await asyncio.to_thread(services.store.changes, action.id)
    except Unsealable:
        return damage_problem()
    kept = None if content is None else kept_change.from_bytes(content)
    if kept is None or kept_change.digest_of_content(kept.changes, kept.structure) != action.proposal.changes_digest:
        return Problem(code=codes.NOT_THE_SAME, message="The rows that are kept are not those that were shown.")
    return find_objection(services, action, kept.basis) or kept


async def _done(services: ChangeServices, action: Action, effect: Effect | None) -> Action:
    """The transaction was committed: say so in the journal, in the record, and in the action."""
    await asyncio.to_thread(services.journal.commit, action.id)
    now = services.now()
    nothing = effect is not None and effect.structure is None and effect.rows == 0
    until = None if nothing else now + timedelta(days=services.settings.undo_days)
    done = (await advance(services, action, ExecutionFinished(effect=effect, at=now, undo_until=until))).action
    if done.undoes is not None:
        await _mark_undone(services, done)
    services.tell("action_undone" if done.undoes else "action_executed", done, {})
    return done


async def _mark_undone(services: ChangeServices, action: Action) -> None:
    try:
        first = await asyncio.to_thread(services.store.get, action.undoes or "")
    except Unsealable as error:
        # What was taken back stays taken back and recorded, though its first action cannot say so any more.
        structlog.get_logger("metricgate.writing").error("kept_unreadable", action=action.undoes, error=str(error))
        return
    if first is None:
        return
    await advance(services, first, ActionTakenBack(by=action.id))


async def _fail(services: ChangeServices, action: Action, problem: Problem, engine_text: str) -> Action:
    failed = ExecutionFailed(problem=problem, engine_text=engine_text, at=services.now())
    done = await advance(services, action, failed)
    services.tell("action_failed", done.action, {})
    return done.action


def problem_of(error: ChangeFailed, *, own_text: bool = False) -> Problem:
    """Return what a person or an agent is told of a change that failed; never the engine's words.

    ``own_text``: whoever is told wrote the statement, and so may see where in it the engine failed.
    """
    code = _BY_NAME.get(error.code) or codes.FAILED
    detail = f" ({error.detail})" if error.detail else ""
    rows: list[Json] = [{"table": ".".join(table), "key": list(key)} for table, key in error.rows]
    details: dict[str, Json] = {"rows": rows} if rows else {}
    place = place_in(error.position, error.source) if own_text else {}
    near = f" Near: {place['near']}" if place else ""
    message = f"{code.cause.rstrip('.')}{detail}.{near}"
    return Problem(code=code, message=message, hint=code.cure, details=details | place)


def _verdict(action: Action) -> Verdict:
    """The allowing verdict that stands for a decided proposal: of the rules, and of the people who approved."""
    rules = () if action.requirement is None else action.requirement.rules
    reason = Reason(
        rule=rules[0] if rules else "allowed",
        party=f"agent:{action.proposal.agent}",
        resource=None,
        decision=Decision.ALLOW,
        message=f"The action {action.id} was decided on as {action.proposal.digest}.",
    )
    return Verdict(
        action=Verb.EXECUTE, decision=Decision.ALLOW, reasons=(reason,), policy_digest=action.proposal.policy_digest
    )


async def settle(services: ChangeServices, action: Action) -> Action | None:
    """Find out what became of an action that was begun, and record it; None where the warehouse cannot tell yet.

    ``settle_again`` then asks again.
    """
    settled = await _settled(services, action)
    if settled is None:
        services.unsettled.add(action.id)
    return settled


async def settle_again(services: ChangeServices) -> None:
    """Try once more what could not be settled.

    Raises:
        Raced, LedgerUnavailable: some of it is left for the next time.
    """
    for action_id in tuple(services.unsettled):
        try:
            action = await asyncio.to_thread(services.store.get, action_id)
            begun = action is not None and action.state is State.EXECUTING
            if action is None or not begun or await settle(services, action) is not None:
                services.unsettled.discard(action_id)
        except Unsealable as error:
            # It stays unsettled, and keeps no other from being settled.
            structlog.get_logger("metricgate.writing").error("kept_unreadable", action=action_id, error=str(error))


async def _settled(services: ChangeServices, action: Action) -> Action | None:
    warehouse = services.engines.named(action.proposal.warehouse).warehouse
    if not isinstance(warehouse, WritableWarehouse):
        return None
    try:
        applied = action.id in await warehouse.close_off([action.id]) or await _restructured(
            services, action, warehouse
        )
    except (ChangeFailed, WarehouseError):
        return None
    if applied:
        return await _done(services, action, None)
    if action.changes_structure:
        # Values that were copied aside for a change that was not made.
        with suppress(ChangeFailed, WarehouseError):
            await warehouse.forget_aside([action.id])
    await asyncio.to_thread(services.journal.abandon, action.id)
    problem = Problem(code=codes.INTERRUPTED, message=codes.INTERRUPTED.cause, hint=codes.INTERRUPTED.cure)
    return await _fail(services, action, problem, "the transaction was not committed")


async def _restructured(services: ChangeServices, action: Action, warehouse: WritableWarehouse) -> bool:
    content = await asyncio.to_thread(services.store.changes, action.id)
    structure = None if content is None else kept_change.from_bytes(content).structure
    return structure is not None and await warehouse.restructured(structure, action.id)


async def settle_all(services: ChangeServices) -> list[Action]:
    """Settle what a crash left, at start: begun actions, and approved ones that nobody began.

    What another gateway works on that is there stays with that one.
    """
    found: list[Action] = []
    others = await services.others_work()
    for action in await asyncio.to_thread(services.store.list, ActionFilter(states=(State.EXECUTING,), limit=1_000)):
        if action.id in others:
            continue
        try:
            settled = await settle(services, action)
        except (Raced, LedgerUnavailable):
            continue
        if settled is not None:
            found.append(settled)
    for action in await asyncio.to_thread(services.store.list, ActionFilter(states=(State.APPROVED,), limit=1_000)):
        if action.id in others:
            continue
        # Approved, but the gateway went away before it began: what was approved then is not run now.
        problem = Problem(code=codes.INTERRUPTED, message=codes.INTERRUPTED.cause, hint=codes.INTERRUPTED.cure)
        try:
            found.append(await _fail(services, action, problem, "the gateway went away before it began"))
        except (Raced, LedgerUnavailable):
            continue
    return found
