"""Forms of literals, of which each dialect has some."""

from __future__ import annotations

import re
from typing import Final

STRING: Final = r"'(?:[^']|'')*'"
BACKSLASHED: Final = r"'(?:[^'\\]|''|\\.)*'"
DOUBLE_QUOTED: Final = r'"(?:[^"\\]|""|\\.)*"'
BITS: Final = r"[xX]'[0-9a-fA-F]*'|[bB]'[01]*'"
DOLLARS: Final = r"\$(?P<tag>(?:[A-Za-z_]\w*)?)\$(?:(?!\$(?P=tag)\$).)*\$(?P=tag)\$"
BASED: Final = r"0x[0-9a-fA-F]+|0b[01]+"
BASED_ALSO_LARGE: Final = r"0[xX][0-9a-fA-F]+|0[bB][01]+"


def one_of(*forms: str) -> re.Pattern[str]:
    """Return the pattern of a literal in any of these forms."""
    return re.compile("|".join(forms), re.DOTALL)
