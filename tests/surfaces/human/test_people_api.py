"""The API for people: who is let in, what is refused, and what it gives."""

import asyncio
import csv
import io
import json

import pytest
from tests.surfaces.human.conftest import ANA, BO, PASSWORD, SAM, fields

PATHS = ("/v1/approvals", "/v1/audit", "/v1/audit/0", "/v1/agents", "/v1/switches", "/v1/people/me")
AGENT = "Bearer mg_good"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": AGENT},
        {"x-api-key": "mg_good"},
        {"authorization": "Bearer mgp_nobody"},
        {"authorization": "Bearer a.b.c"},
        {"authorization": "Basic YTpi"},
        {"authorization": AGENT, "x-metricgate-user": ANA},
    ],
)
def test_no_agent_and_no_stranger(house, headers):
    """An agent's key, on whosever behalf, opens nothing of this, reading or deciding."""

    async def go():
        action = house.office.propose()
        client = house.client()
        for path in (*PATHS, f"/v1/approvals/{action.id}"):
            answer = await client.get(path, headers=headers)
            assert answer.status_code == 401
            assert answer.json()["code"] == "E_LOGIN_NEEDED"
            assert answer.headers["content-type"] == "application/problem+json"
        body = {"approves": True, "reason": "x", "shown_digest": "x", "bound_to": "x"}
        answer = await client.post(f"/v1/approvals/{action.id}/decide", json=body, headers=headers)
        assert answer.status_code == 401
        for path in ("/console/approvals", "/console/live"):
            assert (await client.get(path, headers=headers)).status_code in {303, 401}
        assert house.office.persons == []

    asyncio.run(go())


def test_a_person_calls_no_tool(house):
    """A person's session is no agent's credential, as bearer, key or cookie."""

    async def go():
        client = await house.bearer(ANA)
        token = client.headers["authorization"]
        assert (await client.post("/v1/tools/echo", json={})).status_code == 401
        assert (await client.get("/v1/tools")).status_code == 401
        shown = {"x-api-key": token.removeprefix("Bearer "), "authorization": ""}
        assert (await client.post("/v1/tools/echo", json={}, headers=shown)).status_code == 401
        browser = await house.browser(BO)
        assert (await browser.post("/v1/tools/echo", json={})).status_code == 401
        assert (await client.post("/mcp", json={"jsonrpc": "2.0", "id": 1, "method": "ping"})).status_code == 401

    asyncio.run(go())


def test_each_session_only_in_its_own_way(house):
    """A cookie's token is no bearer, and a bearer's no cookie; a cookie beside a bearer changes nothing."""

    async def go():
        browser = await house.browser(ANA)
        cookie = browser.cookies["metricgate_session"]
        stranger = house.client()
        answer = await stranger.get("/v1/approvals", headers={"authorization": f"Bearer {cookie}"})
        assert answer.status_code == 401
        token = (await house.bearer(BO)).headers["authorization"].removeprefix("Bearer ")
        answer = await stranger.get("/console/approvals", headers={"cookie": f"metricgate_session={token}"})
        assert answer.status_code == 303
        assert (await browser.get("/v1/approvals")).status_code == 200
        assert (await browser.get("/v1/approvals", headers={"authorization": AGENT})).status_code == 401

    asyncio.run(go())


def test_decide_undo_review_by_token(house):
    """The whole story by API, each answer the action as it stands."""

    async def go():
        action = house.office.propose()
        client = await house.bearer(ANA)
        shown = (await client.get(f"/v1/approvals/{action.id}")).json()
        assert shown["may_decide"] is True
        body = {
            "approves": True,
            "reason": "fine",
            "shown_digest": shown["shown_digest"],
            "bound_to": shown["bound_to"],
        }
        there = f"/v1/approvals/{action.id}"
        for wrong in ({**body, "bound_to": "x"}, {**body, "shown_digest": "x"}):
            assert (await client.post(f"{there}/decide", json=wrong)).status_code == 409
        for wrong in ({**body, "reason": " "}, {**body, "approves": "yes"}, {**body, "more": 1}, []):
            answer = await client.post(f"{there}/decide", json=wrong)
            assert answer.status_code == 400
            assert answer.json()["code"] == "E_BAD_PARAMETER"
        answer = (await client.post(f"{there}/decide", json=body)).json()
        assert answer["state"] == "executed"
        assert answer["decisions"][0]["channel"] == "cli"
        assert (await client.post(f"{there}/decide", json=body)).status_code == 403
        undo = (await client.post(f"{there}/undo", json={"reason": "wrong", "partial": True})).json()
        assert undo["undoes"] == action.id
        assert (await client.get("/v1/approvals/act_none")).status_code == 404

    asyncio.run(go())


