"""Conditions over named members, with values kept as values: they reach SQL only as bound parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum


class Secret(str):
    """A text that a statement needs and nobody may read: answers, records and logs show ``(secret)``."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "(secret)"


Scalar = str | int | float | bool | Decimal | date | datetime | None


def _type_names(values: tuple[Scalar, ...]) -> tuple[str, ...]:
    return tuple(type(value).__name__ for value in values)


class Operator(StrEnum):
    """What a comparison does. NULL never compares equal: use IS_NULL and IS_NOT_NULL."""

    EQ = "="
    NE = "!="
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="
    IN = "in"
    NOT_IN = "not_in"
    BETWEEN = "between"
    IS_NULL = "is_null"
    IS_NOT_NULL = "is_not_null"
    CONTAINS = "contains"
    STARTS_WITH = "starts_with"
    ENDS_WITH = "ends_with"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """``member op values``: one value for binary operators, two for between, any number for in, none for is_null."""

    member: str
    op: Operator
    values: tuple[Scalar, ...] = ()
    kinds: tuple[str, ...] = field(init=False, repr=False)
    """The values' types: they take part in equality, because Python's ``1 == True == 1.0`` must not share a plan."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "kinds", _type_names(self.values))


@dataclass(frozen=True, slots=True)
class And:
    """All parts hold. At least one part."""

    parts: tuple[Predicate, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Some part holds. At least one part."""

    parts: tuple[Predicate, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold (SQL's three-valued NOT)."""

    part: Predicate


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A condition written in SQL over members (the dbt template form), taken apart so that nothing is spliced.

    Attributes:
        text: checked SQL in which ``$m0, $m1, ...`` stand for members and ``$v0, $v1, ...`` for values.
        members: what each ``$m`` is: a member in the dunder form, e.g. ``customer__segment`` or ``metric_time__day``.
        values: what each ``$v`` is.
    """

    text: str
    members: tuple[str, ...]
    values: tuple[Scalar, ...]
    kinds: tuple[str, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "kinds", _type_names(self.values))


Predicate = Comparison | And | Or | Not | Template


def members_of(predicate: Predicate | None) -> tuple[str, ...]:
    """Return every member that the predicate names, in order, each once."""
    found: dict[str, None] = {}

    def visit(part: Predicate) -> None:
        match part:
            case Comparison():
                found[part.member] = None
            case And() | Or():
                for inner in part.parts:
                    visit(inner)
            case Not():
                visit(part.part)
            case Template():
                found.update(dict.fromkeys(part.members))

    if predicate is not None:
        visit(predicate)
    return tuple(found)


def values_in(predicate: Predicate) -> tuple[Scalar, ...]:
    """Return every value that the predicate compares with, in the order of the text."""
    if isinstance(predicate, Not):
        return values_in(predicate.part)
    if isinstance(predicate, And | Or):
        return tuple(value for part in predicate.parts for value in values_in(part))
    return predicate.values


def with_members(predicate: Predicate, renamed: Callable[[str], str]) -> Predicate:
    """Return the predicate with every member's name replaced by what ``renamed`` gives for it."""
    match predicate:
        case Comparison():
            return replace(predicate, member=renamed(predicate.member))
        case And() | Or():
            return type(predicate)(tuple(with_members(part, renamed) for part in predicate.parts))
        case Not():
            return Not(with_members(predicate.part, renamed))
        case Template():
            return replace(predicate, members=tuple(renamed(member) for member in predicate.members))
