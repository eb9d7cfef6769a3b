"""Rows and members: which rows are visible, where a member lives, and its value by following keys row by row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from tests.oracle.conditions import truth
from tests.oracle.moments import ORDER, part_of, start_of
from tests.oracle.world import Asked, NoAnswer, Row, World, key_of
from tests.oracle.zones import shown_in


@dataclass(slots=True, frozen=True)
class Place:
    """Where a member lives: the keys to follow, the model reached, its dimension or entity."""

    path: tuple[str, ...]
    model: str
    name: str
    is_key: bool


class Members:
    """The tables of one world as one question sees them."""

    def __init__(self, world: World, asked: Asked) -> None:
        self.stored = world
        self.asked = asked
        self.world = shown_in(world, None)
        seen = {name: list(self._visible(name)) for name in world.models}  # row filters read the stored zone
        self.world = shown_in(world, asked.zone)
        self.visible = {name: [self.world.tables[name][at] for at in seen[name]] for name in world.models}
        self._places: dict[tuple[str, str], Place] = {}
        self._by_key: dict[tuple[str, str], dict[tuple, list[Row]]] = {}

    def _visible(self, model: str) -> Iterator[int]:
        for at, row in enumerate(self.world.tables[model]):
            hidden = self.asked.hidden.get(model)
            if hidden is None or truth(hidden, lambda part, row=row: self.own(model, part["member"], row)) is True:
                yield at

    def own(self, model: str, name: str, row: Row) -> object:
        """Return the value of a model's own dimension."""
        for part in self.world.models[model]["dimensions"]:
            if part["name"] == name:
                return self.world.expressions[part.get("expr", name)](row)
        raise KeyError(name)

    def links(self, model: str) -> dict[str, tuple[str, list[str], list[str]]]:
        """Return where the keys of a model lead: name -> (model, own columns, the other's columns)."""
        found = {}
        document = self.world.models[model]
        for entity in document["entities"]:
            if entity["type"] != "foreign":
                continue
            for other, target in self.world.models.items():
                for candidate in target["entities"]:
                    if candidate["name"] == entity["name"] and candidate["type"] in {"primary", "unique"}:
                        found[entity["name"]] = (other, columns_of(entity["expr"]), columns_of(candidate["expr"]))
        for way in document.get("relationships", []):
            found[way["name"]] = (way["to"], columns_of(way["from_columns"]), columns_of(way["to_columns"]))
        return found

    def paths(self, model: str, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
        """Give every chain of keys from a model with the model it reaches; the empty one first."""
        yield path, model
        for name, (target, _, _) in self.links(model).items():
            yield from self.paths(target, (*path, name))

    def primary(self, model: str) -> str:
        """Return the name of the model's primary entity."""
        return next(entity["name"] for entity in self.world.models[model]["entities"] if entity["type"] == "primary")

    def place(self, model: str, member: str) -> Place:
        """Find a member; what was found once is remembered."""
        if (model, member) not in self._places:
            self._places[model, member] = self._find(model, member)
        return self._places[model, member]

    def _find(self, model: str, member: str) -> Place:
        """Find a member: a whole path means itself, a shorter form must fit one place only."""
        *asked, name = member.split("__")
        found: dict[Place, bool] = {}
        for path, reached in self.paths(model):
            whole = [path, (self.primary(model), *path)]
            document = self.world.models[reached]
            has = any(part["name"] == name for part in document["dimensions"])
            ends_at_key = not path or not self.is_foreign(model, path)
            is_key = any(
                entity["name"] == name and (entity["type"] == "foreign" or ends_at_key)
                for entity in document["entities"]
            )
            if (has or is_key) and any(full[len(full) - len(asked) :] == tuple(asked) for full in whole):
                exact = tuple(asked) in whole if asked else is_key and not path
                found[Place(path, reached, name, is_key)] = exact
        exact = [place for place, whole in found.items() if whole]
        fitting = exact or list(found)
        if len(fitting) != 1:
            raise NoAnswer(f"{member} of {model}: {len(fitting)} places")
        return fitting[0]

    def is_foreign(self, model: str, path: tuple[str, ...]) -> bool:
        """Say whether the last step of a path is a foreign entity, whose own column is the key, or a relationship."""
        for name in path[:-1]:
            model = self.links(model)[name][0]
        return any(entity["name"] == path[-1] for entity in self.world.models[model]["entities"])

    def value(self, model: str, row: Row, place: Place) -> object:
        """Follow the keys from a row; without a partner everything is NULL."""
        for name in place.path:
            target, mine, _ = self.links(model)[name]
            key = tuple(key_of(row, column) for column in mine)
            partners = [] if None in key else self.by_key(model, name).get(key, [])
            if not partners:
                return None
            (row,) = partners
            model = target
        if place.is_key:
            (column,) = columns_of(
                next(e["expr"] for e in self.world.models[model]["entities"] if e["name"] == place.name)
            )
            return key_of(row, column)
        return self.own(place.model, place.name, row)

    def by_key(self, model: str, name: str) -> dict[tuple, list[Row]]:
        """Return the visible rows that a key of a model may lead to, by their own key; read once."""
        if (model, name) not in self._by_key:
            target, _, theirs = self.links(model)[name]
            found: dict[tuple, list[Row]] = {}
            for other in self.visible[target]:
                found.setdefault(tuple(key_of(other, column) for column in theirs), []).append(other)
            self._by_key[model, name] = found
        return self._by_key[model, name]

    def grain(self, model: str, name: str) -> str | None:
        """Return the grain of a time dimension, None for other dimensions."""
        part = next((part for part in self.world.models[model]["dimensions"] if part["name"] == name), None)
        return None if part is None else part.get("granularity")

    def form(self, when: datetime | None, form: str) -> object:
        """Return the moment in a form: the start of its period, its period of a calendar, or a part as a number."""
        if form in self.world.calendars:
            return None if when is None else self.world.calendars[form].get(start_of(when, "day"))
        if form.startswith("extract_"):
            return None if when is None else part_of(when, form.removeprefix("extract_"))
        return start_of(when, form)


def columns_of(expr: str | list[str]) -> list[str]:
    """Return the columns of a key."""
    return expr if isinstance(expr, list) else [expr]


def without_grain(member: str) -> str:
    """Return the member without a grain at its end."""
    stem, _, last = member.rpartition("__")
    return stem if last in ORDER else member
