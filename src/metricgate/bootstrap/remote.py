"""Asking the gateway that already runs on a project: only one process may write its ledger."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from metricgate.operations import codes
from metricgate.state.state import ProjectState
from metricgate.surfaces.cli.project import Exit, Reply
from metricgate.surfaces.problem_document import problem_document, to_bytes
from metricgate.surfaces.purpose import HEADER
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Problem, Problems

_CALL_SECONDS = 300.0
_EXITS = {200: Exit.ANSWERED, 202: Exit.HELD}
_SERVER_ERROR = 500


def address_of(state: ProjectState) -> Path:
    """Return where ``serve`` leaves its address for other commands."""
    return state.folder / "serve.json"


def running_at(state: ProjectState) -> str | None:
    """Return the URL of the gateway that runs on the project: ``METRICGATE_URL``, or what ``serve`` left.

    What ``serve`` left counts only if that very process holds the ledger: a stale address might be somebody else's by
    now, and a key would be sent there.
    """
    if url := os.environ.get("METRICGATE_URL"):
        return url.rstrip("/")
    try:
        left = json.loads(address_of(state).read_text())
        url, process = str(left["url"]), left["pid"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return url if process == state.holder() else None


def ask_over_http(
    url: str, tool: str, arguments: Mapping[str, Json], key: str, user: str | None, purpose: str | None = None
) -> Reply:
    """Call a tool at a running gateway and return its reply, byte for byte."""
    headers = {"Authorization": f"Bearer {key}"}
    if user is not None:
        headers["X-Metricgate-User"] = user
    if purpose is not None:
        headers[HEADER] = purpose
    import httpx2  # noqa: PLC0415 - most commands ask nobody

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
