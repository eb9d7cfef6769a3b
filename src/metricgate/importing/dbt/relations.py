"""dbt's names of relations -> ``source``."""

from __future__ import annotations

import re

from metricgate.importing.source_parts import SourcePart

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*")
_REF = re.compile(r"\s*(?:\{\{)?\s*ref\(\s*((?:['\"][^'\"]+['\"]\s*,?\s*)+)(?:v(?:ersion)?\s*=.*)?\)\s*(?:\}\})?\s*")


def relation(part: SourcePart, what: str) -> str:
    """Return the relation of a ``node_relation``: ``alias``, with schema and database where they are given."""
    alias = part.required_text("alias", f"the relation of {what}")
    names = [(key, part.text(key)) for key in ("database", "schema_name")]
    written = part.text("relation_name")
    parts = [(key, name) for key, name in names if name]
    if written and not alias:
        alias = written
    if any(key == "database" and not _PLAIN.fullmatch(name) for key, name in parts):
        place = part.at("database")
        reason = "a relation's name holds plain names only; the connection's own database is used"
        part.reading.notes.note_dropped(f"the database of {what}", place, reason)
        parts = [(key, name) for key, name in parts if key != "database"]
    part.finish(f"the relation of {what}")
    return _check_source(".".join([*(name for _key, name in parts), alias]), part)


def location(part: SourcePart, key: str, what: str) -> str:
    """Return the relation that stands as text under ``key``."""
    return _check_source(part.required_text(key, what), part)


def referenced_relation(part: SourcePart, key: str, what: str, schema: str | None) -> str:
    """Return the relation that ``ref('orders')`` (or a plain name) leads to: a relation of that name in ``schema``."""
    text = part.required_text(key, what)
    found = _REF.fullmatch(text)
    name = re.findall(r"['\"]([^'\"]+)['\"]", found[1])[-1] if found else text
    source = name if schema is None else f"{schema}.{name}"
    if found:
        part.reading.notes.note_changed(
            f"{key!r} of {what}", part.at(key), f"{text} is read as the relation {source}; dbt's aliases are not known"
        )
    return _check_source(source, part)


def _check_source(source: str, part: SourcePart) -> str:
    part.reading.check_filled(source, part.place)
    return source
