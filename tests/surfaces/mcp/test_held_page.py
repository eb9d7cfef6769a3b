"""A held change over MCP: the page where people decide is offered, decides nothing, and nobody needs it."""

import asyncio
import json
import sys

import httpx2
import mcp_types as types
import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from tests.faults.served import make_key
from tests.gateway.changes.shop import POLICY, STEN, opened, write_shop
from tests.surfaces.echo import keeper
from tests.surfaces.mcp.test_mcp_door import MODES, client, post
from tests.surfaces.real import environment, serving
from tests.surfaces.serving import make_app, served

from metricgate.approvals.proposal import State
from metricgate.settings.settings import load_settings
from metricgate.surfaces.console.addresses import approval_page
from metricgate.surfaces.mcp.held_links import MESSAGE
from metricgate.surfaces.mcp.http import principal_of_request
from metricgate.surfaces.mcp.server import build_server

# The keys of these tests are an agent's called copilot.
MINE = POLICY.replace('"agent:desk"', '"agent:copilot"')
DELETE = {"sql": "DELETE FROM orders WHERE id = 3", "dry_run": False, "idempotency_key": "delete-0001"}


def page_of(action_id):
    return approval_page("https://gate.example", action_id)


def doors(shop, **more):
    return make_app(
        shop.parts.gateway, keeper(), server=build_server(shop.parts.gateway, principal_of_request, version="0", **more)
    )


@pytest.mark.parametrize("mode", MODES)
def test_the_page_is_offered_and_its_answer_decides_nothing(tmp_path, mode):
    """Whatever the client replies, the agent is told to wait, and the change waits for a person with a login."""
    shown = []

    async def replies(_context, params):
        shown.append(params)
        if len(shown) == 1:
            return types.ElicitResult(action="accept", content={"approves": True, "decision": "approve"})
        return types.ElicitResult(action="decline") if len(shown) == 2 else types.ErrorData(code=-1, message="no")

    async def story():
        async with opened(write_shop(tmp_path / "shop", policy=MINE)) as shop:
            app = doors(shop, page_of=page_of)
            async with served(app) as url, client(url, mode=mode, elicitation_callback=replies) as session:
                for number in (1, 2):
                    result = await session.call_tool(
                        "propose_write", {**DELETE, "idempotency_key": f"delete-000{number}"}
                    )
                    held = result.structured_content["answer"]
                    assert not result.is_error
                    assert held["state"] == "held"
                    assert "ask get_action" in held["message"]
                    assert json.loads(result.content[0].text) == result.structured_content
                    assert (shown[-1].url, shown[-1].message) == (page_of(held["action_id"]), MESSAGE)
                    action = shop.parts.changes.store.get(held["action_id"])
                    assert (action.state, action.decisions) == (State.HELD, ())
                # Polling shows no page again.
                poll = await session.call_tool("get_action", {"action_id": held["action_id"]})
                assert poll.structured_content["answer"] == held
                again = await session.call_tool("propose_write", {**DELETE, "idempotency_key": "delete-0002"})
                assert again.structured_content["answer"]["action_id"] == held["action_id"]
                assert [each.mode for each in shown] == ["url", "url"]
                view = await shop.office.action(STEN, held["action_id"])
                assert view.may_decide is None

    asyncio.run(story())


def test_where_nothing_can_be_shown_words_do(tmp_path):
    """Without the capability, without an address, or with a client that breaks: the same answer."""

    async def breaks(_context, _params):
        return types.ErrorData(code=-32000, message="no browser here")

    async def story():
        async with opened(write_shop(tmp_path / "shop", policy=MINE)) as shop:
            for number, (mode, more, asks) in enumerate(
                (
                    (MODES[0], {"page_of": page_of}, {}),
                    (MODES[0], {}, {"elicitation_callback": breaks}),
                    ("legacy", {"page_of": page_of}, {}),
                    ("legacy", {"page_of": page_of}, {"elicitation_callback": breaks}),
                )
            ):
                async with served(doors(shop, **more)) as url, client(url, mode=mode, **asks) as session:
                    asked = {**DELETE, "idempotency_key": f"delete-100{number}"}
                    result = await session.call_tool("propose_write", asked)
                    assert "ask get_action" in result.structured_content["answer"]["message"]

    asyncio.run(story())


