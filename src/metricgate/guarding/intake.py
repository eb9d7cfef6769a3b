"""Layer 1: a text that is not worth parsing is not parsed."""

from __future__ import annotations

import unicodedata

from metricgate.guarding import codes
from metricgate.guarding.caps import Caps
from metricgate.guarding.places import place_at
from metricgate.vocabulary.problem import Problem

_OPENING = frozenset("([{")
_CLOSING = frozenset(")]}")
_SPACES = frozenset("\t\n\r ")
_NEVER = frozenset({"Cc", "Cs", "Co", "Cn"})
"""Unicode's control characters, surrogates, private use, and what is no character."""


def refused_at_intake(text: str, caps: Caps) -> Problem | None:
    """Return why the text is not to be read at all, or None."""
    return _size(text, caps) or _characters(text) or _brackets(text, caps)


def _size(text: str, caps: Caps) -> Problem | None:
    if not text.strip():
        return Problem(code=codes.NO_QUERY, message="The text is empty.", hint="Write one SELECT.")
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        return Problem(
            code=codes.CHARACTER,
            message="The text has half of a surrogate pair, which is no character.",
            where=place_at(text, error.start),
        )
    if size > caps.bytes:
        return Problem(
            code=codes.TOO_LARGE,
            message=f"The text has {size:,} bytes; at most {caps.bytes:,} are read.",
            hint="Ask for less at once.",
        )
    return None


def _characters(text: str) -> Problem | None:
    if text.isprintable():
        return None
    for position, character in enumerate(text):
        if character in _SPACES or unicodedata.category(character) not in _NEVER:
            continue
        name = unicodedata.name(character, f"U+{ord(character):04X}")
        return Problem(
            code=codes.CHARACTER,
            message=f"The text has a character that no query needs: {name}.",
            where=place_at(text, position),
            hint="Write spaces, tabs and line ends as such; inside a literal, make the character with chr().",
        )
    return None


def _brackets(text: str, caps: Caps) -> Problem | None:
    depth = 0
    for position, character in enumerate(text):
        if character in _OPENING:
            depth += 1
            if depth > caps.depth:
                return Problem(
                    code=codes.TOO_LARGE,
                    message=f"Brackets are nested more than {caps.depth} deep.",
                    where=place_at(text, position),
                    hint="Use WITH to name the inner queries.",
                )
        elif character in _CLOSING and depth:
            depth -= 1
    return None
