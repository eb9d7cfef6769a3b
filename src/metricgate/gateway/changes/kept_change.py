"""What is kept of a proposal until it is settled: its plan, its rows, and what they do, as bytes and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import cast

import orjson

from metricgate.changing.change import RowChangeKind, TableChange, digest_of_changes
from metricgate.changing.definitions import Definitions, definitions_of
from metricgate.changing.definitions import as_json as definitions_as_json
from metricgate.changing.serial import change_from_json, change_to_json
from metricgate.changing.structure import StructureChange, change_of
from metricgate.compiling.statement import ExpectedColumn, Statement
from metricgate.gateway.changes import decision_basis_json
from metricgate.gateway.changes.decision_basis import DecisionBasis
from metricgate.gateway.changes.ports import ChangePlan, ChangeStep, View
from metricgate.vocabulary.digest import digest_of
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.predicate import Scalar


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptChange:
    """Everything that carrying out needs besides the proposal."""

    plan: ChangePlan | None
    changes: tuple[TableChange, ...]
    views: tuple[View, ...]
    most_rows: int
    seconds: float
    structure: StructureChange | None = None
    definitions: Definitions | None = None
    basis: DecisionBasis | None = None


def to_bytes(kept: KeptChange) -> bytes:
    """Return the bytes that ``from_bytes`` reads."""
    plan = kept.plan
    steps: Json = None if plan is None else [_step_to_json(each) for each in plan.steps]
    document: dict[str, Json] = {
        "steps": steps,
        "changes": [change_to_json(each) for each in kept.changes],
        "views": [[list(each.table), list(each.key), _statement_to_json(each.source)] for each in kept.views],
        "most_rows": kept.most_rows,
        "seconds": kept.seconds,
        "structure": None if kept.structure is None else kept.structure.as_json(),
        "definitions": None if kept.definitions is None else definitions_as_json(kept.definitions),
        "basis": None if kept.basis is None else decision_basis_json.to_json(kept.basis),
        "reads": [] if plan is None else [list(each) for each in plan.reads],
    }
    return orjson.dumps(document)


def from_bytes(data: bytes | memoryview) -> KeptChange:
    """Return what was kept."""
    document = orjson.loads(data)
    views = tuple(
        View(table=tuple(table), key=tuple(key), source=_read_statement(source))
        for table, key, source in document["views"]
    )
    most_rows, seconds = document["most_rows"], document["seconds"]
    steps = document["steps"]
    plan = None
    if steps is not None:
        read = tuple(_read_step(each) for each in steps)
        reads = tuple(tuple(each) for each in document.get("reads", ()))
        plan = ChangePlan(steps=read, most_rows=most_rows, seconds=seconds, views=views, reads=reads)
    changes = tuple(change_from_json(each) for each in document["changes"])
    # What an earlier release kept has none of these.
    structure, definitions, basis = (document.get(name) for name in ("structure", "definitions", "basis"))
    return KeptChange(
        plan=plan,
        changes=changes,
        views=views,
        most_rows=most_rows,
        seconds=seconds,
        structure=None if structure is None else change_of(structure),
        definitions=None if definitions is None else definitions_of(definitions),
        basis=None if basis is None else decision_basis_json.from_json(basis),
    )


def digest_of_content(changes: tuple[TableChange, ...], structure: StructureChange | None) -> str:
    """Return the digest of what a proposal is bound to: every row of every change, or what is done to a table."""
    return digest_of_changes(changes) if structure is None else digest_of(structure.as_json())


def _step_to_json(step: ChangeStep) -> Json:
    return [str(step.kind), list(step.table), list(step.key), list(step.columns), _statement_to_json(step.source)]


def _read_step(raw: list[Json]) -> ChangeStep:
    kind, table, key, columns, source = cast("tuple[str, list[str], list[str], list[str], list[Json]]", tuple(raw))
    return ChangeStep(
        kind=RowChangeKind(kind),
        table=tuple(table),
        key=tuple(key),
        columns=tuple(columns),
        source=_read_statement(source),
    )


def _statement_to_json(statement: Statement) -> Json:
    names: list[Json] = [each.name for each in statement.columns]
    values: list[Json] = [_scalar_to_json(each) for each in statement.parameters]
    return [statement.sql, values, statement.dialect, names, statement.digest]


def _read_statement(raw: list[Json]) -> Statement:
    sql, values, dialect, names, digest = cast("tuple[str, list[list[str]], str, list[str], str]", tuple(raw))
    return Statement(
        sql=sql,
        parameters=tuple(_read_scalar(each) for each in values),
        dialect=dialect,
        columns=tuple(ExpectedColumn(name=name, type=None) for name in names),
        digest=digest,
        row_limit=None,
        confined=True,
    )


def _scalar_to_json(value: Scalar) -> Json:
    return [type(value).__name__, str(value)]


_READERS: Mapping[str, Callable[[str], Scalar]] = {
    "NoneType": lambda _text: None,
    "bool": lambda text: text == "True",
    "int": int,
    "float": float,
    "Decimal": Decimal,
    "date": date.fromisoformat,
    "datetime": datetime.fromisoformat,
}


def _read_scalar(raw: list[str]) -> Scalar:
    kind, text = raw
    read = _READERS.get(kind)
    return text if read is None else read(text)
