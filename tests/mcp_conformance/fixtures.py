"""Fixture tools of the official suite that need nobody but the server: contents, errors, progress, logging, schemas."""

from __future__ import annotations

import asyncio
import base64
import json
import struct
import zlib
from dataclasses import dataclass, field

import mcp_types as types
from mcp.server.subscriptions import InMemorySubscriptionBus, PromptsListChanged, ToolsListChanged
from mcp.shared.exceptions import MCPError

_PAUSE = 0.05


def _png() -> bytes:
    """One red pixel (PNG, ISO/IEC 15948)."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0\xff\0\0")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def _wav() -> bytes:
    """Two silent samples, 8 kHz, 8 bit, mono (RIFF WAVE)."""
    form = struct.pack("<HHIIHH", 1, 1, 8000, 8000, 1, 8)
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", 2) + b"\x80\x80"
    return b"RIFF" + struct.pack("<I", len(body)) + body


PIXEL = base64.b64encode(_png()).decode()
SOUND = base64.b64encode(_wav()).decode()
IMAGE = types.ImageContent(type="image", data=PIXEL, mime_type="image/png")


def text(words):
    return types.TextContent(type="text", text=words)


def said(words, **more):
    return types.CallToolResult(content=[text(words)], **more)


def embedded(uri, words, mime="text/plain"):
    inside = types.TextResourceContents(uri=uri, mime_type=mime, text=words)
    return types.EmbeddedResource(type="resource", resource=inside)


def schema(**properties):
    return {"type": "object", "properties": properties, "required": list(properties)}


@dataclass
class Tools:
    """Tools by name, in the order they were added."""

    listed: dict = field(default_factory=dict)
    handlers: dict = field(default_factory=dict)

    def add(self, name, input_schema=None):
        """Decorate a handler ``(ctx, params) -> result``."""

        def keep(handler):
            self.listed[name] = types.Tool(
                name=name, description=f"Fixture {name}.", input_schema=input_schema or schema()
            )
            self.handlers[name] = handler
            return handler

        return keep

    def always(self, name, *content, is_error=False):
        """Add a tool that always gives the same."""

        async def give(_ctx, _params):
            return types.CallToolResult(content=list(content), is_error=is_error)

        self.add(name)(give)


def add_contents(tools: Tools) -> None:
    resource = embedded("test://embedded-resource", "This is an embedded resource content.")
    mixed = embedded("test://mixed-content-resource", json.dumps({"test": "data", "value": 123}), "application/json")
    tools.always("test_simple_text", text("This is a simple text response for testing."))
    tools.always("test_image_content", IMAGE)
    tools.always("test_audio_content", types.AudioContent(type="audio", data=SOUND, mime_type="audio/wav"))
    tools.always("test_embedded_resource", resource)
    tools.always("test_multiple_content_types", text("Multiple content types test:"), IMAGE, mixed)
    tools.always("test_error_handling", text("This tool intentionally returns an error for testing"), is_error=True)


def add_notices(tools: Tools, bus: InMemorySubscriptionBus) -> None:
    @tools.add("test_tool_with_progress")
    async def progress(ctx, _params):
        for done in (0, 50, 100):
            await ctx.session.report_progress(done, 100)
            await asyncio.sleep(_PAUSE)
        return said("Progress was reported.")

    @tools.add("test_tool_with_logging")
    async def logging(ctx, _params):
        for words in ("Tool execution started", "Tool processing data", "Tool execution completed"):
            await ctx.session.send_log_message("info", words, related_request_id=ctx.request_id)
            await asyncio.sleep(_PAUSE)
        return said("Three messages were logged.")

    tools.add("test_logging_tool")(logging)

    @tools.add("test_trigger_tool_change")
    async def tool_change(_ctx, _params):
        await bus.publish(ToolsListChanged())
        return said("The list of tools was said to have changed.")

    @tools.add("test_trigger_prompt_change")
    async def prompt_change(_ctx, _params):
        await bus.publish(PromptsListChanged())
        return said("The list of prompts was said to have changed.")

    @tools.add("test_missing_capability")
    async def missing(ctx, _params):
        capabilities = ctx.session.client_capabilities
        if capabilities is None or capabilities.sampling is None:
            raise MCPError(
                code=types.MISSING_REQUIRED_CLIENT_CAPABILITY,
                message="This tool needs a client that samples.",
                data={"requiredCapabilities": {"sampling": {}}},
            )
        return said("The client samples.")


def add_schemas(tools: Tools) -> None:
    address = {"$anchor": "addressDef", **schema(street={"type": "string"}, city={"type": "string"})}
    del address["required"]
    by_phone, by_mail = {"required": ["phone"]}, {"required": ["email"]}
    full = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": {"address": address},
        "properties": {
            "name": {"type": "string"},
            "address": {"$ref": "#/$defs/address"},
            "contactMethod": {"type": "string", "enum": ["phone", "email"]},
            "phone": {"type": "string"},
            "email": {"type": "string"},
        },
        "allOf": [{"anyOf": [by_phone, by_mail]}],
        "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
        "then": by_phone,
        "else": by_mail,
        "additionalProperties": False,
    }

    @tools.add("json_schema_2020_12_tool", full)
    async def schema_tool(_ctx, params):
        return said(json.dumps(params.arguments or {}, sort_keys=True))

    mirrored = schema(region={"type": "string", "description": "Mirrored to a header.", "x-mcp-header": "Region"})

    @tools.add("test_custom_headers", mirrored)
    async def mirrored_tool(_ctx, params):
        return said(f"region is {(params.arguments or {}).get('region')}")
