"""What a result shows a model: the text alone is enough to recover, and strict clients drop nothing of it."""

import asyncio
import json

import httpx2
import pytest
from jsonschema import Draft202012Validator
from tests.gateway.changes.shop import opened, write_shop
from tests.surfaces.echo import keeper
from tests.surfaces.mcp.test_held_page import DELETE, MINE
from tests.surfaces.mcp.test_mcp_door import MODES, client
from tests.surfaces.serving import make_app, served

from metricgate.gateway.changes.codes import OUTCOME_UNKNOWN
from metricgate.gateway.outcome import Fault
from metricgate.surfaces.mcp.results import result_of
from metricgate.vocabulary.problem import Problem

ID = "act_0123456789ABCDEFGHJKMNPQRS"
PAUSE = {"id": 1, "dry_run": False, "idempotency_key": "pause-0001"}
CALLS = {
    "answered": ("search_catalog", {"text": "customers"}, []),
    "dry run": ("propose_write", {"sql": DELETE["sql"]}, ["previewed", "deletes-wait"]),
    "held": ("propose_write", DELETE, ['"held"', "deletes-wait", "get_action", "Do not propose it again"]),
    "the same again": ("propose_write", DELETE, ['"held"', "deletes-wait", "get_action"]),
    "carried out": ("action_pause_customer", PAUSE, ["executed"]),
    "unknown argument": (
        "propose_write",
        {"query": "DELETE FROM orders WHERE id = 4", "because": "x", "dry_runs": True},
        ["E_UNKNOWN_ARGUMENT", "Hint: ", "Did you mean 'dry_run'?"],
    ),
    "misspelt argument": (
        "search_catalog",
        {"texts": "customers"},
        ["E_UNKNOWN_ARGUMENT", 'Corrected call: {"tool":"search_catalog","arguments":{"text":"customers"}}'],
    ),
    "unknown tool": ("propose_wrote", {}, ["E_UNKNOWN_TOOL", "propose_write"]),
    "wrong type": ("get_action", {"action_id": 7}, ["E_INVALID_ARGUMENT", "(at action_id)"]),
    "several mistakes": (
        "propose_write",
        {"sql": "", "dry_run": "perhaps"},
        ["E_INVALID_ARGUMENT (at sql)", "E_INVALID_ARGUMENT (at dry_run)"],
    ),
    "not granted": (
        "propose_write",
        {"sql": "UPDATE customers SET email = 'x' WHERE id = 1"},
        ["E_DENIED", "Only people change addresses.", "Decided by: no-email"],
    ),
    "no such action": ("get_action", {"action_id": ID}, ["E_NO_SUCH_ACTION", ID]),
    "no key for it": ("propose_write", {**DELETE, "idempotency_key": None}, ["(at idempotency_key)"]),
}


@pytest.mark.parametrize("mode", MODES)
def test_text_is_enough_and_strict_clients_drop_nothing(tmp_path, mode):
    """Structured content is there only where it fits the tool's schema; the text repeats all that is in ``_meta``."""

    async def story():
        async with (
            opened(write_shop(tmp_path / "shop", policy=MINE)) as shop,
            served(make_app(shop.parts.gateway, keeper())) as url,
            client(url, mode=mode) as session,
        ):
            schemas = {tool.name: tool.output_schema for tool in (await session.list_tools()).tools}
            for kind, (tool, arguments, words) in CALLS.items():
                result = await session.call_tool(tool, arguments)
                (block,) = result.content
                assert not [word for word in words if word not in block.text], (kind, block.text)
                if result.is_error:
                    assert result.structured_content is None, kind
                    _told(kind, block.text, result.meta["metricgate/problem"])
                else:
                    Draft202012Validator(schemas[tool]).validate(result.structured_content)
                    assert json.loads(block.text) == result.structured_content, kind

    asyncio.run(story())


def _told(kind, text, document):
    for each in document["problems"]:
        assert f"{each['code']}" in text, kind
        assert each["message"] in text, kind
        assert not each.get("hint") or each["hint"] in text, kind
    assert document["hint"] in text, kind
    assert f"Record: {document['record']['index']}" in text, kind


def test_a_hold_is_the_same_answer_at_every_door(tmp_path):
    """HTTP says 202 and repeats beside the answer what a program needs to wait; get_action gives the same answer."""

    async def story():
        async with (
            opened(write_shop(tmp_path / "shop", policy=MINE)) as shop,
            served(make_app(shop.parts.gateway, keeper())) as url,
            client(url) as session,
            httpx2.AsyncClient(headers={"authorization": "Bearer mg_good"}, timeout=30) as plain,
        ):
            over_http = await plain.post(f"{url}/v1/tools/propose_write", json=DELETE)
            assert over_http.status_code == 202
            body = over_http.json()
            answer = body["answer"]
            assert body["held"] == {name: answer[name] for name in ("action_id", "message", "rules")}
            assert answer["action_id"] in answer["message"]
            polled = await session.call_tool("get_action", {"action_id": answer["action_id"]})
            assert polled.structured_content["answer"] == answer
            described = (await plain.get(f"{url}/openapi.json")).json()["paths"]["/v1/tools/propose_write"]["post"]
            schema = described["responses"]["202"]["content"]["application/json"]["schema"]
            Draft202012Validator(schema).validate(body)

    asyncio.run(story())


def test_hints_are_truthful(tmp_path):
    """What can withdraw or change is not annotated as read-only; the rest is."""

    async def story():
        async with opened(write_shop(tmp_path / "shop", policy=MINE)) as shop:
            changing = {tool.name for tool in shop.parts.gateway.tools() if not tool.read_only}
            assert changing == {"get_action", "propose_write", "action_pause_customer"}

    asyncio.run(story())


def test_what_failed_after_it_was_proposed_is_named_by_its_id():
    """A change whose outcome nobody knows can be asked for: the text has the id."""
    problem = Problem(code=OUTCOME_UNKNOWN, message=OUTCOME_UNKNOWN.cause, details={"action_id": ID})
    text = result_of(Fault(problem=problem, record=None)).content[0].text
    assert f'get_action tells how it stands: {{"action_id": "{ID}"}}' in text
