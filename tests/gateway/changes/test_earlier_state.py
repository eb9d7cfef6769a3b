"""A state folder that an earlier release wrote: what waits there is carried out, what was done there is taken back."""

from __future__ import annotations

import asyncio
import tarfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from tests.gateway.changes.earlier.make import Clock
from tests.gateway.changes.shop import STELLA, STEN, Shop

from metricgate.approvals.proposal import State
from metricgate.bootstrap.running_gateway import run_gateway
from metricgate.bootstrap.states import state_of
from metricgate.changing.serial import effect_from_bytes
from metricgate.gateway.changes import kept_change
from metricgate.operations.people_service import ProjectPeopleService
from metricgate.settings.settings import load_settings

EARLIER = Path(__file__).parent / "earlier"
RELEASES = ("df0a88a", "1a900ec")
"""Both kept images row by row; the second one tries to take back what it rehearses, and binds definitions."""
ODD = (
    "SELECT CAST(a AS VARCHAR), b, CAST(num AS VARCHAR), CAST(doc AS VARCHAR), CAST(moment AS VARCHAR), "
    "CAST(mood AS VARCHAR), CAST(parts AS VARCHAR), CAST(twice AS VARCHAR) FROM odd ORDER BY a, b"
)
WERE = [
    ["1", "x", "nan", '{"k": [1, null]}', "2024-03-31 01:30:00+00", "low", "[a, NULL, 'b,c']", "2"],
    ["1", "Ä\"'\\", "-inf", "null", None, None, "[]", "2"],
    ["2", "", "0.1", None, "1999-12-31 23:59:59.999999+00", "mid", None, "4"],
]


class Minutes(Clock):
    """The clock, some minutes after all that."""

    def unix_nano(self) -> int:
        """Return the time."""
        return super().unix_nano() + 300 * 1_000_000_000


def played(release: str, folder: Path, story: Callable[[Shop, dict[str, str]], Awaitable[None]]) -> None:
    """Tell a story of the shop that this release left; its actions go by what they were made for."""
    with tarfile.open(EARLIER / f"{release}.tar.xz") as tar:
        tar.extractall(folder, filter="data")
    shop = folder / "shop"
    actions = dict(line.split() for line in (shop / "actions.txt").read_text().splitlines())

    async def run() -> None:
        settings = load_settings(shop)
        async with run_gateway(shop, settings, watch=False, logs=False, clock=Minutes()) as parts:
            office = ProjectPeopleService(parts.changes, parts.governance, parts.conduct, state_of(shop, settings))
            await story(Shop(shop, settings, parts, office), actions)

    asyncio.run(run())


@pytest.mark.parametrize("release", RELEASES)
def test_what_was_done_is_taken_back(release: str, tmp_path: Path) -> None:
    """Updates, a delete and an insert, with NaN, bytes, documents, zoned times, enums, lists and a generated column."""

    async def story(shop: Shop, actions: dict[str, str]) -> None:
        assert len(await shop.rows(ODD)) == 2
        for name in ("done", "odd", "gone", "new"):
            undo = await shop.office.undo(STELLA, actions[name], reason="back")
            assert getattr(undo, "state", undo) is State.EXECUTED, (name, undo)
        assert sorted(await shop.rows(ODD), key=str) == sorted(WERE, key=str)
        assert await shop.rows("SELECT count(*), sum(amount) FROM orders") == [[40, "1025.00"]]
        kept = await shop.rows("SELECT segment, CAST(credit AS VARCHAR) FROM customers ORDER BY id")
        assert kept == [["gold", "10.50"], ["gold", "0.00"], [None, None], ["iron", "99999999.99"]]

    played(release, tmp_path, story)


@pytest.mark.parametrize("release", RELEASES)
def test_what_waits_is_approved_and_taken_back(release: str, tmp_path: Path) -> None:
    """The rows that are kept are those that were shown, by the digests of then."""

    async def story(shop: Shop, actions: dict[str, str]) -> None:
        for name in ("held", "many"):
            view = await shop.office.action(STEN, actions[name])
            assert view.action.state is State.HELD
            done = await shop.office.decide(
                STEN,
                actions[name],
                approves=True,
                reason="as agreed",
                shown_digest=view.shown_digest,
                bound_to=view.action.proposal.digest,
            )
            assert getattr(done, "state", done) is State.EXECUTED, (name, done, getattr(done, "outcome", None))
        assert await shop.rows("SELECT count(*) FROM orders") == [[36]]
        assert await shop.rows("SELECT region FROM customers WHERE id = 4") == [["EUiron"]]
        for name in ("held", "many"):
            undo = await shop.office.undo(STEN, actions[name], reason="back")
            assert getattr(undo, "state", undo) is State.EXECUTED, (name, undo)
        assert await shop.rows("SELECT region FROM customers ORDER BY id") == [["EU"], ["EU"], ["ASIA"], ["EU"]]

    played(release, tmp_path, story)


@pytest.mark.parametrize("release", RELEASES)
def test_rows_of_then_are_read_and_digested_as_then(release: str, tmp_path: Path) -> None:
    """They lie there row by row, and have the digest that people approved."""

    async def story(shop: Shop, actions: dict[str, str]) -> None:
        services = shop.parts.changes
        content, images = services.store.changes(actions["many"]), services.journal.content(actions["odd"])
        assert content is not None
        assert images is not None
        assert b'"rows"' in content
        assert b"blocks" not in images
        shown = services.store.get(actions["many"]).proposal.changes_digest
        assert kept_change.digest_of_content(kept_change.from_bytes(content).changes, None) == shown
        assert effect_from_bytes(images).rows == 2

    played(release, tmp_path, story)
