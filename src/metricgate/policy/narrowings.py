"""How rules of two policies are compared: what a rule narrows, and how far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

from metricgate.policy.strictest_mask import strictest_mask
from metricgate.vocabulary.obligation import Mask


@dataclass(frozen=True, slots=True, order=True)
class NarrowedKey:
    """What is narrowed: a pattern, under a condition; ``sort`` tells what narrows it in several ways apart."""

    kind: str
    pattern: str
    condition: str
    sort: str = ""

    @property
    def text(self) -> str:
        """The pattern with its condition."""
        return f"{self.pattern} ({self.condition})" if self.condition else self.pattern


@dataclass(frozen=True, slots=True)
class Narrowing:
    """How something is narrowed: conditions that rows must meet, one mask, or one number; nothing where all is open."""

    conditions: frozenset[str] = frozenset()
    mask: Mask | None = None
    number: float | None = None
    words: str = ""
    larger_is_narrower: bool = False

    @property
    def text(self) -> str:
        """In words; empty where nothing is narrowed."""
        if self.conditions:
            return " and ".join(sorted(self.conditions))
        if self.mask is not None:
            return _mask_text(self.mask)
        return "" if self.number is None else f"{self.words} {self.number:,}".strip()

    @property
    def open(self) -> bool:
        """Whether nothing is narrowed."""
        return not self.conditions and self.mask is None and self.number is None

    def at_most(self, other: Narrowing) -> bool:
        """Whether this shows no more than the other does."""
        if self.open or other.open:
            return other.open
        if self.number is not None and other.number is not None:
            return self.number >= other.number if self.larger_is_narrower else self.number <= other.number
        if self.mask is not None and other.mask is not None:
            same = _mask_shape(strictest_mask((other.mask, self.mask))) == _mask_shape(self.mask)
            return same and self.mask.uses <= other.mask.uses
        return self.conditions >= other.conditions


Narrowed = tuple[NarrowedKey, Narrowing]
"""What is narrowed, and how."""


def together(found: Sequence[Narrowing]) -> Narrowing:
    """Return what several rules of one kind make of the same."""
    masks = [each.mask for each in found if each.mask is not None]
    numbers = [each for each in found if each.number is not None]
    if masks:
        return Narrowing(mask=strictest_mask(sorted(masks, key=_mask_text)))
    if numbers:
        pick = max if numbers[0].larger_is_narrower else min
        return pick(numbers, key=lambda each: each.number or 0)
    return Narrowing(conditions=reduce(or_, (each.conditions for each in found), frozenset()))


def words_of_exemption(unless_roles: Sequence[str], condition: str) -> str:
    """Return whom a rule leaves out, and under which condition it is in force, in words."""
    exempt = f"except {', '.join(sorted(unless_roles))}" if unless_roles else ""
    return "; ".join(part for part in (exempt, condition) if part)


def _mask_text(mask: Mask) -> str:
    parts: list[str] = [mask.method.value]
    shown = {"value": mask.value, "first": mask.first, "last": mask.last, "width": mask.width, "grain": mask.grain}
    parts += [f"{name} {value}" for name, value in shown.items() if value not in {None, 0}]
    if mask.uses:
        parts.append(f"usable in {', '.join(sorted(mask.uses))}")
    return ", ".join(parts)


def _mask_shape(mask: Mask) -> tuple[object, ...]:
    return (mask.method, repr(mask.value), mask.first, mask.last, mask.width, mask.grain)
