"""dbt's dimensions and entities, legacy or latest -> ours."""

from __future__ import annotations

from metricgate.importing.dbt.words import config_of, words_of
from metricgate.importing.source_parts import SourcePart, without_empty
from metricgate.vocabulary.grain import Grain
from metricgate.vocabulary.json import Json

_GRAINS = frozenset(str(grain) for grain in Grain)
_FINER = frozenset({"nanosecond", "microsecond"})


def dimension(part: SourcePart, what: str, *, name: str | None = None, column: str | None = None) -> dict[str, Json]:
    """Return one dimension; ``name`` and ``column`` come from the dbt column that it annotates, if it does."""
    own = part.text("name") or name or part.required_text("name", f"a dimension of {what}")
    what = f"the dimension {own!r} of {what}"
    kind = part.word("type") or ""
    words = words_of(part, what)
    keys, _enabled = config_of(part, what, kept=("time_zone", "time_kind") if kind == "time" else ())
    keys.pop("owner", None)
    params = part.part("type_params")
    grain = part.word("granularity")
    validity = part.part("validity_params")
    if params is not None:
        grain = params.word("time_granularity") or grain
        validity = params.part("validity_params") or validity
        params.finish(what)
    found = without_empty(
        name=own,
        type=kind,
        expr=part.sql("expr") or (column if column != own else None),
        granularity=_kept_grain(grain or "day", part, what) if kind == "time" else None,
        validity=_validity(validity, what),
        **words,
        **keys,
    )
    if part.flag("is_partition"):
        found["is_partition"] = True
    part.finish(what)
    return found


def entity(part: SourcePart, what: str, *, name: str | None = None, column: str | None = None) -> dict[str, Json]:
    """Return one entity; ``name`` and ``column`` come from the dbt column that it annotates, if it does."""
    own = part.text("name") or name or part.required_text("name", f"an entity of {what}")
    what = f"the entity {own!r} of {what}"
    config_of(part, what)
    found = without_empty(
        name=own,
        type=part.word("type"),
        expr=part.sql("expr") or (column if column != own else None),
        description=words_of(SourcePart({"description": part.take("description")}, part.spot, part.reading), what).get(
            "description"
        ),
    )
    part.finish(what)
    return found


def known_grain(grain: str) -> bool:
    """Whether ours has the grain."""
    return grain in _GRAINS


def _kept_grain(grain: str, part: SourcePart, what: str) -> str:
    if grain not in _FINER:
        return grain
    reason = f"{grain} is written as millisecond, the finest grain here"
    part.reading.notes.note_changed(f"the granularity of {what}", part.place, reason)
    return str(Grain.MILLISECOND)


def _validity(part: SourcePart | None, what: str) -> str | None:
    if part is None:
        return None
    start, end = part.flag("is_start"), part.flag("is_end")
    part.finish(f"validity_params of {what}")
    return "start" if start else "end" if end else None
