"""Where people decide: rights are judged here, transitions made, and every decision recorded before it counts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from metricgate.approvals import lifecycle
from metricgate.approvals.documents import preview_to_json, risk_to_json
from metricgate.approvals.lifecycle import Obstacle, Refusal
from metricgate.approvals.proposal import HumanDecision, ProposedAction, Requirement, Review, State
from metricgate.gateway.changes import codes, record_facts
from metricgate.gateway.changes.advance import StateConflict, advance
from metricgate.gateway.changes.damage import refuse_damage
from metricgate.gateway.changes.execution import execute
from metricgate.gateway.changes.expiry import expire_if_due, find_action
from metricgate.gateway.changes.proposal import leave_out_samples
from metricgate.gateway.changes.row_visibility import RowViewer, show_rows
from metricgate.gateway.changes.services import ChangeServices
from metricgate.gateway.changes.transitions import DecisionMade, ReviewSigned
from metricgate.gateway.changes.undo import UndoRequest, propose_undo
from metricgate.gateway.people_service import ActionView, Person
from metricgate.ledger.events.actions import ActionShown, ActionUncounted
from metricgate.ledger.events.shared import facts_of_actor
from metricgate.policy.judging_changes import Demand, undo_demand
from metricgate.policy.occasion import EvaluationContext
from metricgate.policy.verdict import Decision, Verdict
from metricgate.state.actions import ActionFilter
from metricgate.state.record import LedgerUnavailable
from metricgate.vocabulary import actor as actors
from metricgate.vocabulary.digest import digest_of
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.principal import Identity, Proof
from metricgate.vocabulary.problem import Code, Problem, Problems
from metricgate.vocabulary.resource import Action as Verb
from metricgate.vocabulary.resource import Resource, ResourceKind, resource_of

_HISTORY = 10
_CODES: Mapping[Obstacle, Code] = {
    Obstacle.SETTLED: codes.NOT_DECIDABLE,
    Obstacle.EXPIRED: codes.NOT_DECIDABLE,
    Obstacle.NOT_WHAT_WAS_SHOWN: codes.NOT_THE_SAME,
    Obstacle.SAME_PERSON: codes.NOT_YOURS_TO_DECIDE,
    Obstacle.ROLE: codes.NOT_YOURS_TO_DECIDE,
    Obstacle.REASON: codes.REASON_MISSING,
}


Given = ParamSpec("Given")


def _showing_what_may_be_seen(
    method: Callable[Concatenate[ApprovalService, Person, Given], Awaitable[ProposedAction | Problems]],
) -> Callable[Concatenate[ApprovalService, Person, Given], Coroutine[Any, Any, ProposedAction | Problems]]:
    """Make a method return its action as the person may see it."""

    @wraps(method)
    async def seen(
        service: ApprovalService, person: Person, /, *args: Given.args, **kwargs: Given.kwargs
    ) -> ProposedAction | Problems:
        found = await method(service, person, *args, **kwargs)
        return service._show(person, found) if isinstance(found, ProposedAction) else found  # noqa: SLF001 - its own method

    return seen


class ApprovalService:
    """The part of ``gateway.office.Office`` that is about actions."""

    def __init__(self, services: ChangeServices) -> None:
        self._services = services

    @refuse_damage
    async def actions(self, person: Person, wanted: ActionFilter) -> Sequence[ProposedAction] | Problems:
        """Return the actions that the person may see: those on whose targets one may decide, and one's own."""
        stopped = self._why_stopped(person)
        if stopped is not None:
            return stopped
        seen: list[ProposedAction] = []
        page = wanted
        while len(seen) < wanted.limit:
            found = await asyncio.to_thread(self._services.store.list, page)
            settled = [await expire_if_due(self._services, each) for each in found]
            seen += [
                each
                for each in settled
                if (not wanted.states or each.state in wanted.states) and self._may_see(person, each)
            ]
            if len(found) < page.limit:
                break
            page = replace(page, before=found[-1].id)
        return [leave_out_samples(each) for each in seen[: wanted.limit]]

    @refuse_damage
    async def action(self, person: Person, action_id: str) -> ActionView | Problems:
        """Return one action with all that a decision needs; what is shown is kept, and that it was shown recorded."""
        stopped = self._why_stopped(person)
        if stopped is not None:
            return stopped
        action = await find_action(self._services, action_id)
        if action is None or not self._may_see(person, action):
            return _refuse(codes.NO_SUCH_ACTION, f"There is no action {action_id[:40]!r} that you may see.")
        action = self._show(person, action)
        wanted = ActionFilter(agent=action.proposal.agent, before=action.id, limit=_HISTORY)
        history = await asyncio.to_thread(self._services.store.list, wanted)
        shown: dict[str, Json] = {
            "shown_to": person.id,
            "proposal": action.proposal.as_json(),
            "preview": preview_to_json(action.preview),
            "risk": risk_to_json(action.risk),
            "requirement": None if action.requirement is None else list(action.requirement.rules),
            "history": [[each.id, str(each.state)] for each in history],
        }
        digest = digest_of(shown)
        if action.state is State.HELD:
            await asyncio.to_thread(self._services.store.keep_shown, digest, shown)
            try:
                by = facts_of_actor(actors.person(person.id))
                facts = record_facts.action_facts(action)
                await self._services.record(ActionShown(action=facts, actor=by, shown_digest=digest, person=person.id))
            except LedgerUnavailable:
                return _refuse(codes.FAILED, "The record cannot be written, so that nothing is decided.")
        return ActionView(
            action=action,
            may_decide=self._why_not_decide(person, action),
            may_undo=self._why_not_undo(person, action),
            may_review=_why_not_review(person, action),
            shown=shown,
            shown_digest=digest,
            history=history,
            doing=self._services.stages.get(action_id, ""),
        )

    @refuse_damage
    @_showing_what_may_be_seen
    async def decide(
        self,
        person: Person,
        action_id: str,
        *,
        approves: bool,
        reason: str,
        shown_digest: str,
        bound_to: str,
        break_glass: bool = False,
    ) -> ProposedAction | Problems:
        """Record a decision; the last one that is needed carries the action out before this returns."""
        action, stopped = await find_action(self._services, action_id), self._why_stopped(person)
        if stopped is not None and action is None:
            return stopped
        if action is None or (stopped is None and not self._may_see(person, action)):
            return _refuse(codes.NO_SUCH_ACTION, f"There is no action {action_id[:40]!r} that you may see.")
        decision = HumanDecision(
            person=person.id,
            approves=approves,
            reason=reason.strip(),
            at=self._services.now(),
            shown_digest=shown_digest,
            bound_to=bound_to,
            channel=person.channel,
            break_glass=break_glass,
            groups=person.groups,
            method=person.method,
        )
        objection = stopped or await self._objection_to_decision(person, action, decision)
        done = objection if objection is not None else await self._count_decision(person, action, decision)
        if isinstance(done, Problems):
            return await self._record_uncounted(action_id, decision, done)
        return done

    async def _objection_to_decision(
        self, person: Person, action: ProposedAction, decision: HumanDecision
    ) -> Problems | None:
        right = self._right(person, Verb.APPROVE, action)
        if right.decision is not Decision.ALLOW:
            return _refuse(codes.NOT_YOURS_TO_DECIDE, right.reasons[0].message)
        # Whose decision it is comes first: what was shown is nothing to whoever may not decide.
        broken = decision.break_glass and decision.approves
        refusal = lifecycle.why_not(action, person.id, decision.at, roles=self._roles(person), break_glass=broken)
        if refusal is not None:
            return _refuse(_CODES[refusal.obstacle], refusal.message)
        shown = await asyncio.to_thread(self._services.store.find_shown, decision.shown_digest)
        if shown is None or shown.get("proposal") != action.proposal.as_json():
            return _refuse(codes.NOT_THE_SAME, "What was decided on was never shown.")
        if shown.get("shown_to") != person.id:
            return _refuse(codes.NOT_THE_SAME, "What was decided on was shown to somebody else, not to you.")
        return None

    async def _record_uncounted(self, action_id: str, decision: HumanDecision, why: Problems) -> Problems:
        """Record a decision that did not count, and why, so that nobody takes it for one that did."""
        action = await find_action(self._services, action_id)
        if action is None or why.first.code is codes.FAILED:
            return why
        uncounted = ActionUncounted(
            action=record_facts.action_facts(action),
            actor=facts_of_actor(actors.person(decision.person)),
            decision=record_facts.decision_facts(decision),
            error_type=why.first.code.name,
        )
        try:
            await self._services.record(uncounted)
        except LedgerUnavailable:
            return _refuse(codes.FAILED, "The record cannot be written, so that nothing is decided.")
        return why

    async def _count_decision(
        self, person: Person, action: ProposedAction, decision: HumanDecision
    ) -> ProposedAction | Problems:
        """Let the decision count; where another's comes first, it is made of what the action is then."""
        while True:
            try:
                done = await advance(self._services, action, DecisionMade(decision=decision, roles=self._roles(person)))
            except StateConflict:
                action = await find_action(self._services, action.id) or action
            except LedgerUnavailable:
                return _refuse(codes.FAILED, "The record cannot be written, so that nothing is decided.")
            else:
                if isinstance(done, Refusal):
                    return _refuse(_CODES[done.obstacle], done.message)
                return await self._follow_decision(decision, done.action)

    async def _follow_decision(self, decision: HumanDecision, after: ProposedAction) -> ProposedAction | Problems:
        self._services.tell("break_glass" if decision.break_glass else "action_decided", after, {"by": decision.person})
        if after.state is not State.APPROVED:
            return after
        return await self._carry_out(after)

    async def _carry_out(self, action: ProposedAction) -> ProposedAction | Problems:
        try:
            return await execute(self._services, action)
        except StateConflict:
            return await find_action(self._services, action.id) or action
        except LedgerUnavailable:
            return _refuse(codes.FAILED, "The record cannot be written; it was approved and not carried out.")

    @refuse_damage
    @_showing_what_may_be_seen
    async def undo(
        self, person: Person, action_id: str, *, reason: str, partial: bool = False
    ) -> ProposedAction | Problems:
        """Propose that an executed action is taken back; returns the new action (held, or executed at once).

        A freeze stops what agents change; people take back what was done while it lasts, which is recorded. A stop
        that names the person binds this too.
        """
        action = await find_action(self._services, action_id)
        objection = self._objection_to_undo(person, action, reason, action_id)
        if objection is not None or action is None:
            return objection or _refuse(codes.NO_SUCH_ACTION, codes.NO_SUCH_ACTION.cause)
        demand = self._undo_demand(person, action)
        undoer = UndoRequest(
            person=self._identity(person),
            reason=reason.strip(),
            requirement=None if demand is None else _requirement_of(demand),
            partial=partial,
        )
        try:
            undo = await propose_undo(self._services, action, undoer)
        except LedgerUnavailable:
            return _refuse(codes.FAILED, "The record cannot be written, so that nothing is taken back.")
        if isinstance(undo, ProposedAction) and undo.state is State.APPROVED:
            return await self._carry_out(undo)
        if isinstance(undo, ProposedAction):
            self._services.tell("action_held", undo, {})
        return undo

    def _objection_to_undo(
        self, person: Person, action: ProposedAction | None, reason: str, action_id: str
    ) -> Problems | None:
        stopped = self._why_stopped(person)
        if stopped is not None:
            return stopped
        if action is None or not self._may_see(person, action):
            return _refuse(codes.NO_SUCH_ACTION, f"There is no action {action_id[:40]!r} that you may see.")
        if not reason.strip():
            return _refuse(codes.REASON_MISSING, codes.REASON_MISSING.cause)
        why_not = self._why_not_undo(person, action)
        return None if why_not is None else _refuse(codes.NOTHING_TO_UNDO, why_not)

    @refuse_damage
    @_showing_what_may_be_seen
    async def review(self, person: Person, action_id: str, *, reason: str) -> ProposedAction | Problems:
        """Sign the afterwards review of a break-glass approval; it takes two."""
        stopped = self._why_stopped(person)
        if stopped is not None:
            return stopped
        action = await find_action(self._services, action_id)
        if action is None or not self._may_see(person, action):
            return _refuse(codes.NO_SUCH_ACTION, f"There is no action {action_id[:40]!r} that you may see.")
        review = Review(person=person.id, at=self._services.now(), reason=reason.strip())
        try:
            done = await advance(self._services, action, ReviewSigned(review=review))
        except StateConflict:
            return _refuse(codes.NOT_DECIDABLE, "Somebody reviewed it at the same moment; look at it again.")
        except LedgerUnavailable:
            return _refuse(codes.FAILED, "The record cannot be written, so that nothing is signed.")
        return _refuse(_CODES[done.obstacle], done.message) if isinstance(done, Refusal) else done.action

    def change_count(self) -> int:
        """Return a number that grows whenever an action changes."""
        return self._services.revision

    def _why_stopped(self, person: Person) -> Problems | None:
        """Return why this person may do nothing here, or None."""
        stopped = self._services.stop_problem(self._identity(person))
        return None if stopped is None else Problems((stopped,))

    def _identity(self, person: Person) -> Identity:
        return Identity(id=person.id, proof=Proof.VERIFIED, method=person.method, groups=person.groups)

    def _roles(self, person: Person) -> frozenset[str]:
        return self._services.governance.current.judge.roles_of_person(self._identity(person))

    def _right(self, person: Person, verb: Verb, action: ProposedAction) -> Verdict:
        """Whether the person has a right on every dataset and action that the proposal changes."""
        named = [resource_of(each) for each in action.proposal.targets]
        wanted = [each for each in named if each.kind in {ResourceKind.DATASET, ResourceKind.ACTION}]
        judge = self._services.governance.current.judge
        now = EvaluationContext(now=self._services.now())
        return judge.judge_person(self._identity(person), verb, wanted, circumstances=now)

    def _show(self, person: Person, action: ProposedAction) -> ProposedAction:
        """Return the action with its rows as the person's own rights show them."""
        viewer = RowViewer(
            identity=self._identity(person),
            decides=self._may_look(person, action),
            in_view=person.id == action.proposal.user,
        )
        return show_rows(viewer, action, self._services.governance.current, self._services.now())

    def _may_see(self, person: Person, action: ProposedAction) -> bool:
        own = {each for each in (action.proposal.user, action.proposal.owner) if each is not None}
        return person.id in own or self._may_look(person, action)

    def _may_look(self, person: Person, action: ProposedAction) -> bool:
        """Whether the person may see it without having to do with it: to decide on it, or to read the record."""
        if self._right(person, Verb.APPROVE, action).decision is Decision.ALLOW:
            return True
        record = Resource(ResourceKind.RECORD, "actions")
        judge = self._services.governance.current.judge
        verdict = judge.judge_person(self._identity(person), Verb.READ_RECORD, [record])
        return verdict.decision is Decision.ALLOW

    def _why_not_decide(self, person: Person, action: ProposedAction) -> str | None:
        right = self._right(person, Verb.APPROVE, action)
        if right.decision is not Decision.ALLOW:
            return right.reasons[0].message
        refusal = lifecycle.why_not(action, person.id, self._services.now(), roles=self._roles(person))
        return None if refusal is None else refusal.message

    def _why_not_undo(self, person: Person, action: ProposedAction) -> str | None:
        if action.state is not State.EXECUTED:
            return f"The action is {action.state}."
        if not action.changes_structure and action.rows == 0:
            return "It changed no row, so that there is nothing to take back."
        if action.undo_until is None or action.undo_until <= self._services.now():
            return "The time to take it back is over."
        right = self._right(person, Verb.UNDO, action)
        return None if right.decision is Decision.ALLOW else right.reasons[0].message

    def _undo_demand(self, person: Person, action: ProposedAction) -> Demand | None:
        """Return what taking it back needs: policy of its own, with the verb ``undo``."""
        return undo_demand(
            self._services.governance.current.judge,
            self._identity(person),
            tuple(resource_of(each) for each in action.proposal.targets),
            rows=action.rows,
            environment=self._services.settings.environment,
            now=self._services.now(),
        )


def _why_not_review(person: Person, action: ProposedAction) -> str | None:
    refusal = lifecycle.why_not_review(action, person.id)
    return None if refusal is None else refusal.message


def _requirement_of(demand: Demand) -> Requirement:
    return Requirement(
        approvals=demand.approvals,
        roles=demand.roles,
        apart=demand.apart,
        rules=demand.rules,
        quorums=demand.quorums,
        seconds=demand.seconds,
    )


def _refuse(code: Code, message: str) -> Problems:
    return Problems((Problem(code=code, message=message, hint=code.cure),))
