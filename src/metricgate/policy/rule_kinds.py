"""The kinds of rules that a policy may have: the built-in ones, and those that packages add.

To add one: its file in ``policy/kinds/`` with all that it does, and a line here. A package of its own offers the record
under the entry point ``metricgate.rule_kinds``; nothing else is to be changed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from metricgate.policy.documents import PolicyDocument, policy_document
from metricgate.policy.kinds.freezes import FREEZES
from metricgate.policy.kinds.grants import GRANTS
from metricgate.policy.kinds.holds import HOLDS
from metricgate.policy.kinds.limits import LIMITS
from metricgate.policy.kinds.masks import MASKS
from metricgate.policy.kinds.minimum_groups import MINIMUM_GROUPS
from metricgate.policy.kinds.row_filters import ROW_FILTERS
from metricgate.policy.kinds.stops import STOPS
from metricgate.policy.rule_kind import AnyKind

_OURS: tuple[AnyKind, ...] = (
    GRANTS,
    ROW_FILTERS,
    MASKS,
    MINIMUM_GROUPS,
    LIMITS,
    FREEZES,
    STOPS,
    HOLDS,
)
"""In the order in which problems, traces and comparisons tell of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleKinds:
    """The kinds that one process knows, and the shape of files that may have rules of them."""

    kinds: tuple[AnyKind, ...]
    file: type[PolicyDocument]


def with_kinds(more: Iterable[AnyKind]) -> RuleKinds:
    """Return the built-in kinds and more.

    Raises:
        ValueError: two kinds have the same name, or the same key in files; or one has the key of something else there.
    """
    kinds = (*_OURS, *more)
    _check_apart("name", [kind.name for kind in kinds])
    _check_apart("key", [*PolicyDocument.model_fields, "tests", *(kind.key for kind in kinds)])
    return RuleKinds(kinds=kinds, file=policy_document(kinds))


def _check_apart(what: str, words: list[str]) -> None:
    twice = sorted({word for word in words if words.count(word) > 1})
    if twice:
        raise ValueError(f"two kinds of rules have the {what} {', '.join(twice)}")


BUILT_IN = with_kinds(())