def test_the_state_of_a_shown_page_is_of_one_caller_and_one_call(tmp_path):
    """As with questions: another's key or other arguments make it worthless; the rightful use asks nothing again."""

    async def story():
        async with (
            opened(write_shop(tmp_path / "shop", policy=MINE)) as shop,
            served(doors(shop, page_of=page_of)) as url,
        ):
            asked = {"name": "propose_write", "arguments": DELETE}
            meta = {"io.modelcontextprotocol/clientCapabilities": {"elicitation": {"url": {}}}}
            first = (await post(url, asked, meta=meta)).json()["result"]
            request = first["inputRequests"]["approval"]["params"]
            assert request["mode"] == "url"
            assert "elicitationId" not in request
            state = first["requestState"]
            answered = {"approval": {"action": "accept", "content": {"approves": True}}}
            again = {**asked, "requestState": state, "inputResponses": answered}
            other = {**again, "arguments": {**DELETE, "sql": "DELETE FROM orders WHERE id = 4"}}
            assert "error" in (await post(url, other, meta=meta)).json()
            assert "error" in (await post(url, again, key="mg_other", meta=meta)).json()
            held = (await post(url, again, meta=meta)).json()["result"]["structuredContent"]["answer"]
            assert page_of(held["action_id"]) == request["url"]
            only_forms = {"io.modelcontextprotocol/clientCapabilities": {"elicitation": {"form": {}}}}
            plain = {**asked, "arguments": {**DELETE, "idempotency_key": "delete-0009"}}
            answer = (await post(url, plain, meta=only_forms)).json()["result"]["structuredContent"]["answer"]
            assert answer["state"] == "held"

    asyncio.run(story())


def test_the_served_gateway_offers_its_own_console(tmp_path):
    """By ``metricgate serve`` over HTTP and ``metricgate mcp`` over standard input: the page is there for people."""
    shown = []

    async def opens(_context, params):
        shown.append(params.url)
        return types.ElicitResult(action="accept")

    async def story(folder, url, key):
        variables = environment(METRICGATE_PROJECT=str(folder), METRICGATE_API_KEY=key)
        process = StdioServerParameters(command=sys.executable, args=["-m", "metricgate", "mcp"], env=variables)
        asks = {"elicitation_callback": opens}
        for number, server in enumerate((client(url, key, **asks), Client(process, **asks))):
            async with server as session:
                asked = {**DELETE, "idempotency_key": f"delete-200{number}"}
                held = (await session.call_tool("propose_write", asked)).structured_content["answer"]
            assert shown[number] == approval_page(url, held["action_id"])
        async with httpx2.AsyncClient() as stranger:
            answer = await stranger.get(shown[0])
        assert (answer.status_code, answer.headers["location"][:24]) == (303, "/console/login?next=%2Fc")

    folder = write_shop(tmp_path / "shop")
    key = make_key(folder, "desk")
    with serving(folder) as url:
        asyncio.run(story(folder, url, key))


@pytest.mark.parametrize(
    ("listen", "wanted"),
    [
        ("{}", "http://127.0.0.1:8321"),
        ("{host: 0.0.0.0}", None),
        ("{host: 0.0.0.0, public_url: 'https://gate.example/'}", "https://gate.example"),
    ],
)
def test_where_the_console_is(tmp_path, listen, wanted):
    """The public address; else where it listens, unless that is everywhere and so nowhere in particular."""
    folder = write_shop(tmp_path / "shop")
    with (folder / "metricgate.yaml").open("a") as file:
        file.write(f"listen: {listen}\n")
    assert load_settings(folder).console_url(8321) == wanted
