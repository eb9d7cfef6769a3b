"""What is to be erased, and where copies of it stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from metricgate.state.record import RecordStore
from metricgate.vocabulary.erased import ERASED
from metricgate.vocabulary.json import Json

_DEEPEST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """One place where what is to be erased stands.

    Attributes:
        kind: ``body``, ``leaf``, ``action``, ``shown``, ``image``, ``notice``, ``key``, ``person``, ``session``,
            ``switch``, ``definition`` or ``pending``.
        where: which one, for people.
        blocks: why it cannot be erased now, and what to do about it; None where it can.
    """

    kind: str
    where: str
    blocks: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """What is to be erased.

    Attributes:
        needle: a text; None where records alone are meant.
        actions: ids of actions of which everything goes.
    """

    needle: str | None = None
    actions: frozenset[str] = frozenset()

    def in_value(self, value: Json) -> bool:
        """Whether it stands in a value: in a text or a name in it, or as a number."""
        return self.needle is not None and _contains(value, self.needle, 0)

    def in_action(self, action_id: str, value: Json) -> bool:
        """Whether a value of an action is meant."""
        return action_id in self.actions or self.in_value(value)

    def without(self, value: Json) -> Json:
        """Return the value with ``ERASED`` in the place of each text and number in which it stands."""
        if isinstance(value, Mapping):
            return {(ERASED if self.in_value(name) else name): self.without(each) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return [self.without(each) for each in value]
        return ERASED if self.in_value(value) else value


def _contains(value: Json, needle: str, deep: int) -> bool:
    if deep > _DEEPEST:
        return True
    if isinstance(value, str):
        return needle in value
    if isinstance(value, Mapping):
        return any(needle in name or _contains(each, needle, deep + 1) for name, each in value.items())
    if isinstance(value, list | tuple):
        return any(_contains(each, needle, deep + 1) for each in value)
    return value is not None and not isinstance(value, bool) and str(value) == needle


class Copies(Protocol):
    """Every copy of something that was found in the state, at the moment at which it was sought."""

    def list_all(self) -> Sequence[Copy]:
        """Return them, those that cannot be erased too (``Copy.blocks`` says why). Raises nothing: they were read."""
        ...

    def erase(self, record: RecordStore, *, by: str, basis: str, reason: str) -> int:
        """Erase every copy and record it last, in the record that the caller has taken.

        Args:
            record: of the same state.
            by: the account that orders it.
            basis: the legal basis, e.g. ``GDPR Art. 17``.
            reason: why.

        Returns:
            The number of the entry that records it.

        Raises:
            LedgerUnavailable, Unsealable, OSError, ValueError: nothing more was erased.
        """
        ...
