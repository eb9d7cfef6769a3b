"""Notifications put together from the settings."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from metricgate.adapters.sinks.webhook import Webhook, read_secrets
from metricgate.adapters.stores.sqlite_outbox import SqliteOutbox
from metricgate.adapters.stores.switch_file import THROWN, SwitchNotice
from metricgate.bootstrap.settings import Settings
from metricgate.gateway.notices import Notice, NoticeKind
from metricgate.gateway.ports import Clock
from metricgate.vocabulary.digest import digest_of

_ADDRESS = re.compile(r"https?://[^\s@/]+(/\S*)?")


def outbox_of(path: Path, settings: Settings, clock: Clock) -> SqliteOutbox:
    """Open the outbox.

    Raises:
        NoticeNotKept: it cannot be opened.
    """
    routes = {each.name: frozenset(each.on) for each in settings.document.notifications}
    return SqliteOutbox(path, routes=routes, clock=clock)


def sinks_of(settings: Settings) -> Mapping[str, Webhook]:
    """Return the sinks, with secrets from the environment.

    Raises:
        ValueError: a variable is not set or holds no secret or address; what it holds is not said.
    """
    found: dict[str, Webhook] = {}
    for each in settings.document.notifications:
        url = each.url if each.url is not None else os.environ.get(each.url_variable or "", "")
        if not _ADDRESS.fullmatch(url):
            raise ValueError(f"notification {each.name}: the variable {each.url_variable} holds no http address")
        try:
            keys = read_secrets(os.environ.get(each.secret, ""))
        except ValueError as error:
            raise ValueError(f"notification {each.name}: the variable {each.secret}: {error}") from error
        found[each.name] = Webhook(url=url, form=each.form, keys=keys)
    return found


def notice_of_switch(change: SwitchNotice) -> Notice:
    """Return what people are told of a switch; the same change has the same id."""
    said = {name.removeprefix("gov.switch."): str(value) for name, value in change.fields.items()}
    thrown = change.event == THROWN
    return Notice(
        kind=NoticeKind.SWITCH_THROWN if thrown else NoticeKind.SWITCH_TAKEN_BACK,
        id=f"switch_{digest_of({'event': change.event, **change.fields}).rpartition(':')[2][:32]}",
        at=said["at"],
        title=f"Switch {'thrown' if thrown else 'taken back'}: {said['kind']} of {said['target']}",
        text=said["because"],
        fields={name: said[name] for name in ("kind", "target", "by")},
    )
