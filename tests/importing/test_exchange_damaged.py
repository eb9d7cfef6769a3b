"""Any part of an Ossie or Cube file replaced by junk ends in an import with its report, or in problems."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from copy import deepcopy

import pytest

from metricgate.importing.cube import import_cube
from metricgate.importing.ossie import import_ossie
from metricgate.importing.report import Imported
from metricgate.vocabulary.problem import Problems


def sql(text: str) -> dict[str, object]:
    return {"dialects": [{"dialect": "ANSI_SQL", "expression": text}]}


KEPT = '{"format":1,"definition":{"name":"orders"}}'
OSSIE = {
    "version": "0.2.0.dev0",
    "semantic_model": [{
        "name": "shop",
        "datasets": [
            {"name": "orders", "source": "orders", "primary_key": ["id"], "unique_keys": [["code", "year"]],
             "fields": [{"name": "placed", "expression": sql("placed"), "datatype": "Date",
                         "dimension": {"is_time": True}, "ai_context": {"synonyms": ["when"]}}],
             "custom_extensions": [{"vendor_name": "METRICGATE", "data": KEPT}]},
            {"name": "customers", "source": {"kind": "table", "object": "customers"}, "primary_key": ["id"]},
        ],
        "relationships": [{"name": "r", "from": "orders", "to": "customers", "from_columns": ["customer_id"],
                           "to_columns": ["id"]}],
        "metrics": [{"name": "m", "expression": sql("SUM(orders.amount) / COUNT(customers.id)")}],
    }],
}  # fmt: skip
CUBE = {
    "cubes": [
        {"name": "orders", "sql_table": "orders",
         "joins": [{"name": "customers", "relationship": "many_to_one", "sql": "{CUBE}.cid = {customers.id}"}],
         "dimensions": [{"name": "id", "sql": "id", "type": "number", "primary_key": True},
                        {"name": "size", "type": "string", "case": {"when": [{"sql": "{id} > 1", "label": "a"}],
                                                                      "else": {"label": "b"}}}],
         "segments": [{"name": "paid", "sql": "{CUBE}.paid"}],
         "measures": [{"name": "count", "type": "count", "filters": [{"sql": "{CUBE}.paid"}]},
                      {"name": "rate", "type": "number", "sql": "{count} / {customers.count}"},
                      {"name": "run", "type": "sum", "sql": "x", "rolling_window": {"trailing": "7 day"}}],
         "access_policy": [{"group": "g", "member_level": {"includes": ["id"]}, "row_level": {"filters": [
             {"member": "id", "operator": "equals", "values": ["{ userAttributes.id }"]}]}}]},
        {"name": "customers", "extends": "orders", "sql_table": "customers"},
    ],
    "views": [{"name": "v", "cubes": [{"join_path": "orders", "includes": ["count"]}]}],
}  # fmt: skip
JUNK = [None, 5, True, 1.5, "x", "{", "", "SUM(", [], {}, [1], ["a", ["b"]], {"a": 1}, "\u00e9" * 300, "a.b.c.d"]


def paths(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if path:
        yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in inside:
        yield from paths(inner, (*path, key))


@pytest.mark.parametrize(("whole", "read"), [(OSSIE, import_ossie), (CUBE, import_cube)], ids=["ossie", "cube"])
def test_junk_in_any_place_never_breaks_the_import(whole: dict, read: Callable) -> None:
    """Every part in turn, by every kind of junk: no exception."""
    for path in paths(whole):
        for junk in JUNK:
            damaged = deepcopy(whole)
            here = damaged
            for step in path[:-1]:
                here = here[step]
            here[path[-1]] = junk
            assert isinstance(read([("x.json", json.dumps(damaged))]), (Imported, Problems))
