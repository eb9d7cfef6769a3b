"""Why a gateway does not start."""

from __future__ import annotations

from metricgate.operations import codes
from metricgate.vocabulary.problem import Problem, Problems


class StartRefused(Exception):
    """The gateway does not start: a problem of the project, said for people."""

    def __init__(self, message: str, problems: Problems | None = None) -> None:
        super().__init__(message)
        self.problems = problems

    def as_problems(self) -> Problems:
        """Return what is wrong; the message alone where there is no more."""
        problem = Problem(code=codes.CANNOT_START, message=str(self), hint=codes.CANNOT_START.cure)
        return self.problems or Problems((problem,))
