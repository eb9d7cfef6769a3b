"""Where in the ledger something stands that is to be erased: bodies, which can be, and leaves, which cannot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from metricgate.adapters.state.sqlite.ledger_reader import LedgerReader
from metricgate.ledger.events import names
from metricgate.state.erasure import Copy, Sought
from metricgate.state.record import Recorded

_LEAF = "a signed leaf cannot be changed without breaking the proof of later entries; --except-leaves erases the rest"
_OF_USER = (names.USER_ID, names.ACTOR_ID, names.DECIDED_BY, names.PERSON_ID)


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerCopies:
    """What was found.

    Attributes:
        bodies: names of bodies to erase, by entry.
        leaves: entries whose leaf holds it.
        actions: ids of the actions that the entries are of.
    """

    bodies: Mapping[int, Sequence[str]] = field(default_factory=dict)
    leaves: Sequence[int] = ()
    actions: frozenset[str] = frozenset()

    def as_copies(self) -> list[Copy]:
        """Return each as a copy; leaves block."""
        found = [
            Copy(kind="body", where=f"{', '.join(names)} of entry {index}") for index, names in self.bodies.items()
        ]
        return [*found, *(Copy(kind="leaf", where=f"entry {index}", blocks=_LEAF) for index in self.leaves)]


def found_in(path: Path, sought: Sought, *, user: bool) -> LedgerCopies:
    """Return where a text stands; of a user's calls, everything that stands apart from the leaf.

    Raises:
        LedgerUnavailable: the ledger cannot be read.
    """
    bodies: dict[int, list[str]] = {}
    leaves: list[int] = []
    if not path.exists():
        return LedgerCopies()
    with LedgerReader(path) as reader:
        for each in reader.entries(newest_first=False):
            theirs = user and any(each.bodies.get(name) == sought.needle for name in _OF_USER)
            apart = [
                name for name, value in each.bodies.items() if value is not None and (theirs or sought.in_value(value))
            ]
            if apart:
                bodies[each.index] = sorted(apart)
            if sought.in_value(each.record["fields"]):
                leaves.append(each.index)
    return LedgerCopies(bodies=bodies, leaves=leaves)


def found_about(path: Path, index: int) -> LedgerCopies | None:
    """Return the bodies of one entry, of the others of its call, and of its action if it has one; None without it.

    Raises:
        LedgerUnavailable: the ledger cannot be read.
    """
    with LedgerReader(path) as reader:
        first = reader.entry(index)
        if first is None:
            return None
        call, action = {index, *_intents(first)}, first.text(names.ACTION_ID)
        found: dict[int, list[str]] = {}
        for each in reader.entries(newest_first=False):
            of_call = each.index in call or not call.isdisjoint(_intents(each))
            if of_call or (action is not None and each.text(names.ACTION_ID) == action):
                left = [name for name, value in each.bodies.items() if value is not None]
                found |= {each.index: sorted(left)} if left else {}
    return LedgerCopies(bodies=found, actions=frozenset() if action is None else frozenset({action}))


def _intents(each: Recorded) -> set[int]:
    links = each.record["fields"].get(names.LINKS) if isinstance(each.record["fields"], dict) else None
    found = links if isinstance(links, list) else []
    return {
        link["index"]
        for link in found
        if isinstance(link, dict) and link.get("rel") == "intent" and isinstance(link.get("index"), int)
    }
