"""Taking an action back: a proposal of its own, from the journal's images, column by column."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta

from metricgate.approvals.preview import Preview
from metricgate.approvals.proposal import Proposal, ProposedAction, Requirement, State
from metricgate.changing.change import TableChange
from metricgate.changing.definitions import digest_of_definitions
from metricgate.changing.effect import ChangeEffect
from metricgate.changing.serial import effect_from_bytes
from metricgate.changing.structure import StructureChange, taking_back_structure
from metricgate.changing.undo import reaching_further, taking_back, without
from metricgate.changing.undo_check import UndoCheck, back_of
from metricgate.gateway.changes import codes, kept_change
from metricgate.gateway.changes.advance import advance
from metricgate.gateway.changes.decision_basis import DecisionBasis, JudgeQuestion, bind_basis
from metricgate.gateway.changes.ports import ChangeFailed, Rehearsal, WritableWarehouse
from metricgate.gateway.changes.preview import (
    count_rows,
    describe_structure,
    preview_definitions,
    preview_structure,
    preview_tables,
    reversibility_of,
)
from metricgate.gateway.changes.problems import problem_of
from metricgate.gateway.changes.services import ChangeServices
from metricgate.gateway.changes.transitions import ProposalMade
from metricgate.gateway.ports import WarehouseError
from metricgate.policy.change_profile import ChangeProfile
from metricgate.policy.judging_changes import FLOOR_SECONDS
from metricgate.policy.occasion import EvaluationContext
from metricgate.vocabulary import actor as actors
from metricgate.vocabulary.principal import Identity
from metricgate.vocabulary.problem import Problem, Problems
from metricgate.vocabulary.resource import Action as Verb
from metricgate.vocabulary.resource import ResourceKind, resource_of

_SECONDS = 60.0
_MOST_TOLD = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoRequest:
    """Who takes it back, how that is allowed, and whether conflicting rows are left out."""

    person: Identity
    reason: str
    requirement: Requirement | None
    partial: bool


async def propose_undo(
    services: ChangeServices, action: ProposedAction, request: UndoRequest
) -> ProposedAction | Problems:
    """Return the action that takes another one back: held, or approved and still to be carried out.

    Rows that somebody changed since are listed and nothing is done, unless a partial undo is wanted.
    """
    content = await asyncio.to_thread(services.journal.content, action.id)
    if action.state is not State.EXECUTED or content is None:
        return _nothing_to_undo("Its images are gone." if content is None else f"The action is {action.state}.")
    warehouse = services.engines.find(action.proposal.warehouse).warehouse
    if not isinstance(warehouse, WritableWarehouse) or not warehouse.writable:
        return Problems((Problem(code=codes.NOT_WRITABLE, message=codes.NOT_WRITABLE.cause),))
    try:
        effect = effect_from_bytes(content)
        if effect.structure is not None:
            structure = taking_back_structure(effect.structure, action.id)
            back = await warehouse.rehearse_structure(structure, seconds=_SECONDS)
            return await _keep_undo(services, action, request, back, structure)
        changes = await _inverse_of(warehouse, effect)
        rehearsal = await _rehearse_undo(warehouse, effect, changes, services, partial=request.partial)
    except ChangeFailed as error:
        return Problems((problem_of(error),))
    except WarehouseError as error:
        return Problems((Problem(code=codes.FAILED, message=codes.FAILED.cause, hint=error.code),))
    nothing = "Every row was changed since." if changes else "It changed no row, so that there is nothing to take back."
    return await _keep_undo(services, action, request, rehearsal) if rehearsal.changes else _nothing_to_undo(nothing)


async def _inverse_of(warehouse: WritableWarehouse, effect: ChangeEffect) -> tuple[TableChange, ...]:
    shapes = await warehouse.shapes([each.table for each in effect.tables])
    missing = [each.table for each in effect.tables if each.table not in shapes]
    if missing:
        raise ChangeFailed(codes.NOT_CHANGEABLE.name, f"{missing[0]} is gone", detail="a table is gone")
    return taking_back(effect, shapes)


async def _rehearse_undo(
    warehouse: WritableWarehouse,
    effect: ChangeEffect,
    changes: tuple[TableChange, ...],
    services: ChangeServices,
    *,
    partial: bool,
) -> Rehearsal:
    """Rehearse; for a partial undo, again and again without the rows that are in the way."""
    left = changes
    while left:
        try:
            found = await warehouse.rehearse_changes(left, most_rows=services.settings.most_rows * 2, seconds=_SECONDS)
        except ChangeFailed as error:
            fewer = without(left, error.rows) if partial and error.rows else left
            if sum(len(each.rows) for each in fewer) == sum(len(each.rows) for each in left):
                raise
            left = fewer
            continue
        further = reaching_further(found.effect, effect)
        if not further:
            _require_back(back_of(effect, found.effect, whole=False, partly=partial))
            return found
        text = "rows that were added since refer to rows that would be taken back"
        raise ChangeFailed(codes.ROWS_CHANGED.name, text, rows=further[:_MOST_TOLD], detail=text)
    return Rehearsal(changes=(), effect=ChangeEffect(tables=()), seconds=0.0)


def _require_back(back: UndoCheck) -> None:
    if back.why:
        raise ChangeFailed(codes.NOT_BACK.name, "; ".join(back.why), rows=back.rows, detail="; ".join(back.why[:5]))


def _have_shown_first(action: ProposedAction, request: UndoRequest, rehearsal: Rehearsal) -> UndoRequest:
    """Have an undo wait for somebody to look where more acts by now than when the action was shown."""
    if set(rehearsal.effect.unknown) <= set(action.unknown) or request.requirement is not None:
        return request
    return replace(request, requirement=Requirement(approvals=1, apart=(), rules=("floor:unknown-effect",)))


def _basis_of(services: ChangeServices, action: ProposedAction, request: UndoRequest) -> DecisionBasis:
    governance = services.governance.current
    resources = tuple(resource_of(each) for each in action.proposal.targets)
    named = tuple(each for each in resources if each.kind in {ResourceKind.DATASET, ResourceKind.ACTION})
    stakes = ChangeProfile(
        verbs=("undo",),
        targets=tuple(map(str, resources)),
        updated=action.rows,
        environment=services.settings.environment,
        now=services.now(),
    )
    circumstances = EvaluationContext(now=services.now())
    right = governance.judge.judge_person(request.person, Verb.UNDO, named, circumstances=circumstances)
    basis = DecisionBasis(
        person=request.person,
        asks=(JudgeQuestion(verb=Verb.UNDO, resources=named),),
        stakes=stakes,
        resources=resources,
        datasets=tuple(each.name for each in named if each.kind is ResourceKind.DATASET),
    )
    return bind_basis(basis, governance, [right], () if request.requirement is None else request.requirement.rules)


async def _keep_undo(
    services: ChangeServices,
    action: ProposedAction,
    request: UndoRequest,
    rehearsal: Rehearsal,
    structure: StructureChange | None = None,
) -> ProposedAction:
    request = _have_shown_first(action, request, rehearsal)
    basis = _basis_of(services, action, request)
    content = kept_change.to_bytes(
        kept_change.KeptChange(
            plan=None,
            changes=rehearsal.changes,
            views=(),
            most_rows=max(1, rehearsal.effect.rows),
            seconds=_SECONDS,
            structure=structure,
            definitions=rehearsal.definitions,
            basis=basis,
        )
    )
    undo = ProposedAction(
        proposal=_make_proposal(services, action, request, rehearsal, structure, basis),
        state=State.HELD if request.requirement is not None else State.APPROVED,
        requirement=request.requirement,
        preview=_make_preview(services, action, request, rehearsal, structure),
        undoes=action.id,
        user_groups=request.person.groups,
    )
    proposed = ProposalMade(
        effect=rehearsal.effect,
        content=content,
        after=max(action.records, default=-1),
        freezes_passed=services.freezes_on(action),
    )
    return (await advance(services, undo, proposed)).action


def _make_proposal(
    services: ChangeServices,
    action: ProposedAction,
    request: UndoRequest,
    rehearsal: Rehearsal,
    structure: StructureChange | None,
    basis: DecisionBasis,
) -> Proposal:
    governance, now, first = services.governance.current, services.now(), action.proposal
    seconds = request.requirement.seconds if request.requirement is not None else FLOOR_SECONDS
    return Proposal(
        action_id=services.new_id(),
        tenant=first.tenant,
        agent=first.agent,
        user=request.person.id,
        owner=first.owner,
        tool="undo",
        action=None,
        statement=f"take back {action.id}: {request.reason}",
        parameters_digest=first.digest,
        targets=first.targets,
        warehouse=first.warehouse,
        changes_digest=kept_change.digest_of_content(rehearsal.changes, structure),
        preview_digest=rehearsal.effect.digest,
        row_ceiling=rehearsal.effect.rows,
        policy_digest=governance.judge.policy.digest,
        catalog_version=governance.catalog.version,
        reversibility=reversibility_of(rehearsal),
        proposed_at=now,
        expires_at=now + timedelta(seconds=seconds),
        nonce=services.new_nonce(),
        governance_digest=basis.digest,
        definitions_digest=digest_of_definitions(rehearsal.definitions),
        actor=actors.person(request.person.id),
    )


def _make_preview(
    services: ChangeServices,
    action: ProposedAction,
    request: UndoRequest,
    rehearsal: Rehearsal,
    structure: StructureChange | None,
) -> Preview:
    first = action.preview
    all_back = sum(len(each.rows) for each in rehearsal.changes)
    back = f"takes back {all_back:,} rows" if structure is None else describe_structure(rehearsal.effect.structure)
    return Preview(
        dataset=None if first is None else first.dataset,
        rows=count_rows(rehearsal.effect),
        tables=preview_tables(rehearsal.effect, services.settings.sample_rows),
        columns=None if first is None else first.columns,
        labels=None if first is None else first.labels,
        unknown=tuple(rehearsal.effect.unknown),
        not_back=tuple(rehearsal.not_back),
        definitions=preview_definitions(rehearsal.definitions),
        reversibility=str(reversibility_of(rehearsal)),
        undo=back,
        structure=preview_structure(rehearsal.effect),
        because=request.reason,
        partial=request.partial,
    )


def _nothing_to_undo(why: str) -> Problems:
    return Problems((Problem(code=codes.NOTHING_TO_UNDO, message=why, hint=codes.NOTHING_TO_UNDO.cure),))
