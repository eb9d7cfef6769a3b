"""What a caller is told when an engine fails: a class of error and a place, never the engine's words.

Whose text failed decides the words. An agent can mend its own SQL; in a question about metrics it is an expression of
the definitions that failed, which their owner mends.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from metricgate.catalog.catalog import Catalog
from metricgate.compiling.statement import Statement
from metricgate.gateway import codes, sql_codes
from metricgate.gateway.ports import WarehouseError
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.obligation import NO_OBLIGATIONS, Obligations
from metricgate.vocabulary.predicate import Secret, values_in
from metricgate.vocabulary.problem import Code, Place, Problem

_BY_NAME: Mapping[str, Code] = {
    **codes.WAREHOUSE_CODES,
    **{code.name: code for code in sql_codes.CODES},
}
_OF_AN_ENUM = "invalid input value for enum"
"""PostgreSQL's words for a label that an ENUM lacks (SQLSTATE 22P02)."""
_NAMED = re.compile(r'"?(?:(?P<number>\d+)|(?P<name>\w+))\b')
_END = re.compile(r"__(?:min|max)\Z")
_OF_VALUES = frozenset({sql_codes.BAD_CAST, sql_codes.BAD_TIME, sql_codes.OUT_OF_RANGE})
"""What an engine says of a text that is no value of a type."""
_SHOWN = 60
"""Characters of the statement that are shown from the place on."""


def of_engine(error: WarehouseError) -> Problem:
    """Return what to tell where nobody's statement ran: the engine was asked for its tables, functions or opinion."""
    code = _BY_NAME.get(error.code, codes.WAREHOUSE_FAILED)
    if code.name not in codes.WAREHOUSE_CODES and code is not sql_codes.CRASHED:
        code = codes.WAREHOUSE_FAILED
    return Problem(code=code, message=code.cause, hint=code.cure)


def of_own_text(error: WarehouseError, sql: str | None = None) -> Problem:
    """Return what to tell the author of a statement.

    Args:
        error: the engine's.
        sql: the text that ran, without values that policy bound; None where its author may not see it.
    """
    code = _BY_NAME.get(error.code, sql_codes.FAILED)
    code = sql_codes.FAILED if code is codes.WAREHOUSE_FAILED else code
    if code is sql_codes.TYPE_NOT_CARRIED:
        return _not_carried(error)
    details = place_in(error.position, sql)
    near = f" Near: {details['near']}" if details else ""
    return Problem(code=code, message=f"{code.cause}{near}", hint=code.cure, details=details)


def of_definitions(
    error: WarehouseError,
    statement: Statement,
    names: Sequence[str],
    datasets: Sequence[str],
    catalog: Catalog,
    obligations: Obligations = NO_OBLIGATIONS,
) -> Problem:
    """Return what to tell of a statement that the compiler wrote from definitions.

    Args:
        error: the engine's.
        statement: what ran.
        names: the metrics that were asked for; empty for a list of values.
        datasets: the models that it read.
        catalog: where they are defined.
        obligations: what policy put into the statement, of whose values nothing is told.
    """
    code = _BY_NAME.get(error.code, codes.WAREHOUSE_FAILED)
    if code is sql_codes.TYPE_NOT_CARRIED:
        return _not_carried(error)
    if code is sql_codes.CRASHED or code.name in codes.WAREHOUSE_CODES:
        return Problem(code=code, message=code.cause, hint=code.cure)
    details = {**place_in(error.position, statement.sql), "class": code.name}
    details.pop("sql", None)
    if "not_compared" in error.details:
        made = [name for name in names if name in catalog.metrics]
        return (
            _not_aggregated(error, made, details)
            if "aggregate" in error.details
            else _unfit_type(error, statement, details)
        )
    metrics = [catalog.metrics[name].header for name in names if name in catalog.metrics]
    models = [catalog.models[name] for name in datasets if name in catalog.models]
    details["definitions"] = [
        *({"metric": each.name, **_as_json(each.place)} for each in metrics),
        *({"model": each.name, **_as_json(each.place)} for each in models),
    ]
    if code not in sql_codes.RUNTIME:
        failed = codes.WAREHOUSE_FAILED
        return Problem(code=failed, message=failed.cause, hint=failed.cure, details=details)
    unfit = _unfit_value(error, statement, obligations) if code in _OF_VALUES else None
    if unfit is not None:
        return _of_unfit(unfit)
    places = [place for place in (*(each.place for each in metrics), *(each.place for each in models)) if place]
    message = f"An expression of the definitions fails on the data: {code.cause[:1].lower()}{code.cause[1:]}"
    if "near" in details:
        message += f" Near: {details['near']}"
    return Problem(
        code=sql_codes.EXPRESSION_FAILED,
        message=message,
        where=places[0] if places else None,
        hint=f"{sql_codes.EXPRESSION_FAILED.cure} For them: {code.cure}",
        details=details,
    )


