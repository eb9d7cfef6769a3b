"""Notices: what people are told of events at the gate. Their words may come from agents and are untrusted."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")


_MOST_TITLE, _MOST_TEXT, _MOST_FIELD, _MOST_FIELDS = 150, 2_000, 300, 20


class NoticeKind(StrEnum):
    """The closed set of events that people can be told of."""

    AGENT_PAUSED = "agent_paused"
    SWITCH_THROWN = "switch_thrown"
    SWITCH_TAKEN_BACK = "switch_taken_back"
    ACTION_HELD = "action_held"
    ACTION_DECIDED = "action_decided"
    ACTION_EXECUTED = "action_executed"
    ACTION_UNDONE = "action_undone"
    BREAK_GLASS = "break_glass"
    NOTIFICATION_PARKED = "notification_parked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One event, for people. Made visible and cut to length when it is built.

    Attributes:
        id: stable: the same event told twice has the same id; letters, digits, ``_`` and ``-``.
        at: when, ISO 8601 in UTC.
        text: one or two sentences.
        fields: ids and numbers that are needed to act, no more.
        link: where to look, or None.
    """

    kind: NoticeKind
    id: str
    at: str
    title: str
    text: str
    fields: Mapping[str, str] = field(default_factory=dict, hash=False)
    link: str | None = None

    def __post_init__(self) -> None:
        """Show what is invisible, cut what is long.

        Raises:
            ValueError: the id could not stand in a header.
        """
        if not _ID.fullmatch(self.id):
            raise ValueError("a notice needs an id of at most 100 letters, digits, _ and -")
        object.__setattr__(self, "title", visible(self.title, _MOST_TITLE))
        object.__setattr__(self, "text", visible(self.text, _MOST_TEXT))
        pairs = list(self.fields.items())[:_MOST_FIELDS]
        shown = {visible(name, _MOST_FIELD): visible(value, _MOST_FIELD) for name, value in pairs}
        object.__setattr__(self, "fields", shown)


def visible(text: str, most: int) -> str:
    """Return the text with control, bidirectional and other invisible characters written as ``<U+202E>``, cut."""
    shown = "".join(
        f"<U+{ord(each):04X}>" if unicodedata.category(each)[0] in "CZ" and each != " " else each
        for each in text[:most]
    )
    return shown[: most - 1] + "…" if len(shown) > most or len(text) > most else shown


class Notifier(Protocol):
    """Takes notices to be delivered."""

    def tell(self, notice: Notice) -> None:
        """Make the notice durable for all who want its kind; the same id again changes nothing. Blocks.

        Raises:
            NoticeNotKept: it could not be made durable.
        """
        ...


class NoticeNotKept(Exception):
    """A notice could not be made durable."""


class NobodyToTell:
    """A notifier without anybody to notify."""

    def tell(self, notice: Notice) -> None:
        """Do nothing."""
