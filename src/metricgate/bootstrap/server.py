"""The HTTP and MCP doors on a socket, until somebody stops them."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import structlog
import uvicorn
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from metricgate import __version__
from metricgate.adapters.files.whole_files import write_new
from metricgate.adapters.identity.authenticator_setup import make_authenticator
from metricgate.adapters.system.clock import SystemClock
from metricgate.adapters.system.descriptors import make_room
from metricgate.adapters.system.free_memory import keep_trimming
from metricgate.bootstrap.people_doors import people_doors
from metricgate.bootstrap.running_gateway import RunningGateway, run_gateway
from metricgate.bootstrap.states import state_of
from metricgate.operations.background import run_beside
from metricgate.operations.change_recorders import watch_keys, watch_people
from metricgate.operations.health import ledger_check, warehouse_check
from metricgate.operations.refusal_recorders import DoorRecorder, RefusedKeyRecorder
from metricgate.operations.start_refusal import StartRefused
from metricgate.settings.settings import Settings
from metricgate.state.keys import KeyStore, KeysUnavailable
from metricgate.state.people import PeopleAndSessions, PeopleUnavailable
from metricgate.state.record import RecordStore
from metricgate.state.state import ProjectState
from metricgate.surfaces.console.addresses import approval_page
from metricgate.surfaces.http.app import HttpSettings, create_app
from metricgate.surfaces.http.server import bind, reachable, server_of
from metricgate.surfaces.http.streams import OpenStreams
from metricgate.surfaces.human.openapi import people_described
from metricgate.surfaces.mcp.http import McpHttpDoor, principal_of_request, purpose_of_request
from metricgate.surfaces.mcp.server import build_server
from metricgate.surfaces.remote.address import address_of

_LOOK_SECONDS = 1.0
_SWITCH_SECONDS = 0.0005


async def serve(
    folder: Path,
    settings: Settings,
    *,
    host: str,
    port: int,
    told: Callable[[str], None],
    accept_loss: int | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM.

    Args:
        folder: the project's.
        settings: as loaded.
        host: address to bind.
        port: port to bind; 0 takes a free one.
        told: is told the URL once the doors are open.
        accept_loss: size of the record's head that is lost, as ``ProjectState.take`` has it.

    Raises:
        StartRefused: the project or the ledger does not let it start.
        OSError: the address cannot be bound.
    """
    # Event loop, committer and engine threads hand the GIL around within one call: do so without the default 5 ms wait.
    sys.setswitchinterval(_SWITCH_SECONDS)
    make_room(settings.document.listen.limits.connections)
    listening = bind(host, port)
    bound = int(listening.getsockname()[1])
    url = settings.public_url(bound)
    state = state_of(folder, settings)
    json_logs = settings.document.telemetry.logs == "json"
    async with AsyncExitStack() as stack:
        stack.callback(listening.close)
        parts = await stack.enter_async_context(run_gateway(folder, settings, watch=True, accept_loss=accept_loss))
        keys, people = _watched(state, parts.ledger, stack)
        try:
            beside = () if parts.office is None else people_doors(settings, parts.office, people, url=url)
            doors = DoorRecorder(parts.ledger)
            stack.push_async_callback(doors.close)
            app = _app(folder, settings, parts, keys, url=url, bound=bound, beside=beside, turned_away=doors)
        except (KeysUnavailable, ValueError) as error:
            raise StartRefused(f"the settings of logins cannot be used: {error}") from error
        streams = OpenStreams(app)
        server = server_of(
            streams, settings.document.listen.limits.connection_limits(), json_logs=json_logs, stopping=streams.end
        )
        _announce(state, f"http://{reachable(host)}:{bound}", stack)
        told(url)
        # What stands now stands for good: the collector need not look through it again in the middle of calls.
        gc.collect()
        gc.freeze()
        stack.callback(gc.unfreeze)
        run_beside(stack, keep_trimming())
        run_beside(stack, _until_replaced(parts.ledger, server))
        await server.serve(sockets=[listening])
        if parts.ledger.replaced:
            raise StartRefused(
                "this gateway was silent for longer than its lease, and another one took its place: it writes no more"
            )


