"""Cube's ``access_policy`` -> one of our policy documents. What cannot be said exactly grants nothing (told).

In Cube the policies of a user's groups add up; here grants add up as well, but row filters narrow each other. A user of
two groups with filters therefore sees what both allow, never more than in Cube.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from metricgate.importing.cube.cubes import Cube
from metricgate.importing.cube.measures import CubeMeasures
from metricgate.importing.cube.member_masks import Masked, Masks, read_masked
from metricgate.importing.name_translation import plain_name
from metricgate.importing.report import Notes
from metricgate.importing.source_parts import SourcePart
from metricgate.vocabulary.json import Json

_ATTRIBUTE = re.compile(
    r"\s*\{\s*(?:securityContext|security_context|userAttributes|user_attributes)"
    r"((?:\.[A-Za-z_]\w*)+|(?:\[['\"]\w+['\"]\])+)\s*\}\s*"
)
_ONE = {
    "gt": ">", "gte": ">=", "lt": "<", "lte": "<=",
    "contains": "contains", "startswith": "starts_with", "endswith": "ends_with",
}  # fmt: skip
_NONE = {"set": "is_not_null", "notset": "is_null"}
_ALL_ACTIONS: list[Json] = ["describe", "query"]
_DATA_ACTIONS: list[Json] = ["describe", "query", "list_values"]


@dataclass(slots=True)
class _Policy:
    notes: Notes
    roles: dict[str, dict[str, Json]] = field(default_factory=dict)
    grants: list[Json] = field(default_factory=list)
    row_filters: list[Json] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    masks: Masks = field(default_factory=Masks)

    def role(self, group: str) -> str:
        """Return the role that holds for a group; ``*`` is everyone."""
        if group == "*":
            return "everyone"
        name = f"cube-{plain_name(group).replace('_', '-')}"
        self.roles.setdefault(name, {"name": name, "members": [f"group:{group}"]})
        return name

    def id(self, text: str) -> str:
        """Return a rule's id that is not taken."""
        found, number = text, 1
        while found in self.ids:
            number += 1
            found = f"{text}-{number}"
        self.ids.add(found)
        return found


class _Unsaid(Exception):
    """Why a policy of Cube's cannot be said here."""


def policy_of(
    cubes: Mapping[str, Cube], measures: CubeMeasures, views: list[SourcePart], notes: Notes
) -> dict[str, Json]:
    """Return the policy document; empty where no cube has an access policy."""
    policy = _Policy(notes)
    guarded = [cube for cube in cubes.values() if any(part.has("access_policy") for part in cube.parts)]
    for cube in guarded:
        holder = next(part for part in cube.parts if part.has("access_policy"))
        for part in holder.parts("access_policy"):
            _convert(part, cube, measures, policy)
    for view in views:
        if view.has("access_policy"):
            reason = "views are not imported; grant what the view selects to the groups it names"
            notes.note_dropped("the access_policy of a view", view.at("access_policy"), reason)
    if not guarded:
        return {}
    for cube in cubes.values():
        if cube not in guarded:
            reason = "Cube opens a cube without access_policy to everybody; here nothing is granted on it"
            notes.note_changed(f"access to {cube.what}", cube.part.place, reason)
    roles = list[Json](sorted({str(role) for grant in policy.grants for role in _roles(grant)}))
    if roles:
        grant: dict[str, Json] = {"id": "cube-may-call", "roles": roles, "actions": ["call"], "on": ["tool:*"]}
        policy.grants.insert(0, grant)
        notes.note_added(
            "the grant cube-may-call", guarded[0].part.place, "whoever may ask must be able to call the tools"
        )
    document: dict[str, Json] = {"version": 1, "roles": list[Json](policy.roles.values()), "grants": policy.grants}
    narrowing = {"row_filters": policy.row_filters, "masks": policy.masks.documents()}
    return {**document, **{kind: rules for kind, rules in narrowing.items() if rules}}


def _roles(grant: Json) -> list[Json]:
    found = grant.get("roles") if isinstance(grant, Mapping) else None
    return list(found) if isinstance(found, list) else []


