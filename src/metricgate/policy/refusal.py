"""A denying verdict as problems for the caller: which rule, whose right, what was refused, what is possible instead."""

from __future__ import annotations

from metricgate.policy import codes
from metricgate.policy.names import for_display
from metricgate.policy.verdict import DEFAULT_DENY, Decision, Verdict, VerdictReason
from metricgate.vocabulary.problem import Code, Problem, Problems

_HINTS = {
    codes.DENIED.name: "Ask for another metric or without this part; search_catalog shows what you may use.",
    codes.NOT_GRANTED.name: "search_catalog shows what you may use. Agent and user both need the right.",
    codes.ATTRIBUTE_MISSING.name: "Ask about data that is not filtered by this attribute, or tell the data's steward.",
}


def problems_of(verdict: Verdict) -> Problems:
    """Return one problem for each reason that denies.

    Raises:
        ValueError: the verdict allows; there is nothing to refuse.
    """
    denied = [reason for reason in verdict.reasons if reason.decision is not Decision.ALLOW]
    if not denied:
        raise ValueError("an allowing verdict refuses nothing")
    return Problems(tuple(_problem_of(verdict, reason) for reason in denied))


def _problem_of(verdict: Verdict, reason: VerdictReason) -> Problem:
    code = _code_of(reason)
    return Problem(
        code=code,
        message=reason.message,
        hint=reason.hint or _HINTS.get(code.name) or code.cure,
        details={
            "rule": reason.rule,
            "party": for_display(reason.party),
            "action": verdict.action.value,
            "resource": None if reason.resource is None else for_display(str(reason.resource)),
        },
    )


def _code_of(reason: VerdictReason) -> Code:
    if reason.code is not None:
        return reason.code
    return codes.NOT_GRANTED if reason.rule == DEFAULT_DENY else codes.DENIED
