"""Signed webhooks in the manner of Standard Webhooks, as plain JSON or shaped for Slack."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx2
import orjson

from metricgate.adapters.sinks.webhook_section import WebhookSection
from metricgate.adapters.sinks.webhook_signatures import signature
from metricgate.gateway.notifications import Delivery
from metricgate.vocabulary.notice import Notice

_LIMIT_SECONDS = 10.0
_GONE = 410
_LOOK_ALIKES = {ord("*"): "\u2217", ord("`"): "\u02cb", ord("~"): "\u223c"}


def plain(notice: Notice) -> bytes:
    """Return ``{"type", "timestamp", "data": {"id", "title", "text", "fields", "link"}}``."""
    data = {
        "id": notice.id,
        "title": notice.title,
        "text": notice.text,
        "fields": dict(notice.fields),
        "link": notice.link,
    }
    return orjson.dumps({"type": notice.kind, "timestamp": notice.at, "data": data})


def slack(notice: Notice) -> bytes:
    """Return ``{"text", "blocks"}``; nothing in it is read as markup but what we wrote."""
    words = f"*{_escape_markup(notice.title)}*\n{_escape_markup(notice.text)}"[:3000]
    blocks: list[object] = [{"type": "section", "text": {"type": "mrkdwn", "text": words, "verbatim": True}}]
    if notice.fields:
        lines = [
            {"type": "plain_text", "text": f"{name}: {value}", "emoji": False}
            for name, value in list(notice.fields.items())[:10]
        ]
        blocks.append({"type": "section", "fields": lines})
    if notice.link:
        blocks.append({"type": "context", "elements": [{"type": "plain_text", "text": notice.link, "emoji": False}]})
    return orjson.dumps(
        {"text": f"{_escape_markup(notice.title)}: {_escape_markup(notice.text)}"[:3000], "blocks": blocks}
    )


FORMS: dict[str, Callable[[Notice], bytes]] = {"plain": plain, "slack": slack}


def _escape_markup(text: str) -> str:
    plain_text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # A zero-width joiner would be invisible; a look-alike is honest enough and ends bold, code and links.
    return plain_text.translate(_LOOK_ALIKES)


class Webhook:
    """Implements ``gateway.notices.Sink``. Follows no redirect, reads no body, keeps no cookie, uses no proxy."""

    section = WebhookSection

    @classmethod
    def from_section(cls, section: WebhookSection, _folder: Path) -> Webhook:
        """Make it from the settings, with address and secrets from the environment.

        Raises:
            SinkUnusable: a variable is not set or holds none.
        """
        return cls(url=section.address(), form=section.form, keys=section.keys())

    def __init__(self, *, url: str, form: str, keys: Sequence[bytes]) -> None:
        """Take where to post, a key of ``FORMS``, and the signing keys, the newest first."""
        self._url, self._body_of, self._keys = url, FORMS[form], tuple(keys)

    async def deliver(self, notice: Notice, *, seconds: int) -> Delivery:
        """Post once, within ten seconds in all."""
        body = self._body_of(notice)
        headers = {
            "content-type": "application/json",
            "webhook-id": notice.id,
            "webhook-timestamp": str(seconds),
            "webhook-signature": signature(self._keys, notice.id, seconds, body),
        }
        try:
            async with (
                asyncio.timeout(_LIMIT_SECONDS),
                httpx2.AsyncClient(follow_redirects=False, timeout=_LIMIT_SECONDS, trust_env=False) as client,
                client.stream("POST", self._url, content=body, headers=headers) as response,
            ):
                status = response.status_code
        except TimeoutError:
            return Delivery("timeout")
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            # The error's own text may hold the address, which may be a secret.
            return Delivery(type(error).__name__)
        return Delivery() if status // 100 == 2 else Delivery(f"status {status}", final=status == _GONE)  # noqa: PLR2004
