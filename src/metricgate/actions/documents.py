"""The form of ``actions/*.yaml``. Unknown keys are refused."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StrictBool, StrictFloat, StrictInt

from metricgate.actions.definition import ParameterType, RiskClass
from metricgate.catalog.names import checked_name
from metricgate.documents import Document

Name = Annotated[str, AfterValidator(checked_name)]
Plain = StrictBool | StrictInt | StrictFloat | str


class ParameterDocument(Document):
    """A parameter as written."""

    name: Name
    type: ParameterType
    description: str = ""
    required: bool = True
    default: Plain | None = None
    one_of: tuple[Plain, ...] = ()
    min: Plain | None = None
    max: Plain | None = None
    max_length: Annotated[StrictInt, Field(gt=0, le=65_536)] | None = None
    pattern: Annotated[str, Field(max_length=500)] | None = None


class InverseDocument(Document):
    """Another action that makes amends."""

    action: Name
    parameters: dict[Name, Name] = Field(default_factory=dict)


class ActionDocument(Document):
    """An action as written."""

    name: Name
    description: Annotated[str, Field(min_length=1, max_length=2048)]
    owner: Annotated[str, Field(min_length=1, max_length=200)]
    target: str
    statement: Annotated[str, Field(min_length=1, max_length=16_384)]
    parameters: tuple[ParameterDocument, ...] = ()
    inverse: InverseDocument | Literal["journal", "none"] = "journal"
    risk: RiskClass = RiskClass.MEDIUM
    most_rows: Annotated[StrictInt, Field(gt=0, le=1_000_000)] = 1000


class ActionsDocument(Document):
    """One file."""

    version: Annotated[StrictInt, Field(ge=1, le=1)] = 1
    actions: tuple[ActionDocument, ...] = ()
