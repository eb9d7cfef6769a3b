"""What is said where an action, or its images, cannot be read any more."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import structlog

from metricgate.gateway.changes.codes import KEPT_UNREADABLE
from metricgate.state.sealed import Unsealable
from metricgate.vocabulary.problem import Problem, Problems

Given = ParamSpec("Given")
Found = TypeVar("Found")


def damage_problem() -> Problem:
    """Return the problem; which action it is is for the operator, in the log and by ``metricgate doctor``."""
    return Problem(code=KEPT_UNREADABLE, message=KEPT_UNREADABLE.cause, hint=KEPT_UNREADABLE.cure)


def refuse_damage(
    method: Callable[Given, Awaitable[Found]],
) -> Callable[Given, Coroutine[Any, Any, Found | Problems]]:
    """Make a method of the office refuse where what it needs does not open."""

    @wraps(method)
    async def refusing(*args: Given.args, **kwargs: Given.kwargs) -> Found | Problems:
        try:
            return await method(*args, **kwargs)
        except Unsealable as error:
            structlog.get_logger("metricgate.writing").error("kept_unreadable", error=str(error))
            return Problems((damage_problem(),))

    return refusing
