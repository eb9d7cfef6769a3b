"""Resource patterns: ``kind:name`` exactly, ``kind:prefix.*`` below a dotted prefix, ``kind:*``, and ``*``.

``label:name`` covers whatever carries the label, of every kind, and ``label:prefix.*`` and ``label:*`` likewise.

A pattern covers by whole dotted parts: ``metric:sales.*`` covers ``metric:sales.revenue`` and
``metric:sales.eu.revenue``, and neither ``metric:sales`` nor ``metric:salesforce.revenue``. Case counts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from metricgate.vocabulary.nearest import did_you_mean
from metricgate.vocabulary.resource import Action, Resource, ResourceKind

ANYTHING = "*"
LABEL = "label"
_LABELLED = f"{LABEL}:"
_LONGEST = 256
_REMEMBERED = 8_192
_NAME = re.compile(r"[\w-]+(\.[\w-]+)*")
_RECORD_NAME = re.compile(r"[^\s*]+")
_COLUMN_NAME = re.compile(r"[\w-]+\.[^*]*[^*\s]")
_LABEL_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*(\.[a-z0-9_-]+)*")
_KINDS = (*(str(kind) for kind in ResourceKind), LABEL)
_ON_DATA = frozenset({Action.DESCRIBE, Action.QUERY, Action.LIST_VALUES})
_READ = frozenset({Action.READ})
_ON_ROWS = frozenset({Action.INSERT, Action.UPDATE, Action.DELETE, Action.TRUNCATE, Action.DROP, Action.ALTER})
_WRITE = _ON_ROWS | {Action.UNDO, Action.APPROVE}
_APPLICABLE: dict[str, frozenset[Action]] = {
    ResourceKind.METRIC: _ON_DATA | {Action.QUERY_DRAFT},
    ResourceKind.DATASET: _ON_DATA | _READ | _WRITE,
    ResourceKind.COLUMN: _READ | _WRITE,
    ResourceKind.FUNCTION: _READ,
    LABEL: _ON_DATA | _READ | _WRITE | {Action.QUERY_DRAFT},
    ResourceKind.ACTION: frozenset({Action.EXECUTE, Action.UNDO, Action.APPROVE}),
    ResourceKind.TOOL: frozenset({Action.CALL}),
    ResourceKind.RECORD: frozenset({Action.READ_RECORD}),
}

_ONLY = {
    ResourceKind.TOOL: Action.CALL,
    ResourceKind.RECORD: Action.READ_RECORD,
    ResourceKind.COLUMN: Action.READ,
    ResourceKind.FUNCTION: Action.READ,
}


@lru_cache(_REMEMBERED)
def well_formed(resource: Resource) -> bool:
    """Whether a rule could name this resource at all; what is not well formed is never granted."""
    name = resource.name
    if len(name) > _LONGEST or not name.isprintable() or unicodedata.normalize("NFC", name) != name:
        return False
    match resource.kind:
        case ResourceKind.RECORD:
            return _RECORD_NAME.fullmatch(name) is not None
        case ResourceKind.COLUMN:
            # Columns may be called anything that a table's may, but in lower case only.
            return _COLUMN_NAME.fullmatch(name) is not None and name == name.lower()
        case _:
            return _NAME.fullmatch(name) is not None


@lru_cache(_REMEMBERED)
def candidates(resource: Resource) -> tuple[str, ...]:
    """Return every pattern that covers the resource, the most specific first."""
    found = _patterns_covering_name(resource.kind.value, resource.name)
    for label in resource.labels:
        found += _patterns_covering_name(LABEL, label)
    return (*dict.fromkeys(found), ANYTHING) if resource.labels else (*found, ANYTHING)


def _patterns_covering_name(kind: str, name: str) -> list[str]:
    found = [f"{kind}:{name}"]
    end = len(name)
    while (end := name.rfind(".", 0, end)) > 0:
        found.append(f"{kind}:{name[:end]}.*")
    found.append(f"{kind}:*")
    return found


def patterns_covering(pattern: str) -> tuple[str, ...]:
    """Return every pattern that covers all that this one covers, itself first."""
    if pattern == ANYTHING:
        return (ANYTHING,)
    kind, _colon, name = pattern.partition(":")
    return (*dict.fromkeys(_patterns_covering_name(kind, name)), ANYTHING)


def covers(pattern: str, name: str, labels: Sequence[str] = ()) -> bool:
    """Whether the pattern covers the resource, given as ``kind:name``, with its labels."""
    if pattern == ANYTHING:
        return True
    if pattern.startswith(_LABELLED):
        return any(_matches_name(pattern, f"{LABEL}:{label}") for label in labels)
    return _matches_name(pattern, name)


def covers_resource(pattern: str, resource: Resource) -> bool:
    """Whether the pattern covers the resource."""
    return covers(pattern, str(resource), resource.labels)


def _matches_name(pattern: str, name: str) -> bool:
    if pattern.endswith("*"):
        return len(name) >= len(pattern) and name.startswith(pattern[:-1])
    return pattern == name


def effective_action(action: Action, kind: ResourceKind) -> Action:
    """Return the action that rules are asked about: tools are only called; records and functions only read.

    So one call can be judged with all it touches: ``query`` on a metric, its datasets and the tool that asks. Columns
    are read, unless something is to be changed, or decided on: then they are asked about just that.
    """
    if kind is ResourceKind.COLUMN and (action.changes or action is Action.APPROVE):
        return action
    return _ONLY.get(kind, action)


def mistake_in(pattern: str) -> tuple[str, str | None] | None:
    """Return (what is wrong, hint) of a pattern, or None if it is one."""
    if pattern == ANYTHING:
        return None
    kind, colon, name = pattern.partition(":")
    if not colon or kind not in _KINDS:
        hint = did_you_mean(kind, _KINDS) or f"The kinds are {', '.join(_KINDS)}."
        return f"{pattern!r} does not begin with a kind of resource and a colon.", hint
    if name == ANYTHING:
        return None
    if not _can_begin(kind, name):
        if kind == ResourceKind.COLUMN:
            hint = "Write `column:dataset.column` in lower case, `column:dataset.*` or `column:*`."
            return f"{pattern!r} is no pattern of columns.", hint
        return (
            f"{pattern!r} is no pattern: after the kind comes a dotted name, and `*` may only be its last part.",
            f"Write `{kind}:name`, `{kind}:prefix.*` or `{kind}:*`.",
        )
    return None


def _can_begin(kind: str, name: str) -> bool:
    """Whether the part after the kind names something exactly, or everything below it."""
    below = name.removesuffix(".*")
    if kind == LABEL:
        return len(name) <= _LONGEST and _LABEL_NAME.fullmatch(below) is not None
    if kind == ResourceKind.COLUMN and below != name:
        return well_formed(Resource(ResourceKind.DATASET, below)) or well_formed(Resource(ResourceKind.COLUMN, below))
    return well_formed(Resource(ResourceKind(kind), below))


def applicable(pattern: str) -> frozenset[Action]:
    """Return the actions that are ever asked about what the pattern covers."""
    if pattern == ANYTHING:
        return frozenset(Action)
    return _APPLICABLE.get(pattern.partition(":")[0], _ON_DATA)
