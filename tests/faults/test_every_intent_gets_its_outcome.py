"""Devices that do the unexpected at the worst moment: the ledger still says how each release ended."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.faults.served import entries_of
from tests.gateway.conftest import opened, principal

from metricgate.adapters.system.clock import SystemClock
from metricgate.bootstrap.running_gateway import RunningGateway
from metricgate.gateway.gateway import Gateway
from metricgate.gateway.outcome import Fault
from metricgate.gateway.ports import ReleasedStatement, Rows, Warehouse, WarehouseError
from metricgate.gateway.tool import ToolCall
from metricgate.state.record import AppendReceipt, Ledger
from metricgate.vocabulary.json import Json

CALL = ToolCall(
    tool="query_metrics", arguments={"metrics": ["sales.orders"]}, principal=principal("omni"), door="python"
)


class Failing:
    """A warehouse whose engine raises what it should not."""

    name = "failing"
    dialect = "duckdb"
    data_state: Json = None

    def __init__(self, error: BaseException) -> None:
        self._error = error

    async def run(self, released: ReleasedStatement) -> Rows:
        """Raise, whatever is released."""
        assert released.intent.index > 0
        raise self._error


class Slow:
    """A ledger on a slow disk."""

    def __init__(self, inner: Ledger, seconds: float) -> None:
        self._inner = inner
        self._seconds = seconds

    async def append(
        self, event: str, fields: Mapping[str, Json], *, bodies: Mapping[str, Json] | None = None
    ) -> AppendReceipt:
        """Append, and let the caller wait."""
        done = await self._inner.append(event, fields, bodies=bodies)
        await asyncio.sleep(self._seconds)
        return done


def gateway(
    parts: RunningGateway, *, warehouse: Warehouse | Failing | None = None, ledger: Ledger | Slow | None = None
):
    return Gateway(
        governance=parts.governance,
        warehouses={"duckdb": warehouse or parts.warehouses["duckdb"]},
        ledger=ledger or parts.ledger,
        observer=parts.telemetry,
        clock=SystemClock(),
        conduct=parts.conduct,
    )


def settled(project: Path, event: str = "gov.call.failed") -> tuple[list[int], list[int]]:
    ledger = project / ".metricgate" / "ledger.db"
    released = [each.index for each in entries_of(ledger, "gov.call.released")]
    links = [link["index"] for each in entries_of(ledger, event) for link in each.fields["gov.links"]]
    return released, links


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (RuntimeError("the driver's secret words"), "E_INTERNAL"),
        (KeyError("column"), "E_INTERNAL"),
        (WarehouseError("E_NO_SUCH_CODE", "the engine's secret words"), "E_WAREHOUSE_FAILED"),
        (WarehouseError("E_WAREHOUSE_MEMORY", "the engine's secret words"), "E_WAREHOUSE_MEMORY"),
    ],
)
def test_whatever_a_driver_raises_is_a_recorded_fault(project: Path, error: Exception, code: str) -> None:
    """The caller gets a code without the driver's words; the outcome links to its intent."""

    async def story() -> None:
        async with opened(project) as parts:
            outcome = await gateway(parts, warehouse=Failing(error)).call(CALL)
            assert isinstance(outcome, Fault)
            assert outcome.problem.code.name == code
            assert outcome.record is not None
            assert "secret" not in str(outcome.problem.as_json())

    asyncio.run(story())
    released, links = settled(project)
    assert len(released) == 1
    assert links == released
    [failed] = entries_of(project / ".metricgate" / "ledger.db", "gov.call.failed")
    assert "secret" in str(failed.bodies) or code == "E_INTERNAL"


@pytest.mark.parametrize("after", [0.0, 0.02, 0.1, 0.25, 0.4])
def test_a_caller_may_leave_at_any_moment(project: Path, after: float) -> None:
    """Cancelled before, while and after the intent is written: no release stays without its outcome."""

    async def story() -> None:
        async with opened(project) as parts:
            slow = gateway(parts, ledger=Slow(parts.ledger, 0.15))
            call = asyncio.ensure_future(slow.call(CALL))
            await asyncio.sleep(after)
            call.cancel()
            await asyncio.wait((call,))
            await asyncio.sleep(0.4)

    asyncio.run(story())
    ledger = project / ".metricgate" / "ledger.db"
    outcomes = [*entries_of(ledger, "gov.call.failed"), *entries_of(ledger, "gov.call.completed")]
    released = [each.index for each in entries_of(ledger, "gov.call.released")]
    assert [link["index"] for each in outcomes for link in each.fields["gov.links"]] == released
