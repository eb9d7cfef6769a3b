"""The end of a call: the only place where one is recorded and said, whatever decided it."""

from __future__ import annotations

from dataclasses import replace

from metricgate.gateway import entries
from metricgate.gateway.answer_stages import run_stages
from metricgate.gateway.answers import AnswerDraft
from metricgate.gateway.call_context import CallContext, ledger_fault
from metricgate.gateway.endings import CallHold, CallRefusal, Ending, EngineFailure
from metricgate.gateway.outcome import Answered, Held, Outcome, RefusedCall
from metricgate.ledger.events.calls import CallCompleted, CallFailed, CallHeld, CallRefused
from metricgate.vocabulary.digest import digest_of_bytes
from metricgate.vocabulary.json import canonical_json
from metricgate.vocabulary.problem import Problems
from metricgate.vocabulary.resource import Action

_FAULTS_BEGIN = 500


async def end_call(context: CallContext, ending: Ending) -> Outcome:
    """Record how the call ended, durably, and say so; what is recorded already is handed on.

    Where it cannot be recorded, nothing of it is told: the outcome is a fault of the ledger.
    """
    match ending:
        case AnswerDraft():
            return await _end_with_answer(context, ending)
        case CallHold():
            return await _end_with_hold(context, ending)
        case CallRefusal():
            return await _end_with_refusal(context, ending)
        case EngineFailure():
            return await _end_with_failure(context, ending)
        case _:
            return ending


async def _end_with_answer(context: CallContext, bare: AnswerDraft) -> Outcome:
    """Have the stages add to the answer, record the outcome, then answer."""
    draft = await run_stages(context, bare)
    told = draft.answer.as_json()
    body = canonical_json(told)
    ran_nothing = draft.ran is None
    verdict = draft.verdict or context.judge(Action.CALL, (context.tool,)) if ran_nothing else None
    event = CallCompleted(
        call=context.whole_call() if ran_nothing else context.call_trail(),
        about=draft.facts,
        decision=None if verdict is None else entries.decision_facts(verdict),
        result_digest=digest_of_bytes(body),
        effect=None if draft.ran is None else entries.read_facts(draft.ran.rows),
        verdicts=draft.verdicts.as_json() or None,
        links=context.intent_links(),
    )
    done = await context.append(event)
    if done is None:
        return ledger_fault()
    context.released.clear()
    return Answered(answer=told, body=body, verdicts=draft.verdicts, record=context.position_of(done))


async def _end_with_hold(context: CallContext, hold: CallHold) -> Outcome:
    """Record that the call waits for people, as the outcome of what was tried out, then say so."""
    draft = await run_stages(context, AnswerDraft(answer=hold.answer, facts=hold.facts))
    event = CallHeld(
        call=context.call_trail(),
        about=replace(draft.facts, action_id=hold.action_id),
        verdicts=draft.verdicts.as_json() or None,
        links=context.intent_links(),
    )
    done = await context.append(event)
    if done is None:
        return ledger_fault()
    context.released.clear()
    told = draft.answer.as_json()
    return Held(answer=told, body=canonical_json(told), verdicts=draft.verdicts, record=context.position_of(done))


async def _end_with_refusal(context: CallContext, refusal: CallRefusal) -> Outcome:
    """Record that nothing ran and why, then refuse."""
    problems, verdict = refusal.problems, refusal.verdict
    event = CallRefused(
        call=context.whole_call(),
        about=refusal.facts,
        problems=entries.problem_facts(problems),
        decision=None if verdict is None else entries.decision_facts(verdict),
        links=context.intent_links(),
    )
    done = await context.append(event)
    if done is None:
        return ledger_fault()
    context.released.clear()
    rules = () if verdict is None else verdict.rules
    return RefusedCall(problems=problems, rules=rules, record=context.position_of(done))


async def _end_with_failure(context: CallContext, failure: EngineFailure) -> Outcome:
    """Record that an engine gave no rows: as a fault, or as a refusal where the caller's own text is the reason."""
    problem, engine_text, facts = failure.problem, failure.engine_text, failure.facts
    if problem.code.status >= _FAULTS_BEGIN:
        return await context.fault(problem, engine_text, facts)
    problems = Problems((problem,))
    told = entries.problem_facts(problems)
    event = CallFailed(
        call=context.call_trail() if context.released else context.whole_call(),
        outcome="refused",
        error_type=told.error_type,
        about=facts,
        codes=told.codes,
        problems=told.problems,
        error_text=engine_text,
        links=context.intent_links(),
    )
    done = await context.append(event)
    if done is None:
        return ledger_fault()
    context.released.clear()
    return RefusedCall(problems=problems, record=context.position_of(done))
