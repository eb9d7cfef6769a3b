"""Masked columns may be shown; for anything else a rule must say so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from metricgate.gateway import codes
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.obligation import Mask, Use
from metricgate.vocabulary.problem import Problem, Problems

_WORDS = {
    Use.FILTER: "filter by",
    Use.GROUP: "group by",
    Use.ORDER: "sort by",
    Use.JOIN: "join on",
    Use.AGGREGATE: "aggregate",
}


def masks_misused(masks: Sequence[Mask], uses: Mapping[str, Mapping[str, frozenset[Use]]]) -> Problems | None:
    """Return a problem for each masked column that is used for more than its rule allows, or None.

    Args:
        masks: the verdict's.
        uses: dataset -> column in lower case -> what the question does with it.
    """
    problems = []
    for mask in masks:
        beyond = sorted(uses.get(mask.dataset, {}).get(mask.column, frozenset()) - mask.uses)
        if beyond:
            problems.append(_misuse_problem(mask, beyond))
    return Problems(tuple(problems)) if problems else None


def mask_as_json(mask: Mask) -> dict[str, Json]:
    """Return what a caller is told of a mask on a column."""
    return {
        "rule": mask.rule,
        "dataset": mask.dataset,
        "column": mask.column,
        "method": str(mask.method),
        "usable_in": [str(use) for use in sorted(mask.uses)],
    }


def _misuse_problem(mask: Mask, beyond: Sequence[Use]) -> Problem:
    done = " or ".join(_WORDS[use] for use in beyond)
    allowed = " or ".join(_WORDS[use] for use in sorted(mask.uses))
    return Problem(
        code=codes.MASKED_COLUMN,
        message=f"The rule {mask.rule!r} masks {mask.dataset}.{mask.column} for you, so you cannot {done} it.",
        hint=f"You may show it{f', {allowed} it' if allowed else ''}; leave it out of the rest of the question.",
        details={
            "rule": mask.rule,
            "dataset": mask.dataset,
            "column": mask.column,
            "uses": [str(use) for use in beyond],
        },
    )
