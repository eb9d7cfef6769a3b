"""How an action ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from metricgate.approvals.preview import RowCounts
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsChanged:
    """It was carried out, and changed these rows."""

    rows: RowCounts


@dataclass(frozen=True, slots=True, kw_only=True)
class NotCarriedOut:
    """It failed without any effect.

    Attributes:
        code: name of the problem's code, e.g. ``E_ROWS_CHANGED``.
        message: what people and the agent are told.
        hint: what to do about it.
        details: facts for programs, as in ``Problem.details``.
    """

    code: str
    message: str
    hint: str | None = None
    details: Mapping[str, Json] = field(default_factory=dict)

    @classmethod
    def by(cls, problem: Problem) -> NotCarriedOut:
        """Return the outcome that a problem is. Problems of actions name no place: nobody sees the text that ran."""
        return cls(code=problem.code.name, message=problem.message, hint=problem.hint, details=dict(problem.details))


ActionOutcome = RowsChanged | NotCarriedOut