def _convert(part: SourcePart, cube: Cube, measures: CubeMeasures, policy: _Policy) -> None:
    groups = [str(item) for key in ("group", "role", "groups") for item, _spot in part.items(key)] or ["*"]
    what = f"the access policy of {cube.what} for {', '.join(groups)}"
    try:
        _refuse_conditions(part)
        chosen = _chosen_members(part, cube, measures, what, policy.notes)
        where = _row_filter(part, cube, what)
    except _Unsaid as why:
        policy.notes.note_dropped(what, part.place, f"{why}; nothing is granted by it")
        part.ignore(*part.present_keys())
        return
    part.finish(what)
    roles: list[Json] = [policy.role(group) for group in groups]
    label = "-".join(str(role).removeprefix("cube-") for role in roles)
    name = f"cube-{cube.name.replace('_', '-')}-{label}"[:90]
    for member in chosen.full:
        policy.masks.unmasked.setdefault((cube.name, member), set()).update(map(str, roles))
    for member, (column, value) in chosen.masked.items():
        rule = policy.id(f"{name}-{plain_name(member).replace('_', '-')}-masked"[:95])
        names = tuple(map(str, roles))
        policy.masks.masked.append(
            Masked(rule=rule, roles=names, cube=cube.name, member=member, column=column, value=value)
        )
    metrics = chosen.metrics
    data: list[Json] = [f"dataset:{cube.name}", *chosen.dimensions]
    policy.grants.append({"id": policy.id(f"{name}-data"), "roles": roles, "actions": _DATA_ACTIONS, "on": data})
    if metrics:
        policy.grants.append(
            {"id": policy.id(f"{name}-metrics"), "roles": roles, "actions": _ALL_ACTIONS, "on": list[Json](metrics)}
        )
    if where is not None:
        policy.row_filters.append(
            {"id": policy.id(f"{name}-rows"), "roles": roles, "dataset": cube.name, "where": where}
        )
        reason = "filters of several groups narrow each other here; in Cube they add up"
        policy.notes.note_changed(what, part.place, reason)


def _refuse_conditions(part: SourcePart) -> None:
    if part.has("conditions"):
        raise _Unsaid("'conditions' has no counterpart")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chosen:
    """What a policy opens: patterns of metrics and dimensions, members in full, and (column, value) of masked ones."""

    metrics: list[str]
    dimensions: list[str]
    full: list[str]
    masked: Mapping[str, tuple[str, Json]]


def _chosen_members(part: SourcePart, cube: Cube, measures: CubeMeasures, what: str, notes: Notes) -> _Chosen:
    own = {written: f"dimension:{cube.name}.{each['name']}" for written, each in cube.documents.items()}
    figures = {
        measure: f"metric:{measures.full_name(owner, measure)}"
        for owner, measure in measures.names
        if owner == cube.written
    }
    everything = [*own, *figures]
    level, masking = part.part("member_level"), part.part("member_masking")
    if level is None and masking is None:
        metrics = [f"metric:{cube.name}.*"] if figures else []
        dimensions = [f"dimension:{cube.name}.*"] if own else []
        return _Chosen(metrics=metrics, dimensions=dimensions, full=everything, masked={})
    # Beside masks, only what member_level names is open in full.
    full = [] if level is None else _included(level, everything, what)
    hidden = [] if masking is None else [name for name in _included(masking, everything, what) if name not in full]
    masked = read_masked(hidden, cube, what, notes, masking or part) if hidden else {}
    if masking is not None and not full and not masked:
        raise _Unsaid("'member_masking' names only what cannot be masked here")
    return _Chosen(
        metrics=[figures[name] for name in full if name in figures],
        dimensions=[own[name] for name in [*full, *masked] if name in own],
        full=full,
        masked=masked,
    )


def _included(level: SourcePart, everything: list[str], what: str) -> list[str]:
    includes, excludes = _listed_members(level, "includes", everything), _listed_members(level, "excludes", everything)
    has_includes = level.has("includes")
    level.finish(what)
    return [name for name in everything if (name in includes or not has_includes) and name not in excludes]


