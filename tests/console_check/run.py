"""The console in a real Chromium: the whole approval story by two people, hostile text in every field, screenshots.

Run with ``make console-check``; it needs Chromium (Debian's ``chromium``, or ``CHROMIUM=/path``). Fails on the first
violation of the Content-Security-Policy, script error or dialog. Pictures go to ``.metricgate/console/``.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from pathlib import Path

from playwright.async_api import async_playwright
from tests.surfaces.human.conftest import ANA, BO, PASSWORD, House
from tests.surfaces.human.office import STRUCTURE
from tests.surfaces.serving import served

EVIL = "<script>alert(1)</script>\u202e'\"</textarea><img src=x onerror=alert(1)>"
PICTURES = Path(".metricgate/console")
WIDTHS = (400, 1280)


class Browser:
    """One person's browser that remembers everything that went wrong."""

    def __init__(self, page):
        self.page = page
        self.wrong = []
        page.on("console", lambda said: self.wrong.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("dialog", lambda dialog: self.wrong.append(f"dialog: {dialog.message}"))

    async def login(self, house, url, name):
        """Log in, the first time with a new password."""
        given = house.credentials(name)
        await self.page.goto(f"{url}/console/timeline")
        await self.page.get_by_label("Name").fill(name)
        await self.page.get_by_label("Password", exact=True).fill(given["password"])
        await self.page.get_by_label("Code of").fill(given["code"])
        if "new_password" in given:
            await self.page.get_by_text("First login").click()
            await self.page.get_by_label("New password").fill(given["new_password"])
            house.secrets[name] = (PASSWORD, house.secrets[name][1])
        await self.page.get_by_role("button", name="Log in", exact=True).click()
        await self.page.get_by_role("heading", name="Timeline").wait_for(timeout=5_000)

    async def picture(self, name):
        """Take a screenshot at each width; no page is wider than its window."""
        for width in WIDTHS:
            await self.page.set_viewport_size({"width": width, "height": 900})
            wide = await self.page.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                self.wrong.append(f"{name}: {wide} px wide in a window of {width}")
            await self.page.screenshot(path=PICTURES / f"{name}-{width}.png", full_page=True)


async def story(browser, house, url):
    """Two people approve what was held; it is carried out and taken back."""
    contexts = [await browser.new_context(color_scheme=each) for each in ("light", "light", "dark")]
    ana, bo, dark = [Browser(await each.new_page()) for each in contexts]
    action = house.office.propose(approvals=2)
    house.office.propose(kind="delete", agent="cleanup-agent")
    await ana.page.goto(f"{url}/console/login")
    await ana.picture("login")
    await ana.login(house, url, ANA)
    await bo.login(house, url, BO)
    await ana.page.goto(f"{url}/console/approvals")
    await ana.picture("inbox")
    await asyncio.sleep(1.5)
    late = house.office.propose(agent="late-agent")
    await ana.page.get_by_text("late-agent").first.wait_for(timeout=5_000)
    await ana.page.goto(f"{url}/console/approvals/{action.id}")
    await ana.picture("held")
    dropped = house.office.propose(statement="DROP TABLE shop.main.customers", structure=STRUCTURE)
    await ana.page.goto(f"{url}/console/approvals/{dropped.id}")
    await ana.picture("drop")
    await glass(ana, bo, house, url)
    for person in (ana, bo):
        await person.page.goto(f"{url}/console/approvals/{action.id}")
        await person.page.get_by_label("Your reason").first.fill("Looked at every row")
        await person.page.get_by_role("button", name="Approve 14 rows").click()
        await person.page.get_by_text("Your approval is recorded.").wait_for()
    assert house.office.kept[action.id].state.value == "executed"
    await bo.picture("executed")
    await bo.page.get_by_label("Your reason").fill("The wrong region")
    await bo.page.get_by_role("button", name="Propose the undo").click()
    await bo.page.get_by_text("Takes back").wait_for()
    await bo.page.goto(f"{url}/console/approvals/{late.id}")
    await bo.page.get_by_label("Your reason").fill("No")
    await bo.page.get_by_role("button", name="Deny for good").click()
    await bo.page.get_by_text("Denied. That is final.").wait_for()
    await ana.page.goto(f"{url}/console/agents")
    switch = ana.page.locator("details.switch").nth(1)
    await switch.get_by_text("Stop or freeze").click()
    await switch.get_by_label("Why").fill("It runs in circles")
    await switch.get_by_role("button", name="Stop: no call").click()
    await ana.page.get_by_text("Switches that are thrown").wait_for()
    await ana.picture("agents")
    details = {
        "gen_ai.agent.id": "crm-agent",
        "gen_ai.tool.name": "query_metrics",
        "gov.user.id": "sam@acme.example",
        "gov.metrics": [{"name": "finance.revenue", "version": "sha256:" + "a1" * 32}],
        "db.query.text": "SELECT region, SUM(amount) AS revenue\nFROM shop.main.orders\nGROUP BY region",
        "gov.decision.rules": ["crm-reads-finance", "limit-rows"],
        "gov.decision.verdict": "allow",
        "gov.effect.rows": 4,
        "gov.effect.seconds": 0.012,
        "gov.links": [{"index": 0, "rel": "intent"}],
    }
    index = house.office.note("gov.call.completed", **details)
    for name, path in (
        ("timeline", "timeline"),
        ("call", f"calls/{index}"),
        ("catalog", "catalog"),
        ("lineage", "catalog?about=finance.margin"),
    ):
        await ana.page.goto(f"{url}/console/{path}")
        await ana.picture(name)
    await dark.login(house, url, ANA)
    held = house.office.propose(kind="delete")
    await dark.page.goto(f"{url}/console/approvals/{held.id}")
    await dark.picture("dark")
    return [ana, bo, dark]


async def glass(ana, bo, house, url):
    """Several quorums; one person breaks the glass, another reviews it."""
    house.office.roles = frozenset({"stewards"})
    wanted = {"quorums": ((2, ("stewards",)), (1, ("data-protection", "legal"))), "roles": ("stewards", "legal")}
    action = house.office.propose(kind="delete", agent="outage-agent", approvals=2, **wanted)
    await ana.page.goto(f"{url}/console/approvals/{action.id}")
    await ana.page.get_by_label("Your reason").first.fill("The outage will not wait")
    await ana.page.get_by_text("Break-glass", exact=True).click()
    await ana.page.get_by_label("Override the rules").check()
    await ana.page.get_by_role("button", name="Approve 14 rows").click()
    await ana.page.get_by_text("You cannot review this").wait_for()
    await bo.page.goto(f"{url}/console/approvals?to_review=yes")
    await bo.picture("to-review")
    await bo.page.get_by_role("link", name="outage-agent").click()
    await bo.page.get_by_label("What you found").fill("The outage was real")
    await bo.picture("glass")
    await bo.page.get_by_role("button", name="Sign the review").click()
    await bo.page.get_by_text("1 of 2 reviews").wait_for()
    await bo.picture("reviewed")


async def hostile(browser, house, url, person):
    """The same pages with hostile text in every field, 1 MB of it in some."""
    long = EVIL * 20_000
    action = house.office.propose(agent=EVIL, user=EVIL, text=EVIL, statement=long, unknown=[EVIL])
    index = house.office.note(
        EVIL, **{EVIL: long, "gen_ai.agent.id": EVIL, "db.query.text": long, "gov.metrics": [{"name": EVIL}]}
    )
    house.office.metrics.append(dict.fromkeys(("name", "owner", "status", "version", "description"), EVIL))
    house.office.edges.append([EVIL, "finance.margin"])
    house.office.thrown.append(dict.fromkeys(("kind", "target", "because", "by", "at"), EVIL))
    for name, path in (
        ("evil-inbox", "approvals"),
        ("evil-action", f"approvals/{action.id}"),
        ("evil-call", f"calls/{index}"),
        ("evil-timeline", "timeline"),
        ("evil-agents", "agents"),
        ("evil-catalog", "catalog"),
        ("evil-lineage", "catalog?about=finance.margin"),
    ):
        await person.page.goto(f"{url}/console/{path}")
        await person.picture(name)
        assert await person.page.locator("img").count() == 0, name
    await person.page.goto(f"{url}/console/approvals?text=%3Cscript%3Ealert(1)%3C/script%3E")


async def main() -> int:
    """Return 0 where nothing went wrong."""
    with tempfile.TemporaryDirectory() as folder:
        house = House(Path(folder))
        async with served(house.app) as url, async_playwright() as play:
            at = os.environ.get("CHROMIUM", "/usr/bin/chromium")
            browser = await play.chromium.launch(executable_path=at, args=["--no-sandbox"])
            people = await story(browser, house, url)
            await hostile(browser, house, url, people[0])
            await browser.close()
        house.store.close()
    wrong = [each for person in people for each in person.wrong]
    for each in wrong:
        print("wrong:", each[:300])
    print(f"{len(wrong)} violations or errors; pictures in {PICTURES}/")
    return 1 if wrong else 0


if __name__ == "__main__":
    PICTURES.mkdir(parents=True, exist_ok=True)
    sys.exit(asyncio.run(main()))
