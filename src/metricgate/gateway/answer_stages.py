"""What is added to every answer, whatever the tool, in order: ``STAGES``.

A stage is a function of the call and the answer as it is so far; one of more than a few lines stands in a file of its
own. A verdict of a new kind has its form in ``Verdicts`` of ``answers.py``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from metricgate.gateway.answers import AnswerDraft
from metricgate.gateway.call_context import CallContext


class AnswerStage(Protocol):
    """Adds to every answer, also to that of a change which waits for people."""

    async def __call__(self, context: CallContext, draft: AnswerDraft) -> AnswerDraft:
        """Return the draft with what is added. It may wait for the state, not for a warehouse."""
        ...


async def tell_forgiven(context: CallContext, draft: AnswerDraft) -> AnswerDraft:
    """Put first what was forgiven in the call's arguments."""
    if not context.forgiven:
        return draft
    return replace(draft, answer=replace(draft.answer, notes=[*context.forgiven, *draft.answer.notes]))


STAGES: tuple[AnswerStage, ...] = (tell_forgiven,)


async def run_stages(context: CallContext, draft: AnswerDraft) -> AnswerDraft:
    """Return the draft after all stages."""
    for stage in STAGES:
        draft = await stage(context, draft)
    return draft