def _of_unfit(value: str) -> Problem:
    return Problem(
        code=sql_codes.UNFIT_VALUE,
        message=f"{value!r} is none of the values that the column which it is compared with can have.",
        where=Place(path="where"),
        hint=sql_codes.UNFIT_VALUE.cure,
        details={"value": value},
    )


def _unfit_value(error: WarehouseError, statement: Statement, obligations: Obligations) -> str | None:
    """Return the value of the question, or of a filter of its metrics, that the engine could not read as the column's.

    An engine's words may quote data: only what the question's side of the statement holds is told. Where policy hides
    rows or values, even that a guess was quoted would tell of them; no expression of ours makes a label of an ENUM, so
    words about one are never about data.
    """
    hides = bool(obligations.row_filters or obligations.masks or obligations.minimum_groups)
    if hides and _OF_AN_ENUM not in error.engine_text:
        return None
    hidden = {value for each in obligations.row_filters for value in values_in(each.condition)}
    hidden |= {each.value for each in obligations.masks}
    for value in statement.parameters:
        plain = isinstance(value, str) and not isinstance(value, Secret) and value not in hidden
        if plain and any(f"{quote}{value}{quote}" in error.engine_text for quote in "'\""):
            return str(value)
    return None


def _unfit_type(error: WarehouseError, statement: Statement, details: Mapping[str, Json]) -> Problem:
    """Return the refusal that names the type and, where the engine says at which group-by it failed, the member."""
    kind = str(error.details["not_compared"])
    member = _member_at(error, statement)
    facts = {**details, "type": kind, **({} if member is None else {"member": member})}
    who = "A member of the question" if member is None else member
    return Problem(
        code=sql_codes.TYPE_UNFIT,
        message=f"{who} is of the type {kind}, which the engine does not group, sort or compare in this way.",
        hint=sql_codes.TYPE_UNFIT.cure,
        details=facts,
    )


def _not_aggregated(error: WarehouseError, made: Sequence[str], details: Mapping[str, Json]) -> Problem:
    """Return the refusal that names the aggregate, the type, and the metrics asked, one of which is made so."""
    kind, aggregate = str(error.details["not_compared"]), str(error.details["aggregate"])
    return Problem(
        code=sql_codes.TYPE_UNFIT,
        message=f"{', '.join(made) or 'The question'}: the engine has no {aggregate} of the type {kind}.",
        hint="Ask another metric; the owner of its definition can cast what it aggregates, or count it.",
        details={**details, "type": kind, "aggregate": aggregate, "metrics": list(made)},
    )


def _member_at(error: WarehouseError, statement: Statement) -> str | None:
    """Return the column of the answer at the place that failed: there it stands by its name or its number."""
    at = error.position
    found = None if at is None or at < 0 else _NAMED.match(statement.sql, at)
    names = list(dict.fromkeys(_END.sub("", each.name) for each in statement.columns))
    if found is None:
        return None
    if found["number"]:
        place = int(found["number"]) - 1
        return names[place] if place < len(names) else None
    return found["name"] if found["name"] in names else None


def _as_json(place: Place | None) -> dict[str, Json]:
    return {} if place is None else place.as_json()


def _not_carried(error: WarehouseError) -> Problem:
    code, facts = sql_codes.TYPE_NOT_CARRIED, error.details
    column = facts.get("column")
    what = f"has the type {facts['type']}" if "type" in facts else f"holds {facts.get('value', 'such a value')}"
    hint = f"Select {facts['cast']} in its place, or leave it out." if "cast" in facts else code.cure
    message = f"The column {column!r} {what}, which no answer can carry."
    return Problem(code=code, message=message, hint=hint, details=dict(facts))


def place_in(at: int | None, sql: str | None) -> dict[str, Json]:
    """Return the place in the statement, where the engine gave one: ``{"position", "near", "sql"}``, or nothing."""
    if at is None or sql is None or not 0 <= at < len(sql):
        return {}
    shown = sql[at : at + _SHOWN]
    return {"position": at, "near": shown if at + _SHOWN >= len(sql) else f"{shown}…", "sql": sql}
