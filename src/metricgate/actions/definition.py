"""A governed action as everybody sees it after loading."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from metricgate.vocabulary.digest import digest_of
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Place

ParameterValue = str | int | Decimal | bool | date | datetime | None


class ParameterType(StrEnum):
    """What a parameter holds."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"


class RiskClass(StrEnum):
    """How bad the action is at its worst, in the words of its owner."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter and its bounds.

    Attributes:
        required: whether a call must give it; else ``default`` stands in its place.
        one_of: the only values allowed, or empty.
        minimum: of numbers and times, inclusive.
        maximum: likewise.
        max_length: of texts, in characters.
        pattern: of texts, a regular expression that must match all of it.
    """

    name: str
    type: ParameterType
    description: str = ""
    required: bool = True
    default: ParameterValue = None
    one_of: tuple[ParameterValue, ...] = ()
    minimum: ParameterValue = None
    maximum: ParameterValue = None
    max_length: int | None = None
    pattern: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inverse:
    """How the action is taken back.

    Attributes:
        kind: ``journal`` (the rows as they were), ``action`` (another action makes amends) or ``none``.
        action: that action's name.
        parameters: its parameter -> the parameter of this action that it takes.
    """

    kind: str = "journal"
    action: str | None = None
    parameters: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionDefinition:
    """One action.

    Attributes:
        name: the tool's name too, after ``action_``.
        target: the semantic model whose table changes.
        statement: SQL of the warehouse's dialect, with ``:name`` for parameters.
        most_rows: a call that would change more is refused.
    """

    name: str
    description: str
    owner: str
    target: str
    statement: str
    parameters: tuple[Parameter, ...] = ()
    inverse: Inverse = field(default_factory=Inverse)
    risk: RiskClass = RiskClass.MEDIUM
    most_rows: int = 1000
    place: Place | None = field(default=None, compare=False, repr=False)

    @property
    def tool(self) -> str:
        """The tool's name."""
        return f"action_{self.name}"

    @property
    def version(self) -> str:
        """The digest of everything that decides what the action does."""
        parameters: list[Json] = [[each.name, *(str(part) for part in _bounds_of(each))] for each in self.parameters]
        return digest_of([self.name, self.target, self.statement, parameters, self.most_rows, str(self.risk)])


def _bounds_of(each: Parameter) -> tuple[object, ...]:
    return (
        *(each.type, each.required, each.default, each.one_of, each.minimum, each.maximum, each.max_length),
        each.pattern,
    )
