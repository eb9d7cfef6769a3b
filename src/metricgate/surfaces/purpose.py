"""What a caller says it asks for: a header over HTTP, a key of ``_meta`` over MCP. A claim, recorded as such."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from metricgate.surfaces.ports import RawHeaders

HEADER: Final = "x-metricgate-purpose"
META: Final = "metricgate/purpose"
_LONGEST: Final = 200


def purpose_in(headers: RawHeaders) -> str | None:
    """Return the purpose that the headers state, or None. Of several the last counts."""
    found = [value for name, value in headers if name == HEADER.encode()]
    return _cleaned(found[-1].decode("latin-1")) if found else None


def purpose_in_meta(meta: Mapping[str, object]) -> str | None:
    """Return the purpose that a request's ``_meta`` states, or None."""
    found = meta.get(META)
    return _cleaned(found) if isinstance(found, str) else None


def _cleaned(text: str) -> str | None:
    return text.strip()[:_LONGEST] or None
