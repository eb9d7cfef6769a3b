"""Keys and joins between tables, as Ossie and Cube write them -> entities and relationships of ours.

One join from a table to a key becomes a shared entity, so that two facts that lead to one table can be asked together.
Several joins from a table to the same key (origin and destination) become named relationships.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from metricgate.catalog.names import RESERVED
from metricgate.importing.name_translation import candidates, plain_name
from metricgate.importing.report import Notes
from metricgate.importing.source_parts import SourcePart, without_empty
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Place

Columns = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinTable:
    """A table: its name here, its keys, and the names of its dimensions."""

    name: str
    primary: Columns
    unique: tuple[Columns, ...] = ()
    members: frozenset[str] = frozenset()
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A many-to-one join; table names are those of here, ``to_columns`` are unique in ``target``."""

    name: str
    source: str
    target: str
    from_columns: Columns
    to_columns: Columns
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedJoin:
    """A join as members' paths name it: an entity's or a relationship's name, and the columns that are equal."""

    name: str
    from_columns: Columns
    to_columns: Columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Joins:
    """What a table's semantic model gets.

    Attributes:
        hops: by the table they lead to; of several to one table the first.
    """

    entities: list[Json] = field(default_factory=list)
    relationships: list[Json] = field(default_factory=list)
    primary_entity: str | None = None
    hops: dict[str, NamedJoin] = field(default_factory=dict)


def derive_joins(tables: Mapping[str, JoinTable], links: Sequence[Link], notes: Notes) -> dict[str, Joins]:
    """Return the entities and relationships of every table, by its name."""
    return _Joining(tables, links, notes).run()


def only_time(dimensions: Sequence[Mapping[str, Json]], model: str, tool: str, part: SourcePart) -> str | None:
    """Return the time by which a model's metrics go: the only one there is (told); of several none is taken (told)."""
    times = [str(each["name"]) for each in dimensions if each.get("type") == "time"]
    if len(times) > 1:
        reason = f"it has several times, and {tool} does not say which one metrics go by: set agg_time_dimension"
        part.reading.notes.note_changed(f"metric_time of {model!r}", part.place, reason)
    if len(times) != 1:
        return None
    reason = "it is the only time there, so metric_time means it"
    part.reading.notes.note_added(f"agg_time_dimension {times[0]!r} of {model!r}", part.place, reason)
    return times[0]


@dataclass(slots=True)
class _Joining:
    tables: Mapping[str, JoinTable]
    links: Sequence[Link]
    notes: Notes
    taken: dict[str, set[str]] = field(default_factory=dict)
    keys: dict[tuple[str, Columns], str] = field(default_factory=dict)
    found: dict[str, Joins] = field(default_factory=dict)

    def run(self) -> dict[str, Joins]:
        self.taken = {name: set(table.members) | RESERVED for name, table in self.tables.items()}
        for name, table in self.tables.items():
            self._own_keys(name, table)
        self._asserted_keys()
        ways = Counter((link.source, link.target, self._key(link)) for link in self.links)
        for link in self.links:
            key = self._key(link)
            single = ways[link.source, link.target, key] == 1 and link.source != link.target
            self._join(link, key, shared=single)
        return self.found

    def _own_keys(self, name: str, table: JoinTable) -> None:
        entity = self._free(table.name, name)
        self.found[name] = Joins(primary_entity=None if table.primary else entity)
        if table.primary:
            self.keys[name, table.primary] = entity
            self._add(name, entity, "primary", table.primary)
        for columns in table.unique:
            if self._known(name, columns) is None:
                self._unique(name, columns)

    def _asserted_keys(self) -> None:
        for link in self.links:
            if self._known(link.target, link.to_columns) is None:
                entity = self._unique(link.target, link.to_columns)
                reason = f"the join {link.name!r} says that {', '.join(link.to_columns)} is unique there"
                self.notes.note_added(f"the unique entity {entity!r} of the model {link.target!r}", link.place, reason)

    def _unique(self, name: str, columns: Columns) -> str:
        entity = self._free(plain_name(f"{name}_{'_'.join(columns)}"), name)
        self.keys[name, columns] = entity
        self._add(name, entity, "unique", columns)
        return entity

    def _free(self, wanted: str, table: str) -> str:
        """Return an entity's name that neither the table nor any table that joins to it uses for something else."""
        users = {table, *(link.source for link in self.links if link.target == table)}
        for candidate in candidates(wanted, "key"):
            if not any(candidate in self.taken[user] for user in users):
                for user in users:
                    self.taken[user].add(candidate)
                return candidate
        raise AssertionError("candidates do not end")

    def _known(self, name: str, columns: Columns) -> Columns | None:
        return next((key for table, key in self.keys if table == name and sorted(key) == sorted(columns)), None)

    def _key(self, link: Link) -> Columns:
        return self._known(link.target, link.to_columns) or link.to_columns

    def _join(self, link: Link, key: Columns, *, shared: bool) -> None:
        pairs = dict(zip(link.to_columns, link.from_columns, strict=True))
        columns = tuple(pairs[column] for column in key)
        if shared:
            self._add(link.source, self.keys[link.target, key], "foreign", columns)
            self._hop(link, NamedJoin(name=self.keys[link.target, key], from_columns=columns, to_columns=key))
            return
        name = next(each for each in candidates(plain_name(link.name), "key") if each not in self.taken[link.source])
        self.taken[link.source].add(name)
        self.found[link.source].relationships.append(
            without_empty(name=name, to=link.target, from_columns=_columns_json(columns), to_columns=_columns_json(key))
        )
        self._hop(link, NamedJoin(name=name, from_columns=columns, to_columns=key))

    def _hop(self, link: Link, hop: NamedJoin) -> None:
        self.found[link.source].hops.setdefault(link.target, hop)

    def _add(self, table: str, entity: str, kind: str, columns: Columns) -> None:
        self.found[table].entities.append({"name": entity, "type": kind, "expr": _columns_json(columns)})


def _columns_json(columns: Columns) -> Json:
    return columns[0] if len(columns) == 1 else list[Json](columns)
