"""Rows as the answer shows them, and whether any were cut."""

from __future__ import annotations

from collections.abc import Mapping

from metricgate.gateway.ports import Rows
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.obligation import Limit, Obligations

RESULT_PROPERTIES: Mapping[str, Json] = {
    "columns": {
        "type": "array",
        "description": "Name and logical type of each column: group-bys in the order asked, then metrics.",
        "items": {
            "type": "object",
            "properties": {"name": {"type": "string"}, "type": {"type": "string"}},
            "required": ["name", "type"],
        },
    },
    "rows": {
        "type": "array",
        "description": "Decimals and integers beyond 2**53 are strings; dates and times are ISO 8601.",
        "items": {"type": "array"},
    },
    "row_count": {"type": "integer"},
    "truncated": {
        "anyOf": [
            {"type": "null"},
            {
                "type": "object",
                "properties": {
                    "by": {"type": "string"},
                    "limit": {"type": "number"},
                    "rule": {"type": ["string", "null"]},
                    "message": {"type": "string"},
                },
                "required": ["by", "limit", "rule", "message"],
            },
        ],
        "description": "Null, or which limit cut the rows: then there are more rows than shown.",
    },
}


def result_of(rows: Rows, obligations: Obligations) -> dict[str, Json]:
    """Return ``{columns, rows, row_count, truncated}``."""
    return {
        "columns": [{"name": column.name, "type": str(column.type)} for column in rows.columns],
        "rows": rows.values,
        "row_count": len(rows.values),
        "truncated": _truncation(rows.truncated, obligations),
    }


def _truncation(cut_by: str | None, obligations: Obligations) -> Json:
    if cut_by is None:
        return None
    limit: Limit | None = obligations.rows if cut_by == "rows" else obligations.bytes
    value = 0 if limit is None else limit.value
    shown = int(value) if value == int(value) else value
    return {
        "by": cut_by,
        "limit": shown,
        "rule": None if limit is None else limit.rule,
        "message": f"Only the first rows are shown: a limit of {shown} {cut_by} applies. There are more.",
    }
