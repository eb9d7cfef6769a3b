"""Other tools' names -> names of ours, each once, every change told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

from metricgate.catalog.names import LONGEST, RESERVED
from metricgate.importing.report import Notes
from metricgate.vocabulary.problem import Place


def plain_name(text: str) -> str:
    """Return the nearest name: lower case, single underscores, a letter first."""
    spelled = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", text)
    name = re.sub(r"_+", "_", re.sub(r"[^a-z0-9]+", "_", spelled.lower())).strip("_")
    if not name:
        return "unnamed"
    return (name if name[0].isalpha() else f"n_{name}")[:LONGEST].rstrip("_")


def candidates(name: str, word: str) -> Iterator[str]:
    """Yield ``name``, ``name_<word>``, ``name_<word>_2``, ... without end."""
    yield name
    yield f"{name}_{word}"
    for number in count(2):
        yield f"{name}_{word}_{number}"


def identifier(column: str) -> str:
    """Return a column's name as SQL writes it: in double quotes where it is no plain one."""
    return column if column.isidentifier() and column.isascii() else '"' + column.replace('"', '""') + '"'


@dataclass(slots=True)
class Naming:
    """One space of names. ``words`` keeps the words of the question's grammar free (for parts of members' paths)."""

    notes: Notes
    words: bool = False
    taken: set[str] = field(default_factory=set)

    def give(self, text: str, what: str, where: Place) -> str:
        """Return the name that ``text`` gets; it is taken from now on."""
        name = self.free(plain_name(text))
        self.taken.add(name)
        if name != text:
            self.notes.note_changed(f"the name of {what}", where, f"{text[:LONGEST]!r} is called {name!r} here")
        return name

    def free(self, name: str) -> str:
        """Return ``name``, or the first of ``name_2``, ``name_3``, ... that is not taken."""
        found = f"{name}_field" if self.words and name in RESERVED else name
        number = 1
        while found in self.taken:
            number += 1
            found = f"{name[: LONGEST - 6]}_{number}"
        return found
