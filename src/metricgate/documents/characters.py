"""Characters that have no place in a document: control characters, and invisible ones that disguise text.

Refused anywhere, also in comments and behind escapes: C0 and C1 controls (but tab, line feed, carriage return, next
line), lone surrogates, and the bidirectional embeddings, overrides and isolates that make text read in another order
(CVE-2021-42574). Refused in keys as well: everything of Unicode's categories Cc, Cf, Cs, Co and line separators.
"""

from __future__ import annotations

import re
import unicodedata

_ANYWHERE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\ufffe\uffff]"
)
_IN_NAMES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def forbidden_at(text: str) -> int | None:
    """Return the index of the first character that no text may hold, or None."""
    found = _ANYWHERE.search(text)
    return found.start() if found else None


def forbidden_in_name(text: str) -> str | None:
    """Return the first character that no name may hold, or None."""
    if text.isascii() and text.isprintable():
        return None
    return next((character for character in text if unicodedata.category(character) in _IN_NAMES), None)


def describe_character(character: str) -> str:
    """Return how to name the character to people: ``U+202E RIGHT-TO-LEFT OVERRIDE``."""
    name = unicodedata.name(character, "control character")
    return f"U+{ord(character):04X} {name}"
