"""``validate --data``: the declared checks of a project, run in this process with the project's own record."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from metricgate.bootstrap import codes
from metricgate.bootstrap.running import running
from metricgate.bootstrap.settings import Settings
from metricgate.bootstrap.starting import StartRefused
from metricgate.gateway.data_checks.result import CheckResult
from metricgate.gateway.data_checks.survey import Told, check_data
from metricgate.gateway.ports import LedgerUnavailable
from metricgate.vocabulary.principal import Identity, Principal, Proof
from metricgate.vocabulary.problem import Problem, Problems


def data_checked(
    folder: Path, settings: Settings, parties: tuple[str, str | None] | None, told: Told
) -> Sequence[CheckResult] | Problems:
    """Return the result of every check.

    Args:
        folder: the project's.
        settings: as loaded.
        parties: agent and perhaps user whose rights bind, said and not proven, as ``policy explain`` takes them; None
            for the operator's own.
        told: hears of each result as it comes.
    """

    async def checked() -> Sequence[CheckResult]:
        async with running(folder, settings, watch=False, logs=False) as parts:
            return await check_data(
                parts.governance.current,
                parts.warehouses,
                parts.ledger,
                now=datetime.now(UTC),
                principal=None if parties is None else _principal(*parties),
                told=told,
            )

    try:
        return asyncio.run(checked())
    except StartRefused as refused:
        return refused.as_problems()
    except LedgerUnavailable as error:
        message = f"the checks cannot be recorded: {error}"
        return Problems((Problem(code=codes.CANNOT_START, message=message, hint=codes.CANNOT_START.cure),))


def _principal(agent: str, user: str | None) -> Principal:
    said = None if user is None else Identity(id=user, proof=Proof.ASSERTED, method="local")
    return Principal(agent=Identity(id=agent, proof=Proof.ASSERTED, method="local"), user=said)
