"""AutoGen: adapters whose arguments are models made from the schema."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from autogen_core import CancellationToken
from autogen_ext.tools.mcp import StreamableHttpServerParams, mcp_server_tools
from speaking import Client, drive


@asynccontextmanager
async def connect(url: str, key: str) -> AsyncIterator[Client]:
    """Load the adapters; they open a session for each call."""
    params = StreamableHttpServerParams(url=url, headers={"Authorization": f"Bearer {key}"}, timeout=60)
    found = {each.name: each for each in await mcp_server_tools(params)}

    async def tools() -> list[str]:
        return list(found)

    async def call(tool: str, arguments: Mapping[str, object]) -> str:
        result = await found[tool].run_json(dict(arguments), CancellationToken())
        return found[tool].return_value_as_string(result)

    yield Client(tools=tools, call=call)


drive(connect)
