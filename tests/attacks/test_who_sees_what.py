"""What somebody may not know of looks, from outside, like what is not there."""

from __future__ import annotations

import asyncio

import httpx2
from tests.gateway.writing.shop import POLICY, opened, write_shop
from tests.surfaces.echo import keeper
from tests.surfaces.serving import make_app, served

OF_THE_PROJECT = ("pause_customer", "Put one customer on hold", "paused", "The customer.")
"""Words of the governed action: its name, description, an allowed value, a parameter."""


async def described(url: str, **headers: str) -> httpx2.Response:
    async with httpx2.AsyncClient() as client:
        return await client.get(f"{url}/openapi.json", headers=headers)


def test_a_stranger_is_told_of_routes_that_every_gateway_has(tmp_path):
    """Without a credential the document has nothing of the project; with a bad one, it is refused."""
    policy = POLICY.replace('members: ["agent:desk", "user:dora"]', 'members: ["agent:copilot", "user:dora"]')

    async def story():
        for agent_may in (True, False):
            folder = write_shop(tmp_path / str(agent_may), policy=policy if agent_may else POLICY)
            async with opened(folder) as shop, served(make_app(shop.parts.gateway, keeper())) as url:
                open_to_all = await described(url)
                assert open_to_all.status_code == 200
                assert not [word for word in OF_THE_PROJECT if word in open_to_all.text]
                assert "/v1/tools/query_metrics" in open_to_all.json()["paths"]
                own = await described(url, authorization="Bearer mg_good")
                found = [word for word in OF_THE_PROJECT if word in own.text]
                assert found == (list(OF_THE_PROJECT) if agent_may else [])
                for wrong in (
                    {"authorization": "Bearer mg_bad"},
                    {"x-api-key": "no key"},
                    {"authorization": "Basic x"},
                ):
                    refused = await described(url, **wrong)
                    assert refused.status_code == 401
                    assert "paths" not in refused.text

    asyncio.run(story())


def test_counters_are_open_and_name_nothing_of_the_project(tmp_path):
    """A call of a governed action is counted as one of an action."""

    async def story():
        async with opened(write_shop(tmp_path / "shop")) as shop:
            await shop.call("action_pause_customer", id=1)
            text = shop.parts.telemetry.exposition().decode()
            assert 'tool="action"' in text
            assert "pause" not in text

    asyncio.run(story())
