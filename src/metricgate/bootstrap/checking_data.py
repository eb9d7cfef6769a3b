"""``validate --data``: the declared checks of a project, by the gateway that runs on it, else in this process."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from metricgate.bootstrap.check_desk import Parties, asked_of_running, principal_of
from metricgate.bootstrap.running import running
from metricgate.bootstrap.settings import Settings
from metricgate.bootstrap.states import state_of
from metricgate.gateway.data_checks.result import CheckResult
from metricgate.gateway.data_checks.survey import Told
from metricgate.operations import codes
from metricgate.operations.start_refusal import StartRefused
from metricgate.state.record import LedgerUnavailable
from metricgate.vocabulary.problem import Problem, Problems


def data_checked(folder: Path, settings: Settings, parties: Parties, told: Told) -> Sequence[CheckResult] | Problems:
    """Return the result of every check.

    Args:
        folder: the project's.
        settings: as loaded.
        parties: whose rights bind.
        told: hears of each result as it comes.
    """
    state = state_of(folder, settings)
    if state.holder() is not None:
        return asked_of_running(state, parties, told)

    async def checked() -> Sequence[CheckResult]:
        async with running(folder, settings, watch=False, logs=False) as parts:
            return await parts.gateway.check_data(principal_of(parties), told)

    try:
        return asyncio.run(checked())
    except StartRefused as refused:
        return refused.as_problems()
    except LedgerUnavailable as error:
        message = f"the checks cannot be recorded: {error}"
        return Problems((Problem(code=codes.CANNOT_START, message=message, hint=codes.CANNOT_START.cure),))
