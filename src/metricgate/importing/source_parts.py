"""A part of the source being read: it knows its place, and which of its keys nobody has taken yet."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from metricgate.catalog.foreign_sql import to_our_spelling
from metricgate.documents.yaml_composer import YamlMark
from metricgate.importing import codes
from metricgate.importing.report import Notes
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Place

Step = str | int
_PLACEHOLDER = re.compile(r"\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))")
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class SourceSpot:
    """Where a value stands. ``mark`` is None where only the path is known (JSON)."""

    file: str
    mark: YamlMark | None = None
    path: tuple[Step, ...] = ()

    def below(self, *steps: Step) -> SourceSpot:
        """Return the spot of a key or item inside, as near as the source knows it."""
        here = self
        for step in steps:
            here = SourceSpot(here.file, _mark_inside(here.mark, step), (*here.path, step))
        return here

    def place(self) -> Place:
        """Return the place for people."""
        path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path).removeprefix(".")
        mark = self.mark
        if mark is None:
            return Place(file=self.file, path=path or None)
        return Place(file=self.file, line=mark.line, column=mark.column, path=path or None)


def _mark_inside(mark: YamlMark | None, step: Step) -> YamlMark | None:
    inside = None if mark is None else mark.inside
    if isinstance(inside, dict) and isinstance(step, str):
        return inside.get(step, mark)
    if isinstance(inside, list) and isinstance(step, int) and step < len(inside):
        return inside[step]
    return mark


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportContext:
    """What all parts of one import share.

    Attributes:
        notes: what is to be told at the end.
        values: of placeholders.
        calendars: custom granularities seen so far.
        unfilled: placeholders without a value in relations, each with the places of those relations.
    """

    notes: Notes
    values: Mapping[str, str] = field(default_factory=dict)
    calendars: set[str] = field(default_factory=set)
    unfilled: dict[str, list[Place]] = field(default_factory=dict)

    def fill_placeholders(self, text: str) -> str:
        """Return the text with every known ``$name`` or ``${name}`` replaced; unknown ones stay."""
        if "$" not in text or not self.values:
            return text
        return _PLACEHOLDER.sub(lambda found: self.values.get(found[1] or found[2], found[0]), text)

    def check_filled(self, relation: str, where: Place) -> None:
        """Remember the placeholders that a relation's name still holds."""
        for part in relation.split("."):
            found = _PLACEHOLDER.match(part)
            if found is not None:
                self.unfilled.setdefault(found[1] or found[2], []).append(where)

    def tell_unfilled(self) -> None:
        """Note each placeholder without a value once, however many relations hold it."""
        for name, places in self.unfilled.items():
            others = f" (and in {len(places) - 1} more)" if len(places) > 1 else ""
            message = f"the relation's name holds the placeholder ${name}{others}"
            self.notes.problem(codes.IMPORT_PLACEHOLDER, message, places[0], f"Give its value: --set {name}=VALUE.")


