"""Pages: what they show, what they refuse, and that nothing an agent wrote is ever markup."""

import asyncio
import re

import pytest
from tests.surfaces.human.conftest import ANA, BO, SAM, fields
from tests.surfaces.human.office import STRUCTURE

PAGES = ("/console/approvals", "/console/timeline", "/console/agents", "/console/catalog")
EVIL = "<script>alert(1)</script>\u202e\x00'\"{{7*7}}</textarea><img src=x onerror=alert(1)>"


def test_story_of_two_people(house):
    """A held action, approved by one, executed, taken back; each page on the way is there."""

    async def go():
        action = house.office.propose(approvals=2)
        ana, bo = await house.browser(ANA), await house.browser(BO)
        inbox = (await ana.get("/console/approvals?state=held")).text
        assert action.id in inbox
        assert "proposes to change 12 rows of customers" in inbox
        for client, approved in ((ana, "held"), (bo, "executed")):
            page = (await client.get(f"/console/approvals/{action.id}")).text
            assert "<del>small</del>" in page
            assert "<ins>enterprise</ins>" in page
            assert "not among the three largest" not in page
            assert "<dt>The agent says</dt><dd>It was agreed: enterprise</dd>" in page
            given = {**fields(page), "reason": "looked at it", "decision": "approve"}
            answer = await client.post(f"/console/approvals/{action.id}/decide", data=given)
            assert answer.status_code == 303
            assert house.office.kept[action.id].state.value == approved
        page = (await ana.get(f"/console/approvals/{action.id}?told=approved")).text
        assert "Propose the undo" in page
        assert "Your approval is recorded." in page
        given = {**fields(page), "reason": "wrong region"}
        answer = await ana.post(f"/console/approvals/{action.id}/undo", data=given)
        undo = (await ana.get(answer.headers["location"])).text
        assert f'Takes back</dt><dd><a href="/console/approvals/{action.id}"' in undo
        assert [each.person for each in house.office.kept[action.id].decisions] == [ANA, BO]

    asyncio.run(go())


def test_pages_need_a_session_and_have_their_policy(house):
    """Without a session every page leads to the login, and back; with one it is there, under the strict policy."""

    async def go():
        house.office.propose()
        stranger = house.client()
        for path in PAGES:
            answer = await stranger.get(path)
            assert answer.status_code == 303
            assert answer.headers["location"].startswith("/console/login?next=%2Fconsole%2F")
        browser = await house.browser(ANA)
        for path in (*PAGES, "/console/calls/0", "/console/catalog?about=finance.margin", "/console/login"):
            answer = await browser.get(path)
            assert answer.status_code == 200, answer.text
            policy = answer.headers["content-security-policy"]
            assert policy.startswith("default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:;")
            assert "unsafe" not in policy
            assert answer.headers["referrer-policy"] == "same-origin"
            assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?! src=)|javascript:", answer.text)
            assert answer.text.count("<main") == 1
            assert answer.text.count("<h1>") == 1

    asyncio.run(go())


