"""Where the gateway is that already runs on a project: only one process may write its ledger."""

from __future__ import annotations

import json
import os
from pathlib import Path

from metricgate.state.state import ProjectState


def address_of(state: ProjectState) -> Path:
    """Return where ``serve`` leaves its address for other commands."""
    return state.folder / "serve.json"


def running_at(state: ProjectState) -> str | None:
    """Return the URL of the gateway that runs on the project: ``METRICGATE_URL``, or what ``serve`` left.

    What ``serve`` left counts only if that very process holds the ledger: a stale address might be somebody else's by
    now, and a key would be sent there.
    """
    if url := os.environ.get("METRICGATE_URL"):
        return url.rstrip("/")
    try:
        left = json.loads(address_of(state).read_text())
        url, process = str(left["url"]), left["pid"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return url if process == state.holder() else None
