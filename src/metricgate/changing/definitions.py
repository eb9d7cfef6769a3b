"""What acts when rows change, beside the change itself: as the engine's catalogue states it, and as it was shown.

Triggers and what they call, rules, foreign keys, generated columns, defaults, checks, column types, the engine's own
policies, partitions, views. A definition goes by its digest, so that any edit shows and none is kept in words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from metricgate.vocabulary.digest import digest_of, digest_of_bytes
from metricgate.vocabulary.json import Json

_ACTING = frozenset({"trigger", "rule", "policy", "foreign key", "generated column", "function", "event trigger"})
_MOST_TOLD = 10


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class ActingDefinition:
    """One of them.

    Attributes:
        kind: ``table``, ``column``, ``trigger``, ``event trigger``, ``rule``, ``policy``, ``foreign key``, ``check``,
            ``unique key``, ``generated column``, ``function``, ``view`` or ``macro``.
        of: the table's name in full; of a function or view, its own.
        name: within the table; empty where ``of`` says it.
        digest: of all that the catalogue says of it.
    """

    kind: str
    of: str
    name: str
    digest: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name} of {self.of}" if self.name else f"{self.kind} {self.of}"

    @property
    def acts(self) -> bool:
        """Whether it does something by itself when rows change, so that people are shown it."""
        return self.kind in _ACTING


Definitions = tuple[ActingDefinition, ...]


def definition(kind: str, of: str, name: str, text: str) -> ActingDefinition:
    """Return a definition by the catalogue's words for it."""
    return ActingDefinition(kind=kind, of=of, name=name, digest=digest_of_bytes(text.encode("utf-8", "surrogatepass")))


def digest_of_definitions(definitions: Iterable[ActingDefinition]) -> str:
    """Return the digest over all of them, in any order."""
    return digest_of(as_json(sorted(set(definitions))))


def differences(shown: Iterable[ActingDefinition], found: Iterable[ActingDefinition]) -> tuple[str, ...]:
    """Return what is new, gone or other than it was shown, by name; empty where all is as shown."""
    before = {(each.kind, each.of, each.name): each for each in shown}
    now = {(each.kind, each.of, each.name): each for each in found}
    told = [f"{now[key]} is new" for key in sorted(now.keys() - before.keys())]
    told += [f"{before[key]} is gone" for key in sorted(before.keys() - now.keys())]
    told += [f"{now[key]} was changed" for key in sorted(now.keys() & before.keys()) if now[key] != before[key]]
    return tuple(told)


def differences_in_words(told: Sequence[str]) -> str:
    """Return differences in one line."""
    more = f", and {len(told) - _MOST_TOLD} more" if len(told) > _MOST_TOLD else ""
    return "; ".join(told[:_MOST_TOLD]) + more


def closure(
    seeds: Iterable[str],
    named: Callable[[str], Iterable[str]],
    opened: Callable[[str], Sequence[tuple[ActingDefinition, str]]],
) -> list[ActingDefinition]:
    """Return the definitions that texts lead to, and those that theirs lead to.

    Args:
        seeds: texts to begin with.
        named: gives the keys of what a text names.
        opened: gives the definitions behind a key, each with its text.
    """
    found: dict[str, Sequence[tuple[ActingDefinition, str]]] = {}
    texts = list(seeds)
    while texts:
        for key in named(texts.pop()):
            if key not in found:
                found[key] = opened(key)
                texts += [text for _definition, text in found[key]]
    return [each for parts in found.values() for each, _text in parts]


def as_json(definitions: Iterable[ActingDefinition]) -> list[Json]:
    """Return them as ``definitions_of`` reads them."""
    return [[each.kind, each.of, each.name, each.digest] for each in definitions]


def definitions_of(raw: Json) -> Definitions:
    """Return what ``as_json`` wrote."""
    rows = cast("list[list[str]]", raw)
    return tuple(ActingDefinition(kind=kind, of=of, name=name, digest=digest) for kind, of, name, digest in rows)


def by_kind(definitions: Iterable[ActingDefinition]) -> Mapping[str, int]:
    """Return how many there are of each kind."""
    found: dict[str, int] = {}
    for each in definitions:
        found[each.kind] = found.get(each.kind, 0) + 1
    return found
