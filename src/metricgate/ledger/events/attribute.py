"""What events are made of: attributes with their meaning, groups of them, and how both become JSON and are read again.

A group is a frozen dataclass. Each field is an attribute (``Annotated[type, Attribute(...)]``) or another group. What
is None is absent from an entry, unless its attribute says ``null``. Names follow OpenTelemetry: dots, small letters.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from enum import Enum, StrEnum
from functools import lru_cache
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    ClassVar,
    Final,
    ForwardRef,
    NamedTuple,
    Protocol,
    Self,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

from metricgate.ledger.events.names import MOVED, MOVED_FIELD, PREFIX
from metricgate.vocabulary.json import Json


class Erased(Enum):
    """In place of a body whose salt and value were overwritten: nobody can say any more what it was."""

    ERASED = "erased"


ERASED: Final = Erased.ERASED
_PLAIN: Final = frozenset({str, int, float, bool, NoneType, dict})
"""Types whose values stand in JSON as they are; asked first, since every entry comes through here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordAttribute:
    """One attribute of the record.

    Attributes:
        name: as it stands in entries, e.g. ``gov.effect.rows``.
        meaning: in words, and when it is there.
        unit: of a number: ``rows``, ``bytes``, ``seconds``; empty where it has none.
        body: whether it stands apart from the leaf, so that it can be erased.
        null: whether None is written as ``null``; otherwise the attribute is absent then.
        since: where older entries lack it, since when it is there.
    """

    name: str
    meaning: str
    unit: str = ""
    body: bool = False
    null: bool = False
    since: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAttributes:
    """Attributes that others name: a mapping from names, none of them ``gov.*`` but those in ``ours``."""

    meaning: str
    ours: Collection[str] = ()


class Attributes(NamedTuple):
    """Attributes of one entry by name: ``fields`` stand in the leaf in clear, ``bodies`` apart behind commitments."""

    fields: dict[str, Json]
    bodies: dict[str, Json]


class ReadableEntry(Protocol):
    """An entry as readers have it."""

    @property
    def event(self) -> str:
        """The event's name."""
        ...

    @property
    def fields(self) -> Mapping[str, Json]:
        """Attributes of the leaf."""
        ...

    @property
    def bodies(self) -> Mapping[str, Json]:
        """Bodies by name; None for an erased one."""
        ...


class UnreadableEntry(ValueError):
    """An entry is not what its event's class says: another event, an attribute missing, unknown or of another type."""


@dataclass(frozen=True, slots=True)
class EventField:
    """One field of a group: an attribute, open attributes, or a group."""

    field: str
    type: Any
    attribute: RecordAttribute | OpenAttributes | None
    needed: bool


class Group:
    """Attributes that belong together; subclasses are frozen dataclasses."""

    __slots__ = ()

    def apart(self) -> Collection[str]:
        """Return which attributes stand apart from the leaf for what they hold here, beside those that always do."""
        return ()

    def to_attributes(self) -> Attributes:
        """Return fields and bodies of the entry; of two members with one attribute the later counts.

        Raises:
            ValueError: a body was erased, so that nobody knows what to write.
        """
        leaf: dict[str, Json] = {}
        bodies: dict[str, Json] = {}
        self.write_to(leaf, bodies)
        return Attributes(leaf, bodies)

    def write_to(self, leaf: dict[str, Json], bodies: dict[str, Json]) -> None:
        """Put the attributes into an entry that is being made, as ``to_attributes`` does."""
        apart = self.apart()
        for field, name, stands_apart, null in _plan(cast("Hashable", type(self))):
            value = getattr(self, field)
            if value is None:
                if null and name:
                    (bodies if stands_apart else leaf)[name] = None
            elif name:
                (bodies if stands_apart or name in apart else leaf)[name] = (
                    value if type(value) in _PLAIN else _to_json(value)
                )
            elif name is None:
                value.write_to(leaf, bodies)
            else:
                for open_name, each in value.items():
                    (bodies if open_name in apart else leaf)[open_name] = each


class Event(Group):
    """What an entry of the record says happened. The class's docstring says when."""

    __slots__ = ()
    NAME: ClassVar[str]

    @classmethod
    def from_entry(cls, entry: ReadableEntry) -> Self:
        """Return the event that an entry tells of, of whichever release.

        Raises:
            UnreadableEntry: it is another event, lacks an attribute that every release wrote, has one of another type,
                or one that the event does not have.
        """
        if entry.event != cls.NAME:
            raise UnreadableEntry(f"the entry is {entry.event}, not {cls.NAME}")
        reading = _Reading(entry, cls)
        event = reading.group(cls)
        unknown = reading.names_left()
        if unknown:
            raise UnreadableEntry(f"{cls.NAME} has no {', '.join(sorted(unknown))}")
        return event


