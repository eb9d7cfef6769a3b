"""Codes of the doors for people."""

from __future__ import annotations

from metricgate.vocabulary.problem import Code


def _human_code(name: str, status: int, cause: str, cure: str) -> Code:
    return Code(name=name, group="people", status=status, cause=cause, cure=cure)


LOGIN_NEEDED = _human_code(
    "E_LOGIN_NEEDED",
    401,
    "This is for people, and no open session of a person was shown. An agent's key or token is never one.",
    "Log in at /console, with `metricgate approvals login`, or at POST /v1/people/login.",
)
FORGED = _human_code(
    "E_FORGED_REQUEST",
    403,
    "The request changes something, and does not prove that it comes from a page of this gateway.",
    "Send it from the console; a program sends a token in `Authorization: Bearer` instead of a cookie.",
)
BAD_PARAMETER = _human_code(
    "E_BAD_PARAMETER",
    400,
    "A parameter or key of the request is unknown or has the wrong form.",
    "See the message.",
)

CODES = (LOGIN_NEEDED, FORGED, BAD_PARAMETER)
