"""Where people find things at the console."""

from __future__ import annotations


def approval_page(url: str, action_id: str) -> str:
    """Return the page of an action, at the gateway that people reach under ``url``."""
    return f"{url}/console/approvals/{action_id}"