G = TypeVar("G", bound=Group)


@lru_cache(maxsize=256)
def _plan(group: type[Any]) -> tuple[tuple[str, str | None, bool, bool], ...]:
    """Return what writing asks of each member, made once for each class: each entry comes through here.

    Returns:
        The field; the attribute's name, empty where others name them, None for a group; whether it stands apart;
        whether None is written.
    """
    return tuple(
        (each.field, each.attribute.name, each.attribute.body, each.attribute.null)
        if isinstance(each.attribute, RecordAttribute)
        else (each.field, None if each.attribute is None else "", False, False)
        for each in members_of(group)
    )


def members_of(group: type[Any]) -> tuple[EventField, ...]:
    """Return the members of a group in the order of its fields."""
    return _members_of(cast("Hashable", group))


@lru_cache(maxsize=256)
def _members_of(group: type[Any]) -> tuple[EventField, ...]:
    hints = get_type_hints(group, localns={"Json": Json}, include_extras=True)
    return tuple(_member_of(each, hints[each.name]) for each in fields(group))


def _member_of(field: Field[Any], hint: Any) -> EventField:  # noqa: ANN401 - a type as it was written
    needed = field.default is MISSING and field.default_factory is MISSING
    if get_origin(hint) is Annotated:
        of, attribute = get_args(hint)[:2]
        return EventField(field.name, of, attribute, needed)
    for each in get_args(hint) if get_origin(hint) in {UnionType, Union} else ():  # one attribute, or None
        if get_origin(each) is Annotated:
            of, attribute = get_args(each)[:2]
            return EventField(field.name, of | None, attribute, needed)
    return EventField(field.name, hint, None, needed)


def groups_in(hint: object) -> tuple[type[Group], ...]:
    """Return the groups that a member may be, in the order in which they are tried."""
    found = get_args(hint) if get_origin(hint) in {UnionType, Union} else (hint,)
    return tuple(each for each in found if isinstance(each, type) and issubclass(each, Group))


def attributes_of(group: type[Any]) -> tuple[RecordAttribute, ...]:
    """Return every attribute that a group may have, those of the groups in it too, each once, in order."""
    return _attributes(cast("Hashable", group))


@lru_cache(maxsize=256)
def _attributes(group: type[Any]) -> tuple[RecordAttribute, ...]:
    found: dict[str, RecordAttribute] = {}
    for member in members_of(group):
        if isinstance(member.attribute, RecordAttribute):
            found.setdefault(member.attribute.name, member.attribute)
        for part in groups_in(member.type) if member.attribute is None else ():
            for each in attributes_of(part):
                found.setdefault(each.name, each)
    return tuple(found.values())


def _needed(group: type[Any]) -> frozenset[str]:
    """Return the names of the attributes that an entry with this group has in any case."""
    found = set[str]()
    for member in members_of(group):
        if member.needed and isinstance(member.attribute, RecordAttribute):
            found.add(member.attribute.name)
        elif member.needed and member.attribute is None and len(parts := groups_in(member.type)) == 1:
            found |= _needed(parts[0])
    return frozenset(found)


