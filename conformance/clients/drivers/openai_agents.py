"""The OpenAI Agents SDK: tools as functions, in strict mode where their schemas allow it."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from agents import Agent, RunContextWrapper
from agents.mcp import MCPServerStreamableHttp, MCPUtil
from agents.tool_context import ToolContext
from speaking import Client, drive


@asynccontextmanager
async def connect(url: str, key: str) -> AsyncIterator[Client]:
    """Connect, and make a function of each tool."""
    params = {"url": url, "headers": {"Authorization": f"Bearer {key}"}, "timeout": 60}
    async with MCPServerStreamableHttp(params, client_session_timeout_seconds=60) as server:
        agent = Agent(name="a", mcp_servers=[server])
        context = RunContextWrapper(None)
        found = await MCPUtil.get_function_tools(
            server, convert_schemas_to_strict=True, run_context=context, agent=agent
        )
        functions = {each.name: each for each in found}

        async def tools() -> list[str]:
            return list(functions)

        async def call(tool: str, arguments: Mapping[str, object]) -> str:
            text = json.dumps(arguments)
            calling = ToolContext(None, tool_name=tool, tool_call_id="1", tool_arguments=text)
            shown = await functions[tool].on_invoke_tool(calling, text)
            return shown if isinstance(shown, str) else json.dumps(shown, default=str)

        yield Client(tools=tools, call=call)


drive(connect)
