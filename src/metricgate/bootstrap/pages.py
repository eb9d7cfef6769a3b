"""Where people find things at the console."""

from __future__ import annotations

from typing import Final

from metricgate.bootstrap.settings import Settings

_ANY_ADDRESS: Final = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - compared with, not listened on


def approval_page(url: str, action_id: str) -> str:
    """Return the page of an action, at the gateway that people reach under ``url``."""
    return f"{url}/console/approvals/{action_id}"


def console_url(settings: Settings, port: int) -> str | None:
    """Return where people reach this gateway's console; None where it listens everywhere and no name was set."""
    listen = settings.document.listen
    if listen.public_url is None and listen.host in _ANY_ADDRESS:
        return None
    return settings.public_url(port)