class _Reading:
    """One entry while it is read: which attributes were taken so far."""

    def __init__(self, entry: ReadableEntry, event: type[Event]) -> None:
        self._fields, self._bodies = entry.fields, entry.bodies
        self._known = frozenset(each.name for each in attributes_of(event))
        self._taken: set[str] = {MOVED}

    def group(self, group: type[G]) -> G:
        found: dict[str, object] = {}
        for member in members_of(group):
            if isinstance(member.attribute, RecordAttribute):
                value = self._attribute(member, member.attribute)
                if value is not None or member.needed or member.attribute.name in self._fields:
                    found[member.field] = value
            elif member.attribute is None:
                found[member.field] = self._part(group, member)
            else:
                found[member.field] = self._open(member.attribute)
        return group(**found)

    def names_left(self) -> set[str]:
        """Return the names that nothing took."""
        return {name for name in (*self._fields, *self._bodies) if name.removeprefix(MOVED_FIELD) not in self._taken}

    def _part(self, group: type[Group], member: EventField) -> Group | None:
        parts = groups_in(member.type)
        for part in parts:
            if self._has(part):
                return self.group(part)
        if NoneType in get_args(member.type):
            return None
        if len(parts) == 1:
            return self.group(parts[0])
        raise UnreadableEntry(f"{group.__name__} has none of {', '.join(each.__name__ for each in parts)}")

    def _has(self, group: type[Group]) -> bool:
        """Whether all that the group must have is there; of a group that must have nothing, whether anything is."""
        needed = _needed(group)
        found = {*self._fields, *self._bodies}
        return needed <= found if needed else not found.isdisjoint(each.name for each in attributes_of(group))

    def _attribute(self, member: EventField, attribute: RecordAttribute) -> object:
        name = attribute.name
        self._taken.add(name)
        if name in self._bodies:
            raw: Json = self._bodies[name]
            if raw is None:
                return ERASED
        elif name in self._fields:
            raw = self._fields[name]
        elif member.needed:
            raise UnreadableEntry(f"there is no {name}")
        else:
            return None
        return _parse_value(member.type, raw, name)

    def _open(self, attribute: OpenAttributes) -> dict[str, Json]:
        found = {
            name: value
            for name, value in (*self._fields.items(), *self._bodies.items())
            if name not in self._known
            and not name.startswith(MOVED_FIELD)
            and (name in attribute.ours or not name.startswith(PREFIX))
        }
        self._taken.update(found)
        return found


@lru_cache(maxsize=256)
def _member_names(kind: type[Any]) -> tuple[tuple[str, bool], ...]:
    """Return the members of an object inside a value, and which of them are there even where they are None."""
    return tuple((each.name, each.default is MISSING) for each in fields(kind))


def _to_json(value: object) -> Json:
    kind = type(value)
    if kind in _PLAIN:
        return cast("Json", value)
    if kind is list or kind is tuple:
        return [each if type(each) in _PLAIN else _to_json(each) for each in cast("Sequence[Any]", value)]
    if isinstance(value, StrEnum):
        return str(value)
    if kind is Erased:
        raise ValueError("what was erased cannot be written again")
    if is_dataclass(kind):
        members = [(name, getattr(value, name), needed) for name, needed in _member_names(kind)]
        return {name: _to_json(of) for name, of, needed in members if needed or of is not None}
    if isinstance(value, str | Mapping):
        return cast("Json", value)
    if isinstance(value, Sequence):
        return [_to_json(each) for each in value]
    raise TypeError(f"{kind.__name__} is no value of an attribute")


def _parse_value(hint: Any, value: Json, name: str) -> object:  # noqa: ANN401 - a type as it was written
    """Return a value as the type that was declared.

    Raises:
        UnreadableEntry: it is of another type.
    """
    origin = get_origin(hint)
    if origin in {UnionType, Union}:
        for each in get_args(hint):
            try:
                return _parse_value(each, value, name)
            except UnreadableEntry:
                continue
    elif isinstance(hint, ForwardRef):  # the inner parts of Json
        return value
    elif origin is Sequence or origin is Mapping:
        return _parse_parts(origin, get_args(hint), value, name)
    elif isinstance(hint, type) and is_dataclass(hint):
        return _parse_object(hint, value, name)
    elif _is_of_type(hint, value):
        return hint(value) if issubclass(hint, StrEnum) else value
    raise UnreadableEntry(f"{name} is of another type than {hint}")


def _parse_parts(origin: type, hints: Sequence[Any], value: Json, name: str) -> object:
    if origin is Mapping and isinstance(value, Mapping):
        return {key: _parse_value(hints[1], each, name) for key, each in value.items()}
    if origin is Sequence and isinstance(value, Sequence) and not isinstance(value, str):
        return [_parse_value(hints[0], each, name) for each in value]
    raise UnreadableEntry(f"{name} is no {origin.__name__}")


def _is_of_type(hint: Any, value: Json) -> bool:  # noqa: ANN401 - a type as it was written
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return value in set(hint) and hint is not Erased
    return isinstance(hint, type) and isinstance(value, hint)


def _parse_object(hint: type, value: Json, name: str) -> object:
    hints = get_type_hints(hint, localns={"Json": Json})
    members = {each.name: each for each in fields(hint)}
    if not isinstance(value, Mapping) or not value.keys() <= members.keys():
        raise UnreadableEntry(f"{name} is not {hint.__name__}")
    if any(member.default is MISSING and key not in value for key, member in members.items()):
        raise UnreadableEntry(f"{name} lacks a member of {hint.__name__}")
    return hint(**{key: _parse_value(hints[key], each, name) for key, each in value.items()})
