"""The OpenAPI document has the whole API for people, and what the API answers is what the document says."""

import asyncio
import re

from jsonschema import Draft202012Validator
from starlette.routing import Route
from tests.surfaces.human.conftest import ANA, BO, PASSWORD

from metricgate.surfaces.human.api import PeopleApi
from metricgate.surfaces.human.session_auth import Admission


def test_every_route_is_described_and_nothing_else(house):
    """Paths and methods are those of the routes; every schema is one; every reference leads somewhere."""

    async def go():
        document = (await house.client().get("/openapi.json")).json()
        routes = PeopleApi(house.office, Admission(house.people, public_url=house.base)).routes()
        assert all(isinstance(each, Route) for each in routes)
        served = {
            (re.sub(r":\w+}", "}", route.path), method.lower())
            for route in routes
            for method in route.methods - {"HEAD"}
        }
        paths = {path: found for path, found in document["paths"].items() if not path.startswith("/v1/tools")}
        assert {(path, method) for path, found in paths.items() for method in found} == served
        schemas = document["components"]["schemas"]
        for schema in schemas.values():
            Draft202012Validator.check_schema(schema)
        referred = set(re.findall(r"#/components/schemas/(\w+)", str(document)))
        assert referred <= set(schemas)
        operations = [each for found in document["paths"].values() for each in found.values()]
        assert len({each["operationId"] for each in operations}) == len(operations)
        for found in paths.values():
            for operation in found.values():
                problem = operation["responses"]["default"]["content"]["application/problem+json"]["schema"]
                assert problem == {"$ref": "#/components/schemas/Problem"}

    asyncio.run(go())


def test_answers_are_as_described(house):
    """A person's story: each body sent and each answer, problems among them, fits its schema."""

    async def go():
        document = (await house.client().get("/openapi.json")).json()
        fitted = set()

        def fits(content, operation, status):
            answers = operation["responses"]
            found = answers.get(str(status), answers["default"])["content"]
            media = "application/json" if str(status) in answers else "application/problem+json"
            Draft202012Validator({**found[media]["schema"], "components": document["components"]}).validate(content)

        async def ask(client, method, path, template=None, **given):
            operation = document["paths"][template or path][method]
            if "json" in given:
                sent = operation["requestBody"]["content"]["application/json"]["schema"]
                Draft202012Validator({**sent, "components": document["components"]}).validate(given["json"])
            reply = await client.request(method.upper(), path, **given)
            fits(reply.json(), operation, reply.status_code)
            fitted.add(operation["operationId"])
            return reply

        action = house.office.propose()
        there, one = f"/v1/approvals/{action.id}", "/v1/approvals/{id}"
        credentials = house.credentials(ANA)
        ana = house.client()
        opened = await ask(ana, "post", "/v1/people/login", json=credentials)
        assert opened.status_code == 200
        house.secrets[ANA] = (PASSWORD, house.secrets[ANA][1])
        assert (await ask(ana, "get", "/v1/people/me")).status_code == 401
        ana.headers["authorization"] = f"Bearer {opened.json()['token']}"
        assert (await ask(ana, "get", "/v1/people/me")).json()["person"] == ANA
        await ask(ana, "get", "/v1/approvals", params={"state": "held", "limit": 1})
        assert (await ask(ana, "get", "/v1/approvals", params={"limit": 0})).status_code == 400
        shown = (await ask(ana, "get", there, one)).json()
        decision = {"approves": True, "reason": "an outage", "break_glass": True}
        decision |= {name: shown[name] for name in ("shown_digest", "bound_to")}
        await ask(ana, "post", f"{there}/decide", f"{one}/decide", json=decision)
        bo = await house.bearer(BO)
        for client, reply in ((ana, 403), (bo, 200)):
            done = await ask(client, "post", f"{there}/review", f"{one}/review", json={"reason": "looked at it"})
            assert done.status_code == reply
        await ask(bo, "post", f"{there}/undo", f"{one}/undo", json={"reason": "wrong region"})
        throw = {"kind": "stop", "target": "agent:crm-agent", "because": "a loop"}
        await ask(bo, "post", "/v1/switches", json=throw)
        for path in ("/v1/switches", "/v1/agents", "/v1/audit"):
            await ask(bo, "get", path)
        await ask(bo, "get", "/v1/audit/0", "/v1/audit/{index}")
        await ask(bo, "post", "/v1/switches/off", json={"target": "agent:crm-agent", "because": "mended"})
        browser = await house.browser(ANA)
        assert "csrf" in (await ask(browser, "get", "/v1/people/me")).json()
        people = {
            each["operationId"]
            for found in document["paths"].values()
            for each in found.values()
            if each.get("tags") == ["people"]
        }
        assert people - fitted == {"logout"}

    asyncio.run(go())
