"""Fixture prompts, resources and completions of the official suite."""

from __future__ import annotations

import json
import re

import mcp_types as types
from mcp.shared.exceptions import MCPError
from tests.mcp_conformance.asking import asked, form, reply_of
from tests.mcp_conformance.fixtures import IMAGE, PIXEL, embedded, text

_FRESH = {"ttl_ms": 1_000, "cache_scope": "private"}
_TEMPLATE = "test://template/{id}/data"
_RESOURCES = {
    "test://static-text": ("Static text", "text/plain"),
    "test://static-binary": ("Static picture", "image/png"),
    "test://watched-resource": ("Watched", "text/plain"),
}
_PROMPTS = {
    "test_simple_prompt": (),
    "test_prompt_with_arguments": ("arg1", "arg2"),
    "test_prompt_with_embedded_resource": ("resourceUri",),
    "test_prompt_with_image": (),
    "test_input_required_result_prompt": (),
}


async def list_resources(_ctx, _params):
    listed = [
        types.Resource(uri=uri, name=name, description=f"Fixture: {name}.", mime_type=mime)
        for uri, (name, mime) in _RESOURCES.items()
    ]
    return types.ListResourcesResult(resources=listed, **_FRESH)


async def list_templates(_ctx, _params):
    template = types.ResourceTemplate(
        uri_template=_TEMPLATE, name="Data", description="Fixture: data by id.", mime_type="application/json"
    )
    return types.ListResourceTemplatesResult(resource_templates=[template], **_FRESH)


async def read_resource(_ctx, params):
    uri = str(params.uri)
    filled = re.fullmatch(r"test://template/([^/]+)/data", uri)
    if uri == "test://static-binary":
        content = types.BlobResourceContents(uri=uri, mime_type="image/png", blob=PIXEL)
    elif uri in _RESOURCES:
        words = f"This is the content of the {_RESOURCES[uri][0].lower()} resource."
        content = types.TextResourceContents(uri=uri, mime_type="text/plain", text=words)
    elif filled:
        data = {"id": filled[1], "templateTest": True, "data": f"Data for ID: {filled[1]}"}
        content = types.TextResourceContents(uri=uri, mime_type="application/json", text=json.dumps(data))
    else:
        raise MCPError(code=types.INVALID_PARAMS, message="There is no such resource.", data={"uri": uri})
    return types.ReadResourceResult(contents=[content], **_FRESH)


async def acknowledge(_ctx, _params):
    return types.EmptyResult()


async def list_prompts(_ctx, _params):
    listed = [
        types.Prompt(
            name=name,
            description=f"Fixture {name}.",
            arguments=[types.PromptArgument(name=each, description=each, required=True) for each in arguments],
        )
        for name, arguments in _PROMPTS.items()
    ]
    return types.ListPromptsResult(prompts=listed, **_FRESH)


async def get_prompt(_ctx, params):
    given = params.arguments or {}
    if params.name not in _PROMPTS or any(name not in given for name in _PROMPTS[params.name]):
        raise MCPError(code=types.INVALID_PARAMS, message="There is no such prompt, or an argument is missing.")
    match params.name:
        case "test_simple_prompt":
            return _prompt(text("This is a simple prompt for testing."))
        case "test_prompt_with_arguments":
            return _prompt(text(f"Prompt with arguments: arg1='{given['arg1']}', arg2='{given['arg2']}'"))
        case "test_prompt_with_embedded_resource":
            inside = embedded(given["resourceUri"], "Embedded resource content for testing.")
            return _prompt(inside, text("Please process the embedded resource above."))
        case "test_prompt_with_image":
            return _prompt(IMAGE, text("Please analyze the image above."))
    reply = reply_of(params, "user_context", types.ElicitResult)
    if reply is None:
        return asked(user_context=form("What context should the prompt use?", context={"type": "string"}))
    return _prompt(text(f"Use this context: {(reply.content or {}).get('context')}"))


def _prompt(*contents):
    return types.GetPromptResult(messages=[types.PromptMessage(role="user", content=each) for each in contents])


async def complete(_ctx, params):
    words = [each for each in ("paris", "park", "party") if each.startswith(params.argument.value)]
    return types.CompleteResult(completion=types.Completion(values=words, total=len(words), has_more=False))


REQUESTS = {
    "resources/list": (types.PaginatedRequestParams, list_resources),
    "resources/templates/list": (types.PaginatedRequestParams, list_templates),
    "resources/read": (types.ReadResourceRequestParams, read_resource),
    "resources/subscribe": (types.SubscribeRequestParams, acknowledge),
    "resources/unsubscribe": (types.UnsubscribeRequestParams, acknowledge),
    "prompts/list": (types.PaginatedRequestParams, list_prompts),
    "prompts/get": (types.GetPromptRequestParams, get_prompt),
    "completion/complete": (types.CompleteRequestParams, complete),
    "logging/setLevel": (types.SetLevelRequestParams, acknowledge),
}
