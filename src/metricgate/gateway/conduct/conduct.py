"""How the gateway meets an agent's behaviour: stop switches, budgets, loops of equal calls, pauses after refusals."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from metricgate.gateway import codes
from metricgate.gateway.conduct.repetition import History, Loop, LoopLimits
from metricgate.state.budgets import Budgets, Charges, SpentBudget
from metricgate.state.pauses import Pause, Pauses
from metricgate.state.switches import SwitchBoard, SwitchesUnreadable, SwitchKind
from metricgate.vocabulary.clock import Clock
from metricgate.vocabulary.obligation import Budget
from metricgate.vocabulary.principal import Principal
from metricgate.vocabulary.problem import Problem

_MOST_CALLERS = 10_000
_NANO = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ConductSettings:
    """What is borne.

    Attributes:
        patience: with repetition; None leaves repetition alone.
        refusals: different calls of one agent that are refused within ``refusal_seconds`` before it is paused; None
            never pauses.
        pause_seconds: how long a pause is.
    """

    patience: LoopLimits | None = field(default_factory=LoopLimits)
    refusals: int | None = 20
    refusal_seconds: float = 60.0
    pause_seconds: float = 300.0


class Conduct:
    """How callers behave: budgets and pauses of the state, loops and bursts in this gateway's memory.

    Used in one event loop.
    """

    def __init__(
        self, *, clock: Clock, board: SwitchBoard, budgets: Budgets, pauses: Pauses, settings: ConductSettings
    ) -> None:
        self._clock = clock
        self._board = board
        self._settings = settings
        self._histories: OrderedDict[tuple[str, str], History] = OrderedDict()
        # agent -> call -> when it was last refused, the latest last
        self._refusals: OrderedDict[str, OrderedDict[str, float]] = OrderedDict()
        self._budgets = budgets
        self._pauses = pauses

    async def objection(self, principal: Principal, call: str, *, reads: bool, polls: bool) -> Problem | None:
        """Return why this call is not even looked at, or None.

        Args:
            principal: who calls.
            call: digest of tool and arguments.
            reads: whether the tool changes nothing: a freeze leaves it alone.
            polls: whether the tool is made for being asked again.
        """
        stopped = self._switched(principal, reads=reads)
        if stopped is not None:
            return stopped
        pause = await self._pauses.current(principal.agent.id)
        if pause is not None:
            return _paused(pause, pause.until - self._unix())
        if self._settings.patience is None or polls:
            return None
        history = self._histories.get(_caller_key(principal))
        loop = None if history is None else history.loop(self._clock.monotonic(), call)
        return None if loop is None else _looping(loop, self._settings.patience)

    async def paused_agents(self) -> Mapping[str, datetime]:
        """Return the agents that are paused, and until when."""
        return {each.agent: datetime.fromtimestamp(each.until, UTC) for each in await self._pauses.all()}

    async def charge(self, budgets: Iterable[Budget], charges: Charges) -> Problem | None:
        """Charge the call; return why it may not go on, or None."""
        spent = await self._budgets.charge(budgets, charges)
        return None if spent is None else _spent(spent)

    async def add_rows(self, budgets: Iterable[Budget], rows: int) -> None:
        """Count rows that were answered."""
        await self._budgets.add_rows(budgets, rows)

    async def finish(self, charges: Charges) -> None:
        """Say that a call is over."""
        await self._budgets.finish(charges)

    async def note_end(
        self, principal: Principal, call: str, result: str, *, failed: bool, refused: bool
    ) -> Pause | None:
        """Take note of how a call ended; return the pause that begins with it, if one does.

        Args:
            principal: who called.
            call: digest of tool and arguments.
            result: digest of the answer, or the code of the refusal or fault.
            failed: whether there was no answer.
            refused: whether policy or the guard said no: bursts of that pause the agent.
        """
        now = self._clock.monotonic()
        if self._settings.patience is not None:
            self._history(principal, self._settings.patience).add(now, call, result, failed=failed)
        return await self._burst(principal.agent.id, call, now) if refused else None

    def _switched(self, principal: Principal, *, reads: bool) -> Problem | None:
        try:
            switches = self._board.current()
        except SwitchesUnreadable as error:
            message = f"Nobody can tell whether agents are stopped, so none is served: {error}."
            return Problem(code=codes.AGENT_STOPPED, message=message, hint=codes.AGENT_STOPPED.cure)
        stop = switches.find_switch(principal, SwitchKind.STOP)
        if stop is not None:
            message = f"{stop.by} stopped {stop.target} at {stop.at}: {stop.because}"
            return Problem(code=codes.AGENT_STOPPED, message=message, hint=codes.AGENT_STOPPED.cure)
        freeze = None if reads else switches.find_switch(principal, SwitchKind.FREEZE)
        if freeze is None:
            return None
        message = f"{freeze.by} froze {freeze.target} at {freeze.at}: {freeze.because}"
        return Problem(code=codes.FROZEN, message=message, hint=codes.FROZEN.cure)

    def _history(self, principal: Principal, patience: LoopLimits) -> History:
        caller = _caller_key(principal)
        history = self._histories.get(caller)
        if history is None:
            history = self._histories[caller] = History(patience)
            if len(self._histories) > _MOST_CALLERS:
                self._histories.popitem(last=False)
        self._histories.move_to_end(caller)
        return history

    async def _burst(self, agent: str, call: str, now: float) -> Pause | None:
        borne = self._settings.refusals
        if borne is None:
            return None
        # The same call refused again is a loop, judged as such; a burst is many different tries.
        recent = self._refusals.setdefault(agent, OrderedDict())
        self._refusals.move_to_end(agent)
        recent[call] = now
        recent.move_to_end(call)
        while recent and now - next(iter(recent.values())) >= self._settings.refusal_seconds:
            recent.popitem(last=False)
        different = len(recent)
        if different < borne:
            self._forget(now)
            return None
        del self._refusals[agent]
        pause = Pause(agent=agent, refusals=different, until=self._unix() + self._settings.pause_seconds)
        await self._pauses.begin(pause)
        return pause

    def _forget(self, now: float) -> None:
        """Forget agents whose last refusal is too old to count."""
        while now - next(reversed(next(iter(self._refusals.values())).values())) >= self._settings.refusal_seconds:
            self._refusals.popitem(last=False)

    def _unix(self) -> float:
        return self._clock.unix_nano() / _NANO


def _caller_key(principal: Principal) -> tuple[str, str]:
    return principal.agent.id, "" if principal.user is None else principal.user.id


def _paused(pause: Pause, seconds: float) -> Problem:
    return Problem(
        code=codes.AGENT_PAUSED,
        message=(
            f"The agent {pause.agent!r} was refused {pause.refusals} different calls in a short time and is paused for "
            f"another {math.ceil(seconds)} seconds. A human has been told."
        ),
        hint=codes.AGENT_PAUSED.cure,
        details={"retry_after_seconds": math.ceil(seconds)},
    )


def _looping(loop: Loop, patience: LoopLimits) -> Problem:
    said = {
        "repeat": f"You asked exactly this {loop.times} times within {patience.seconds:g} seconds; the answer was the "
        "same each time.",
        "error": f"You asked exactly this {loop.times} times within {patience.seconds:g} seconds and were refused for "
        "the same reason each time.",
        "circle": f"You went round the same {loop.calls} calls {loop.times} times and got the same answers each time.",
    }
    return Problem(
        code=codes.REPEATED_CALL,
        message=said[loop.kind],
        hint=codes.REPEATED_CALL.cure,
        details={"kind": loop.kind, "retry_after_seconds": math.ceil(patience.seconds)},
    )


def _spent(spent: SpentBudget) -> Problem:
    budget = spent.budget
    words = str(budget.measure).replace("_", " ")
    return Problem(
        code=codes.BUDGET_SPENT,
        message=f"The rule {budget.rule!r} gives {budget.party} {budget.value:,} {words}; that is used up.",
        hint=codes.BUDGET_SPENT.cure,
        details={
            "rule": budget.rule,
            "measure": str(budget.measure),
            "value": budget.value,
            "retry_after_seconds": math.ceil(spent.seconds),
        },
    )
