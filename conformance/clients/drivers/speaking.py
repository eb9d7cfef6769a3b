"""What every driver has in common: commands as lines of JSON on standard input, replies on standard output.

``{"do": "tools"}``, ``{"do": "call", "tool", "arguments"}`` and ``{"do": "cancel", "tool", "arguments", "after"}`` are
answered ``{"shown": text, "raised": bool}``: what the framework would put before a model, and whether it raised that.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

Call = Callable[[str, Mapping[str, object]], Awaitable[str]]


@dataclass(frozen=True)
class Client:
    """A connected framework: the names of the tools that it could load, and how to call one."""

    tools: Callable[[], Awaitable[list[str]]]
    call: Call


def words(error: BaseException) -> str:
    """Return an error, or those inside a group of them, as a framework would show it."""
    if isinstance(error, BaseExceptionGroup):
        return "\n".join(words(each) for each in error.exceptions)
    return f"{type(error).__name__}: {error}"


def say(shown: str, *, raised: bool = False) -> None:
    """Reply."""
    sys.stdout.write(json.dumps({"shown": shown, "raised": raised}) + "\n")
    sys.stdout.flush()


async def _do(client: Client, command: Mapping[str, object]) -> str:
    if command["do"] == "tools":
        return " ".join(await client.tools())
    tool, arguments = str(command["tool"]), command["arguments"]
    if not isinstance(arguments, dict):
        raise TypeError("arguments are an object")
    if command["do"] == "call":
        return await client.call(tool, arguments)
    calling = asyncio.ensure_future(client.call(tool, arguments))
    await asyncio.sleep(float(str(command["after"])))
    calling.cancel()
    try:
        return await asyncio.wait_for(calling, 15)
    except (asyncio.CancelledError, TimeoutError):
        return "cancelled"


async def _served(connect: Callable[[str, str], AbstractAsyncContextManager[Client]]) -> None:
    url, key = sys.argv[1:]
    async with connect(f"{url}/mcp", key) as client:
        say("connected")
        while line := await asyncio.to_thread(sys.stdin.readline):
            try:
                say(await asyncio.wait_for(_do(client, json.loads(line)), 45))
            except Exception as error:  # noqa: BLE001 - whatever a framework raises is what is looked at
                say(words(error), raised=True)


def drive(connect: Callable[[str, str], AbstractAsyncContextManager[Client]]) -> None:
    """Connect to ``sys.argv``'s URL with its key, and do as is told until standard input ends."""
    try:
        asyncio.run(_served(connect))
    except BaseException as error:  # noqa: BLE001 - whatever a framework raises is what is looked at
        say(words(error), raised=True)
