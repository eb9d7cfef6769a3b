"""Loops: an agent that asks the same again and again, or goes round in a circle of a few calls, and learns nothing.

A call repeats another where tool and arguments are the same *and* its result was the same: whoever polls for something
new gets something new in the end. Calls that come slowly are left alone: a dashboard that asks every few seconds is
none of our business.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

_LONGEST_CYCLE = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopLimits:
    """How much repetition is borne.

    Attributes:
        seconds: only calls of the last so many seconds count.
        repeats: equal calls with equal answers.
        errors: equal calls with equal refusals or faults.
        rounds: rounds of a circle of two to six different calls.
    """

    seconds: float = 60.0
    repeats: int = 30
    errors: int = 10
    rounds: int = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """What was seen: ``kind`` is ``repeat``, ``error`` or ``circle``; ``calls`` how many different ones; ``times``."""

    kind: str
    calls: int
    times: int


@dataclass(frozen=True, slots=True)
class _Seen:
    at: float
    call: str
    result: str
    failed: bool


class History:
    """The last calls of one caller."""

    def __init__(self, patience: LoopLimits) -> None:
        self._patience = patience
        most = max(patience.repeats, patience.errors, patience.rounds * _LONGEST_CYCLE)
        self._seen: deque[_Seen] = deque(maxlen=most * 2)

    def add(self, at: float, call: str, result: str, *, failed: bool) -> None:
        """Take note of a finished call: digests of what was asked and of what came of it."""
        self._seen.append(_Seen(at, call, result, failed))

    def loop(self, now: float, call: str) -> Loop | None:
        """Return the loop that ``call`` would go on with, or None."""
        recent = [each for each in self._seen if now - each.at < self._patience.seconds]
        return self._repeat(recent, call) or self._circle(recent, call)

    def _repeat(self, recent: list[_Seen], call: str) -> Loop | None:
        same = [each for each in recent if each.call == call]
        if not same:
            return None
        last = same[-1]
        times = 0
        for each in reversed(same):
            if each.result != last.result:
                break
            times += 1
        borne = self._patience.errors if last.failed else self._patience.repeats
        return Loop(kind="error" if last.failed else "repeat", calls=1, times=times) if times >= borne else None

    def _circle(self, recent: list[_Seen], call: str) -> Loop | None:
        rounds = self._patience.rounds
        for length in range(2, _LONGEST_CYCLE + 1):
            needed = length * rounds
            if len(recent) < needed or recent[-length].call != call:
                continue
            tail = recent[-needed:]
            first = [(each.call, each.result) for each in tail[:length]]
            if len(set(first)) < 2:  # noqa: PLR2004 - one call again and again is a repeat, judged above
                continue
            if all((each.call, each.result) == first[at % length] for at, each in enumerate(tail)):
                return Loop(kind="circle", calls=length, times=rounds)
        return None

    @property
    def last_at(self) -> float:
        """When the caller last asked."""
        return self._seen[-1].at if self._seen else 0.0
