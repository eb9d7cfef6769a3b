"""Resource patterns: ``kind:name`` exactly, ``kind:prefix.*`` below a dotted prefix, ``kind:*``, and ``*``.

A pattern covers by whole dotted parts: ``metric:sales.*`` covers ``metric:sales.revenue`` and
``metric:sales.eu.revenue``, and neither ``metric:sales`` nor ``metric:salesforce.revenue``. Case counts.
"""

from __future__ import annotations

import re
import unicodedata

from metricgate.vocabulary.nearest import did_you_mean
from metricgate.vocabulary.resource import Action, Resource, ResourceKind

ANYTHING = "*"
_LONGEST = 256
_NAME = re.compile(r"[\w-]+(\.[\w-]+)*")
_RECORD_NAME = re.compile(r"[^\s*]+")
_KINDS = tuple(str(kind) for kind in ResourceKind)
_ON_DATA = frozenset({Action.DESCRIBE, Action.QUERY, Action.LIST_VALUES})
_APPLICABLE = {
    ResourceKind.METRIC: _ON_DATA | {Action.QUERY_DRAFT},
    ResourceKind.TOOL: frozenset({Action.CALL}),
    ResourceKind.RECORD: frozenset({Action.READ_RECORD}),
}


def well_formed(resource: Resource) -> bool:
    """Whether a rule could name this resource at all; what is not well formed is never granted."""
    name = resource.name
    if len(name) > _LONGEST or not name.isprintable() or unicodedata.normalize("NFC", name) != name:
        return False
    return (_RECORD_NAME if resource.kind is ResourceKind.RECORD else _NAME).fullmatch(name) is not None


def candidates(resource: Resource) -> tuple[str, ...]:
    """Return every pattern that covers the resource, the most specific first."""
    kind = resource.kind.value
    below: list[str] = []
    end = len(resource.name)
    while (end := resource.name.rfind(".", 0, end)) > 0:
        below.append(f"{kind}:{resource.name[:end]}.*")
    return (f"{kind}:{resource.name}", *below, f"{kind}:*", ANYTHING)


def covers(pattern: str, resource: str) -> bool:
    """Whether the pattern covers the resource, given as ``kind:name``."""
    if pattern == ANYTHING:
        return True
    if pattern.endswith("*"):
        return len(resource) >= len(pattern) and resource.startswith(pattern[:-1])
    return pattern == resource


def asked(action: Action, kind: ResourceKind) -> Action:
    """Return the action that rules are asked about: tools are only ever called, and records only ever read.

    So one call can be judged with all it touches: ``query`` on a metric, its datasets and the tool that asks.
    """
    if kind is ResourceKind.TOOL:
        return Action.CALL
    return Action.READ_RECORD if kind is ResourceKind.RECORD else action


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
    if not well_formed(Resource(ResourceKind(kind), name.removesuffix(".*"))):
        return (
            f"{pattern!r} is no pattern: after the kind comes a dotted name, and `*` may only be its last part.",
            f"Write `{kind}:name`, `{kind}:prefix.*` or `{kind}:*`.",
        )
    return None


def applicable(pattern: str) -> frozenset[Action]:
    """Return the actions that are ever asked about what the pattern covers."""
    if pattern == ANYTHING:
        return frozenset(Action)
    return _APPLICABLE.get(ResourceKind(pattern.partition(":")[0]), _ON_DATA)