def test_nothing_that_agents_write_is_markup(house):
    """Markup is escaped, invisible characters are spelled out, long text is cut with a way to have all of it."""

    async def go():
        long = "x" * 1_000_000
        action = house.office.propose(agent=EVIL, user=EVIL, text=EVIL, statement=EVIL + long, unknown=[EVIL])
        house.office.note("gov.call.refused", **{"gen_ai.agent.id": EVIL, "gen_ai.tool.name": EVIL, "error.type": EVIL})
        house.office.note(EVIL, **{EVIL: EVIL, "db.query.text": EVIL + long, "gov.metrics": [{"name": EVIL}]})
        house.office.metrics.append(dict.fromkeys(("name", "owner", "status", "version", "description"), EVIL))
        house.office.edges.append([EVIL, "finance.margin"])
        browser = await house.browser(ANA)
        await browser.post(
            "/console/switches",
            data={
                **fields((await browser.get("/console/agents")).text),
                "kind": "freeze",
                "target": EVIL,
                "because": EVIL,
            },
        )
        paths = [*PAGES, f"/console/approvals/{action.id}", "/console/calls/0", "/console/calls/1", "/console/calls/2"]
        for path in [*paths, "/console/catalog?about=finance.margin"]:
            answer = await browser.get(path)
            assert answer.status_code == 200, answer.text[-2000:]
            page = answer.text
            assert "<script>alert" not in page, path
            assert "<img src=x" not in page, path
            assert "\u202e" not in page, path
            assert "\x00" not in page, path
            assert "49" not in re.findall(r"alert\(1\)&lt;/script&gt;.{40}", page), path
            assert len(page) < 150_000, path
        whole = await browser.get(f"/console/approvals/{action.id}/whole")
        assert whole.headers["content-disposition"].startswith("attachment")
        assert whole.json()["proposal"]["statement"] == EVIL + long

    asyncio.run(go())


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
    ],
)
def test_changes_from_elsewhere_are_refused(house, headers):
    """Even with the right cookie and the right secret, a change must come from a page of this gateway."""

    async def go():
        action = house.office.propose()
        browser = await house.browser(ANA)
        page = (await browser.get(f"/console/approvals/{action.id}")).text
        given = {**fields(page), "reason": "yes", "decision": "approve"}
        answer = await browser.post(f"/console/approvals/{action.id}/decide", data=given, headers=headers)
        assert answer.status_code == 403
        assert house.office.kept[action.id].state.value == "held"

    asyncio.run(go())


def test_forms_carry_the_secret_of_their_session(house):
    """No secret, a wrong one, or another session's: refused. So is what was not what was shown."""

    async def go():
        action = house.office.propose()
        ana, bo = await house.browser(ANA), await house.browser(BO)
        there = f"/console/approvals/{action.id}"
        good = {**fields((await ana.get(there)).text), "reason": "yes", "decision": "approve"}
        others = fields((await bo.get(there)).text)["csrf"]
        for secret in (None, "", "wrong", others):
            given = {name: value for name, value in {**good, "csrf": secret}.items() if value is not None}
            assert (await ana.post(f"{there}/decide", data=given)).status_code == 403
        assert (await ana.post(f"{there}/decide", data={**good, "reason": " "})).status_code == 400
        stale = await ana.post(f"{there}/decide", data={**good, "shown_digest": "sha256:0"})
        assert stale.status_code == 409
        assert "yes</textarea>" in stale.text
        assert (await ana.post(f"{there}/decide", data={**good, "bound_to": "sha256:0"})).status_code == 409
        assert house.office.kept[action.id].state.value == "held"
        assert (await ana.get(f"{there}/decide")).status_code == 405

    asyncio.run(go())


def test_who_may_not_decide_is_told_why(house):
    """The requester sees the page without the buttons, and a forged form is refused by the office."""

    async def go():
        action = house.office.propose()
        sam = await house.browser(SAM)
        page = (await sam.get(f"/console/approvals/{action.id}")).text
        assert "You cannot decide this: Only stewards decide." in page
        assert "Deny for good" not in page
        assert "Break the glass and approve" in page
        given = {**fields(page), "shown_digest": "x", "bound_to": "x", "reason": "mine", "decision": "approve"}
        answer = await sam.post(f"/console/approvals/{action.id}/decide", data=given)
        assert answer.status_code == 403
        assert "E_NOT_YOURS_TO_DECIDE" in answer.text

    asyncio.run(go())


