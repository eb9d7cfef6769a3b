"""What people do at the running gateway from the command line, each with a login of their own."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx2

from metricgate.operations import codes
from metricgate.surfaces.problem_document import problem_document
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Code, Problem, Problems

_CALL_SECONDS: Final = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonReply:
    """How a request to the API for people ended: HTTP status and the JSON body (None where there is none)."""

    status: int
    body: Json


class SessionClient:
    """A person at the running gateway: its API for people.

    The session lies in the user's own configuration folder, readable to them only, under the gateway that gave it.
    """

    def __init__(self, *, url: str | None, name: str) -> None:
        """Take the gateway's URL, if one runs, and the name under which its session is kept."""
        self._url = url
        self._name = name

    def ask(
        self, method: str, path: str, *, query: Sequence[tuple[str, str]] = (), body: Mapping[str, Json] | None = None
    ) -> PersonReply:
        """Ask as the person who is logged in."""
        return self._send(method, path, query=query, body=body, token=self._token())

    def login(self, credentials: Mapping[str, str]) -> PersonReply:
        """Log in and keep the session."""
        kept = _kept().get(self._name, {})
        given: dict[str, Json] = {**credentials, "channel": "cli"}
        if kept.get("device") and kept.get("person") == credentials.get("name"):
            given["device"] = kept["device"]
        reply = self._send("POST", "/v1/people/login", body=given)
        if isinstance(reply.body, Mapping) and "token" in reply.body:
            session = {name: str(reply.body.get(name) or "") for name in ("person", "token", "device")}
            session["device"] = session["device"] or kept.get("device", "")
            _keep_sessions({**_kept(), self._name: session})
        return reply

    def logout(self) -> None:
        """End the session and forget it; the device stays known."""
        if self._token():
            self._send("POST", "/v1/people/logout", token=self._token(), body={})
        kept = _kept()
        kept.get(self._name, {}).pop("token", None)
        _keep_sessions(kept)

    def _token(self) -> str:
        return os.environ.get("METRICGATE_PERSON_TOKEN") or _kept().get(self._name, {}).get("token", "")

    def _send(
        self,
        method: str,
        path: str,
        *,
        query: Sequence[tuple[str, str]] = (),
        body: Mapping[str, Json] | None = None,
        token: str = "",
    ) -> PersonReply:
        if self._url is None:
            return _reply(_problems_of(codes.NO_GATEWAY, codes.NO_GATEWAY.cause))
        headers = {"authorization": f"Bearer {token}"} if token else {}
        try:
            with httpx2.Client(base_url=self._url, timeout=_CALL_SECONDS, follow_redirects=False) as client:
                sent = None if body is None else dict(body)
                answer = client.request(method, path, params=list(query), json=sent, headers=headers)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            return _reply(_problems_of(codes.NO_GATEWAY, f"The gateway at {self._url} does not answer: {error}"))
        try:
            return PersonReply(status=answer.status_code, body=answer.json() if answer.content else None)
        except ValueError:
            return _reply(_problems_of(codes.NO_GATEWAY, f"What answers at {self._url} is no gateway of this release."))


def _folder() -> Path:
    base = os.environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "metricgate"


def _kept() -> dict[str, dict[str, str]]:
    try:
        found = json.loads((_folder() / "sessions.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {str(name): dict(each) for name, each in found.items() if isinstance(each, dict)}


def _keep_sessions(sessions: Mapping[str, Mapping[str, str]]) -> None:
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = folder / f".sessions.{os.getpid()}"
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({name: dict(each) for name, each in sessions.items()}, file)
    beside.replace(folder / "sessions.json")


def _problems_of(code: Code, message: str) -> Problems:
    return Problems((Problem(code=code, message=message, hint=code.cure),))


def _reply(problems: Problems) -> PersonReply:
    return PersonReply(status=problems.first.code.status, body=problem_document(problems))
