"""Collations of MariaDB that fill texts up with spaces before they are compared, and what is the same without."""

from __future__ import annotations

from collections.abc import Collection, Sequence

COLLATIONS = "SELECT collation_name FROM information_schema.collations WHERE collation_name LIKE '%nopad%'"
"""Names of those that fill nothing up; some without their character set."""

_NO_TEXT = 5
"""The coercibility of numbers, times, UUID and INET: no COLLATE is for them, though the protocol calls some texts."""


def collations_of(select: str, names: Sequence[str]) -> str:
    """Return the SELECT of the collations of columns of a SELECT that reads no row; NULL of what is no text."""
    quoted = ("`{}`".format(name.replace("`", "``")) for name in names)
    values = (f"(SELECT found.{name} FROM ({select}) AS found LIMIT 0)" for name in quoted)  # noqa: S608
    asked = (f"IF(COERCIBILITY({each}) = {_NO_TEXT}, NULL, COLLATION({each}))" for each in values)
    return f"SELECT {', '.join(asked)}"


def collation_without_padding(collation: str, known: Collection[str]) -> str | None:
    """Return the collation that is the same but fills nothing up; None where it is that, or there is none.

    >>> collation_without_padding("utf8mb4_general_ci", {"utf8mb4_general_nopad_ci"})
    'utf8mb4_general_nopad_ci'
    >>> collation_without_padding("utf8mb4_uca1400_ai_ci", {"uca1400_nopad_ai_ci"})
    'utf8mb4_uca1400_nopad_ai_ci'
    """
    words = collation.split("_")
    for at in range(len(words) - 1, 0, -1):
        name = "_".join((*words[:at], "nopad", *words[at:]))
        if name in known or name.partition("_")[2] in known:
            return name
    return None
