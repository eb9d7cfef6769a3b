"""Layer 5 for the world with the sentinel: the policy that its relations stand for, judged as the gateway judges."""

from __future__ import annotations

from collections.abc import Callable

from tests.policy.tools import caller, judge_of, on, policy_of

from metricgate.gateway.masks import masks_misused
from metricgate.guarding import BoundQuery
from metricgate.policy.refusal import problems_of
from metricgate.policy.verdict import Decision
from metricgate.vocabulary.problem import Problems
from metricgate.vocabulary.resource import Action

_POLICY = """
roles: [{name: readers, members: ["agent:omni"]}]
grants:
  - {id: all-that-is-bound, roles: [readers], actions: [read], on: ["dataset:*", "column:*", "function:*"]}
  - {id: no-ssn, roles: [readers], actions: [read], on: [column:customers.ssn], effect: deny}
row_filters:
  - {id: own-orders, roles: [readers], dataset: orders, where: {member: region, op: "=", value: EU}}
  - {id: own-customers, roles: [readers], dataset: customers, where: {member: region, op: "=", value: EU}}
masks: [{id: no-mail, roles: [readers], on: [column:customers.email], method: constant, value: "***"}]
"""


def decision() -> Callable[[BoundQuery], Problems | None]:
    """Return what judges a bound text: why it may not run, or None. What it hides is in the relations either way."""
    judge = judge_of(policy_of(_POLICY))

    def decided(bound: BoundQuery) -> Problems | None:
        columns = [f"column:{name}.{each}" for name in bound.tables for each in sorted(bound.columns.get(name, {}))]
        named = (
            [f"dataset:{name}" for name in bound.tables] + columns + [f"function:{each}" for each in bound.functions]
        )
        if not named:
            return None
        verdict = judge.judge(caller("omni"), Action.READ, on(*named))
        if verdict.decision is not Decision.ALLOW:
            return problems_of(verdict)
        return masks_misused(verdict.obligations.masks, bound.columns)

    return decided
