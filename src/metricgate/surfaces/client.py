"""The gateway from Python: ``metricgate.Client`` and ``metricgate.AsyncClient``.

Answers come back as the JSON envelope ``{"verdicts": ..., "answer": ..., "record": ...}``. What is not an answer is
raised: ``Refused``, ``HeldAction`` or ``GatewayFault``, each with the problem document. Nothing is retried: whether to
ask again is for the caller to say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self
from urllib.parse import quote

import httpx2
import orjson

from metricgate.surfaces.purpose import HEADER
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Code

Document = Mapping[str, Json]
_HELD = 202
_FIRST_ERROR = 400
_FIRST_FAULT = 500
_SECONDS = 60.0

UNREACHABLE = Code(
    name="E_CLIENT_UNREACHABLE",
    group="client",
    status=503,
    cause="The gateway did not answer: no connection, a broken one, or none in time.",
    cure="Check the URL and that `metricgate serve` runs; give `timeout` more seconds for long questions.",
)
NOT_A_GATEWAY = Code(
    name="E_CLIENT_NOT_A_GATEWAY",
    group="client",
    status=502,
    cause="What answered does not speak as a Metricgate gateway of this release does.",
    cure="Check the URL, and proxies on the way.",
)
CODES = (UNREACHABLE, NOT_A_GATEWAY)


class GatewayError(Exception):
    """A call that gave no answer. ``problem`` is the problem document, as the gateway sent it."""

    def __init__(self, problem: Document) -> None:
        super().__init__(_problem_sentence(problem))
        self.problem = problem

    @property
    def code(self) -> str:
        """The stable code, e.g. ``E_AMBIGUOUS_METRIC``."""
        return str(self.problem.get("code", ""))

    @property
    def record(self) -> Document | None:
        """``{index, trace_id}`` of the ledger's entry about this call, or None where there is none."""
        record = self.problem.get("record")
        return record if isinstance(record, Mapping) else None


class Refused(GatewayError):
    """Nothing ran; the question or the rights were not right. ``problem["hint"]`` says what would be."""


class HeldAction(GatewayError):
    """The action waits for a human's approval. ``problem["held"]`` has its id."""


class GatewayFault(GatewayError):
    """The gateway or a device behind it failed, or could not be reached."""


class _Caller:
    """What both clients share: requests out, replies in."""

    def __init__(self, url: str, key: str, *, user: str | None, purpose: str | None) -> None:
        if not key or not key.isascii() or not key.isprintable() or " " in key:
            # Said here, without the key: further down the error would repeat it.
            raise ValueError("the key is empty or holds characters that no key holds")
        self.base = url.rstrip("/")
        self.headers = {"authorization": f"Bearer {key}", "accept": "application/json"}
        if user is not None:
            self.headers["x-metricgate-user"] = user
        if purpose is not None:
            self.headers[HEADER] = purpose

    def tool_url(self, tool: str) -> str:
        """The URL of a tool; its name cannot leave the path."""
        return f"{self.base}/v1/tools/{quote(tool, safe='')}"

    def tools_url(self) -> str:
        return f"{self.base}/v1/tools"


