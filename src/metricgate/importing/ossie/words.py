"""Expressions and words for agents, as every part of an Ossie document has them."""

from __future__ import annotations

from collections.abc import Mapping

from metricgate.catalog.foreign_sql import to_our_spelling
from metricgate.importing import codes
from metricgate.importing.source_parts import SourcePart, without_empty
from metricgate.vocabulary.json import Json

_SQL = ("ANSI_SQL", "OSSIE_SQL_2026", "SNOWFLAKE", "DATABRICKS", "BIGQUERY")
"""Dialects that are SQL, in the order in which they are taken."""


def native_of(part: SourcePart, keys: tuple[str, ...]) -> dict[str, Json]:
    """Return these keys as the file has them, for comparison with what our extension covers; nothing is taken."""
    return {key: part.peek(key) for key in keys if part.has(key)}


def expression_of(part: SourcePart, what: str) -> str | None:
    """Take ``expression``: the ANSI text, or that of another SQL dialect; None (told) where there is no SQL."""
    if isinstance(part.peek("expression"), str):  # tools write the text alone where there is one
        return part.sql("expression")
    held = part.part("expression")
    if held is None:
        if not part.has("expression"):
            part.reading.notes.problem(codes.IMPORT_SHAPE, f"{what} has no 'expression'", part.place)
        return None
    texts: dict[str, str] = {}
    for each in held.parts("dialects"):
        dialect = (each.text("dialect") or "").upper()
        texts[dialect] = each.required_text("expression", f"an expression of {what}")
        each.finish(f"an expression of {what}")
    held.finish(f"the expression of {what}")
    chosen = next((dialect for dialect in _SQL if dialect in texts), None)
    if chosen is None:
        told = ", ".join(texts) or "nothing"
        part.reading.notes.note_dropped(what, part.at("expression"), f"its expression is in {told}; SQL is read")
        return None
    if chosen != _SQL[0]:
        reason = f"there is no ANSI_SQL; the text of {chosen} is read"
        part.reading.notes.note_changed(f"the expression of {what}", part.at("expression"), reason)
    others = [dialect for dialect in texts if dialect != chosen]
    if others:
        reason = f"one expression is kept, that of {chosen}"
        part.reading.notes.note_dropped(f"the {', '.join(others)} expression of {what}", part.at("expression"), reason)
    return to_our_spelling(texts[chosen])


def ai_words(part: SourcePart, what: str, *, keep: tuple[str, ...]) -> dict[str, Json]:
    """Take ``ai_context`` (text or a mapping) as keys of ours; what is not in ``keep`` is told.

    ``keep`` names what the definition has a place for: ``synonyms``, ``instructions``, ``examples``.
    """
    value = part.take("ai_context")
    if value is None:
        return {}
    if isinstance(value, Mapping):
        held = SourcePart(value, part.spot.below("ai_context"), part.reading)
    elif isinstance(value, str):
        held = SourcePart({"instructions": value}, part.spot.below("ai_context"), part.reading)
    else:
        part.complain("ai_context", "'ai_context' must be text or a mapping")
        return {}
    found: dict[str, Json] = {}
    if "synonyms" in keep:
        found["synonyms"] = list(dict.fromkeys(text for text, _spot in held.items("synonyms") if isinstance(text, str)))
    if "instructions" in keep:
        found["instructions"] = held.text("instructions")
        found["examples"] = [text for text, _spot in held.items("examples") if isinstance(text, str)]
    held.finish(f"the ai_context of {what}")
    context = without_empty(instructions=found.get("instructions"), examples=found.get("examples"))
    return without_empty(synonyms=found.get("synonyms"), ai_context=context)
