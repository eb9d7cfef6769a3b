"""The gateway: the one flow behind every door."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from uuid import uuid4

import orjson
import structlog

from metricgate.gateway import codes, span_names
from metricgate.gateway.call_context import CallContext, ledger_fault
from metricgate.gateway.call_end import end_call
from metricgate.gateway.changes import codes as writing
from metricgate.gateway.changes.damage import damage_problem
from metricgate.gateway.changes.services import ChangeServices
from metricgate.gateway.conduct.conduct import Conduct
from metricgate.gateway.data_checks.memory import KeyMemory
from metricgate.gateway.data_checks.result import CheckResult
from metricgate.gateway.data_checks.survey import AT_ONCE, Ground, Told, check_data
from metricgate.gateway.endings import CallRefusal, Ending
from metricgate.gateway.engine import Engines
from metricgate.gateway.governance import GovernanceSource
from metricgate.gateway.outcome import Answered, Fault, Held, Outcome, RefusedCall
from metricgate.gateway.ports import Observer, Warehouse
from metricgate.gateway.tool import ToolCall, ToolDefinition
from metricgate.gateway.tools import TOOLS, Servable
from metricgate.gateway.tools.actions import ActionTool
from metricgate.ledger.events import names
from metricgate.ledger.events.access import AgentPaused
from metricgate.policy.occasion import EvaluationContext
from metricgate.policy.verdict import Decision
from metricgate.state.record import Ledger, LedgerUnavailable, record_event
from metricgate.state.sealed import Unsealable
from metricgate.vocabulary.clock import Clock
from metricgate.vocabulary.nearest import did_you_mean
from metricgate.vocabulary.notice import NobodyToTell, Notice, NoticeKind, NoticeNotKept, Notifier
from metricgate.vocabulary.principal import Principal
from metricgate.vocabulary.problem import Code, Problem, Problems

_DENYING = frozenset({"policy", "guarding"})
"""Groups of codes that say no; a burst of them is somebody trying doors."""
_DENYING_CHANGES = frozenset(
    {
        writing.UNKNOWN_TARGET,
        writing.MASKED_SOURCE,
        writing.ROW_OUT_OF_VIEW,
        writing.TOO_RISKY,
        writing.NOT_YOURS_TO_SEE,
    }
)
"""Codes of changes that do so too; the others say that something else stands in the way."""
_TOOLS: Mapping[str, Servable] = {tool.definition.name: tool for tool in TOOLS}


class Gateway:
    """Takes calls of authenticated principals; answers, refuses or fails, and records each before it says so."""

    def __init__(
        self,
        *,
        governance: GovernanceSource,
        warehouses: Mapping[str, Warehouse],
        ledger: Ledger,
        observer: Observer,
        clock: Clock,
        conduct: Conduct,
        notifier: Notifier | None = None,
        changes: ChangeServices | None = None,
        keys: KeyMemory | None = None,
    ) -> None:
        """Take the parts; ``warehouses`` are by their names in the settings, the default one first.

        Without ``changes`` nothing is ever changed; without ``keys`` nothing is known of the data's keys yet.
        """
        self._governance = governance
        self._engines = Engines(warehouses, clock)
        self._ledger = ledger
        self._observer = observer
        self._clock = clock
        self._conduct = conduct
        self._notifier = notifier or NobodyToTell()
        self._changes = changes
        self._keys = keys or KeyMemory(clock)

    def tools(self, principal: Principal | None = None) -> tuple[ToolDefinition, ...]:
        """Return the tools in a fixed order; with a principal, only those that it may call."""
        governance = self._governance.current
        tools: tuple[Servable, ...] = (*TOOLS, *map(ActionTool, governance.actions.values()))
        if principal is None:
            return tuple(tool.definition for tool in tools)
        judge, circumstances = governance.judge, EvaluationContext(now=self._now())
        verdicts = (
            (tool, judge.judge(principal, tool.right, (tool.resource,), circumstances=circumstances)) for tool in tools
        )
        return tuple(tool.definition for tool, verdict in verdicts if verdict.decision is Decision.ALLOW)

    async def call(self, call: ToolCall) -> Outcome:
        """Serve one call. Never raises for what a caller or a device did; cancellation goes through."""
        begin = self._clock.monotonic()
        attributes = {
            names.OPERATION: "execute_tool",
            names.TOOL: call.tool[:200],
            names.AGENT_ID: call.principal.agent.id,
            names.DOOR: call.door,
        }
        with self._observer.call(call.carrier, f"execute_tool {call.tool[:200]}", attributes) as span:
            context = CallContext(
                call=call,
                governance=self._governance.current,
                ledger=self._ledger,
                engines=self._engines,
                observer=self._observer,
                span=span,
                now=self._now(),
                conduct=self._conduct,
                keys=self._keys,
                changes=self._changes,
            )
            asked = _call_digest(call)
            try:
                # What ends a call is decided on its way, and recorded and said here alone.
                outcome = await end_call(context, await self._served(context, asked))
            except LedgerUnavailable:
                # A change's own entries: the call's are kept by its context.
                outcome = ledger_fault()
            except Unsealable as error:
                outcome = await context.fault(damage_problem(), str(error))
            except Exception as error:  # noqa: BLE001 - promise 1: a checker's own error refuses, and leaves a record
                code = codes.INTERNAL
                problem = Problem(code=code, message=code.cause, hint=code.cure)
                outcome = await context.fault(problem, f"{type(error).__name__}: {error}")
                structlog.get_logger("metricgate.gateway").exception("internal_fault", trace_id=span.trace_id)
            finally:
                await self._conduct.finish(context.charges)
            await self._learn(context, asked, outcome)
            kind, code_name = _outcome_label(outcome)
            span.set(names.OUTCOME, kind)
            if code_name:
                span.set(names.ERROR_TYPE, code_name)
        self._observer.count_call(
            tool=_counted_as(context),
            outcome=kind,
            code=code_name,
            seconds=self._clock.monotonic() - begin,
        )
        return outcome

    async def check_data(
        self, principal: Principal | None, told: Told, *, at_once: int = AT_ONCE
    ) -> tuple[CheckResult, ...]:
        """Check all that the definitions declare of the data; answers know from then on what was found of keys.

        Args:
            principal: whose rights bind; None for the operator's.
            told: hears of each result as it comes.
            at_once: statements at a time in one warehouse.

        Raises:
            LedgerUnavailable: it cannot be recorded.
        """
        ground = Ground(
            governance=self._governance.current,
            engines=self._engines,
            ledger=self._ledger,
            keys=self._keys,
            carried_out=Counter() if self._changes is None else self._changes.carried_out,
            at_once=at_once,
        )
        return await check_data(ground, now=self._now(), principal=principal, told=told)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.unix_nano() / 1_000_000_000, UTC)

    async def _served(self, context: CallContext, asked: str) -> Ending:
        """Take a call through all stages, in order; each may end it without an answer."""
        tool = _tool_named(context)
        if objection := await self._objection(context, asked, tool):  # stopped, paused, or going round in circles
            return CallRefusal(Problems((objection,)))
        if tool is None:
            return CallRefusal(Problems((_no_such_tool(context),)))
        if (refused := await _unless_permitted(context, tool)) is not None:
            return refused
        with context.observer.span(span_names.PARSE):
            parsed = tool.read(context)
        if isinstance(parsed, Problems):
            return CallRefusal(parsed)
        # Resolve names, decide on all that is touched, compile, record the intent, run: by the tool, with the context.
        context.forgiven.extend(parsed.notes)
        return await tool.handle(context, parsed)

    async def _objection(self, context: CallContext, asked: str, tool: Servable | None) -> Problem | None:
        """Return why the caller is not served now, whatever it asks."""
        polls = tool is not None and tool.definition.polls
        return await self._conduct.objection(
            context.call.principal,
            asked,
            # What is asked how a change stands can take it off the table at most: in a freeze all the more welcome.
            reads=tool is None or tool.definition.read_only or polls,
            polls=polls,
        )

    async def _learn(self, context: CallContext, asked: str, outcome: Outcome) -> None:
        """Remember how the call ended; a burst of refusals pauses the agent, which is recorded and told."""
        kind, code = _outcome_label(outcome)
        if code == codes.REPEATED_CALL.name:
            # It did not get as far as having a result: remembering it as one would end the loop that it refuses.
            return
        pause = await self._conduct.note_end(
            context.call.principal,
            asked,
            str(hash(outcome.body)) if isinstance(outcome, Answered) else f"{kind} {code}",
            failed=not isinstance(outcome, Answered | Held),
            refused=isinstance(outcome, RefusedCall) and _denies(outcome.problems.first.code),
        )
        if pause is None:
            return
        structlog.get_logger("metricgate.conduct").warning("agent_paused", agent=pause.agent, refusals=pause.refusals)
        now = self._now()
        notice = Notice(
            kind=NoticeKind.AGENT_PAUSED,
            id=f"paused_{uuid4().hex}",
            at=now.isoformat(timespec="seconds"),
            title=f"Agent paused: {pause.agent}",
            text=f"{pause.refusals} of its calls were refused within a minute; it waits before it is served again.",
            fields={"agent": pause.agent, "refusals": str(pause.refusals)},
        )
        try:
            await asyncio.to_thread(self._notifier.tell, notice)
        except NoticeNotKept:
            structlog.get_logger("metricgate.conduct").exception("notice_not_kept", notice=notice.id)
        with suppress(LedgerUnavailable):
            await record_event(self._ledger, AgentPaused(agent=pause.agent, refusals=pause.refusals))


def _call_digest(call: ToolCall) -> str:
    """Tell calls apart, within this process."""
    try:
        return f"{call.tool} {hash(orjson.dumps(call.arguments, option=orjson.OPT_SORT_KEYS))}"
    except (TypeError, ValueError, RecursionError):
        return f"{call.tool} without form"


def _tool_named(context: CallContext) -> Servable | None:
    name = context.call.tool
    action = context.governance.actions.get(name.removeprefix("action_")) if name.startswith("action_") else None
    return _TOOLS.get(name) if action is None else ActionTool(action)


def _counted_as(context: CallContext) -> str:
    """Return the name under which calls are counted: counters are open, so what a project calls its own is not."""
    name = context.call.tool
    return name if name in _TOOLS else "action" if _tool_named(context) is not None else "unknown"


def _no_such_tool(context: CallContext) -> Problem:
    name = context.call.tool
    tools: tuple[Servable, ...] = (*TOOLS, *map(ActionTool, context.governance.actions.values()))
    names = [each.definition.name for each in tools if context.allows(each.right, each.resource)]
    return Problem(
        code=codes.UNKNOWN_TOOL,
        message=f"There is no tool {name[:200]!r}.",
        hint=did_you_mean(name[:200], names) or f"The tools are: {', '.join(names)}.",
    )


async def _unless_permitted(context: CallContext, tool: Servable) -> CallRefusal | None:
    """Refuse a caller who may not call the tool, or whose budget of calls is spent."""
    verdict = context.judge(tool.right, (tool.resource,))
    if verdict.decision is not Decision.ALLOW:
        return CallRefusal.by_policy(verdict)
    spent = await context.charge(verdict)
    return None if spent is None else CallRefusal(Problems((spent,)), verdict)


def _denies(code: Code) -> bool:
    return code.group in _DENYING or code in _DENYING_CHANGES


def _outcome_label(outcome: Outcome) -> tuple[str, str]:
    match outcome:
        case Answered():
            return "answered", ""
        case RefusedCall():
            return "refused", outcome.problems.first.code.name
        case Held():
            return "held", ""
        case Fault():
            return "fault", outcome.problem.code.name
