"""A gateway inside a Python program: the same flow and the same record, without a socket."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from metricgate.adapters.identity.authenticator_setup import make_authenticator
from metricgate.adapters.system.clock import SystemClock
from metricgate.bootstrap.running_gateway import RunningGateway, run_gateway
from metricgate.bootstrap.states import state_of
from metricgate.gateway.tool import ToolCall
from metricgate.operations.refusal_recorders import RefusedKeyRecorder
from metricgate.operations.start_refusal import StartRefused
from metricgate.settings.settings import Settings, load_settings
from metricgate.surfaces import client
from metricgate.surfaces.embedded import answer_or_raise
from metricgate.surfaces.problem_document import problem_document
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.principal import Principal
from metricgate.vocabulary.problem import Problems


class EmbeddedGateway:
    """The gateway of a project folder, embedded. Use it as an asynchronous context manager.

    Callers are known by the project's API keys or tokens, as at every door; what is not an answer is raised as
    ``metricgate.Client`` raises it.
    """

    def __init__(self, folder: Path, settings: Settings) -> None:
        self._folder = folder
        self._settings = settings
        self._stack = AsyncExitStack()
        self._parts: RunningGateway | None = None

    @classmethod
    def open(cls, path: str | Path) -> EmbeddedGateway:
        """Return the gateway of the project in ``path``; it starts when it is entered.

        Raises:
            FileNotFoundError: there is no ``metricgate.yaml``.
            StartRefused: the settings have problems.
        """
        settings = load_settings(Path(path))
        if isinstance(settings, Problems):
            raise StartRefused("metricgate.yaml has problems", settings)
        return cls(Path(path), settings)

    async def __aenter__(self) -> Self:
        """Open warehouse, definitions and ledger.

        Raises:
            StartRefused: one of them cannot be opened.
        """
        parts = await self._stack.enter_async_context(run_gateway(self._folder, self._settings, watch=True, logs=False))
        keys = state_of(self._folder, self._settings).keys(SystemClock())
        self._stack.callback(keys.close)
        url = self._settings.public_url(self._settings.document.listen.port)
        self._doorkeeper = make_authenticator(
            self._folder,
            keys,
            self._settings.document.identity.oidc,
            resource=f"{url}/mcp",
            on_refused=RefusedKeyRecorder(parts.ledger),
        )
        self._parts = parts
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close everything."""
        self._parts = None
        await self._stack.aclose()

    async def call(
        self,
        tool: str,
        arguments: Mapping[str, Json],
        *,
        key: str,
        user: str | None = None,
        purpose: str | None = None,
    ) -> Json:
        """Call a tool as the holder of ``key``; return ``{"verdicts": ..., "answer": ..., "record": ...}``.

        Raises:
            Refused, HeldAction, GatewayFault: there is no answer.
            RuntimeError: the gateway was not entered.
        """
        if self._parts is None:
            raise RuntimeError("enter the gateway first: async with Gateway.open(path) as gateway")
        headers = [(b"authorization", f"Bearer {key}".encode())]
        headers += [] if user is None else [(b"x-metricgate-user", user.encode())]
        principal = await self._doorkeeper.admit(headers)
        if not isinstance(principal, Principal):
            raise client.Refused(problem_document(principal))
        call = ToolCall(tool=tool, arguments=dict(arguments), principal=principal, door="python", purpose=purpose)
        return answer_or_raise(await self._parts.gateway.call(call))

    async def query(self, metrics: Sequence[str], *, key: str, user: str | None = None, **arguments: Json) -> Json:
        """Compute metrics: ``query_metrics`` with its other arguments by name."""
        return await self.call("query_metrics", {"metrics": list(metrics), **arguments}, key=key, user=user)
