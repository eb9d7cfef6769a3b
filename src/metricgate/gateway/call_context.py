"""One call at the gateway: who asks, what is in force, and the only ways a call may go on or end."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from metricgate.compiling.statement import Statement
from metricgate.gateway import codes, entries, failures, span_names
from metricgate.gateway.answers import AnswerDraft, through_stages
from metricgate.gateway.conduct.conduct import Conduct
from metricgate.gateway.endings import CallRefusal, Ending, EngineFailure
from metricgate.gateway.engine import Engine, Engines
from metricgate.gateway.governance import Governance
from metricgate.gateway.outcome import Answered, Fault, Held, Outcome, RecordPosition, RefusedCall
from metricgate.gateway.ports import Observer, ReleasedStatement, Rows, Span
from metricgate.gateway.ports import WarehouseError as EngineError
from metricgate.gateway.tool import ToolCall
from metricgate.ledger.events import names
from metricgate.ledger.events.attribute import Event
from metricgate.ledger.events.calls import (
    NO_SUBJECT,
    CallCompleted,
    CallFailed,
    CallHeld,
    CallRefused,
    CallReleased,
    CallSubject,
    CallTrail,
    RehearsalFacts,
    StatementFacts,
    WholeCall,
)
from metricgate.ledger.events.shared import EntryLink
from metricgate.policy.occasion import EvaluationContext
from metricgate.policy.verdict import Decision, Verdict
from metricgate.state.budgets import Charges
from metricgate.state.record import AppendReceipt, Ledger, LedgerUnavailable, record_event
from metricgate.vocabulary.digest import digest_of_bytes
from metricgate.vocabulary.json import canonical_json
from metricgate.vocabulary.problem import Problem, Problems
from metricgate.vocabulary.resource import Action, Resource, ResourceKind

if TYPE_CHECKING:
    from metricgate.gateway.changes.action_answer import ActionAnswer
    from metricgate.gateway.changes.services import ChangeServices
    from metricgate.gateway.data_checks.memory import KeyMemory


_FAULTS_BEGIN = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """Rows that came back, and the intent under which they were fetched."""

    rows: Rows
    intent: AppendReceipt


@dataclass(frozen=True, slots=True, kw_only=True)
class CallContext:
    """Everything a tool may use while it serves one call.

    A tool decides *what* to ask for; the desk sees to it that nothing runs without a verdict and a durable intent, and
    that every way out leaves an outcome in the ledger.
    """

    call: ToolCall
    governance: Governance
    ledger: Ledger
    engines: Engines
    observer: Observer
    span: Span
    now: datetime
    """The moment of the call, in UTC."""
    conduct: Conduct
    keys: KeyMemory
    """What is known of the keys that answers join by."""
    changes: ChangeServices | None = None
    """What changes need; None where the gateway serves no changes."""
    released: list[AppendReceipt] = field(default_factory=list)
    """Intents that have no outcome yet."""
    charges: Charges = field(default_factory=Charges)
    """What the call has cost of its caller's budgets."""
    forgiven: list[str] = field(default_factory=list)
    """What was made right in the call's arguments, in words for its answer."""

    @property
    def today(self) -> date:
        """The day of the call, in UTC: decides which deprecated metrics still answer."""
        return self.now.date()

    @property
    def tool(self) -> Resource:
        """The tool as policy calls it: judged together with what it touches, so that limits on tools bind."""
        return Resource(ResourceKind.TOOL, self.call.tool)

    @property
    def circumstances(self) -> EvaluationContext:
        """What rules with conditions may depend on."""
        return EvaluationContext(purpose=self.call.purpose, now=self.now)

    def judge(
        self, action: Action, resources: Sequence[Resource], *, unless_forbidden: Sequence[Resource] = ()
    ) -> Verdict:
        """Decide. Pure; recorded when the call ends or something runs.

        Args:
            action: what is to be done.
            resources: with what; each needs a grant.
            unless_forbidden: what is touched besides: it needs no grant, but what forbids or narrows it counts.
        """
        with self.observer.span(span_names.DECIDE, {names.VERDICT_ACTION: str(action)}):
            return self.governance.judge.judge(
                self.call.principal,
                action,
                resources,
                unless_forbidden=unless_forbidden,
                circumstances=self.circumstances,
            )

    def allows(self, action: Action, resource: Resource) -> bool:
        """Whether the caller may: for lists that show only what one may see."""
        verdict = self.governance.judge.judge(
            self.call.principal, action, (resource,), circumstances=self.circumstances
        )
        return verdict.decision is Decision.ALLOW

    async def run(self, engine: Engine, statement: Statement, verdict: Verdict, facts: CallSubject) -> Ran | Ending:
        """Record the intent, run the statement, and hand back rows, or how the call is to end without them.

        A budget of the verdict that is spent refuses before anything runs.

        Args:
            engine: the warehouse that the statement is for.
            statement: compiled under the verdict's obligations.
            verdict: must allow; anything else is a programming error and raises ``ValueError``.
            facts: what the question is about: metrics with versions, datasets.
        """
        spent = await self.charge(verdict)
        if spent is not None:
            return CallRefusal(Problems((spent,)), verdict, facts)
        ran = await self._released(engine, statement, verdict, facts)
        if isinstance(ran, EngineError):
            return EngineFailure(self._problem_of(ran, statement, verdict, facts), ran.engine_text, facts)
        if isinstance(ran, Ran):
            await self.conduct.add_rows(verdict.obligations.budgets, len(ran.rows.values))
        return ran

    async def look(
        self, engine: Engine, statement: Statement, verdict: Verdict, facts: CallSubject
    ) -> Rows | EngineError | Outcome:
        """Record the intent and run a statement of our own, whose rows are not answered but decide whether to answer.

        How the call ends is its outcome too. An engine that fails is handed back, and the call may go on.
        """
        ran = await self._released(engine, statement, verdict, facts)
        return ran.rows if isinstance(ran, Ran) else ran

    async def _released(
        self, engine: Engine, statement: Statement, verdict: Verdict, facts: CallSubject
    ) -> Ran | EngineError | Outcome:
        intent = await self._intend(verdict, facts, entries.statement_facts(statement, engine.name, engine.dialect))
        if intent is None:
            return ledger_fault()
        released = ReleasedStatement(statement=statement, verdict=verdict, intent=intent)
        try:
            with self.observer.span(span_names.RUN, {names.SYSTEM: engine.dialect}):
                return Ran(rows=await engine.warehouse.run(released), intent=intent)
        except EngineError as error:
            return error
        except asyncio.CancelledError:
            # The caller is gone, but the intent must get its outcome: finish that before giving way.
            await asyncio.shield(self._given_up(facts))
            raise

    async def begin(self, verdict: Verdict, facts: CallSubject, statement: str) -> AppendReceipt | Ending:
        """Record the intent to try something out at a warehouse: a rehearsal, which is rolled back.

        Args:
            verdict: must allow; a budget of it that is spent refuses before anything runs.
            facts: what it is about, with its warehouse.
            statement: the change's text.
        """
        spent = await self.charge(verdict)
        if spent is not None:
            return CallRefusal(Problems((spent,)), verdict, facts)
        return await self._intend(verdict, facts, RehearsalFacts(text=statement)) or ledger_fault()

    async def hold(self, answer: ActionAnswer, facts: CallSubject) -> Outcome:
        """Record that the call waits for people, as the outcome of what was tried out, then say so.

        Args:
            answer: how the action stands, as ``get_action`` tells it.
            facts: what it is about.
        """
        draft = await through_stages(self, AnswerDraft(answer=answer, facts=facts))
        event = CallHeld(
            call=self._trail(),
            about=replace(draft.facts, action_id=answer.action_id),
            verdicts=draft.verdicts.as_json() or None,
            links=self._links(),
        )
        done = await self._append(event)
        if done is None:
            return ledger_fault()
        self.released.clear()
        told = draft.answer.as_json()
        return Held(answer=told, body=canonical_json(told), verdicts=draft.verdicts, record=self._record(done))

    async def charge(self, verdict: Verdict) -> Problem | None:
        """Charge the call for the verdict's budgets, once each; return why it may not go on, or None."""
        return await self.conduct.charge(verdict.obligations.budgets, self.charges)

    async def _answer(self, draft: AnswerDraft) -> Outcome:
        """Have the stages add to the answer, record the outcome durably, then answer."""
        draft = await through_stages(self, draft)
        told = draft.answer.as_json()
        body = canonical_json(told)
        bare = draft.ran is None
        verdict = draft.verdict or self.judge(Action.CALL, (self.tool,)) if bare else None
        event = CallCompleted(
            call=self._whole() if bare else self._trail(),
            about=draft.facts,
            decision=None if verdict is None else entries.decision_facts(verdict),
            result_digest=digest_of_bytes(body),
            effect=None if draft.ran is None else entries.read_facts(draft.ran.rows),
            verdicts=draft.verdicts.as_json() or None,
            links=self._links(),
        )
        done = await self._append(event)
        if done is None:
            return ledger_fault()
        self.released.clear()
        return Answered(answer=told, body=body, verdicts=draft.verdicts, record=self._record(done))

    async def end(self, ending: Ending) -> Outcome:
        """Record how the call ended, durably, and say so; what is recorded already is handed on."""
        match ending:
            case AnswerDraft():
                return await self._answer(ending)
            case CallRefusal():
                return await self._refuse(ending)
            case EngineFailure():
                return await self._fail(ending)
            case _:
                return ending

    async def _refuse(self, refusal: CallRefusal) -> Outcome:
        """Record that nothing ran and why, then refuse."""
        problems, verdict = refusal.problems, refusal.verdict
        event = CallRefused(
            call=self._whole(),
            about=refusal.facts,
            problems=entries.problem_facts(problems),
            decision=None if verdict is None else entries.decision_facts(verdict),
            links=self._links(),
        )
        done = await self._append(event)
        if done is None:
            return ledger_fault()
        self.released.clear()
        rules = () if verdict is None else verdict.rules
        return RefusedCall(problems=problems, rules=rules, record=self._record(done))

    async def fault(self, problem: Problem, engine_text: str, facts: CallSubject = NO_SUBJECT) -> Fault:
        """Record that a device or the gateway itself failed, as the outcome of what was released, if anything was.

        ``engine_text`` goes to the record only.
        """
        cancelled = problem.code is codes.WAREHOUSE_CANCELLED
        event = CallFailed(
            call=self._trail() if self.released else self._whole(),
            outcome="cancelled" if cancelled else "fault",
            error_type=problem.code.name,
            about=facts,
            error_text=engine_text,
            links=self._links(),
        )
        done = await self._append(event)
        if done is not None:
            self.released.clear()
        return Fault(problem=problem, record=None if done is None else self._record(done))

    async def _fail(self, failure: EngineFailure) -> Outcome:
        """Record that an engine gave no rows: as a fault, or as a refusal where the caller's own text is the reason."""
        problem, engine_text, facts = failure.problem, failure.engine_text, failure.facts
        if problem.code.status >= _FAULTS_BEGIN:
            return await self.fault(problem, engine_text, facts)
        problems = Problems((problem,))
        told = entries.problem_facts(problems)
        event = CallFailed(
            call=self._trail() if self.released else self._whole(),
            outcome="refused",
            error_type=told.error_type,
            about=facts,
            codes=told.codes,
            problems=told.problems,
            error_text=engine_text,
            links=self._links(),
        )
        done = await self._append(event)
        if done is None:
            return ledger_fault()
        self.released.clear()
        return RefusedCall(problems=problems, record=self._record(done))

    def _problem_of(self, error: EngineError, statement: Statement, verdict: Verdict, facts: CallSubject) -> Problem:
        if statement.confined:
            return failures.of_own_text(error, statement.sql)
        names, models = [each.name for each in facts.metrics or ()], facts.datasets or ()
        catalog, obligations = self.governance.catalog, verdict.obligations
        return failures.of_definitions(error, statement, names, models, catalog, obligations)

    async def _intend(
        self, verdict: Verdict, facts: CallSubject, statement: StatementFacts | RehearsalFacts
    ) -> AppendReceipt | None:
        """Make the intent durable; if the caller leaves meanwhile, it still gets its outcome."""
        event = CallReleased(
            call=self._whole(),
            about=facts,
            decision=entries.decision_facts(verdict),
            catalog_version=self.governance.catalog.version,
            statement=statement,
        )
        appending = asyncio.ensure_future(self._append(event))
        try:
            intent = await asyncio.shield(appending)
        except asyncio.CancelledError:
            # The entry is on its way to the disk and cannot be called back.
            await asyncio.shield(self._given_up(facts, appending))
            raise
        if intent is not None:
            self.released.append(intent)
        return intent

    async def _given_up(
        self, facts: CallSubject, appending: asyncio.Future[AppendReceipt | None] | None = None
    ) -> None:
        """Record that the caller went away, once the intent stands."""
        if appending is not None and (intent := await appending) is not None:
            self.released.append(intent)
        if self.released:
            code = codes.WAREHOUSE_CANCELLED
            await self.fault(Problem(code=code, message=code.cause, hint=code.cure), "the caller went away", facts)

    def _whole(self) -> WholeCall:
        return entries.whole_call(self.call, self.span.trace_id, self.span.span_id)

    def _trail(self) -> CallTrail:
        return entries.call_trail(self.call, self.span.trace_id, self.span.span_id)

    def _links(self) -> Sequence[EntryLink] | None:
        """Return links to the intents that the call's end is the outcome of; None where there are none."""
        return [EntryLink(index=each.index, rel="intent") for each in self.released] or None

    async def _append(self, event: Event) -> AppendReceipt | None:
        with self.observer.span(span_names.RECORD, {span_names.EVENT: event.NAME}):
            try:
                return await record_event(self.ledger, event)
            except LedgerUnavailable:
                return None

    def _record(self, durable: AppendReceipt) -> RecordPosition:
        self.span.set(span_names.RECORD_INDEX, durable.index)
        self.span.set(span_names.LEAF_HASH, durable.leaf_hash)
        return RecordPosition(index=durable.index, trace_id=self.span.trace_id)


def ledger_fault() -> Fault:
    """Return how a call ends whose record could not be made durable."""
    code = codes.LEDGER_UNAVAILABLE
    return Fault(problem=Problem(code=code, message=code.cause, hint=code.cure), record=None)
