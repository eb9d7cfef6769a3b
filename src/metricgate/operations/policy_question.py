"""What ``policy explain`` asks."""

from __future__ import annotations

from dataclasses import dataclass

from metricgate.policy.occasion import UNKNOWN_CONTEXT, EvaluationContext
from metricgate.vocabulary.resource import Action, Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyQuestion:
    """What policy is asked about. ``touching`` needs no grant, as the columns that a metric reads."""

    agent: str
    user: str | None
    action: Action
    resources: tuple[Resource, ...]
    touching: tuple[Resource, ...] = ()
    circumstances: EvaluationContext = UNKNOWN_CONTEXT
