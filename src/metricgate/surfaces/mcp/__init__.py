"""The MCP door: the official SDK, streamable HTTP and stdio."""