class SourcePart:
    """A mapping of the source. Every ``take`` of a key is remembered; ``finish`` tells the rest as dropped."""

    def __init__(self, value: Mapping[str, Json], spot: SourceSpot, reading: ImportContext) -> None:
        self._value = value
        self._left = {key for key, inner in value.items() if not _says_nothing(inner)}
        self.spot = spot
        self.reading = reading

    @property
    def place(self) -> Place:
        """Where it stands."""
        return self.spot.place()

    def at(self, key: str) -> Place:
        """Where the key stands."""
        return self.spot.below(key).place()

    def has(self, key: str) -> bool:
        """Say whether the key is there and says something."""
        return key in self._value and not _says_nothing(self._value[key])

    def present_keys(self) -> tuple[str, ...]:
        """Return the keys that say something."""
        return tuple(key for key in self._value if self.has(key))

    def take(self, key: str) -> Json:
        """Return the value as it is, None where there is none."""
        self._left.discard(key)
        value = self._value.get(key)
        return None if _says_nothing(value) else value

    def peek(self, key: str) -> Json:
        """Return the value as it is without taking it."""
        return self._value.get(key)

    def raw(self) -> dict[str, Json]:
        """Return the whole mapping as it is without taking anything."""
        return dict(self._value)

    def text(self, key: str) -> str | None:
        """Return text (a number or boolean counts, as it is written), with placeholders filled."""
        value = self.take(key)
        if value is None:
            return None
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, (str, int, float)):
            return self.reading.fill_placeholders(str(value)).strip()
        self.complain(key, f"{key!r} must be text")
        return None

    def sql(self, key: str) -> str | None:
        """Return an SQL expression in our spelling; a form that was spelled otherwise is told."""
        text = self.text(key)
        if text is None:
            return None
        written = to_our_spelling(text)
        if written != text:
            reason = f"{_quote_short(text)} is written {_quote_short(written)} here"
            self.reading.notes.note_changed(f"the spelling of {key!r}", self.at(key), reason)
        return written

    def word(self, key: str) -> str | None:
        """Return text that is a word of a closed set: in lower case."""
        text = self.text(key)
        return None if text is None else text.lower()

    def flag(self, key: str) -> bool:
        """Return a boolean; False where nothing is said."""
        value = self.take(key)
        if value is None or isinstance(value, bool):
            return bool(value)
        self.complain(key, f"{key!r} must be true or false")
        return False

    def number(self, key: str) -> int | float | None:
        """Return a number."""
        value = self.take(key)
        if isinstance(value, str) and re.fullmatch(r"-?\d{1,15}(\.\d{1,15})?", value):
            return float(value) if "." in value else int(value)
        if value is None or (isinstance(value, (int, float)) and not isinstance(value, bool)):
            return value
        self.complain(key, f"{key!r} must be a number")
        return None

    def part(self, key: str) -> SourcePart | None:
        """Return the mapping under the key."""
        value = self.take(key)
        if value is None:
            return None
        if isinstance(value, Mapping):
            return SourcePart(value, self.spot.below(key), self.reading)
        self.complain(key, f"{key!r} must be a mapping")
        return None

    def items(self, key: str) -> Iterator[tuple[Json, SourceSpot]]:
        """Yield the items of the list under the key; one value counts as a list of one."""
        value = self.take(key)
        if value is None:
            return
        if isinstance(value, Sequence) and not isinstance(value, str):
            for at, item in enumerate(value):
                yield item, self.spot.below(key, at)
        else:
            yield value, self.spot.below(key)

    def parts(self, key: str) -> list[SourcePart]:
        """Return the mappings of the list under the key."""
        found: list[SourcePart] = []
        value = self.take(key)
        if value is None:
            return found
        if not isinstance(value, Sequence) or isinstance(value, str):
            self.complain(key, f"{key!r} must be a list")
            return found
        for at, item in enumerate(value):
            spot = self.spot.below(key, at)
            if isinstance(item, Mapping):
                found.append(SourcePart(item, spot, self.reading))
            else:
                self.reading.notes.problem(codes.IMPORT_SHAPE, f"an item of {key!r} must be a mapping", spot.place())
        return found

    def required_text(self, key: str, what: str) -> str:
        """Return text that must be there; a missing one is noted and comes back empty."""
        text = self.text(key)
        if text is None and not self.has(key):
            self.reading.notes.problem(codes.IMPORT_SHAPE, f"{what} has no {key!r}", self.place)
        return text or ""

    def complain(self, key: str, message: str) -> None:
        """Note that the key's value has the wrong shape."""
        self.reading.notes.problem(codes.IMPORT_SHAPE, message, self.at(key))

    def ignore(self, *keys: str) -> None:
        """Take keys that only repeat what stands elsewhere in the source, or are about the source's own files."""
        self._left.difference_update(keys)

    def finish(self, what: str, reason: str = "it has no counterpart here") -> None:
        """Tell every key that nobody took as dropped from ``what``."""
        for key in self._value:
            if key in self._left:
                self.reading.notes.note_dropped(f"{key[:_SHOWN]!r} of {what}", self.at(key), reason)
        self._left.clear()


def _quote_short(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "...")


def _says_nothing(value: Json) -> bool:
    return value is None or (isinstance(value, (str, list, tuple, dict)) and not value)


def without_empty(**keys: Json) -> dict[str, Json]:
    """Return the keys that say something, in their order."""
    return {key: value for key, value in keys.items() if not _says_nothing(value)}
