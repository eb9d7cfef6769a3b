"""Parameters: their bounds as written, and the values of a call held against them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from metricgate.actions.definition import Parameter, ParameterType, ParameterValue
from metricgate.actions.documents import ParameterDocument

_ORDERED = frozenset({ParameterType.INTEGER, ParameterType.NUMBER, ParameterType.DATE, ParameterType.TIMESTAMP})


def to_value(kind: ParameterType, raw: object) -> ParameterValue:
    """Return a value of the type from what YAML or JSON holds.

    Raises:
        ValueError: it is none; the message says what is wanted.
    """
    match kind:
        case ParameterType.STRING if isinstance(raw, str):
            return raw
        case ParameterType.BOOLEAN if isinstance(raw, bool):
            return raw
        case ParameterType.INTEGER if isinstance(raw, int) and not isinstance(raw, bool):
            return raw
        case ParameterType.NUMBER if isinstance(raw, int | float | str) and not isinstance(raw, bool):
            return _parse_number(raw)
        case ParameterType.DATE if isinstance(raw, str):
            return date.fromisoformat(raw)
        case ParameterType.TIMESTAMP if isinstance(raw, str):
            return datetime.fromisoformat(raw)
        case _:
            raise ValueError(f"{str(raw)[:80]!r} is no {kind}")


def _parse_number(raw: float | str) -> Decimal:
    try:
        found = Decimal(str(raw))
    except InvalidOperation as error:
        raise ValueError(f"{str(raw)[:80]!r} is no number") from error
    if not found.is_finite():
        raise ValueError(f"{raw!r} is no finite number")
    return found


def read_parameter(document: ParameterDocument) -> tuple[Parameter, list[str]]:
    """Return the parameter, and what is wrong with it in words."""
    mistakes: list[str] = []

    def value(raw: object, what: str) -> ParameterValue:
        if raw is None:
            return None
        try:
            return to_value(document.type, raw)
        except ValueError as error:
            mistakes.append(f"`{what}` of {document.name!r}: {error}")
            return None

    found = Parameter(
        name=document.name,
        type=document.type,
        description=document.description,
        required=document.required,
        default=value(document.default, "default"),
        one_of=tuple(value(each, "one_of") for each in document.one_of),
        minimum=value(document.min, "min"),
        maximum=value(document.max, "max"),
        max_length=document.max_length,
        pattern=document.pattern,
    )
    mistakes.extend(_contradictions(document, found) if not mistakes else ())
    return found, mistakes


def _contradictions(document: ParameterDocument, found: Parameter) -> Iterator[str]:
    bounded = document.min is not None or document.max is not None
    if bounded and document.type not in _ORDERED:
        yield f"{found.name!r}: a {document.type} has no `min` and `max`"
    texts = document.max_length is not None or document.pattern is not None
    if texts and document.type is not ParameterType.STRING:
        yield f"{found.name!r}: a {document.type} has no `max_length` and `pattern`"
    if found.pattern is not None:
        try:
            re.compile(found.pattern)
        except re.error as error:
            yield f"`pattern` of {found.name!r}: {error}"
            return
    if document.required and document.default is not None:
        yield f"{found.name!r} has a default and is required"
    if found.default is not None and (why := outside(found, found.default)) is not None:
        yield f"`default` of {found.name!r}: {why}"
    if found.type is ParameterType.STRING and found.max_length is None and not found.one_of and found.pattern is None:
        yield f"{found.name!r} has no bound: give `max_length`, `one_of` or `pattern`"


def outside(parameter: Parameter, value: ParameterValue) -> str | None:
    """Return why a value of the right type is not allowed, or None."""
    if parameter.one_of and value not in parameter.one_of:
        return f"it must be one of {', '.join(str(each) for each in parameter.one_of)}"
    return _text_outside(parameter, value) if isinstance(value, str) else _range_outside(parameter, value)


def _text_outside(parameter: Parameter, value: str) -> str | None:
    if parameter.max_length is not None and len(value) > parameter.max_length:
        return f"it has {len(value):,} characters; at most {parameter.max_length:,} are taken"
    if parameter.pattern is not None and re.fullmatch(parameter.pattern, value) is None:
        return f"it does not match {parameter.pattern}"
    return None


def _range_outside(parameter: Parameter, value: ParameterValue) -> str | None:
    try:
        if parameter.minimum is not None and value < parameter.minimum:  # type: ignore[operator]
            return f"it is below {parameter.minimum}"
        if parameter.maximum is not None and value > parameter.maximum:  # type: ignore[operator]
            return f"it is above {parameter.maximum}"
    except TypeError:
        return "it has a time zone where the bounds have none, or the other way round"
    return None
