"""Whether who decided something still has the account that they decided with."""

from __future__ import annotations

from datetime import datetime

from metricgate.state.people import PASSWORD, PeopleUnavailable
from metricgate.state.state import ProjectState


def account_is_gone(state: ProjectState, person: str, method: str, at: datetime) -> bool:
    """Whether an account was removed since ``at``, or made anew; one that cannot be looked up is gone.

    Args:
        state: of the project.
        person: whose account.
        method: how they proved who they are; accounts of others than this project's are never gone.
        at: when they decided.
    """
    if method != PASSWORD:  # accounts of others, and what earlier releases kept
        return False
    try:
        since = state.account_since(person)
    except PeopleUnavailable:
        return True
    return since is None or since > at.timestamp()
