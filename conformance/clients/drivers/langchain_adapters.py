"""LangChain's MCP adapters: a tool's message, as a graph's tool node makes it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from langchain_mcp_adapters.client import MultiServerMCPClient
from langgraph.prebuilt import ToolNode
from langgraph.runtime import Runtime
from speaking import Client, drive


@asynccontextmanager
async def connect(url: str, key: str) -> AsyncIterator[Client]:
    """Load the tools; the adapters open a session for each call."""
    headers = {"Authorization": f"Bearer {key}"}
    client = MultiServerMCPClient({"gate": {"transport": "streamable_http", "url": url, "headers": headers}})
    loaded = {each.name: each for each in await client.get_tools()}

    async def tools() -> list[str]:
        return list(loaded)

    async def call(tool: str, arguments: Mapping[str, object]) -> str:
        asked = {"name": tool, "args": dict(arguments), "id": "1", "type": "tool_call"}
        node = ToolNode(list(loaded.values()), handle_tool_errors=True)
        made = await node.ainvoke([asked], config={"configurable": {"__pregel_runtime": Runtime()}})
        (message,) = made["messages"]
        return message.content if isinstance(message.content, str) else message.text

    yield Client(tools=tools, call=call)


drive(connect)
