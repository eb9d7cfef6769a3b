"""What dbt says for people and for itself about a definition: labels, descriptions, config."""

from __future__ import annotations

from metricgate.importing.source_parts import SourcePart, without_empty
from metricgate.vocabulary.json import Json

_LONGEST = 10_000
_BOOKKEEPING = ("metadata", "input_measures", "unique_id", "created_at")
"""Where dbt found the definition, and lists that repeat what the definition says."""


OF_DBT = (
    "config", "tests", "data_tests", "docs", "meta", "access", "contract", "constraints", "versions", "latest_version",
    "deprecation_date", "group", "tags", "freshness",
)  # fmt: skip
"""Keys of a dbt model that say nothing about meaning: how it is built, tested and shown by dbt."""
OF_DBT_COLUMN = ("description", "data_type", "quote", *OF_DBT)
"""Keys of a dbt column that say nothing about meaning."""


def words_of(part: SourcePart, what: str) -> dict[str, Json]:
    """Return ``description`` and ``label`` as ours."""
    return without_empty(description=_shortened(part, "description", what), label=_shortened(part, "label", what))


def _shortened(part: SourcePart, key: str, what: str) -> str | None:
    text = part.text(key)
    if text is None or len(text) <= _LONGEST:
        return text
    part.reading.notes.note_changed(
        f"{key!r} of {what}", part.at(key), f"only its first {_LONGEST:,} characters are kept"
    )
    return text[:_LONGEST]


def config_of(
    part: SourcePart, what: str, *, read: tuple[str, ...] = (), kept: tuple[str, ...] = ()
) -> tuple[dict[str, Json], bool]:
    """Return the keys that ``config`` (and ``config.meta``) give to our document, and whether it is enabled.

    ``read`` are keys of ``meta`` that the caller reads itself; ``kept`` are keys of ``meta`` that are ours as well.
    """
    part.ignore(*_BOOKKEEPING)
    config = part.part("config")
    if config is None:
        return {}, True
    enabled = not (config.has("enabled") and config.take("enabled") is False)
    config.ignore("enabled")
    keys: dict[str, Json] = {}
    meta = config.part("meta")
    if meta is not None:
        if isinstance(meta.take("owner"), str):
            keys["owner"] = meta.text("owner")
        synonyms = [item for item, _spot in meta.items("synonyms") if isinstance(item, str)]
        keys.update(without_empty(synonyms=synonyms, **{key: meta.text(key) for key in kept}))
        meta.ignore(*read)
        meta.finish(f"config.meta of {what}")
    config.finish(f"config of {what}")
    return keys, enabled