def _listed_members(part: SourcePart, key: str, everything: list[str]) -> set[str]:
    found = {str(item).rpartition(".")[2] for item, _spot in part.items(key)}
    return set(everything) if "*" in found else found


def _row_filter(part: SourcePart, cube: Cube, what: str) -> dict[str, Json] | None:
    level = part.part("row_level")
    if level is None:
        return None
    everything = level.flag("allow_all")
    if level.has("allow_all") and not everything:
        raise _Unsaid("it shows no rows (allow_all: false)")
    filters = [_filter_json(each, cube) for each in level.parts("filters")]
    level.finish(what)
    if not filters or everything:
        return None
    return filters[0] if len(filters) == 1 else {"and": list[Json](filters)}


def _filter_json(part: SourcePart, cube: Cube) -> dict[str, Json]:
    for key in ("or", "and"):
        if part.has(key):
            inner = [_filter_json(each, cube) for each in part.parts(key)]
            part.finish("a row filter")
            return {key: list[Json](inner)}
    written = part.text("member") or part.text("dimension") or ""
    owner, _, member = written.rpartition(".")
    if owner.strip("{}") not in {"", "CUBE", cube.written} or member.strip("{}") not in cube.documents:
        raise _Unsaid(f"its row filter names {written!r}, which is no dimension of the cube")
    name = str(cube.documents[member.strip("{}")]["name"])
    operator = (part.text("operator") or "").lower()
    values = _filter_values(part, cube.kinds.get(member.strip("{}"), "string"))
    part.finish("a row filter")
    return _comparison_json(name, operator, values)


def _comparison_json(name: str, operator: str, values: list[Json]) -> dict[str, Json]:
    if operator in _NONE:
        return {"member": name, "op": _NONE[operator]}
    if not values:
        raise _Unsaid("its row filter has no values")
    held = [value for value in values if isinstance(value, Mapping)]
    if operator in {"equals", "notequals"}:
        if held and len(values) > 1:
            several: list[Json] = [_comparison_json(name, "equals", [value]) for value in values]
            if operator == "notequals":
                raise _Unsaid("its row filter excludes several attributes of the caller")
            return {"or": several}
        value: Json = held[0] if held else values
        if operator == "equals":
            return {"member": name, "op": "in", "value": value}
        return {"or": [{"member": name, "op": "not_in", "value": value}, {"member": name, "op": "is_null"}]}
    if operator in _ONE:
        compared: list[Json] = [{"member": name, "op": _ONE[operator], "value": value} for value in values]
        first = compared[0]
        return dict(first) if len(compared) == 1 and isinstance(first, Mapping) else {"or": compared}
    raise _Unsaid(f"its row filter uses the operator {operator!r}")


def _filter_values(part: SourcePart, kind: str) -> list[Json]:
    raw = part.peek("values")
    if isinstance(raw, Mapping):  # YAML reads { securityContext.country } without quotes as a mapping
        part.take("values")
        raw = ["{" + str(next(iter(raw), "")) + "}"]
        return [_filter_value(each, kind) for each in raw]
    return [_filter_value(each, kind) for each, _spot in part.items("values")]


def _filter_value(value: Json, kind: str) -> Json:
    if not isinstance(value, str):
        if isinstance(value, (bool, int, float)):
            return value
        raise _Unsaid("its row filter compares with something that is no plain value")
    found = _ATTRIBUTE.fullmatch(value)
    if found:
        names = re.findall(r"\w+", found[1])
        return {"attribute": ".".join(names)}
    if "{" in value:
        raise _Unsaid(f"its row filter compares with {value[:40]!r}, which Cube computes")
    if kind == "number":
        if not re.fullmatch(r"-?\d{1,15}(\.\d{1,15})?", value):
            raise _Unsaid(f"its row filter compares a number with {value[:40]!r}")
        return float(value) if "." in value else int(value)
    if kind == "boolean":
        return value.lower() == "true"
    return value
