"""Fixture tools that ask the client: over the open connection (older revisions) and by retry (2026-07-28)."""

from __future__ import annotations

import json

import mcp_types as types
from mcp.shared.exceptions import MCPError
from tests.mcp_conformance.fixtures import Tools, said, schema

_STRING = {"type": "string"}
_THREE = ["option1", "option2", "option3"]
DEFAULTS = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "default": "John Doe"},
        "age": {"type": "integer", "default": 30},
        "score": {"type": "number", "default": 95.5},
        "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
        "verified": {"type": "boolean", "default": True},
    },
    "required": [],
}


def _titled(noun):
    return [{"const": f"value{n}", "title": f"{word} {noun}"} for n, word in enumerate(("First", "Second", "Third"), 1)]


ENUMS = {
    "type": "object",
    "properties": {
        "untitledSingle": {"type": "string", "enum": _THREE},
        "titledSingle": {"type": "string", "oneOf": _titled("Option")},
        "legacyEnum": {
            "type": "string",
            "enum": ["opt1", "opt2", "opt3"],
            "enumNames": ["Option One", "Option Two", "Option Three"],
        },
        "untitledMulti": {"type": "array", "items": {"type": "string", "enum": _THREE}},
        "titledMulti": {"type": "array", "items": {"anyOf": _titled("Choice")}},
    },
    "required": [],
}


def add_open_questions(tools: Tools) -> None:
    """Add the tools that ask while the call is open."""

    @tools.add("test_sampling", schema(prompt=_STRING))
    async def sampling(ctx, params):
        message = types.SamplingMessage(role="user", content=types.TextContent(type="text", text=_of(params, "prompt")))
        reply = await ctx.session.create_message([message], max_tokens=100, related_request_id=ctx.request_id)
        return said(f"LLM response: {getattr(reply.content, 'text', reply.content)}")

    @tools.add("test_elicitation", schema(message=_STRING))
    async def elicitation(ctx, params):
        wanted = schema(
            username={"type": "string", "description": "User's response"},
            email={"type": "string", "description": "User's email address"},
        )
        reply = await ctx.session.elicit_form(_of(params, "message"), wanted, ctx.request_id)
        return said(f"User response: action={reply.action}, content={json.dumps(reply.content)}")

    for name, form in (("test_elicitation_sep1034_defaults", DEFAULTS), ("test_elicitation_sep1330_enums", ENUMS)):
        _add_form(tools, name, form)


def _add_form(tools, name, form):
    @tools.add(name)
    async def ask(ctx, _params):
        reply = await ctx.session.elicit_form("Please fill in the form.", form, ctx.request_id)
        return said(f"Elicitation completed: action={reply.action}, content={json.dumps(reply.content)}")


def _of(params, name):
    value = (params.arguments or {}).get(name)
    if not isinstance(value, str):
        raise MCPError(code=types.INVALID_PARAMS, message=f"{name} is missing.")
    return value


def form(message, **properties):
    """A question for the user."""
    params = types.ElicitRequestFormParams(message=message, requested_schema=schema(**properties))
    return types.ElicitRequest(params=params)


def sample(words, tokens):
    """A question for the client's model."""
    message = types.SamplingMessage(role="user", content=types.TextContent(type="text", text=words))
    return types.CreateMessageRequest(params=types.CreateMessageRequestParams(messages=[message], max_tokens=tokens))


ROOTS = types.ListRootsRequest()
NAME = form("What is your name?", name=_STRING)
CAPITAL = sample("What is the capital of France?", 100)
CONFIRM = form("Please confirm", ok={"type": "boolean"})


def asked(state=None, **requests):
    """Ask for all of ``requests`` before the call can be finished."""
    return types.InputRequiredResult(input_requests=requests, request_state=state)


def reply_of(params, name, kind):
    """The reply of that name, if it is there and of the right kind."""
    found = (params.input_responses or {}).get(name)
    if not isinstance(found, kind) or getattr(found, "action", "accept") != "accept":
        return None
    return found


def add_questions_by_retry(tools: Tools) -> None:
    """Add the tools that answer ``input_required`` first."""

    @tools.add("test_input_required_result_elicitation")
    async def elicitation(_ctx, params):
        reply = reply_of(params, "user_name", types.ElicitResult)
        return asked(user_name=NAME) if reply is None else said(f"Hello, {(reply.content or {}).get('name')}!")

    tools.add("test_streaming_elicitation")(elicitation)

    @tools.add("test_input_required_result_sampling")
    async def sampling(_ctx, params):
        reply = reply_of(params, "capital_question", types.CreateMessageResult | types.CreateMessageResultWithTools)
        return asked(capital_question=CAPITAL) if reply is None else said(f"The model said: {reply.content}")

    @tools.add("test_input_required_result_list_roots")
    async def roots(_ctx, params):
        reply = reply_of(params, "client_roots", types.ListRootsResult)
        return asked(client_roots=ROOTS) if reply is None else said(f"Roots: {[str(each.uri) for each in reply.roots]}")

    @tools.add("test_input_required_result_capabilities")
    async def capabilities(ctx, params):
        if params.input_responses:
            return said("Thank you.")
        declared = ctx.session.client_capabilities
        requests = {"client_roots": (ROOTS, declared.roots), "capital_question": (CAPITAL, declared.sampling)}
        requests["user_name"] = (NAME, declared.elicitation)
        able = {name: request for name, (request, capability) in requests.items() if capability is not None}
        return asked(**able) if able else said("The client can be asked nothing.")

    _add_with_state(tools)


def _add_with_state(tools: Tools) -> None:
    @tools.add("test_input_required_result_request_state")
    async def confirm(_ctx, params):
        if params.request_state is None or reply_of(params, "confirm", types.ElicitResult) is None:
            return asked("awaiting confirmation", confirm=CONFIRM)
        return said("state-ok" if params.request_state == "awaiting confirmation" else "state-wrong")

    tools.add("test_input_required_result_tampered_state")(confirm)

    @tools.add("test_input_required_result_multiple_inputs")
    async def several(_ctx, params):
        found = params.input_responses or {}
        if params.request_state is None or not {"user_name", "greeting", "client_roots"} <= found.keys():
            greeting = sample("Generate a greeting", 50)
            return asked("awaiting three", user_name=NAME, greeting=greeting, client_roots=ROOTS)
        return said(f"All are here: {', '.join(sorted(found))}.")

    @tools.add("test_input_required_result_multi_round")
    async def rounds(_ctx, params):
        name = reply_of(params, "step1", types.ElicitResult)
        color = reply_of(params, "step2", types.ElicitResult)
        if params.request_state is None:
            return asked("round 1", step1=form("Step 1: What is your name?", name=_STRING))
        if params.request_state == "round 1" and name is not None:
            known = json.dumps({"name": (name.content or {}).get("name")})
            return asked(known, step2=form("Step 2: What is your favorite color?", color=_STRING))
        if color is None:
            return asked(params.request_state, step2=form("Step 2: What is your favorite color?", color=_STRING))
        return said(f"{json.loads(params.request_state)['name']} likes {(color.content or {}).get('color')}.")
