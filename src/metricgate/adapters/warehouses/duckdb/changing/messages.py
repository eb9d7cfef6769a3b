"""What travels between the gateway and a DuckDB worker about changes, beside ``sealed`` and ``serial``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import orjson

from metricgate.adapters.warehouses.duckdb.workers.frames import Head, Malformed
from metricgate.changing.definitions import as_json as definitions_as_json
from metricgate.changing.definitions import definitions_of
from metricgate.changing.effect import ChangeEffect
from metricgate.changing.serial import change_from_json, change_to_json, effect_from_bytes, effect_to_bytes
from metricgate.changing.shape import ColumnShape, ForeignKey, Location, Reaction, TableShape
from metricgate.gateway.changes.ports import ChangeFailed, Rehearsal

LARGEST = 256 * 1024 * 1024
"""Bytes of one change, or of what it does, in a frame."""

_WRONG = (ValueError, KeyError, TypeError, AttributeError, RecursionError)


def packed_failure(error: ChangeFailed) -> tuple[Head, bytes]:
    """Return the answer to a change that failed, as a head and a body."""
    rows = json.dumps([[table, key] for table, key in error.rows]).encode()
    place: Head = {} if error.source is None else {"position": error.position, "source": error.source}
    return {"failed": error.code, "text": error.engine_text, "detail": error.detail, **place}, rows


def failure(head: Head, body: memoryview) -> ChangeFailed:
    """Return what ``packed_failure`` packed.

    Raises:
        Malformed: it is none.
    """
    try:
        rows = [(tuple(table), tuple(key)) for table, key in json.loads(bytes(body))]
        code, text, detail = (str(head[name]) for name in ("failed", "text", "detail"))
        if "source" not in head:
            return ChangeFailed(code, text, rows=rows, detail=detail)
        at, source = int(str(head["position"])), str(head["source"])
        return ChangeFailed(code, text, rows=rows, detail=detail, position=at, source=source)
    except _WRONG as error:
        raise Malformed(f"no failure: {error}") from error


def packed_rehearsal(rehearsal: Rehearsal) -> tuple[Head, bytes]:
    """Return a rehearsal as a head and a body."""
    changes = orjson.dumps([change_to_json(each) for each in rehearsal.changes])
    head: Head = {
        "seconds": rehearsal.seconds,
        "split": len(changes),
        "definitions": definitions_as_json(rehearsal.definitions),
        "not_back": list(rehearsal.not_back),
        "anew": list(rehearsal.anew),
    }
    return head, changes + effect_to_bytes(rehearsal.effect)


def rehearsal(head: Head, body: memoryview) -> Rehearsal:
    """Return what ``packed_rehearsal`` packed.

    Raises:
        Malformed: it is none.
    """
    try:
        split, seconds = int(str(head["split"])), float(str(head["seconds"]))
        changes = tuple(change_from_json(each) for each in orjson.loads(body[:split]))
        definitions = definitions_of(head["definitions"])
        not_back, anew = (tuple(str(each) for each in head[name]) for name in ("not_back", "anew"))  # type: ignore[union-attr]
    except _WRONG as error:
        raise Malformed(f"no rehearsal: {error}") from error
    return Rehearsal(
        changes=changes,
        effect=effect(body[split:]),
        seconds=seconds,
        definitions=definitions,
        not_back=not_back,
        anew=anew,
    )


def effect(body: memoryview) -> ChangeEffect:
    """Return an effect that a worker sent.

    Raises:
        Malformed: it is none.
    """
    try:
        return effect_from_bytes(body)
    except _WRONG as error:
        raise Malformed(f"no effect: {error}") from error


def packed_shapes(shapes: Mapping[Location, TableShape]) -> bytes:
    """Return shapes as bytes: a JSON list of ``[location, shape]``, for the worker's pipe."""
    return json.dumps([[list(name), asdict(shape)] for name, shape in shapes.items()]).encode()


def shapes(body: memoryview) -> dict[Location, TableShape]:
    """Return what ``packed_shapes`` packed.

    Raises:
        Malformed: they are none.
    """
    try:
        return {tuple(name): _read_shape(raw) for name, raw in json.loads(bytes(body))}
    except _WRONG as error:
        raise Malformed(f"no shapes: {error}") from error


def _read_shape(raw: dict[str, Any]) -> TableShape:
    return TableShape(
        location=tuple(raw["location"]),
        columns=tuple(ColumnShape(**each) for each in raw["columns"]),
        key=tuple(raw["key"]),
        unique=tuple(tuple(each) for each in raw["unique"]),
        references=tuple(_read_foreign_key(each) for each in raw["references"]),
        referenced_by=tuple(_read_foreign_key(each) for each in raw["referenced_by"]),
        triggers=tuple(raw["triggers"]),
        transactional=bool(raw["transactional"]),
        plain=bool(raw["plain"]),
    )


def _read_foreign_key(raw: dict[str, Any]) -> ForeignKey:
    return ForeignKey(
        name=raw["name"],
        table=tuple(raw["table"]),
        columns=tuple(raw["columns"]),
        referenced=tuple(raw["referenced"]),
        referenced_columns=tuple(raw["referenced_columns"]),
        on_delete=Reaction(raw["on_delete"]),
        on_update=Reaction(raw["on_update"]),
    )
