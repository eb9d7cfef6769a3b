"""A kind of rule as one record: what is written of it, what is made of that, and what it does.

Everything that speaks of all kinds (files, policies, judging, traces, comparisons, tests of policies) goes through the
records.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

from metricgate.documents import Document
from metricgate.policy.document_problems import Path, ProblemCollector
from metricgate.policy.enforcement import Enforcement
from metricgate.policy.rule import Rule
from metricgate.policy.verdict import Decision, Verdict, VerdictReason

D = TypeVar("D", bound=Document)
R = TypeVar("R", bound=Rule)
W = TypeVar("W")


class TraceOrder(StrEnum):
    """Where the rules of a kind stand in the trace of a decision."""

    AMONG_GRANTS = "among_grants"
    """At each resource, beside the grants on it."""
    BY_RESOURCE = "by_resource"
    """After these, resource by resource."""
    CALL = "call"
    """After these, once: they speak of the call as a whole."""


def _no_rules(_written: object) -> Iterable[str]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation(Generic[W]):
    """What a policy test may expect of a kind, under the kind's key.

    Attributes:
        form: the type of what is written.
        failures: a sentence for each thing that came out otherwise.
        rules: ids of rules that are written: each must be declared.
    """

    form: Any
    failures: Callable[[W, Verdict], Iterator[str]]
    rules: Callable[[W], Iterable[str]] = _no_rules


def lift(reason: VerdictReason, condition: str) -> Iterator[str]:
    """Yield how a denying rule would have to change: it is lifted, or leaves the party out."""
    if reason.decision is Decision.DENY:
        yield (
            f"The {reason.kind} {reason.rule!r} would have to be lifted, or to leave {reason.party} out"
            f"{otherwise(condition)}."
        )


def exempt(reason: VerdictReason, outcome: str, condition: str) -> Iterator[str]:
    """Yield how a rule with ``unless_roles`` would have to change; ``outcome``: what becomes of the resource."""
    if reason.decision is Decision.ALLOW:
        yield (
            f"For {reason.resource} not to be {outcome}, the rule {reason.rule!r} would have to exempt {reason.party} "
            f"(`unless_roles`){otherwise(condition)}."
        )


def otherwise(condition: str) -> str:
    """Return the other way out that a rule with a condition has."""
    return f", or its condition to come out otherwise ({condition})" if condition else ""


def _enforce_nothing(_rules: Sequence[Rule]) -> Enforcement:
    return Enforcement()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RuleKind(Generic[D, R]):
    """One kind of rule; equal to itself alone.

    Attributes:
        name: in the singular, e.g. ``minimum_group``: in traces and comparisons. Unlike any other's.
        key: of its list in policy files, e.g. ``minimum_groups``.
        summary: what its rules do, in one sentence for the docs.
        document: one rule as written.
        build: makes the rule; what is wrong goes to the page. None where nothing can be made of it.
        enforce: indexes all rules of a policy for judging.
        trace: where its rules stand in the trace of a decision.
        expects: what a policy test may say of it.
        remedy: (a reason of the kind, the rule's condition in words) -> what would have to change for it to come out
            otherwise, in sentences.
        guards_columns: whether a column that a rule names keeps its name, as under another the rule would not bind it.
    """

    name: str
    key: str
    summary: str
    document: type[D]
    build: Callable[[D, Path, ProblemCollector], R | None]
    enforce: Callable[[Sequence[R]], Enforcement] = _enforce_nothing
    trace: TraceOrder = TraceOrder.CALL
    expects: Expectation[Any] | None = None
    remedy: Callable[[VerdictReason, str], Iterable[str]] = lift
    guards_columns: bool = True


AnyKind = RuleKind[Any, Any]