def test_broken_glass_is_reviewed_by_two_who_had_no_part(house):
    """By API and page: it is listed until then, and whoever released it signs nothing."""

    async def go():
        action = house.office.propose(approvals=3)
        there = f"/v1/approvals/{action.id}"
        ana, bo = await house.bearer(ANA), await house.browser(BO)
        shown = (await ana.get(there)).json()
        assert shown["quorums"] == [{"approvals": 3, "roles": [], "approved_by": [], "missing": 3}]
        bound = {name: shown[name] for name in ("shown_digest", "bound_to")}
        glass = {"approves": True, "reason": "an outage", "break_glass": True, **bound}
        done = (await ana.post(f"{there}/decide", json=glass)).json()
        assert (done["state"], done["reviews"], done["reviews_missing"]) == ("executed", [], 2)
        assert done["quorums"][0]["approved_by"] == [ANA]
        house.office.propose()
        for client, path in ((ana, "/v1/approvals?to_review=yes"), (bo, "/console/approvals?to_review=yes")):
            listed = (await client.get(path)).text
            assert listed.count(action.id) >= 1
            assert f"act_{2:026d}" not in listed
        assert (await ana.get("/v1/approvals?to_review=no")).status_code == 400
        assert (await ana.post(f"{there}/review", json={"reason": "mine"})).status_code == 403
        page = (await bo.get(f"/console/approvals/{action.id}")).text
        assert "2 people have yet to" in page
        signed = {**fields(page), "reason": "the outage was real"}
        assert (
            await bo.post(f"/console/approvals/{action.id}/review", data={**signed, "csrf": "x"})
        ).status_code == 403
        assert (
            await bo.post(f"/console/approvals/{action.id}/review", data={**signed, "reason": " "})
        ).status_code == 400
        answer = await bo.post(f"/console/approvals/{action.id}/review", data=signed)
        assert answer.status_code == 303
        page = (await bo.get(answer.headers["location"])).text
        assert "1 of 2 reviews" in page
        assert "You cannot review this: You decided on this action or reviewed it already." in page
        assert "Sign the review" not in page
        sam = await house.bearer(SAM)
        assert (await sam.post(f"{there}/review", json={"reason": "I asked for it"})).status_code == 403
        olaf = await house.bearer("olaf@acme.example")
        last = (await olaf.post(f"{there}/review", json={"reason": "agreed"})).json()
        assert [each["person"] for each in last["reviews"]] == [BO, "olaf@acme.example"]
        assert (await ana.get("/v1/approvals?to_review=yes")).json()["actions"] == []

    asyncio.run(go())


def test_changes_by_cookie_need_the_secret(house):
    """A page of another site that has the cookie sent along changes nothing by JSON either."""

    async def go():
        browser = await house.browser(ANA)
        body = {"kind": "stop", "target": "all", "because": "x"}
        assert (await browser.post("/v1/switches", json=body)).status_code == 403
        secret = (await browser.get("/v1/people/me")).json()["csrf"]
        forged = {"x-csrf-token": secret, "sec-fetch-site": "cross-site"}
        assert (await browser.post("/v1/switches", json=body, headers=forged)).status_code == 403
        assert house.office.thrown == []
        answer = await browser.post("/v1/switches", json=body, headers={"x-csrf-token": secret})
        assert answer.json()["switches"][0]["target"] == "all"
        off = {"target": "all", "because": "over"}
        answer = await browser.post("/v1/switches/off", json=off, headers={"x-csrf-token": secret})
        assert answer.json() == {"switches": []}

    asyncio.run(go())


def test_lists_filters_pages_and_files(house):
    """Filters hold, pages follow each other, and no cell of a file is a formula."""

    async def go():
        for number in range(5):
            house.office.propose(agent=f"agent-{number % 2}", statement='=HYPERLINK("http://evil")')
        client = await house.bearer(SAM)
        first = (await client.get("/v1/approvals?state=held&limit=2")).json()
        second = (await client.get(f"/v1/approvals?limit=2&before={first['before']}")).json()
        assert len({each["id"] for each in (*first["actions"], *second["actions"])}) == 4
        assert len((await client.get("/v1/approvals?agent=agent-1")).json()["actions"]) == 2
        answer = await client.get("/v1/approvals?format=csv")
        assert answer.headers["content-disposition"] == 'attachment; filename="approvals.csv"'
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        assert len(rows) == 5
        assert rows[0]["statement"] == '\'=HYPERLINK("http://evil")'
        assert len((await client.get("/v1/approvals?format=jsonl")).text.splitlines()) == 5
        record = (await client.get("/v1/audit?limit=3")).json()
        assert record["before"] == record["entries"][-1]["index"]
        whole = await client.get("/v1/audit?format=csv")
        assert len(whole.text.splitlines()) == json.loads(whole.headers["metricgate-manifest"])["count"]
        for path in (
            "approvals?format=xml",
            "approvals?limit=0",
            "approvals?limit=501",
            "audit?x=1",
            "audit?before=-1",
        ):
            answer = await client.get(f"/v1/{path}")
            assert answer.json()["code"] == "E_BAD_PARAMETER", path

    asyncio.run(go())


def test_sessions_end(house):
    """By logout, by idleness, by age, and by the operator's removing the person; a new login is a new session."""

    async def go():
        browser = await house.browser(ANA)
        old = browser.cookies["metricgate_session"]
        await browser.post("/console/login", data=house.credentials(ANA))
        assert browser.cookies["metricgate_session"] != old
        stranger = house.client()
        assert (await stranger.get("/v1/people/me", headers={"cookie": f"metricgate_session={old}"})).status_code == 401
        secret = fields((await browser.get("/console/approvals")).text)["csrf"]
        assert (await browser.post("/console/logout", data={"csrf": "x"})).status_code == 403
        await browser.post("/console/logout", data={"csrf": secret})
        assert (await browser.get("/console/approvals")).status_code == 303
        client = await house.bearer(ANA)
        house.clock.now += 1_700
        assert (await client.get("/v1/people/me")).json()["person"] == ANA
        house.clock.now += 1_700
        assert (await client.get("/v1/people/me")).status_code == 200
        house.clock.now += 1_801
        assert (await client.get("/v1/people/me")).status_code == 401
        client = await house.bearer(ANA)
        for _ in range(30):
            house.clock.now += 1_500
            last = (await client.get("/v1/people/me")).status_code
        assert last == 401
        client = await house.bearer(ANA)
        house.store.remove(ANA)
        assert (await client.get("/v1/people/me")).status_code == 401
        assert PASSWORD not in (await client.get("/v1/people/me")).text

    asyncio.run(go())
