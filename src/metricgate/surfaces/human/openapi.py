"""The API for people as a part of the OpenAPI document: every route with its parameters, body, answer and problems."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel

from metricgate.approvals.proposal import State
from metricgate.surfaces.http.openapi import REFUSED, Described
from metricgate.surfaces.human import requests, responses
from metricgate.surfaces.human.query_params import ACTION_PARAMETERS, ENTRY_PARAMETERS, MOST
from metricgate.surfaces.human.schemas import SCHEMAS, Schema, reference
from metricgate.surfaces.human.session_auth import CSRF_HEADER
from metricgate.vocabulary.json import Json

_BODIES: Final[tuple[type[BaseModel], ...]] = (
    *(requests.Decide, requests.Undo, requests.Because),
    *(requests.Throw, requests.TakeBack, requests.Credentials),
)
_PARAMETERS: Final[Mapping[str, Json]] = {
    "state": {"type": "array", "items": {"type": "string", "enum": [str(each) for each in State]}},
    "to_review": {"type": "string", "enum": ["yes"]},
    "limit": {"type": "integer", "minimum": 1, "maximum": MOST, "default": 50},
    "since": {"type": "string", "description": "ISO date or date-time; UTC where no zone is given."},
    "until": {"type": "string", "description": "ISO date or date-time; UTC where no zone is given."},
    "before": {"type": "string", "description": "`before` of the page that came first."},
    "format": {"type": "string", "enum": list(responses.FORMATS), "default": "json"},
}
_CSRF: Final[Schema] = {
    "name": CSRF_HEADER,
    "in": "header",
    "required": False,
    "description": "The session's secret; needed where a browser's cookie shows the session.",
    "schema": {"type": "string"},
}
_SECURITY: Final[list[Json]] = [{"person": []}, {"session": []}]
_SCHEMES: Final[Mapping[str, Json]] = {
    "person": {
        "type": "http",
        "scheme": "bearer",
        "description": "A person's token, of POST /v1/people/login. No agent's key or token is one.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "metricgate_session",
        "description": "A browser's session of the console; over https the cookie is `__Host-metricgate_session`.",
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Operation:
    """One route.

    Attributes:
        answer: name in ``SCHEMAS``; None where nothing is returned (204).
        parameters: of the query; those of the path are read from it.
        files: whether ``format`` gives the list as a file.
        anybody: whether it needs no session.
    """

    path: str
    method: str
    id: str
    summary: str
    answer: str | None
    parameters: tuple[str, ...] = ()
    body: type[BaseModel] | None = None
    files: bool = False
    anybody: bool = False


_ID: Final = "/v1/approvals/{id}"
_OPERATIONS: Final = (
    _Operation(
        path="/v1/approvals",
        method="get",
        id="list_approvals",
        summary="Actions that you may see, newest first",
        answer="Actions",
        parameters=ACTION_PARAMETERS,
        files=True,
    ),
    _Operation(path=_ID, method="get", id="show_approval", summary="One action, to be decided on", answer="ActionView"),
    _Operation(
        path=f"{_ID}/decide",
        method="post",
        id="decide",
        summary="Approve or deny exactly what was shown",
        answer="Action",
        body=requests.Decide,
    ),
    _Operation(
        path=f"{_ID}/undo",
        method="post",
        id="undo",
        summary="Propose that an executed action is taken back",
        answer="Action",
        body=requests.Undo,
    ),
    _Operation(
        path=f"{_ID}/review",
        method="post",
        id="review",
        summary="Sign the review of broken glass",
        answer="Action",
        body=requests.Because,
    ),
    _Operation(
        path="/v1/audit",
        method="get",
        id="list_entries",
        summary="Entries of the record, newest first",
        answer="Entries",
        parameters=ENTRY_PARAMETERS,
        files=True,
    ),
    _Operation(
        path="/v1/audit/{index}",
        method="get",
        id="show_entry",
        summary="One entry with its receipt and what belongs to it",
        answer="EntryView",
    ),
    _Operation(
        path="/v1/agents", method="get", id="list_agents", summary="Agents and what they did lately", answer="Agents"
    ),
    _Operation(
        path="/v1/switches", method="get", id="list_switches", summary="Switches that are thrown", answer="Switches"
    ),
    _Operation(
        path="/v1/switches",
        method="post",
        id="throw_switch",
        summary="Stop somebody, or freeze changes",
        answer="Switches",
        body=requests.Throw,
    ),
    _Operation(
        path="/v1/switches/off",
        method="post",
        id="take_back_switches",
        summary="Take a target's switches back",
        answer="Switches",
        body=requests.TakeBack,
    ),
    _Operation(
        path="/v1/people/login",
        method="post",
        id="login",
        summary="Open a session with password and code",
        answer="Opened",
        body=requests.Credentials,
        anybody=True,
    ),
    _Operation(path="/v1/people/logout", method="post", id="logout", summary="End the session", answer=None),
    _Operation(path="/v1/people/me", method="get", id="who_am_i", summary="Whose session it is", answer="Session"),
)


def people_described() -> Described:
    """Return the paths, schemas and ways of proving oneself, to stand beside those of the tools."""
    paths: dict[str, dict[str, Json]] = {}
    for each in _OPERATIONS:
        paths.setdefault(each.path, {})[each.method] = _operation_json(each)
    sent = {each.__name__: _body_schema(each) for each in _BODIES}
    return Described(paths=dict(paths), schemas={**SCHEMAS, **sent}, security_schemes=_SCHEMES)


def _operation_json(operation: _Operation) -> dict[str, Json]:
    described: dict[str, Json] = {
        "operationId": operation.id,
        "summary": operation.summary,
        "tags": ["people"],
        "parameters": _parameters(operation),
        "responses": {**_answers(operation), "default": REFUSED},
        "security": [] if operation.anybody else _SECURITY,
    }
    if operation.body is not None:
        schema = reference(operation.body.__name__)
        described["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return described


def _parameters(operation: _Operation) -> list[Json]:
    asked = (*operation.parameters, *(("format",) if operation.files else ()))
    found: list[Json] = [
        {"name": name, "in": "query", "required": False, "schema": _PARAMETERS.get(name, {"type": "string"})}
        for name in asked
    ]
    for name in ("id", "index"):
        if f"{{{name}}}" in operation.path:
            kind = "integer" if name == "index" else "string"
            found.append({"name": name, "in": "path", "required": True, "schema": {"type": kind}})
    if operation.method == "post" and not operation.anybody:
        found.append(_CSRF)
    return found


def _answers(operation: _Operation) -> dict[str, Json]:
    if operation.answer is None:
        return {"204": {"description": "Done."}}
    content: dict[str, Json] = {"application/json": {"schema": reference(operation.answer)}}
    if operation.files:
        content |= {media.partition(";")[0]: {"schema": {"type": "string"}} for media in responses.MEDIA.values()}
    return {"200": {"description": operation.summary, "content": content}}


def _body_schema(model: type[BaseModel]) -> Json:
    schema: Json = model.model_json_schema(ref_template="#/components/schemas/{model}")
    return schema
