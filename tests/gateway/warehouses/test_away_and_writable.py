"""A warehouse that may be changed, away when the gateway starts: once it is back it is changed, without a restart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.contracts import servers
from tests.contracts.server_changes import Place, drop, new_place
from tests.gateway.changes.shop import MODELS, STEN, Shop, write_shop
from tests.gateway.warehouses.several import Door, Hurried, password_words

from metricgate.approvals.proposal import State
from metricgate.bootstrap.running_gateway import run_gateway
from metricgate.bootstrap.states import state_of
from metricgate.gateway.changes.expiry import find_action
from metricgate.gateway.outcome import Fault
from metricgate.ledger.events import names
from metricgate.operations.maintenance import tidy
from metricgate.operations.people_service import ProjectPeopleService
from metricgate.settings.settings import Settings, load_settings
from metricgate.state.record import AppendReceipt, Ledger, LedgerUnavailable
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Problems

TABLES = (
    "CREATE TABLE customers(id int PRIMARY KEY, name text NOT NULL, segment text, region text, email text)",
    "INSERT INTO customers VALUES (1, 'Ana', 'gold', 'EU', NULL), (2, 'Ben', 'iron', 'EU', NULL)",
)
CHANGE = {"sql": "UPDATE customers SET segment = 'lead' WHERE id = 1", "dry_run": False}


@dataclass
class Bills:
    """The customers on PostgreSQL, behind a door."""

    folder: Path
    place: Place
    door: Door

    @asynccontextmanager
    async def opened(self, clock: Hurried) -> AsyncIterator[Shop]:
        """Run the gateway."""
        settings = load_settings(self.folder)
        assert isinstance(settings, Settings), str(settings)
        async with run_gateway(self.folder, settings, watch=True, logs=False, clock=clock) as parts:
            office = ProjectPeopleService(
                parts.changes, parts.governance, parts.conduct, state_of(self.folder, settings)
            )
            yield Shop(self.folder, settings, parts, office)

    def segments(self) -> list[tuple[object, ...]]:
        """Return every customer's, beside the gateway."""
        return self.place.admin("SELECT id, segment FROM customers ORDER BY id")


@pytest.fixture
def bills(tmp_path: Path) -> Iterator[Bills]:
    at, place = servers.postgres(), new_place("postgres", *TABLES)
    door = Door(at)
    folder = write_shop(tmp_path / "shop")
    password = password_words(at, "METRICGATE_WH_BILLS")
    (folder / "metricgate.yaml").write_text(f"""
project: shop
conduct: {{repeats: null, refusals: null}}
warehouses:
  shop: {{kind: duckdb, file: data.duckdb, threads: 1}}
  bills: {{kind: postgres, host: 127.0.0.1, port: {door.port}, database: {at.database}, user: {at.user}, tls: disable,
          connect_seconds: 2, writer: {{user: {at.user}, marker_schema: {place.schema}{password}}}{password}}}
""")
    models = MODELS.replace("source: main.customers", f"source: {place.schema}.customers\n    warehouse: bills")
    (folder / "semantic_models" / "all.yaml").write_text(models)
    yield Bills(folder, place, door)
    door.remove()
    drop(place)


def test_what_was_away_is_changed_once_it_is_back(bills: Bills) -> None:
    """Refused as away, not as read only; then proposed, carried out and taken back; an undo of one that is away too."""
    clock = Hurried()

    async def main() -> None:
        async with bills.opened(clock) as shop:
            away = await shop.call("propose_write", idempotency_key="change-01", **CHANGE)
            assert isinstance(away, Fault), away
            assert away.problem.code.name == "E_WAREHOUSE_UNAVAILABLE"
            await asyncio.to_thread(bills.door.open)
            clock.ahead = 6
            done = await shop.call("propose_write", idempotency_key="change-02", **CHANGE)
            assert done.answer["state"] == "executed"
            assert bills.segments() == [(1, "lead"), (2, "iron")]
        await asyncio.to_thread(bills.door.shut)
        async with bills.opened(clock) as shop:
            away = await shop.office.undo(STEN, done.answer["action_id"], reason="a mistake")
            assert isinstance(away, Problems), away
            assert away.first.hint == "E_WAREHOUSE_UNAVAILABLE"
            await asyncio.to_thread(bills.door.open)
            clock.ahead = 12
            undo = await shop.office.undo(STEN, done.answer["action_id"], reason="a mistake")
            assert not isinstance(undo, Problems), undo
            assert (undo.state, bills.segments()) == (State.EXECUTED, [(1, "gold"), (2, "iron")])

    asyncio.run(main())


class _Full:
    """A ledger that takes no more once a change was committed."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def __getattr__(self, name: str) -> object:
        return getattr(self._ledger, name)

    async def append(self, event: str, *fields: Mapping[str, Json], **more: Mapping[str, Json]) -> AppendReceipt:
        if event == names.ACTION_EXECUTED:
            raise LedgerUnavailable("the disk is full")
        return await self._ledger.append(event, *fields, **more)


def test_what_was_begun_is_settled_once_its_warehouse_is_back(bills: Bills) -> None:
    """Committed and not recorded as such; at the next start nobody can be asked; asked again until somebody answers."""
    clock = Hurried()

    async def main() -> None:
        await asyncio.to_thread(bills.door.open)
        async with bills.opened(clock) as shop:
            services = shop.parts.changes
            services.ledger = _Full(services.ledger)  # type: ignore[assignment]
            done = await shop.call("propose_write", idempotency_key="change-01", **CHANGE)
            assert isinstance(done, Fault), done
            assert done.problem.code.name == "E_LEDGER_UNAVAILABLE"
            [action_id] = services.unsettled
        await asyncio.to_thread(bills.door.shut)
        async with bills.opened(clock) as shop:
            services = shop.parts.changes
            assert services.unsettled == {action_id}
            await tidy(services, services.now())
            assert (await find_action(services, action_id)).state is State.EXECUTING
            await asyncio.to_thread(bills.door.open)
            clock.ahead = 6
            await tidy(services, services.now())
            assert (await find_action(services, action_id)).state is State.EXECUTED
            assert not services.unsettled
            undo = await shop.office.undo(STEN, action_id, reason="a mistake")
            assert not isinstance(undo, Problems), undo
        assert bills.segments() == [(1, "gold"), (2, "iron")]

    asyncio.run(main())
