"""One call at the gateway: who asks, what is in force, and the only ways a call may go on or end."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING

from metricgate.compiling.statement import Statement
from metricgate.gateway import codes, entries, failures, span_names
from metricgate.gateway.conduct.conduct import Conduct
from metricgate.gateway.endings import CallRefusal, Ending, EngineFailure
from metricgate.gateway.engine import Engine, Engines
from metricgate.gateway.governance import Governance
from metricgate.gateway.outcome import Fault, Outcome, RecordPosition
from metricgate.gateway.ports import Observer, Ran, ReleasedStatement, Rows, Span
from metricgate.gateway.ports import WarehouseError as EngineError
from metricgate.gateway.tool import ToolCall
from metricgate.ledger.events import names
from metricgate.ledger.events.attribute import Event
from metricgate.ledger.events.calls import (
    NO_SUBJECT,
    CallFailed,
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
from metricgate.vocabulary.problem import Problem, Problems
from metricgate.vocabulary.resource import Action, Resource, ResourceKind

if TYPE_CHECKING:
    from metricgate.gateway.changes.services import ChangeServices
    from metricgate.gateway.data_checks.memory import KeyMemory


_FAULTS_BEGIN = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class CallContext:
    """Everything a tool may use while it serves one call.

    A tool decides *what* to ask for; this sees to it that nothing runs without a verdict and a durable intent, and
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

    async def charge(self, verdict: Verdict) -> Problem | None:
        """Charge the call for the verdict's budgets, once each; return why it may not go on, or None."""
        return await self.conduct.charge(verdict.obligations.budgets, self.charges)

    async def fault(self, problem: Problem, engine_text: str, facts: CallSubject = NO_SUBJECT) -> Fault:
        """Record that a device or the gateway itself failed, as the outcome of what was released, if anything was.

        ``engine_text`` goes to the record only.
        """
        cancelled = problem.code is codes.WAREHOUSE_CANCELLED
        event = CallFailed(
            call=self.call_trail() if self.released else self.whole_call(),
            outcome="cancelled" if cancelled else "fault",
            error_type=problem.code.name,
            about=facts,
            error_text=engine_text,
            links=self.intent_links(),
        )
        done = await self.append(event)
        if done is not None:
            self.released.clear()
        return Fault(problem=problem, record=None if done is None else self.position_of(done))

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
            call=self.whole_call(),
            about=facts,
            decision=entries.decision_facts(verdict),
            catalog_version=self.governance.catalog.version,
            statement=statement,
        )
        appending = asyncio.ensure_future(self.append(event))
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

    def whole_call(self) -> WholeCall:
        """Return what an entry says of the call where it says all."""
        return entries.whole_call(self.call, self.span.trace_id, self.span.span_id)

    def call_trail(self) -> CallTrail:
        """Return what an entry says of the call where another one says all."""
        return entries.call_trail(self.call, self.span.trace_id, self.span.span_id)

    def intent_links(self) -> Sequence[EntryLink] | None:
        """Return links to the intents that the call's end is the outcome of; None where there are none."""
        return [EntryLink(index=each.index, rel="intent") for each in self.released] or None

    async def append(self, event: Event) -> AppendReceipt | None:
        """Make an entry durable; None where that cannot be done."""
        with self.observer.span(span_names.RECORD, {span_names.EVENT: event.NAME}):
            try:
                return await record_event(self.ledger, event)
            except LedgerUnavailable:
                return None

    def position_of(self, durable: AppendReceipt) -> RecordPosition:
        """Return where an entry stands, and note it in the call's span."""
        self.span.set(span_names.RECORD_INDEX, durable.index)
        self.span.set(span_names.LEAF_HASH, durable.leaf_hash)
        return RecordPosition(index=durable.index, trace_id=self.span.trace_id)


def ledger_fault() -> Fault:
    """Return how a call ends whose record could not be made durable."""
    code = codes.LEDGER_UNAVAILABLE
    return Fault(problem=Problem(code=code, message=code.cause, hint=code.cure), record=None)
