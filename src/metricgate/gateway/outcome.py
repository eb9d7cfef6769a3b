"""How a call may end: a closed set, the same at every door."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from metricgate.gateway.answers import NO_VERDICTS, Verdicts
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Problem, Problems


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPosition:
    """Where the call stands in the ledger.

    Attributes:
        index: number of the entry that records the outcome; what a receipt is asked for by.
        trace_id: 32 hex digits, the same as in traces and logs.
    """

    index: int
    trace_id: str

    def as_json(self) -> dict[str, Json]:
        """Return ``{index, trace_id}``."""
        return {"index": self.index, "trace_id": self.trace_id}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The call did what was asked.

    ``answer`` depends on the question, the caller's rights and the data only (never on time or record numbers), so that
    the same question has byte-equal answers at every door. ``body`` is its canonical JSON. What does depend on them
    stands in ``verdicts``.
    """

    answer: Mapping[str, Json]
    body: bytes
    record: RecordPosition
    verdicts: Verdicts = NO_VERDICTS


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedCall:
    """Nothing ran. The first problem gives code and status; ``rules`` are the policy rules that decided, if policy did.

    An ambiguous name is a refusal too, with code ``E_AMBIGUOUS_METRIC``: its problem's details hold ``question`` and
    ``candidates`` (each ``{name, domain, owner, description, difference}``), so that doors can ask back.
    """

    problems: Problems
    rules: tuple[str, ...] = ()
    record: RecordPosition | None

    @property
    def status(self) -> int:
        """The HTTP status of the first problem."""
        return self.problems.first.code.status


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The change waits for people. ``answer`` is what ``get_action`` gives meanwhile; ``body`` is its canonical JSON.

    In it: ``action_id``, ``state`` (``held``), ``message`` (how to ask again) and ``rules`` (the ids of those that hold
    it).
    """

    answer: Mapping[str, Json]
    body: bytes
    record: RecordPosition
    verdicts: Verdicts = NO_VERDICTS

    @property
    def action_id(self) -> str:
        """What ``get_action`` takes."""
        return str(self.answer["action_id"])

    @property
    def message(self) -> str:
        """What the agent is to do now: wait, and how to ask again."""
        return str(self.answer["message"])

    @property
    def rules(self) -> tuple[str, ...]:
        """The ids of the rules that hold it."""
        listed = self.answer["rules"]
        return tuple(str(each) for each in listed) if isinstance(listed, list) else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """The gateway or a device behind it failed; ``record`` is None only where the ledger itself is what failed."""

    problem: Problem
    record: RecordPosition | None


Outcome = Answered | RefusedCall | Held | Fault
