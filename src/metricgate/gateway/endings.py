"""How a call is to end: decided anywhere on its way, recorded and said in one place, ``call_end.py``."""

from __future__ import annotations

from dataclasses import dataclass

from metricgate.gateway.answers import Answer, AnswerDraft
from metricgate.gateway.outcome import Outcome
from metricgate.ledger.events.calls import NO_SUBJECT, CallSubject
from metricgate.policy.refusal import problems_of
from metricgate.policy.verdict import Verdict
from metricgate.vocabulary.problem import Problem, Problems


@dataclass(frozen=True, slots=True)
class CallRefusal:
    """Nothing ran, or nothing of it is to be told.

    Attributes:
        problems: why; the first gives code and status.
        verdict: of the policy, where one was reached.
        facts: what the call is about, as far as that is known.
    """

    problems: Problems
    verdict: Verdict | None = None
    facts: CallSubject = NO_SUBJECT

    @staticmethod
    def by_policy(verdict: Verdict, facts: CallSubject = NO_SUBJECT) -> CallRefusal:
        """Refuse because the verdict says so."""
        return CallRefusal(problems_of(verdict), verdict, facts)


@dataclass(frozen=True, slots=True)
class EngineFailure:
    """An engine gave no rows: a fault, or a refusal where the caller's own text is the reason.

    Attributes:
        problem: a status of 500 or more makes it a fault.
        engine_text: the engine's own words, for the record only.
        facts: what the call is about.
    """

    problem: Problem
    engine_text: str
    facts: CallSubject = NO_SUBJECT


@dataclass(frozen=True, slots=True)
class CallHold:
    """A change waits for people.

    Attributes:
        answer: how the action stands, as ``get_action`` tells it.
        action_id: of the action.
        facts: what the call is about.
    """

    answer: Answer
    action_id: str
    facts: CallSubject


Ending = AnswerDraft | CallHold | CallRefusal | EngineFailure | Outcome
"""An ``AnswerDraft`` is an answer. An ``Outcome`` is recorded already: a change's, or a call's whose intent stands."""
