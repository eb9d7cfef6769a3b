"""Cube's ``member_masking`` -> masks. Where Cube masks a member, we mask the column that it is.

In Cube the policies of a user's groups add up: who gets a member unmasked by one policy is exempt from the masks of the
others. Of a dimension that computes something and of a measure there is no column to mask: they are not granted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from metricgate.importing.cube.cubes import Cube
from metricgate.importing.report import Notes
from metricgate.importing.source_parts import SourcePart
from metricgate.vocabulary.json import Json

_COLUMN = re.compile(r'("?)([A-Za-z_][\w-]*)\1')
_USES: list[Json] = ["filter", "group", "order"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Masked:
    """A dimension that some roles get masked only."""

    rule: str
    roles: tuple[str, ...]
    cube: str
    member: str
    column: str
    value: Json


@dataclass(slots=True)
class Masks:
    """What policies mask, and who has it unmasked; put together once all policies are read."""

    masked: list[Masked] = field(default_factory=list)
    unmasked: dict[tuple[str, str], set[str]] = field(default_factory=dict)

    def documents(self) -> list[Json]:
        """Return the masks as a policy document has them."""
        return [document for each in self.masked if (document := self._document(each)) is not None]

    def _document(self, masked: Masked) -> Json:
        exempt = self.unmasked.get((masked.cube, masked.member), set())
        roles = [role for role in masked.roles if role not in exempt]
        if not roles or "everyone" in exempt:
            return None
        document: dict[str, Json] = {"id": masked.rule, "roles": list[Json](roles)}
        if exempt:
            document["unless_roles"] = list[Json](sorted(exempt))
        document["on"] = [f"column:{masked.cube}.{masked.column}"]
        shown: dict[str, Json] = (
            {"method": "null"}
            if masked.value is None
            else {
                "method": "constant",
                "value": masked.value,
            }
        )
        return {**document, **shown, "usable_in": _USES}


def read_masked(
    names: Sequence[str], cube: Cube, what: str, notes: Notes, part: SourcePart
) -> dict[str, tuple[str, Json]]:
    """Return member -> (column, value shown instead) of what can be masked here; what cannot be is told."""
    found: dict[str, tuple[str, Json]] = {}
    for name in names:
        column = _COLUMN.fullmatch(cube.texts.get(name, "")) if name in cube.documents else None
        if column is None:
            reason = "only a dimension that is just a column can be masked here; it is not granted"
            notes.note_dropped(f"the masked {name!r} of {what}", part.place, reason)
            continue
        value = cube.masks.get(name)
        if not (value is None or isinstance(value, (str, bool, int, float))):
            notes.note_changed(f"the mask of {name!r} for {what}", part.place, "SQL masks nothing here: NULL is shown")
            value = None
        found[name] = (column[2].lower(), value)
    if found:
        reason = "the column is masked, so that whatever else reads it is masked or refused as well"
        notes.note_changed(f"the masks of {what}", part.place, reason)
    return found
