"""MCP on standard input and output, for a client that starts its servers itself."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from metricgate import __version__
from metricgate.bootstrap.states import state_of
from metricgate.operations.start_refusal import StartRefused
from metricgate.settings.settings import Settings
from metricgate.surfaces.console.addresses import approval_page
from metricgate.surfaces.mcp.stdio import serve_stdio
from metricgate.surfaces.ports import Gate
from metricgate.surfaces.remote.address import running_at
from metricgate.vocabulary.collector import pause_collector_for_imports
from metricgate.vocabulary.principal import Principal
from metricgate.vocabulary.problem import Problems


async def speak(folder: Path, settings: Settings, key: str, user: str | None) -> None:
    """Serve until standard input ends, through the running gateway where there is one.

    Raises:
        StartRefused: the caller is not accepted, or the project does not let it start.
    """
    url = running_at(state_of(folder, settings))
    if url is not None:
        from metricgate.surfaces.remote.gate import RemoteGate  # noqa: PLC0415 - a client, without an engine

        async with RemoteGate(url, key, user) as gate:
            # The running gateway has the console; one of our own here would have none.
            console = settings.document.listen.public_url or url
            await _served(gate, gate.admit, partial(approval_page, console.rstrip("/")))
        return
    with pause_collector_for_imports():
        from metricgate.bootstrap.local_call import admit  # noqa: PLC0415 - the whole engine
        from metricgate.bootstrap.running_gateway import run_gateway  # noqa: PLC0415
    async with run_gateway(folder, settings, watch=True) as parts:
        await _served(parts.gateway, lambda: admit(folder, settings, key, user))


async def _served(
    gate: Gate, admit: Callable[[], Principal | Problems], page_of: Callable[[str], str] | None = None
) -> None:
    first = admit()
    if isinstance(first, Problems):
        raise StartRefused("the caller is not accepted", first)
    await serve_stdio(gate, admit, version=__version__, page_of=page_of)
