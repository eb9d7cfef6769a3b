"""Ambiguous names: from a refusal with candidates to a question for the user, and from the reply to a clearer call.

Only names of metrics in the places where a tool takes metrics are replaced; a filter's value is never touched.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from metricgate.gateway.outcome import Outcome, RefusedCall
from metricgate.vocabulary.json import Json

AMBIGUOUS: Final = "E_AMBIGUOUS_METRIC"
FIELD: Final = "metric"
MOST_ROUNDS: Final = 5
_SIGNS: Final = ("", "-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ambiguity:
    """One name that fits several metrics.

    Attributes:
        question: what to ask the user.
        candidates: full names.
        labels: candidates with their owners and descriptions, for people.
        path: where in the arguments the name stands: ``metrics[0]`` or ``metric``.
    """

    question: str
    candidates: tuple[str, ...]
    labels: tuple[str, ...]
    path: str

    def schema(self) -> dict[str, object]:
        """Return the form: one choice (flat, as elicitation demands)."""
        choices = [{"const": name, "title": label} for name, label in zip(self.candidates, self.labels, strict=True)]
        return {
            "type": "object",
            "properties": {FIELD: {"type": "string", "title": "Metric", "oneOf": choices}},
            "required": [FIELD],
        }

    def legacy_schema(self) -> dict[str, object]:
        """Return the form with a plain ``enum``, which every client since 2025-06-18 shows."""
        part = {
            "type": "string",
            "title": "Metric",
            "enum": list(self.candidates),
            "enumNames": list(self.labels),
        }
        return {"type": "object", "properties": {FIELD: part}, "required": [FIELD]}


def ambiguity_of(outcome: Outcome) -> Ambiguity | None:
    """Return the first ambiguity, where ambiguous names are all that is wrong."""
    if not isinstance(outcome, RefusedCall) or any(each.code.name != AMBIGUOUS for each in outcome.problems):
        return None
    first = outcome.problems.first
    listed = first.details.get("candidates")
    if not isinstance(listed, list | tuple):
        return None
    rows = [row for row in listed if isinstance(row, Mapping) and isinstance(row.get("name"), str)]
    path = first.where.path if first.where is not None else None
    return Ambiguity(
        question=str(first.details.get("question") or first.message),
        candidates=tuple(str(row["name"]) for row in rows),
        labels=tuple(label_of(row) for row in rows),
        path=path or "metrics[0]",
    )


def label_of(row: Mapping[str, Json]) -> str:
    """Return a candidate in a line: full name, owner, beginning of its description."""
    words = [str(row["name"])]
    if row.get("owner"):
        words.append(f"({row['owner']})")
    if row.get("description"):
        words.append(f"- {str(row['description']).strip().splitlines()[0][:160]}")
    return " ".join(words)


def clarify_arguments(arguments: Json, path: str, full: str) -> Json:
    """Return the arguments with the name at ``path`` replaced by ``full``, also where the answer is ordered by it."""
    if not isinstance(arguments, Mapping):
        return arguments
    name, _, index = path.partition("[")
    out: dict[str, Json] = dict(arguments)
    if not index:
        return out | {name: full}
    listed, place = out.get(name), index.rstrip("]")
    if not isinstance(listed, list) or not place.isdigit() or int(place) >= len(listed):
        return out
    bare = listed[int(place)]
    out[name] = [full if position == int(place) else each for position, each in enumerate(listed)]
    ordering = out.get("order_by")
    if isinstance(ordering, list):
        out["order_by"] = [_reordered(each, bare, full) for each in ordering]
    return out


def _reordered(item: Json, bare: Json, full: str) -> Json:
    for sign in _SIGNS:
        if item == f"{sign}{bare}":
            return f"{sign}{full}"
    if isinstance(item, Mapping) and item.get("column") == bare:
        return {**item, "column": full}
    return item


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingQuestion:
    """A question put to the user, as it travels in ``requestState``: sealed there, so only we can have written it.

    Attributes:
        chosen: earlier choices as (path, full name).
        path: where the name now asked about stands.
        candidates: what the reply may be.
    """

    chosen: tuple[tuple[str, str], ...]
    path: str
    candidates: tuple[str, ...]

    def as_text(self) -> str:
        """Return the state as text."""
        return json.dumps([self.chosen, self.path, self.candidates])

    @classmethod
    def from_text(cls, text: str) -> PendingQuestion:
        """Read the state back; it was sealed by us, so a broken one is a programming error."""
        chosen, path, candidates = json.loads(text)
        return cls(
            chosen=tuple((str(where), str(name)) for where, name in chosen),
            path=str(path),
            candidates=tuple(str(name) for name in candidates),
        )
