"""Starting: what must not pass silently."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.gateway.conftest import asked, opened

from metricgate.operations.start_refusal import StartRefused


@pytest.mark.parametrize("how", ["deleted", "emptied"])
def test_a_ledger_that_is_gone_is_not_begun_anew(project: Path, how: str) -> None:
    """Where the log's key is there but its entries are not, somebody took them: the gateway does not start over it."""
    asked(project, "omni", "query_metrics", {"metrics": ["sales.orders"]})
    ledger = project / ".metricgate" / "ledger.db"
    if how == "deleted":
        ledger.unlink()
    else:
        ledger.write_bytes(b"")

    async def start() -> None:
        async with opened(project):
            pass

    with pytest.raises(StartRefused, match="is gone"):
        asyncio.run(start())
    for key in ledger.parent.glob("ledger.*key"):
        key.unlink()
    ledger.unlink(missing_ok=True)
    asyncio.run(start())
