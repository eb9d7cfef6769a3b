"""``validate --data``: the declared checks of a project, by the gateway that runs on it, else in this process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager

from metricgate.gateway.data_checks.result import CheckResult
from metricgate.gateway.data_checks.survey import Told
from metricgate.gateway.gateway import Gateway
from metricgate.operations import codes
from metricgate.operations.start_refusal import StartRefused
from metricgate.state.record import LedgerUnavailable
from metricgate.state.state import ProjectState
from metricgate.vocabulary.principal import Identity, Principal, Proof
from metricgate.vocabulary.problem import Problem, Problems

Parties = tuple[str, str | None] | None
"""Agent and perhaps user whose rights bind, said and not proven, as ``policy explain`` takes them; None: the operator's
own."""
AskRunning = Callable[[ProjectState, Parties, Told], Sequence[CheckResult] | Problems]
"""Asks the process that holds the project's record, and waits for the results."""


def check_data(
    state: ProjectState,
    open_gateway: Callable[[], AbstractAsyncContextManager[Gateway]],
    ask_running: AskRunning,
    parties: Parties,
    told: Told,
) -> Sequence[CheckResult] | Problems:
    """Return the result of every check. Blocks.

    Args:
        state: the project's.
        open_gateway: opens one of this process, where none runs.
        ask_running: asks the one that runs.
        parties: whose rights bind.
        told: hears of each result as it comes.
    """
    if state.holder() is not None:
        return ask_running(state, parties, told)

    async def checked() -> Sequence[CheckResult]:
        async with open_gateway() as gateway:
            return await gateway.check_data(principal_of(parties), told)

    try:
        return asyncio.run(checked())
    except StartRefused as refused:
        return refused.as_problems()
    except LedgerUnavailable as error:
        message = f"the checks cannot be recorded: {error}"
        return Problems((Problem(code=codes.CANNOT_START, message=message, hint=codes.CANNOT_START.cure),))


def principal_of(parties: Parties) -> Principal | None:
    """Return the parties as a principal."""
    if parties is None:
        return None
    agent, user = parties
    said = None if user is None else Identity(id=user, proof=Proof.ASSERTED, method="local")
    return Principal(agent=Identity(id=agent, proof=Proof.ASSERTED, method="local"), user=said)
