"""One call from the command line, answered in this process: the same flow and the same record, without a door."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from metricgate.adapters.identity.api_keys import no_notice
from metricgate.adapters.identity.authenticator_setup import make_authenticator
from metricgate.adapters.system.clock import SystemClock
from metricgate.bootstrap.running_gateway import open_gateway
from metricgate.bootstrap.states import state_of
from metricgate.gateway.tool import ToolCall
from metricgate.operations import codes
from metricgate.operations.start_refusal import StartRefused
from metricgate.settings.settings import Settings
from metricgate.state.keys import KeysUnavailable
from metricgate.surfaces.cli.project import Exit, Reply
from metricgate.surfaces.cli.replies import reply_of
from metricgate.surfaces.problem_document import problem_document, to_bytes
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.principal import Principal
from metricgate.vocabulary.problem import Problem, Problems


def call_here(
    folder: Path,
    settings: Settings,
    tool: str,
    arguments: Mapping[str, Json],
    *,
    key: str,
    user: str | None,
    purpose: str | None,
) -> Reply:
    """Open the gateway, let it answer one call and close it."""

    async def called() -> Reply:
        async with open_gateway(folder, settings) as gateway:
            principal = admit(folder, settings, key, user)
            if isinstance(principal, Problems):
                return Reply(exit=Exit.REFUSED, body=to_bytes(problem_document(principal)))
            call = ToolCall(tool=tool, arguments=dict(arguments), principal=principal, door="cli", purpose=purpose)
            return reply_of(await gateway.call(call))

    try:
        return asyncio.run(called())
    except StartRefused as error:
        return Reply(exit=Exit.FAULT, body=to_bytes(problem_document(error.as_problems())))


def admit(folder: Path, settings: Settings, key: str, user: str | None) -> Principal | Problems:
    """Return who calls with a key, or why it is not accepted."""
    try:
        keys = state_of(folder, settings).keys(SystemClock())
    except KeysUnavailable as error:
        return Problems((Problem(code=codes.KEYS_UNUSABLE, message=str(error), hint=codes.KEYS_UNUSABLE.cure),))
    try:
        url = settings.public_url(settings.document.listen.port)
        doorkeeper = make_authenticator(
            folder, keys, settings.document.identity.oidc, resource=f"{url}/mcp", on_refused=no_notice
        )
        headers = {"authorization": f"Bearer {key}"}
        return doorkeeper.authenticate(headers if user is None else {**headers, "x-metricgate-user": user})
    finally:
        keys.close()
