"""What a start settles of the run before it."""

from __future__ import annotations

from metricgate.gateway.changes.recovery import recover
from metricgate.gateway.changes.services import ChangeServices
from metricgate.gateway.changes.settlement import settle_after_crash
from metricgate.operations.start_refusal import StartRefused
from metricgate.state.record import LedgerUnavailable
from metricgate.state.sealed import Unsealable
from metricgate.state.state import StoreUnavailable


async def settle_earlier_run(services: ChangeServices) -> None:
    """Put in order what an earlier run of a gateway left half done, before this one takes calls.

    Raises:
        StartRefused: it cannot be told what became of it, or that cannot be kept.
    """
    try:
        await recover(services)
        await settle_after_crash(services)
    except LedgerUnavailable as error:
        raise StartRefused(f"the ledger cannot be written: {error}") from error
    except StoreUnavailable as error:
        raise StartRefused(
            f"what is kept of changes cannot be written: {error}; where it is locked, a process that stands still has "
            "it: end that process and start again"
        ) from error
    except Unsealable as error:
        raise StartRefused(
            f"what became of the changes that were under way cannot be told: {error}; `metricgate doctor` "
            "names the actions, and a backup of the state folder has them as they were"
        ) from error
