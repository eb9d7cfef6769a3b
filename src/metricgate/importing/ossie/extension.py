"""Our part of an Ossie document: the whole definition in ``custom_extensions``, and what of Ossie's own keys it covers.

``covers`` holds a digest for each of Ossie's keys as they were written. A key that says something else today was
edited by another tool: then the file's own words win over what we kept.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from metricgate.importing.source_parts import SourcePart
from metricgate.vocabulary.digest import digest_of
from metricgate.vocabulary.json import Json, canonical_json

VENDOR = "METRICGATE"
_FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """What we kept.

    Attributes:
        data: ``definition`` (a document of ours) or, at the model, definitions that Ossie has no form for.
        edited: Ossie's keys that say something else than when we wrote them.
    """

    data: Mapping[str, Json]
    edited: frozenset[str]

    @property
    def definition(self) -> dict[str, Json] | None:
        """The document of ours, or None."""
        found = self.data.get("definition")
        return dict(found) if isinstance(found, Mapping) else None


def extension_of(data: Mapping[str, Json], native: Mapping[str, Json]) -> Json:
    """Return the item of ``custom_extensions`` that keeps ``data`` beside these keys of Ossie's."""
    covers: dict[str, Json] = {key: digest_of(value) for key, value in native.items()}
    kept: dict[str, Json] = {"format": _FORMAT, **data, "covers": covers}
    return {"vendor_name": VENDOR, "data": canonical_json(kept).decode()}


def taken_extension(part: SourcePart, what: str, native: Mapping[str, Json]) -> Extension | None:
    """Take ``custom_extensions``: return ours, tell the others' as dropped.

    ``native`` are the keys that ours may cover, as the file has them now.
    """
    found: Extension | None = None
    for item in part.parts("custom_extensions"):
        vendor = item.text("vendor_name") or ""
        data = item.take("data")
        if vendor != VENDOR:
            part.reading.notes.note_dropped(
                f"the custom extension of {vendor[:60]!r} of {what}", item.place, "it is another vendor's"
            )
            continue
        kept = _read_extension(data)
        if kept is None:
            reason = "its data is not what metricgate writes; only the file's own keys are read"
            part.reading.notes.note_dropped(f"the custom extension of {VENDOR} of {what}", item.place, reason)
        else:
            found = Extension(data=kept, edited=_edited(kept.get("covers"), native))
        item.finish(f"a custom extension of {what}")
    return found


def _read_extension(data: Json) -> Mapping[str, Json] | None:
    if not isinstance(data, str):
        return None
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, Mapping) or found.get("format") != _FORMAT:
        return None
    return found if isinstance(found.get("definition", {}), Mapping) else None


def _edited(covers: Json, native: Mapping[str, Json]) -> frozenset[str]:
    digests = covers if isinstance(covers, Mapping) else {}
    keys: Iterable[str] = {*digests, *native}
    return frozenset(
        key for key in keys if digests.get(key) != (digest_of(native[key]) if native.get(key) is not None else None)
    )
