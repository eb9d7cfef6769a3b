#!/usr/bin/env bash
# AutoGen's MCP tools drop arguments that the tool does not have, without a word to the model or the server.
#
# A model that asks with `fitler` instead of `filter` gets the unfiltered answer and no hint: the adapter builds a model from the
# input schema, which ignores what it does not know, although the schema says `additionalProperties: false`.
# By the way: autogen-ext[mcp] 0.7.5 admits mcp 2.x and cannot be imported with it, so mcp is pinned.
#
# Seen with autogen-ext 0.7.5, autogen-agentchat 0.7.5, mcp 1.30.0. Needs python3. Exits 1 if it changes.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check 'autogen-ext[mcp]==0.7.5' autogen-agentchat==0.7.5 mcp==1.30.0
cat > server.py <<'PY'
import anyio
from mcp import types
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

server = Server("orders")
SCHEMA = {"type": "object", "properties": {"filter": {"type": "string"}}, "additionalProperties": False}


@server.list_tools()
async def tools() -> list[types.Tool]:
    return [types.Tool(name="count", description="Count orders.", inputSchema=SCHEMA)]


@server.call_tool(validate_input=False)
async def call(name: str, arguments: dict) -> list[types.TextContent]:
    return [types.TextContent(type="text", text=f"the server was sent {arguments}")]


async def main() -> None:
    async with stdio_server() as (reading, writing):
        await server.run(reading, writing, server.create_initialization_options())


anyio.run(main)
PY
cat > run.py <<'PY'
import asyncio
import sys

from autogen_core import CancellationToken
from autogen_ext.tools.mcp import StdioServerParams, mcp_server_tools


async def main() -> None:
    (tool,) = await mcp_server_tools(StdioServerParams(command=sys.executable, args=["server.py"]))
    for arguments in ({"filter": "open"}, {"fitler": "open"}):
        result = await tool.run_json(arguments, CancellationToken())
        print(arguments, "->", tool.return_value_as_string(result))


asyncio.run(main())
PY
python/bin/python run.py 2>/dev/null | tee seen.txt
grep -q "'filter': 'open'} -> .*was sent {'filter': 'open'}" seen.txt
grep -q "'fitler': 'open'} -> .*was sent {}" seen.txt
