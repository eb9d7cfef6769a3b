"""The names that policy documents give and use: rules, roles, parties."""

from __future__ import annotations

import re
import unicodedata

EVERYONE = "everyone"
"""The built-in role that every authenticated party holds."""

PARTY_KINDS = ("agent", "user", "group")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_LONGEST_PARTY = 256
_LONGEST_SHOWN = 300


def for_display(text: str) -> str:
    """Return the text as messages may quote it: invisible characters escaped, at most 300 characters."""
    plain = text if text.isprintable() else ascii(text)[1:-1]
    return plain if len(plain) <= _LONGEST_SHOWN else plain[:_LONGEST_SHOWN] + "..."


def is_name(text: str) -> bool:
    """Whether a rule, a role, an attribute or a domain may be called so."""
    return _NAME.fullmatch(text) is not None


def mistake_in_party(text: str) -> str | None:
    """Return what is wrong with ``agent:ID``, ``user:ID`` or ``group:ID``, or None."""
    kind, colon, name = text.partition(":")
    if not colon or kind not in PARTY_KINDS:
        return f"{text!r} does not begin with `agent:`, `user:` or `group:`."
    if not name or len(name) > _LONGEST_PARTY:
        return f"{text[:60]!r} has no id, or one of more than {_LONGEST_PARTY} characters."
    if "*" in name:
        return f"{text!r} holds a wildcard; parties are named one by one."
    if not name.isprintable() or any(character.isspace() for character in name):
        return f"{text!r} holds white space or an invisible character."
    if unicodedata.normalize("NFC", name) != name:
        return f"{text!r} is not in Unicode's composed form (NFC), so that it would never equal the same name."
    return None