def test_the_page_says_how_many_of_whom_and_who_approved(house):
    """Inbox and action show each quorum, before and after an approval."""

    async def go():
        house.office.roles = frozenset({"stewards", "dpo"})
        wanted = {"quorums": ((2, ("stewards",)), (1, ("dpo", "legal"))), "roles": ("stewards", "dpo", "legal")}
        action = house.office.propose(approvals=2, **wanted)
        ana = await house.browser(ANA)
        page = (await ana.get(f"/console/approvals/{action.id}")).text
        assert "Held by hold-many-rows. An approver is not the requester or the owner." in page
        assert page.count("nobody yet") == 2
        given = {**fields(page), "reason": "looked at it", "decision": "approve"}
        assert (await ana.post(f"/console/approvals/{action.id}/decide", data=given)).status_code == 303
        page = (await ana.get(f"/console/approvals/{action.id}")).text
        rows = re.findall(r"<li>(\d approvals? by [^:]*): <strong>(.*?)</strong> <span[^>]*>(.*?)</span>", page)
        assert rows == [("2 approvals by stewards", ANA, "1 missing"), ("1 approval by dpo or legal", ANA, "complete")]
        inbox = (await ana.get("/console/approvals")).text
        assert "1 of 2 approvals by stewards" in inbox
        assert "1 of 1 approval by dpo or legal" in inbox

    asyncio.run(go())


def test_a_change_of_the_table_itself_is_told_in_full(house):
    """What goes, what reads it, what does not come back: before anybody approves."""

    async def go():
        action = house.office.propose(statement="DROP TABLE customers", structure=STRUCTURE)
        ana = await house.browser(ANA)
        page = (await ana.get(f"/console/approvals/{action.id}")).text
        for words in (
            "It drops shop.main.customers with its 40 rows. Set aside &lt;b&gt;until the undo ends&lt;/b&gt;.",
            "proposes a change of the table itself: it drops shop.main.customers with its 40 rows.",
            "Approve the change of the table</button>",
            "finance.revenue, finance.margin",
            "by_name",
            "NOT NULL of name",
            "<code>name VARCHAR</code>",
        ):
            assert words in page, words

    asyncio.run(go())


def test_switches_from_the_page(house):
    """Throw and take back, each with a reason."""

    async def go():
        house.office.propose()
        browser = await house.browser(ANA)
        secret = fields((await browser.get("/console/agents")).text)["csrf"]
        given = {"csrf": secret, "kind": "stop", "target": "agent:crm-agent"}
        assert (await browser.post("/console/switches", data={**given, "because": ""})).status_code == 400
        assert (await browser.post("/console/switches", data={**given, "because": "runs wild"})).status_code == 303
        page = (await browser.get("/console/agents")).text
        assert "stop of agent:crm-agent" in page
        await browser.post("/console/switches/off", data={**given, "because": "mended"})
        assert house.office.thrown == []

    asyncio.run(go())


def test_static_files_are_kept_by_their_mark(house):
    """With the mark of the page for a year, without it only while the mark is the same; nothing else is served."""

    async def go():
        client = house.client()
        page = (await client.get("/console/login")).text
        path = re.search(r'href="(/console/static/console\.css\?v=\w+)"', page)[1]
        answer = await client.get(path)
        assert answer.headers["content-type"] == "text/css; charset=utf-8"
        assert "immutable" in answer.headers["cache-control"]
        plain = path.partition("?")[0]
        again = await client.get(plain, headers={"if-none-match": answer.headers["etag"]})
        assert again.status_code == 304
        assert again.headers["cache-control"] == "no-cache"
        for name in ("app.py", "..%2fapp.py", "nothing.css"):
            assert (await client.get(f"/console/static/{name}")).status_code == 404

    asyncio.run(go())


def test_unknown_filters_are_said(house):
    """No filter is ignored."""

    async def go():
        browser = await house.browser(ANA)
        for path in ("approvals?stat=held", "approvals?state=hold", "timeline?since=soon", "catalog?about=nothing"):
            answer = await browser.get(f"/console/{path}")
            assert answer.status_code == 400
            assert "E_BAD_PARAMETER" in answer.text

    asyncio.run(go())
