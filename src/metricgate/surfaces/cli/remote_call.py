"""One call from the command line, answered by the gateway that already runs on the project."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

import httpx2

from metricgate.operations import codes
from metricgate.surfaces.cli.project import Exit, Reply
from metricgate.surfaces.problem_document import problem_document, to_bytes
from metricgate.surfaces.purpose import HEADER
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Problem, Problems

_CALL_SECONDS = 300.0
_EXITS = {200: Exit.ANSWERED, 202: Exit.HELD}
_SERVER_ERROR = 500


def ask_over_http(
    url: str, tool: str, arguments: Mapping[str, Json], key: str, user: str | None, purpose: str | None = None
) -> Reply:
    """Call a tool at a running gateway and return its reply, byte for byte."""
    headers = {"Authorization": f"Bearer {key}"}
    if user is not None:
        headers["X-Metricgate-User"] = user
    if purpose is not None:
        headers[HEADER] = purpose
    try:
        answer = httpx2.post(
            f"{url}/v1/tools/{quote(tool, safe='')}", json=dict(arguments), headers=headers, timeout=_CALL_SECONDS
        )
    except httpx2.HTTPError as error:
        problem = Problem(
            code=codes.CANNOT_START,
            message=f"The gateway at {url} does not answer: {error}",
            hint=codes.CANNOT_START.cure,
        )
        return Reply(exit=Exit.FAULT, body=to_bytes(problem_document(Problems((problem,)))))
    otherwise = Exit.FAULT if answer.status_code >= _SERVER_ERROR else Exit.REFUSED
    return Reply(exit=_EXITS.get(answer.status_code, otherwise), body=answer.content)
