"""A gateway that runs elsewhere, as a door of this process sees it: the same calls, the same outcomes, over HTTP.

Who calls is decided over there, from the same key; nothing is decided or recorded here.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

import httpx2
import orjson

from metricgate.gateway.answers import Verdicts
from metricgate.gateway.outcome import Answered, Fault, Held, Outcome, RecordPosition, RefusedCall
from metricgate.gateway.tool import ToolCall, ToolDefinition
from metricgate.operations import codes
from metricgate.surfaces.purpose import HEADER
from metricgate.vocabulary.json import Json, canonical_json
from metricgate.vocabulary.principal import Identity, Principal, Proof
from metricgate.vocabulary.problem import Code, Place, Problem, Problems

_CALL_SECONDS: Final = 300.0
_LIST_SECONDS: Final = 10.0
_FRESH_SECONDS: Final = 1.0
_OK, _HELD, _SERVER_ERROR = 200, 202, 500


class RemoteGate:
    """Implements ``surfaces.ports.Gate`` over the HTTP door of a running gateway."""

    def __init__(self, url: str, key: str, user: str | None) -> None:
        """Take the gateway's URL, and what to show it with each call."""
        self._url = url
        self._headers = {"Authorization": f"Bearer {key}"} | ({} if user is None else {"X-Metricgate-User": user})
        self._client = httpx2.AsyncClient(timeout=_CALL_SECONDS)
        self._tools: tuple[ToolDefinition, ...] = ()
        self._asked_at = -_FRESH_SECONDS
        # Only a name for this end of the pipe: the gateway finds out by the key who really calls.
        self._caller = Principal(agent=Identity(id="caller-of-this-process", proof=Proof.ASSERTED, method="remote"))

    async def __aenter__(self) -> Self:
        """Open."""
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        await self._client.aclose()

    def admit(self) -> Principal | Problems:
        """Return the caller if the gateway lets it in, as of less than a second ago, else what the gateway says."""
        if time.monotonic() - self._asked_at < _FRESH_SECONDS:
            return self._caller
        try:
            reply = httpx2.get(f"{self._url}/v1/tools", headers=self._headers, timeout=_LIST_SECONDS)
            listed = orjson.loads(reply.content)
            if reply.status_code != _OK:
                return _problems_in(listed)
            self._tools = tuple(_tool(each) for each in listed["tools"])
        except httpx2.HTTPError as error:
            return Problems((_unreachable(self._url, str(error)),))
        except (ValueError, KeyError, TypeError):
            return Problems((_unreachable(self._url, "what answers there is no gateway"),))
        self._asked_at = time.monotonic()
        return self._caller

    def tools(self, _principal: Principal | None = None) -> tuple[ToolDefinition, ...]:
        """Return the tools that this key may call, as the gateway listed them last (``admit``)."""
        return self._tools

    async def call(self, call: ToolCall) -> Outcome:
        """Call a tool over there. Cancelling drops the connection, which stops the work there."""
        headers = {**self._headers, **call.carrier, "User-Agent": _program_words(call.client)}
        if call.purpose is not None:
            headers[HEADER] = call.purpose
        url = f"{self._url}/v1/tools/{quote(call.tool, safe='')}"
        try:
            body = orjson.dumps(call.arguments)
            headers["Content-Type"] = "application/json"
            reply = await self._client.post(url, content=body, headers=headers)
            return _outcome(reply.status_code, reply.content)
        except httpx2.HTTPError as error:
            return Fault(problem=_unreachable(self._url, str(error)), record=None)
        except (ValueError, KeyError, TypeError):
            return Fault(problem=_unreachable(self._url, "what answers there is no gateway"), record=None)


def _outcome(status: int, content: bytes) -> Outcome:
    """Return the outcome that the reply tells. An answer's bytes are canonical, so that they are what they were."""
    document = orjson.loads(content)
    record = _record_position(document["record"])
    if status in {_OK, _HELD} and record is not None:
        answer, kind = document["answer"], Answered if status == _OK else Held
        # An earlier release tells no verdicts, a later one perhaps others than are known here.
        told = document.get("verdicts", {})
        if not isinstance(told, Mapping) or not isinstance(answer, Mapping):
            raise TypeError
        if kind is Held and not answer.keys() >= {"action_id", "message", "rules"}:
            raise KeyError
        verdicts = Verdicts(data=told.get("data"), confidence=told.get("confidence"))
        return kind(answer=answer, body=canonical_json(answer), verdicts=verdicts, record=record)
    problems = _problems_in(document)
    if status >= _SERVER_ERROR:
        return Fault(problem=problems.first, record=record)
    return RefusedCall(problems=problems, rules=tuple(document.get("rules", ())), record=record)


def _record_position(found: Mapping[str, Json] | None) -> RecordPosition | None:
    return None if found is None else RecordPosition(index=int(str(found["index"])), trace_id=str(found["trace_id"]))


def _problems_in(document: Mapping[str, Json]) -> Problems:
    """Return the problems of a problem document; what the first one's code says of itself stands for all of them."""
    group = str(document["type"]).rpartition("/")[2].partition("#")[0]
    status, listed = document["status"], document["problems"]
    if not isinstance(status, int) or not isinstance(listed, list):
        raise TypeError
    found = []
    for index, each in enumerate(listed):
        if not isinstance(each, Mapping):
            raise TypeError
        cause, cure = (str(document["title"]), str(document["hint"])) if index == 0 else ("", str(each.get("hint", "")))
        code = Code(name=str(each["code"]), group=group, status=status, cause=cause, cure=cure)
        found.append(_problem_in(each, code))
    return Problems(tuple(found))


def _problem_in(each: Mapping[str, Json], code: Code) -> Problem:
    where, hint, details = each.get("where"), each.get("hint"), each.get("details")
    return Problem(
        code=code,
        message=str(each["message"]),
        where=_place_in(where) if isinstance(where, Mapping) else None,
        hint=hint if isinstance(hint, str) else None,
        details=details if isinstance(details, Mapping) else {},
    )


def _place_in(where: Mapping[str, Json]) -> Place:
    file, path, line, column = where.get("file"), where.get("path"), where.get("line"), where.get("column")
    return Place(
        file=file if isinstance(file, str) else None,
        path=path if isinstance(path, str) else None,
        line=line if isinstance(line, int) else None,
        column=column if isinstance(column, int) else None,
    )


def _tool(found: Mapping[str, Json]) -> ToolDefinition:
    inputs, outputs, hints = found["input_schema"], found["output_schema"], found["annotations"]
    if not isinstance(inputs, Mapping) or not isinstance(outputs, Mapping) or not isinstance(hints, Mapping):
        raise TypeError
    return ToolDefinition(
        name=str(found["name"]),
        title=str(found["title"]),
        description=str(found["description"]),
        input_schema=inputs,
        output_schema=outputs,
        read_only=bool(hints["readOnlyHint"]),
        destructive=bool(hints["destructiveHint"]),
        idempotent=bool(hints["idempotentHint"]),
        open_world=bool(hints["openWorldHint"]),
    )


def _program_words(client: Mapping[str, Json]) -> str:
    """Return what the record over there shows as the program: this one, and the MCP client behind it."""
    words = f"metricgate-mcp ({client.get('mcp.client.name', 'unknown')} {client.get('mcp.client.version', '')})"
    return "".join(letter for letter in words if " " <= letter <= "~")


def _unreachable(url: str, reason: str) -> Problem:
    message = f"The gateway at {url} does not answer: {reason}"
    return Problem(code=codes.CANNOT_START, message=message, hint=codes.CANNOT_START.cure)
