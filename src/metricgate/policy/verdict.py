"""What policy says: a verdict from a closed set, the rules that made it, the obligations it carries."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from metricgate.vocabulary.obligation import NO_OBLIGATIONS, Obligations
from metricgate.vocabulary.resource import Action, Resource


class Decision(StrEnum):
    """The closed set of verdicts."""

    ALLOW = "allow"
    HOLD = "hold"
    DENY = "deny"


DEFAULT_DENY = "default-deny"
"""The rule id that stands for the absence of a rule."""


class ReasonKind(StrEnum):
    """What sort of rule gave a reason."""

    GRANT = "grant"
    """A grant allowed or denied, or none was found (then the rule is ``default-deny``)."""
    ROW_FILTER = "row_filter"
    """A row filter applies; or, in a denial, lacks an attribute of the party."""
    MASK = "mask"
    """A mask binds a column."""
    MINIMUM_GROUP = "minimum_group"
    """Small groups of a dataset are not shown."""
    LIMIT = "limit"
    """A limit or a budget applies."""
    FREEZE = "freeze"
    """Nothing may be changed for now."""
    STOP = "stop"
    """Nothing is served at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One rule's part in a verdict.

    Attributes:
        rule: the rule's id, or ``default-deny``.
        party: whose right was judged, ``agent:<id>`` or ``user:<id>``.
        resource: what it was judged on; None for rules about the call as a whole (limits).
        decision: what this rule says.
        message: one sentence for people.
        kind: the sort of rule.
    """

    rule: str
    party: str
    resource: Resource | None
    decision: Decision
    message: str
    kind: ReasonKind = ReasonKind.GRANT


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The judgement on one action. ``reasons`` is never empty: also an allow names its rules.

    An allowing verdict gives the grant of each party for each resource, then row filters, masks, minimum groups and
    limits; a denying one gives only the reasons that deny.
    """

    action: Action
    decision: Decision
    reasons: tuple[Reason, ...]
    obligations: Obligations = NO_OBLIGATIONS
    policy_digest: str

    @property
    def rules(self) -> tuple[str, ...]:
        """The ids of all rules that took part, in order, each once."""
        return tuple(dict.fromkeys(reason.rule for reason in self.reasons))
