"""The clients, pinned, and what is known not to work with them, each with its reason (``docs/connecting.md``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from conformance.clients.installing import node_client, python_client


@dataclass(frozen=True, slots=True, kw_only=True)
class Framework:
    """One client.

    Attributes:
        name: as people call it, with its version.
        driver: the file in ``drivers/``.
        packages: of PyPI, as requirements; of npm, name to version. None of either: the project's own environment.
        limits: by scenario, why it cannot be passed. What passes nevertheless is a fault of this list.
    """

    name: str
    driver: str
    packages: tuple[str, ...] | Mapping[str, str] = ()
    limits: Mapping[str, str] = field(default_factory=dict)

    def command(self) -> list[str]:
        """Install what is missing; return how to start the driver.

        Raises:
            NotInstalled: the packages cannot be had here.
        """
        folder = self.driver.partition(".")[0]
        if isinstance(self.packages, tuple):
            return python_client(folder, self.packages, self.driver)
        return node_client(folder, self.packages, self.driver)


_STATUS_ONLY: Final = "mcp 1.x raises the status, 401, and does not read the body"
TYPESCRIPT_V1: Final = Framework(
    name="TypeScript SDK 1.32.2",
    driver="typescript_v1.mjs",
    packages={"@modelcontextprotocol/sdk": "1.32.2"},
)
FRAMEWORKS: Final = (
    Framework(name="mcp (Python) 2.3", driver="mcp_v2.py"),
    Framework(
        name="mcp (Python) 1.30.0",
        driver="mcp_v1.py",
        packages=("mcp==1.30.0",),
        limits={
            "cancelled": "a cancelled task sends nothing: the question runs on until its session or its time ends",
            "expired": _STATUS_ONLY,
            "restart": "every call of a lost session raises 'Session terminated'; the program connects anew",
        },
    ),
    Framework(name="fastmcp 4.2.3", driver="fastmcp_client.py", packages=("fastmcp==4.2.3",)),
    TYPESCRIPT_V1,
    Framework(
        name="TypeScript client 2.4.0",
        driver="typescript_v2.mjs",
        packages={"@modelcontextprotocol/client": "2.4.0"},
    ),
    Framework(
        name="LangChain.js adapters 1.1.4",
        driver="langchain_js.mjs",
        packages={"@langchain/mcp-adapters": "1.1.4"},
    ),
    Framework(
        name="AI SDK 6.0.326, mcp 1.0.102",
        driver="ai_sdk.mjs",
        packages={"ai": "6.0.326", "@ai-sdk/mcp": "1.0.102"},
        limits={"cancelled": "an aborted call sends nothing: the question runs on until its time is over"},
    ),
    Framework(
        name="openai-agents JS 0.20.0",
        driver="openai_agents_js.mjs",
        packages={"@openai/agents": "0.20.0"},
        limits={"expired": "it raises words of its own, 'the server requires authorization (HTTP 401)'"},
    ),
    Framework(name="openai-agents 0.24.0", driver="openai_agents.py", packages=("openai-agents==0.24.0",)),
    Framework(
        name="langchain-mcp-adapters 0.3.2",
        driver="langchain_adapters.py",
        packages=("langchain-mcp-adapters==0.3.2", "langgraph==1.2.24", "mcp==1.30.0"),
        limits={"expired": _STATUS_ONLY},
    ),
    Framework(name="pydantic-ai 2.68.0", driver="pydantic_ai_toolset.py", packages=("pydantic-ai-slim[mcp]==2.68.0",)),
    Framework(
        name="agent-framework-core 1.23.0",
        driver="agent_framework_tool.py",
        packages=("agent-framework-core==1.23.0", "mcp==2.3.0", "tenacity==9.2.1"),
    ),
    Framework(name="google-adk 2.13.0", driver="google_adk.py", packages=("google-adk[mcp]==2.13.0",)),
    Framework(
        name="llama-index-tools-mcp 0.6.0", driver="llama_index_spec.py", packages=("llama-index-tools-mcp==0.6.0",)
    ),
    Framework(
        name="autogen-ext 0.7.5",
        driver="autogen_tools.py",
        packages=("autogen-ext[mcp]==0.7.5", "autogen-agentchat==0.7.5", "mcp==1.30.0"),
        limits={
            "unknown": "arguments that the schema does not have are dropped before the call is sent",
            "expired": _STATUS_ONLY,
        },
    ),
    Framework(
        name="smolagents 1.26.0, mcpadapt 0.1.19",
        driver="smolagents_tools.py",
        packages=("smolagents[mcp]==1.26.0", "mcpadapt==0.1.19", "mcp==1.30.0"),
        limits={
            "cancelled": "a tool is a plain function, which nothing can call off",
            "expired": "it waits 30 seconds and says that it could not connect",
            "restart": "every call of a lost session raises 'Session terminated'; the program connects anew",
        },
    ),
)
