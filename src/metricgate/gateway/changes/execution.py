"""An approved action is carried out: once, as it was shown, or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

import structlog

from metricgate.approvals.lifecycle import Refusal
from metricgate.approvals.proposal import ProposedAction
from metricgate.changing.effect import ChangeEffect
from metricgate.changing.serial import effect_from_bytes, effect_to_bytes
from metricgate.changing.undo_check import back_of
from metricgate.gateway.changes import codes, kept_change
from metricgate.gateway.changes.advance import advance
from metricgate.gateway.changes.damage import damage_problem
from metricgate.gateway.changes.ports import ChangeFailed, OutcomeUnknown, ReleasedChange, WritableWarehouse
from metricgate.gateway.changes.problems import problem_of
from metricgate.gateway.changes.release_check import find_objection
from metricgate.gateway.changes.services import ChangeServices
from metricgate.gateway.changes.settlement import fail, finish, settle
from metricgate.gateway.changes.transitions import ExecutionBegun
from metricgate.gateway.ports import WarehouseError
from metricgate.policy.verdict import Decision, Verdict, VerdictReason
from metricgate.state.record import LedgerUnavailable
from metricgate.state.sealed import Unsealable
from metricgate.vocabulary.problem import Problem
from metricgate.vocabulary.resource import Action as Verb

CHANGING = "rows are changed and compared with what was shown"
KEEPING = "images of the rows are kept, so that it can be taken back; then it is committed"


async def execute(services: ChangeServices, action: ProposedAction) -> ProposedAction:
    """Carry an approved action out. Whatever goes wrong is the action's outcome; nothing raises for it.

    Raises:
        StateConflict: somebody else carries it out, or changed it.
        LedgerUnavailable: the intent could not be made durable; nothing was changed.
    """
    # The caller may go away; what was begun is finished, and recorded, all the same.
    task: asyncio.Task[ProposedAction] = asyncio.ensure_future(_execute(services, action))
    services.running.add(task)
    task.add_done_callback(services.running.discard)
    return await asyncio.shield(task)


async def _execute(services: ChangeServices, action: ProposedAction) -> ProposedAction:
    kept = await _check_ready(services, action)
    if isinstance(kept, Problem):
        return await fail(services, action, kept, "")
    done = await advance(services, action, ExecutionBegun(at=services.now()))
    if isinstance(done, Refusal):
        return await fail(services, action, Problem(code=codes.NOT_DECIDABLE, message=done.message), "")
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
        verdict=_allowing_verdict(begun),
        intent=intent,
    )
    until = services.now() + timedelta(days=services.settings.undo_days)

    def prepare(effect: ChangeEffect) -> None:
        services.stages[begun.id] = KEEPING
        _require_known_effect(begun, effect)
        _require_taken_back(services, begun, effect)
        services.journal.prepare(begun.id, effect_to_bytes(effect), until=until)

    services.stages[begun.id] = CHANGING
    try:
        return await _apply(services, begun, released, prepare)
    except LedgerUnavailable:
        services.unsettled.add(begun.id)
        raise
    finally:
        services.stages.pop(begun.id, None)


def _require_known_effect(action: ProposedAction, effect: ChangeEffect) -> None:
    """Refuse what may do more than was shown.

    Raises:
        ChangeFailed: ``E_DEFINITIONS_CHANGED``.
    """
    more = [each for each in effect.unknown if each not in action.unknown]
    if more:
        raise ChangeFailed(codes.DEFINITIONS_CHANGED.name, "; ".join(more), detail="; ".join(more[:5]))


def _require_taken_back(services: ChangeServices, action: ProposedAction, effect: ChangeEffect) -> None:
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


async def _apply(
    services: ChangeServices, begun: ProposedAction, released: ReleasedChange, prepare: Callable[[ChangeEffect], None]
) -> ProposedAction:
    warehouse = _writable_warehouse_of(services, begun)
    if warehouse is None:
        return await fail(services, begun, Problem(code=codes.NOT_WRITABLE, message=codes.NOT_WRITABLE.cause), "")
    try:
        try:
            effect = await warehouse.apply(released, prepare)
        finally:
            services.carried_out[services.engines.find(begun.proposal.warehouse).name] += 1
    except ChangeFailed as error:
        await asyncio.to_thread(services.journal.abandon, begun.id)
        return await fail(services, begun, problem_of(error), error.engine_text)
    except (OutcomeUnknown, WarehouseError) as error:
        structlog.get_logger("metricgate.writing").warning("outcome_unknown", action=begun.id, error=str(error))
        return await settle(services, begun) or begun
    return await finish(services, begun, effect)


def _writable_warehouse_of(services: ChangeServices, action: ProposedAction) -> WritableWarehouse | None:
    found = services.engines.find(action.proposal.warehouse).warehouse
    return found if isinstance(found, WritableWarehouse) and found.writable else None


async def _check_ready(services: ChangeServices, action: ProposedAction) -> kept_change.KeptChange | Problem:
    """Return what is to be carried out, or what came between the decision and now."""
    try:
        content = await asyncio.to_thread(services.store.changes, action.id)
    except Unsealable:
        return damage_problem()
    kept = None if content is None else kept_change.from_bytes(content)
    if kept is None or kept_change.digest_of_content(kept.changes, kept.structure) != action.proposal.changes_digest:
        return Problem(code=codes.NOT_THE_SAME, message="The rows that are kept are not those that were shown.")
    return find_objection(services, action, kept.basis) or kept


def _allowing_verdict(action: ProposedAction) -> Verdict:
    """The allowing verdict that stands for a decided proposal: of the rules, and of the people who approved."""
    rules = () if action.requirement is None else action.requirement.rules
    reason = VerdictReason(
        rule=rules[0] if rules else "allowed",
        party=f"agent:{action.proposal.agent}",
        resource=None,
        decision=Decision.ALLOW,
        message=f"The action {action.id} was decided on as {action.proposal.digest}.",
    )
    return Verdict(
        action=Verb.EXECUTE, decision=Decision.ALLOW, reasons=(reason,), policy_digest=action.proposal.policy_digest
    )
