"""The official TypeScript SDK 1.x, on which many clients are built: it drops results that do not fit their schema.

Runs where Node and npm are there; the SDK is installed once into ``.clients/``. ``make conformance-clients`` runs many
more clients.
"""

import asyncio
import re
import shutil

import pytest
from conformance.clients.frameworks import TYPESCRIPT_V1
from conformance.clients.installing import NotInstalled
from conformance.clients.talking import Talk
from tests.gateway.changes.shop import opened, write_shop
from tests.surfaces.echo import keeper
from tests.surfaces.mcp.test_held_page import DELETE, MINE
from tests.surfaces.serving import make_app, served


@pytest.fixture(scope="module")
def command():
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("Node and npm are not on PATH")
    try:
        return TYPESCRIPT_V1.command()
    except NotInstalled as error:
        pytest.skip(f"npm cannot install the SDK here: {error}")


def story(url, command):
    """What a model sees, of a client that listed the tools first."""
    with Talk(command, url, "mg_good") as talk:
        assert "propose_write" in talk.tools(), talk.opening
        held = talk.call("propose_write", DELETE)
        action = re.search(r"act_[0-9A-Z]{26}", held)
        return {
            "held": held,
            "polled": talk.call("get_action", {"action_id": action[0] if action else "none"}),
            "misspelt": talk.call("search_catalog", {"texts": "customers"}),
            "denied": talk.call("propose_write", {"sql": "UPDATE customers SET email = 'x' WHERE id = 1"}),
            "null": talk.call("search_catalog", {"text": "customers", "limit": None}),
        }


def test_refusals_and_holds_reach_the_model(tmp_path, command):
    """Each with what is needed to get on: the action's id, the corrected call, the rule and its reason."""

    async def played():
        async with (
            opened(write_shop(tmp_path / "shop", policy=MINE)) as shop,
            served(make_app(shop.parts.gateway, keeper())) as url,
        ):
            return await asyncio.to_thread(story, url, command)

    seen = asyncio.run(played())
    assert '"state":"held"' in seen["held"]
    assert "ask get_action" in seen["held"]
    assert '"state":"held"' in seen["polled"]
    assert 'Corrected call: {"tool":"search_catalog","arguments":{"text":"customers"}}' in seen["misspelt"]
    assert "Only people change addresses." in seen["denied"]
    assert "Null counts as left out: `limit`." in seen["null"]
