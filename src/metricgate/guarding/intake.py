"""Layer 1: a text that is not worth parsing is not parsed."""

from __future__ import annotations

import re
import unicodedata

from metricgate.guarding import codes
from metricgate.guarding.places import place_at
from metricgate.guarding.text_limits import TextLimits
from metricgate.vocabulary.problem import Problem

_OPENING = frozenset("([{")
_BRACKET = re.compile(r"[(\[{)\]}]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_NEVER = frozenset({"Cs", "Co", "Cn"})
"""Unicode's surrogates, private use, and what is no character."""


def refused_at_intake(text: str, caps: TextLimits) -> Problem | None:
    """Return why the text is not to be read at all, or None."""
    return _check_size(text, caps) or _characters(text) or _brackets(text, caps)


def _check_size(text: str, caps: TextLimits) -> Problem | None:
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
    found = _CONTROL.search(text)
    position = -1 if found is None else found.start()
    if found is None and not text.isascii():
        position = next((at for at, character in enumerate(text) if unicodedata.category(character) in _NEVER), -1)
    if position < 0:
        return None
    name = unicodedata.name(text[position], f"U+{ord(text[position]):04X}")
    return Problem(
        code=codes.CHARACTER,
        message=f"The text has a character that no query needs: {name}.",
        where=place_at(text, position),
        hint="Write spaces, tabs and line ends as such; inside a literal, make the character with chr().",
    )


def _brackets(text: str, caps: TextLimits) -> Problem | None:
    depth = 0
    for found in _BRACKET.finditer(text):
        if found[0] not in _OPENING:
            depth = max(0, depth - 1)
            continue
        depth += 1
        if depth > caps.depth:
            return Problem(
                code=codes.TOO_LARGE,
                message=f"Brackets are nested more than {caps.depth} deep.",
                where=place_at(text, found.start()),
                hint="Use WITH to name the inner queries.",
            )
    return None
