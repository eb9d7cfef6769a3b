"""A finding: a problem that keeps nothing from running."""

from __future__ import annotations

from metricgate.vocabulary.problem import Code, Place, Problem


def lint_problem(code: Code, message: str, where: Place | None, hint: str | None = None) -> Problem:
    """Return the finding; without a hint of its own, the code's cure."""
    return Problem(code=code, message=message, where=where, hint=hint or code.cure)
