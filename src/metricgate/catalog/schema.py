"""One JSON Schema (draft 2020-12) for ``semantic_models/*.yaml``, for editors, made from the documents themselves."""

from __future__ import annotations

from pydantic import JsonValue

from metricgate.catalog.documents import CatalogFile
from metricgate.vocabulary.predicate import Operator

_FILTER = "Filter"
_VALUE: JsonValue = {"type": ["string", "number", "boolean"]}
_CLOSED = False
_OF_TEXT = frozenset({Operator.CONTAINS, Operator.STARTS_WITH, Operator.ENDS_WITH})


def json_schema() -> dict[str, JsonValue]:
    """Return the schema: closed (unknown keys are errors), with descriptions, filters in both their forms."""
    schema: dict[str, JsonValue] = CatalogFile.model_json_schema()
    definitions = schema["$defs"]
    if isinstance(definitions, dict):
        for definition in (schema, *definitions.values()):
            _point_filters(definition)
        definitions.update(_filter_definitions())
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "Metricgate semantic models"
    return schema


def _point_filters(definition: JsonValue) -> None:
    properties = definition.get("properties") if isinstance(definition, dict) else None
    if not isinstance(properties, dict):
        return
    for key in ("filter", "where"):
        if key in properties:
            properties[key] = {
                "description": "Only rows where this holds count.",
                "anyOf": [
                    {"$ref": f"#/$defs/{_FILTER}"},
                    {"type": "array", "minItems": 1, "items": {"$ref": f"#/$defs/{_FILTER}"}},
                ],
            }


def _filter_definitions() -> dict[str, JsonValue]:
    here: JsonValue = {"$ref": "#/$defs/StructuredFilter"}
    several: JsonValue = {"type": "array", "minItems": 1, "items": here}
    comparison: JsonValue = {
        "type": "object",
        "title": "Comparison",
        "additionalProperties": _CLOSED,
        "required": ["member", "op"],
        "properties": {
            "member": {"type": "string", "description": "A dimension or entity, e.g. customer__segment."},
            "op": {"enum": [operator.value for operator in Operator]},
            "value": {"anyOf": [_VALUE, {"type": "array", "minItems": 1, "items": _VALUE}]},
        },
    }
    value_of_metric: JsonValue = {
        "type": "object",
        "title": "Comparison with a metric's value",
        "additionalProperties": _CLOSED,
        "required": ["metric", "group_by", "op"],
        "properties": {
            "metric": {"type": "string", "description": "Another metric, whose value per group is compared."},
            "group_by": {
                "description": "Its groups: entities or dimensions, e.g. customer.",
                "anyOf": [{"type": "string"}, {"type": "array", "minItems": 1, "items": {"type": "string"}}],
            },
            "op": {"enum": [operator.value for operator in Operator if operator not in _OF_TEXT]},
            "value": {"anyOf": [_VALUE, {"type": "array", "minItems": 1, "items": _VALUE}]},
        },
    }
    joins: list[JsonValue] = [
        {"type": "object", "additionalProperties": _CLOSED, "required": [key], "properties": {key: inner}}
        for key, inner in (("and", several), ("or", several), ("not", here))
    ]
    template: JsonValue = {
        "type": "string",
        "pattern": r"\{\{",
        "description": "SQL over members: {{ Dimension('customer__segment') }} = 'BUILDING'",
    }
    return {"StructuredFilter": {"anyOf": [comparison, value_of_metric, *joins]}, _FILTER: {"anyOf": [template, here]}}
