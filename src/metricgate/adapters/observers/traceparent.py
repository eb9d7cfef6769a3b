"""The W3C ``traceparent`` header (Trace Context, level 1 and 2): parsed strictly, ignored where it is not exactly one.

It comes from the caller, so it correlates and does nothing else: it proves no identity, and its sampled flag is not
obeyed. ``baggage`` and ``tracestate`` are not read at all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

HEADER = "traceparent"

_FORM = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-[\x21-\x7e]{0,200})?")
_FORBIDDEN_VERSION = "ff"
_FIRST_VERSION = "00"


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteParent:
    """The caller's span: 128-bit trace id and 64-bit span id, neither zero."""

    trace_id: int
    span_id: int


def remote_parent(carrier: Mapping[str, str]) -> RemoteParent | None:
    """Return the caller's span, or None where the carrier names none that is well formed."""
    text = carrier.get(HEADER)
    if not isinstance(text, str) or (found := _FORM.fullmatch(text)) is None:
        return None
    version, trace_hex, span_hex, _flags, rest = found.groups()
    if version == _FORBIDDEN_VERSION or (version == _FIRST_VERSION and rest is not None):
        return None
    trace_id, span_id = int(trace_hex, 16), int(span_hex, 16)
    if trace_id == 0 or span_id == 0:
        return None
    return RemoteParent(trace_id=trace_id, span_id=span_id)