def _watched(state: ProjectState, ledger: RecordStore, stack: AsyncExitStack) -> tuple[KeyStore, PeopleAndSessions]:
    """Open who may come in, and record what changes of it, until the stack is left."""
    keys = _open_keys(state)
    stack.callback(keys.close)
    run_beside(stack, watch_keys(keys, ledger))
    people = _open_people(state)
    stack.callback(people.close)
    run_beside(stack, watch_people(people, ledger))
    return keys, people


def _announce(state: ProjectState, url: str, stack: AsyncExitStack) -> None:
    """Leave word in the state folder of where this gateway is, until the stack is left."""
    address = address_of(state)
    write_new(address, json.dumps({"url": url, "pid": os.getpid()}).encode(), 0o600)
    stack.callback(address.unlink, missing_ok=True)


async def _until_replaced(ledger: RecordStore, server: uvicorn.Server) -> None:
    """Stop serving as soon as another gateway took this one's place."""
    while not server.should_exit:
        await asyncio.sleep(_LOOK_SECONDS)
        server.should_exit |= await asyncio.to_thread(lambda: ledger.replaced)


def _open_keys(state: ProjectState) -> KeyStore:
    try:
        return state.keys(SystemClock())
    except KeysUnavailable as error:
        raise StartRefused(str(error)) from error


def _open_people(state: ProjectState) -> PeopleAndSessions:
    try:
        return state.people(may_make_key=False)
    except PeopleUnavailable as error:
        raise StartRefused(str(error)) from error


def _app(
    folder: Path,
    settings: Settings,
    parts: RunningGateway,
    keys: KeyStore,
    *,
    url: str,
    bound: int,
    beside: Sequence[BaseRoute],
    turned_away: DoorRecorder,
) -> ASGIApp:
    document = settings.document
    resource = f"{url}/mcp"
    oidc = document.identity.oidc
    doorkeeper = make_authenticator(folder, keys, oidc, resource=resource, on_refused=RefusedKeyRecorder(parts.ledger))
    hosts = (
        f"{document.listen.host}:{bound}",
        f"localhost:{bound}",
        f"127.0.0.1:{bound}",
        url.partition("://")[2],
        *document.listen.allowed_hosts,
    )
    http = HttpSettings(
        version=__version__,
        allowed_hosts=tuple(dict.fromkeys(hosts)),
        resource=resource,
        authorization_servers=() if oidc is None else (oidc.issuer,),
        most_bytes=document.listen.limits.body_bytes,
    )
    console = settings.console_url(bound) if beside else None
    mcp = McpHttpDoor(
        build_server(
            parts.gateway,
            principal_of_request,
            version=__version__,
            stated=purpose_of_request,
            page_of=None if console is None else partial(approval_page, console),
        ),
        doorkeeper,
        metadata_url=http.metadata_url,
        allowed_hosts=http.allowed_hosts,
        allowed_origins=tuple(document.listen.allowed_origins),
    )
    return create_app(
        gate=parts.gateway,
        doorkeeper=doorkeeper,
        settings=http,
        checks={"ledger": ledger_check(parts.ledger)},
        any_of={f"warehouse {name}": warehouse_check(each) for name, each in parts.warehouses.items()},
        metrics=parts.telemetry.exposition,
        metrics_type=parts.telemetry.content_type,
        mounted=mcp,
        beside=beside,
        described=people_described() if beside else None,
        turned_away=turned_away,
    )


def say_serving(url: str) -> None:
    """Tell the log that the doors are open."""
    structlog.get_logger("metricgate.serve").info("serving", url=url, mcp=f"{url}/mcp")
