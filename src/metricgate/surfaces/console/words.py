"""Values -> what a page shows. What agents wrote is data: invisible characters are spelled out, long text is cut."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Final

from markupsafe import Markup

from metricgate.ledger.events import names
from metricgate.vocabulary.json import Json, canonical_json

_UNSAFE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_KEPT: Final = frozenset("\n\t")
LONGEST: Final = 4_000
_UNITS: Final = (("day", 86_400), ("hour", 3_600), ("minute", 60))

EVENTS: Final = {
    names.CALL_RELEASED: "Call released",
    names.CALL_COMPLETED: "Call answered",
    names.CALL_REFUSED: "Call refused",
    names.CALL_FAILED: "Call failed",
    names.ACTION_PROPOSED: "Action proposed",
    names.ACTION_SHOWN: "Action shown to a person",
    names.ACTION_DECIDED: "Action decided",
    names.ACTION_RELEASED: "Action released",
    names.ACTION_EXECUTED: "Action carried out",
    names.ACTION_FAILED: "Action failed",
    names.ACTION_ENDED: "Action ended",
    names.ACTION_REVIEWED: "Break-glass reviewed",
    names.ACTION_UNCOUNTED: "Decision that did not count",
    names.DOOR_REFUSED: "Requests turned away",
    names.LOSS_ACCEPTED: "Went on with an older ledger",
    names.RECOVERY_MENDED: "Something left half done was mended",
    names.AGENT_PAUSED: "Agent paused",
    names.SWITCH_THROWN: "Switch thrown",
    names.SWITCH_TAKEN_BACK: "Switch taken back",
    names.DEFINITIONS_PUBLISHED: "Definitions published",
    names.DEFINITIONS_REJECTED: "Definitions rejected",
    names.KEY_CREATED: "Key created",
    names.KEY_REVOKED: "Key revoked",
    names.AUTH_REFUSED: "Key refused",
    names.LOG_OPENED: "Record opened",
    names.STATE_NARROWED: "State closed to other accounts",
    names.PERSON_ADDED: "Person added",
    names.PERSON_REMOVED: "Person removed",
    names.PERSON_RESET: "Person's login reset",
    names.PERSON_LOGGED_IN: "Person logged in",
    names.LOGIN_REFUSED: "Login refused",
}
CLASSES: Final = {
    "R0": "can be taken back exactly",
    "R1": "can be taken back exactly; the engine sets some other columns anew",
    "R2": "is made good by another action, not restored",
    "R3": "can be taken back in part only",
    "R4": "cannot be taken back",
}


def spell_out(value: object) -> object:
    """Return a value as a page shows it; every expression of every template goes through here, before escaping."""
    if isinstance(value, Markup):
        return value
    if value is None:
        return ""
    text = value if isinstance(value, str) else str(value)
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]}… (cut; {len(text):,} characters in all)"
    if text.isprintable():
        return text
    return "".join(_spell_character(character) for character in text)


def _spell_character(character: str) -> str:
    if character in _KEPT or unicodedata.category(character) not in _UNSAFE:
        return character
    return f"⟨U+{ord(character):04X}⟩"


def cell(value: str, longest: int = 400) -> str:
    """Return a value of a table's cell, cut."""
    return value if len(value) <= longest else f"{value[:longest]}… ({len(value):,} characters)"


def moment(value: datetime | str | None) -> str:
    """Return a moment to the second, in UTC; text that is none as it is."""
    if value is None or value == "":
        return "-"
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        return str(value)
    if found.tzinfo is None:
        found = found.replace(tzinfo=UTC)
    return found.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def distance(value: datetime | None, now: datetime) -> str:
    """Return how far a moment is away, in words."""
    if value is None:
        return ""
    seconds = int((value - now) / timedelta(seconds=1))
    number, unit = next(
        ((abs(seconds) // size, name) for name, size in _UNITS if abs(seconds) >= size), (abs(seconds), "second")
    )
    words = f"{number} {unit}{'' if number == 1 else 's'}"
    return f"in {words}" if seconds >= 0 else f"{words} ago"


def as_text(value: Json) -> str:
    """Return JSON as text; text as it is."""
    return value if isinstance(value, str) else canonical_json(value).decode(errors="replace")


def number(value: Json) -> str:
    """Return a number with its thousands apart."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "-" if value is None else str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.6g}"


def count_words(count: int, one: str, many: str | None = None) -> str:
    """Return ``1 row``, ``2 rows``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
