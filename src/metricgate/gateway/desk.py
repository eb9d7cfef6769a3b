"""One call at the gateway: who asks, what is in force, and the only ways a call may go on or end."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING

from metricgate.compiling.statement import Statement
from metricgate.gateway import codes, entries, failures
from metricgate.gateway.answers import Draft, through_stages
from metricgate.gateway.conduct.conduct import Conduct
from metricgate.gateway.engine import Engine, Engines
from metricgate.gateway.governance import Governance
from metricgate.gateway.outcome import Answered, Fault, Held, Outcome, Record, Refused
from metricgate.gateway.ports import Observer, Released, Rows, Span
from metricgate.gateway.ports import WarehouseError as EngineError
from metricgate.gateway.tool import ToolCall
from metricgate.policy.occasion import Circumstances
from metricgate.policy.refusal import problems_of
from metricgate.policy.verdict import Decision, Verdict
from metricgate.state.budgets import Charges
from metricgate.state.record import Durable, Ledger, LedgerUnavailable
from metricgate.vocabulary.digest import digest_of_bytes
from metricgate.vocabulary.json import Json, canonical_json
from metricgate.vocabulary.problem import Problem, Problems
from metricgate.vocabulary.resource import Action, Resource, ResourceKind

if TYPE_CHECKING:
    from metricgate.gateway.data_checks.memory import KeyMemory
    from metricgate.gateway.writing.action_answer import ActionAnswer
    from metricgate.gateway.writing.book import Book


_FAULTS_BEGIN = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """Rows that came back, and the intent under which they were fetched."""

    rows: Rows
    intent: Durable


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
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
    book: Book | None = None
    """What changes need; None where the gateway serves no changes."""
    released: list[Durable] = field(default_factory=list)
    """Intents that have no outcome yet."""
    charges: Charges = field(default_factory=Charges)
    """What the call has cost of its caller's budgets."""
    forgiven: Sequence[str] = ()
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
    def circumstances(self) -> Circumstances:
        """What rules with conditions may depend on."""
        return Circumstances(purpose=self.call.purpose, now=self.now)

    def judge(
        self, action: Action, resources: Sequence[Resource], *, unless_forbidden: Sequence[Resource] = ()
    ) -> Verdict:
        """Decide. Pure; recorded when the call ends or something runs.

        Args:
            action: what is to be done.
            resources: with what; each needs a grant.
            unless_forbidden: what is touched besides: it needs no grant, but what forbids or narrows it counts.
        """
        with self.observer.span("gov.decide", {"gov.decision.action": str(action)}):
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

    async def run(
        self, engine: Engine, statement: Statement, verdict: Verdict, facts: Mapping[str, Json]
    ) -> Ran | Outcome:
        """Record the intent, run the statement, and hand back rows; failures are recorded and returned.

        A budget of the verdict that is spent refuses before anything runs.

        Args:
            engine: the warehouse that the statement is for.
            statement: compiled under the verdict's obligations.
            verdict: must allow; anything else is a programming error and raises ``ValueError``.
            facts: record fields about the question (metrics with versions, datasets).
        """
        spent = await self.charged(verdict)
        if spent is not None:
            return await self.refuse(Problems((spent,)), verdict=verdict, facts=facts)
        ran = await self._released(engine, statement, verdict, facts)
        if isinstance(ran, EngineError):
            return await self.failed(self._problem_of(ran, statement, verdict, facts), ran.engine_text, facts)
        if isinstance(ran, Ran):
            await self.conduct.add_rows(verdict.obligations.budgets, len(ran.rows.values))
        return ran

    async def look(
        self, engine: Engine, statement: Statement, verdict: Verdict, facts: Mapping[str, Json]
    ) -> Rows | EngineError | Outcome:
        """Record the intent and run a statement of our own, whose rows are not answered but decide whether to answer.

        How the call ends is its outcome too. An engine that fails is handed back, and the call may go on.
        """
        ran = await self._released(engine, statement, verdict, facts)
        return ran.rows if isinstance(ran, Ran) else ran

    async def _released(
        self, engine: Engine, statement: Statement, verdict: Verdict, facts: Mapping[str, Json]
    ) -> Ran | EngineError | Outcome:
        fields, bodies = self._base()
        fields |= facts
        fields |= entries.of_verdict(verdict)
        fields["gov.catalog.version"] = self.governance.catalog.version
        statement_fields, statement_bodies = entries.of_statement(statement, engine.name, engine.dialect)
        intent = await self._intend(fields | statement_fields, bodies | statement_bodies, facts)
        if intent is None:
            return ledger_fault()
        released = Released(statement=statement, verdict=verdict, intent=intent)
        try:
            with self.observer.span("gov.run", {"db.system.name": engine.dialect}):
                return Ran(rows=await engine.warehouse.run(released), intent=intent)
        except EngineError as error:
            return error
        except asyncio.CancelledError:
            # The caller is gone, but the intent must get its outcome: finish that before giving way.
            await asyncio.shield(self._given_up(facts))
            raise

    async def begin(self, verdict: Verdict, facts: Mapping[str, Json], bodies: Mapping[str, Json]) -> Durable | Outcome:
        """Record the intent to try something out at a warehouse: a rehearsal, which is rolled back.

        Args:
            verdict: must allow; a budget of it that is spent refuses before anything runs.
            facts: record fields: warehouse, what it is about.
            bodies: what may repeat data.
        """
        spent = await self.charged(verdict)
        if spent is not None:
            return await self.refuse(Problems((spent,)), verdict=verdict, facts=facts)
        fields, own = self._base()
        fields |= facts
        fields |= entries.of_verdict(verdict)
        fields["gov.catalog.version"] = self.governance.catalog.version
        return await self._intend(fields, own | dict(bodies), facts) or ledger_fault()

    async def hold(self, answer: ActionAnswer, facts: Mapping[str, Json]) -> Outcome:
        """Record that the call waits for people, as the outcome of what was tried out, then say so.

        Args:
            answer: how the action stands, as ``get_action`` tells it.
            facts: record fields.
        """
        draft = await through_stages(self, Draft(answer=answer, facts=facts))
        fields = {**self._trail(), "gov.outcome": "held", "gov.action.id": answer.action_id, **draft.facts}
        if self.released:
            fields["gov.links"] = [{"index": each.index, "rel": "intent"} for each in self.released]
        done = await self._append(entries.HELD, fields, entries.of_user(self.call.principal))
        if done is None:
            return ledger_fault()
        self.released.clear()
        told = draft.answer.as_json()
        return Held(answer=told, body=canonical_json(told), verdicts=draft.verdicts, record=self._record(done))

    async def charged(self, verdict: Verdict) -> Problem | None:
        """Charge the call for the verdict's budgets, once each; return why it may not go on, or None."""
        return await self.conduct.charge(verdict.obligations.budgets, self.charges)

    async def answer(self, draft: Draft) -> Outcome:
        """Have the stages add to the answer, record the outcome durably, then answer."""
        draft = await through_stages(self, draft)
        told = draft.answer.as_json()
        body = canonical_json(told)
        fields: entries.Fields = {
            "gov.outcome": "answered",
            "gov.effect.result_digest": digest_of_bytes(body),
            **draft.facts,
        }
        if draft.ran is None:
            base, bodies = self._base()
            fields = base | entries.of_verdict(draft.verdict or self.judge(Action.CALL, (self.tool,))) | fields
        else:
            bodies = entries.of_user(self.call.principal)
            fields = {**self._trail(), **fields, **entries.of_rows(draft.ran.rows)}
        if self.released:
            fields["gov.links"] = [{"index": each.index, "rel": "intent"} for each in self.released]
        done = await self._append(entries.COMPLETED, fields, bodies)
        if done is None:
            return ledger_fault()
        self.released.clear()
        return Answered(answer=told, body=body, verdicts=draft.verdicts, record=self._record(done))

    async def refuse(
        self, problems: Problems, *, verdict: Verdict | None = None, facts: Mapping[str, Json] | None = None
    ) -> Outcome:
        """Record that nothing ran and why, then refuse."""
        fields, bodies = self._base()
        problem_fields, problem_bodies = entries.of_problems(problems)
        fields |= {"gov.outcome": "refused", **(facts or {}), **problem_fields}
        if self.released:
            fields["gov.links"] = [{"index": each.index, "rel": "intent"} for each in self.released]
        if verdict is not None:
            fields |= entries.of_verdict(verdict)
        done = await self._append(entries.REFUSED, fields, bodies | problem_bodies)
        if done is None:
            return ledger_fault()
        self.released.clear()
        rules = () if verdict is None else verdict.rules
        return Refused(problems=problems, rules=rules, record=self._record(done))

    async def deny(self, verdict: Verdict, facts: Mapping[str, Json] | None = None) -> Outcome:
        """Refuse because policy says so."""
        return await self.refuse(problems_of(verdict), verdict=verdict, facts=facts)

    async def fault(self, problem: Problem, engine_text: str, facts: Mapping[str, Json] | None = None) -> Fault:
        """Record that a device or the gateway itself failed, as the outcome of what was released, if anything was.

        ``engine_text`` goes to the record only.
        """
        fields, bodies = (self._trail(), entries.of_user(self.call.principal)) if self.released else self._base()
        outcome = "cancelled" if problem.code is codes.WAREHOUSE_CANCELLED else "fault"
        fields |= {"gov.outcome": outcome, "error.type": problem.code.name, **(facts or {})}
        if self.released:
            fields["gov.links"] = [{"index": each.index, "rel": "intent"} for each in self.released]
        done = await self._append(entries.FAILED, fields, bodies | {"gov.error.text": engine_text})
        if done is not None:
            self.released.clear()
        return Fault(problem=problem, record=None if done is None else self._record(done))

    async def failed(self, problem: Problem, engine_text: str, facts: Mapping[str, Json] | None = None) -> Outcome:
        """Record that an engine gave no rows: as a fault, or as a refusal where the caller's own text is the reason.

        ``engine_text`` goes to the record only.
        """
        if problem.code.status >= _FAULTS_BEGIN:
            return await self.fault(problem, engine_text, facts)
        problems = Problems((problem,))
        problem_fields, problem_bodies = entries.of_problems(problems)
        fields, bodies = (self._trail(), entries.of_user(self.call.principal)) if self.released else self._base()
        fields |= {"gov.outcome": "refused", **(facts or {}), **problem_fields}
        if self.released:
            fields["gov.links"] = [{"index": each.index, "rel": "intent"} for each in self.released]
        bodies |= {**problem_bodies, "gov.error.text": engine_text}
        done = await self._append(entries.FAILED, fields, bodies)
        if done is None:
            return ledger_fault()
        self.released.clear()
        return Refused(problems=problems, record=self._record(done))

    def _problem_of(
        self, error: EngineError, statement: Statement, verdict: Verdict, facts: Mapping[str, Json]
    ) -> Problem:
        if statement.confined:
            return failures.of_own_text(error, statement.sql)
        metrics, datasets = facts.get("gov.metrics"), facts.get("gov.datasets")
        names = [str(each["name"]) for each in metrics if isinstance(each, dict)] if isinstance(metrics, list) else []
        models = [str(each) for each in datasets] if isinstance(datasets, list) else []
        catalog, obligations = self.governance.catalog, verdict.obligations
        return failures.of_definitions(error, statement, names, models, catalog, obligations)

    async def _intend(
        self, fields: entries.Fields, bodies: entries.Fields, facts: Mapping[str, Json]
    ) -> Durable | None:
        """Make the intent durable; if the caller leaves meanwhile, it still gets its outcome."""
        appending = asyncio.ensure_future(self._append(entries.RELEASED, fields, bodies))
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
        self, facts: Mapping[str, Json], appending: asyncio.Future[Durable | None] | None = None
    ) -> None:
        """Record that the caller went away, once the intent stands."""
        if appending is not None and (intent := await appending) is not None:
            self.released.append(intent)
        if self.released:
            code = codes.WAREHOUSE_CANCELLED
            await self.fault(Problem(code=code, message=code.cause, hint=code.cure), "the caller went away", facts)

    def _base(self) -> tuple[entries.Fields, entries.Fields]:
        return entries.of_call(self.call, self.span.trace_id, self.span.span_id)

    def _trail(self) -> entries.Fields:
        """The few fields by which an outcome is found without its intent."""
        return {
            "gen_ai.agent.id": self.call.principal.agent.id,
            **entries.of_actor(self.call.principal),
            "gen_ai.tool.name": self.call.tool,
            "gov.door": self.call.door,
            "trace_id": self.span.trace_id,
            "span_id": self.span.span_id,
        }

    async def _append(self, event: str, fields: entries.Fields, bodies: entries.Fields) -> Durable | None:
        with self.observer.span("gov.record", {"gov.event": event}):
            try:
                return await self.ledger.append(event, fields, bodies=bodies)
            except LedgerUnavailable:
                return None

    def _record(self, durable: Durable) -> Record:
        self.span.set("gov.audit.index", durable.index)
        self.span.set("gov.audit.leaf_hash", durable.leaf_hash)
        return Record(index=durable.index, trace_id=self.span.trace_id)


def ledger_fault() -> Fault:
    """Return how a call ends whose record could not be made durable."""
    code = codes.LEDGER_UNAVAILABLE
    return Fault(problem=Problem(code=code, message=code.cause, hint=code.cure), record=None)
