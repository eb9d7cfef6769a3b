"""What policy says: a verdict from a closed set, the rules that made it, the obligations it carries."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from metricgate.vocabulary.obligation import NO_OBLIGATIONS, Obligations
from metricgate.vocabulary.problem import Code
from metricgate.vocabulary.resource import Action, Resource


class Decision(StrEnum):
    """The closed set of verdicts."""

    ALLOW = "allow"
    HOLD = "hold"
    DENY = "deny"


DEFAULT_DENY = "default-deny"
"""The rule id that stands for the absence of a rule."""
GRANT = "grant"
"""The kind of a reason that a grant gave, or the lack of one (then the rule is ``default-deny``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictReason:
    """One rule's part in a verdict.

    Attributes:
        rule: the rule's id, or ``default-deny``.
        party: whose right was judged, ``agent:<id>`` or ``user:<id>``.
        resource: what it was judged on; None for rules about the call as a whole (limits).
        decision: what this rule says.
        message: one sentence for people.
        kind: the name of the rule's kind.
        code: of the refusal where it denies; None: what policy denies is refused as such.
        hint: what the caller can do where it denies; None: what the code's refusals say.
    """

    rule: str
    party: str
    resource: Resource | None
    decision: Decision
    message: str
    kind: str = GRANT
    code: Code | None = None
    hint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The judgement on one action. ``reasons`` is never empty: also an allow names its rules.

    An allowing verdict gives the grant of each party for each resource, then row filters, masks, minimum groups and
    limits; a denying one gives only the reasons that deny.
    """

    action: Action
    decision: Decision
    reasons: tuple[VerdictReason, ...]
    obligations: Obligations = NO_OBLIGATIONS
    policy_digest: str

    @property
    def rules(self) -> tuple[str, ...]:
        """The ids of all rules that took part, in order, each once."""
        return tuple(dict.fromkeys(reason.rule for reason in self.reasons))