class Client:
    """Calls a gateway, blocking. Close it, or use it as a context manager.

    Args:
        url: where the gateway listens, e.g. ``http://127.0.0.1:8321``.
        key: an API key or a bearer token.
        user: the user on whose behalf the agent acts; the key must allow it.
        purpose: what the questions are for, where rules depend on it.
        timeout: seconds for one call.

    Raises:
        ValueError: the key cannot be one.
    """

    def __init__(
        self, url: str, key: str, *, user: str | None = None, purpose: str | None = None, timeout: float = _SECONDS
    ) -> None:
        self._caller = _Caller(url, key, user=user, purpose=purpose)
        self._http = httpx2.Client(headers=self._caller.headers, timeout=timeout, follow_redirects=False)

    def tools(self) -> Sequence[Document]:
        """Return the definitions of the tools that the caller may use."""
        try:
            response = self._http.get(self._caller.tools_url())
        except httpx2.HTTPError as error:
            raise _unreachable_fault(error) from error
        return _tools(response)

    def call(self, tool: str, /, **arguments: Json) -> Document:
        """Call a tool; return ``{"verdicts": ..., "answer": ..., "record": ...}``.

        Raises:
            Refused, HeldAction, GatewayFault: there is no answer.
        """
        try:
            response = self._http.post(self._caller.tool_url(tool), content=_body(arguments), headers=_JSON)
        except httpx2.HTTPError as error:
            raise _unreachable_fault(error) from error
        return _document(response)

    def query(self, metrics: Sequence[str], **arguments: Json) -> Document:
        """Compute metrics: ``query_metrics`` with ``group_by``, ``where``, ``time_range``, ``order_by``, ``limit``."""
        return self.call("query_metrics", metrics=metrics, **arguments)

    def close(self) -> None:
        """Release the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncClient:
    """Calls a gateway from asyncio; otherwise as ``Client``. Cancelling a call stops its query."""

    def __init__(
        self, url: str, key: str, *, user: str | None = None, purpose: str | None = None, timeout: float = _SECONDS
    ) -> None:
        self._caller = _Caller(url, key, user=user, purpose=purpose)
        self._http = httpx2.AsyncClient(headers=self._caller.headers, timeout=timeout, follow_redirects=False)

    async def tools(self) -> Sequence[Document]:
        """Return the definitions of the tools that the caller may use."""
        try:
            response = await self._http.get(self._caller.tools_url())
        except httpx2.HTTPError as error:
            raise _unreachable_fault(error) from error
        return _tools(response)

    async def call(self, tool: str, /, **arguments: Json) -> Document:
        """Call a tool; return ``{"verdicts": ..., "answer": ..., "record": ...}``.

        Raises:
            Refused, HeldAction, GatewayFault: there is no answer.
        """
        try:
            response = await self._http.post(self._caller.tool_url(tool), content=_body(arguments), headers=_JSON)
        except httpx2.HTTPError as error:
            raise _unreachable_fault(error) from error
        return _document(response)

    async def query(self, metrics: Sequence[str], **arguments: Json) -> Document:
        """Compute metrics, as ``Client.query``."""
        return await self.call("query_metrics", metrics=metrics, **arguments)

    async def close(self) -> None:
        """Release the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


_JSON = {"content-type": "application/json"}


def _body(arguments: Mapping[str, Json]) -> bytes:
    return orjson.dumps(arguments)


def _document(response: httpx2.Response) -> Document:
    document = _parse_reply(response)
    if response.status_code == _HELD:
        raise HeldAction(document)
    if response.status_code >= _FIRST_FAULT:
        raise GatewayFault(document)
    if response.status_code >= _FIRST_ERROR:
        raise Refused(document)
    if "answer" not in document:
        raise _not_a_gateway(response)
    return document


def _tools(response: httpx2.Response) -> Sequence[Document]:
    document = _parse_reply(response)
    if response.status_code >= _FIRST_FAULT:
        raise GatewayFault(document)
    if response.status_code >= _FIRST_ERROR:
        raise Refused(document)
    tools = document.get("tools")
    if not isinstance(tools, list):
        raise _not_a_gateway(response)
    return [tool for tool in tools if isinstance(tool, dict)]


def _parse_reply(response: httpx2.Response) -> Document:
    try:
        document = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        raise _not_a_gateway(response) from None
    if not isinstance(document, dict) or not document.keys() & {"answer", "code", "held", "tools"}:
        raise _not_a_gateway(response)
    return document


def _unreachable_fault(error: httpx2.HTTPError) -> GatewayFault:
    return GatewayFault(_local(UNREACHABLE, f"The gateway did not answer: {type(error).__name__}: {error}"))


def _not_a_gateway(response: httpx2.Response) -> GatewayFault:
    media = response.headers.get("content-type", "no media type")
    return GatewayFault(_local(NOT_A_GATEWAY, f"HTTP {response.status_code} with {media} is no answer of a gateway."))


def _local(code: Code, message: str) -> Document:
    return {"code": code.name, "message": message, "hint": code.cure, "status": code.status, "record": None}


def _problem_sentence(problem: Document) -> str:
    held = problem.get("held")
    if isinstance(held, Mapping):
        return f"held as {held.get('action_id')}: {held.get('message')}"
    hint = problem.get("hint")
    return f"{problem.get('code')}: {problem.get('message')}" + (f" Hint: {hint}" if hint else "")
