"""What a YAML scalar means: the core schema of YAML 1.2.2 (section 10.3), with its traps taken out.

``true``/``false`` (also ``True``, ``TRUE``) are booleans; ``yes``, ``no``, ``on``, ``off`` are text. Numbers with
leading zeros, underscores, colons, infinities and NaN are text: a postcode must not lose its zero. Dates are text; a
document whose field wants a date reads it from there. Quoted scalars are always text.
"""

from __future__ import annotations

import math
import re

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,99})")
_FLOAT = re.compile(r"[-+]?(?:(?:0|[1-9][0-9]{0,99})(?:\.[0-9]{0,99})?|\.[0-9]{1,99})(?:[eE][-+]?[0-9]{1,4})?")

Plain = str | int | float | bool | None


def scalar(text: str, *, plain: bool) -> Plain:
    """Return the value of a scalar; ``plain`` says that it stands without quotes."""
    if not plain:
        return text
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    return _parse_number(text) if text[0] in "-+.0123456789" else text


def _parse_number(text: str) -> Plain:
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        number = float(text)
        return number if math.isfinite(number) else text
    return text
