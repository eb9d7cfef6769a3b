"""``metricgate policy explain``: every rule that was considered, which applied, which decided, what would change it.

For people and programs that may see the policy (stewards).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from metricgate.policy.decision_trace import Case, RuleEvaluation
from metricgate.policy.judge import Judge, as_named
from metricgate.policy.kinds.grants import GrantEffect
from metricgate.policy.occasion import UNKNOWN_CONTEXT, EvaluationContext
from metricgate.policy.patterns import candidates, covers_resource, effective_action
from metricgate.policy.policy import Policy
from metricgate.policy.resolved_subject import Standing
from metricgate.policy.rule_kind import AnyKind, TraceOrder, otherwise
from metricgate.policy.verdict import DEFAULT_DENY, GRANT, Decision, Verdict, VerdictReason
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.principal import Principal
from metricgate.vocabulary.resource import Action, Resource

_MOST_SHOWN = 40
_WORDS = {
    "role": "not a role of this party",
    "exempt": "the party is exempt",
    "action": "another action",
    "resource": "another resource",
    "attribute": "the attribute is missing",
    "condition": "its condition does not hold",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyExplanation:
    """A verdict laid open. ``changes`` says in sentences what would have to change for it to come out otherwise."""

    verdict: Verdict
    roles: tuple[tuple[str, tuple[str, ...]], ...]
    considered: tuple[RuleEvaluation, ...]
    changes: tuple[str, ...]

    def as_json(self) -> dict[str, Json]:
        """Return ``{decision, action, policy, roles, reasons, considered, changes}``."""
        return {
            "decision": self.verdict.decision.value,
            "action": self.verdict.action.value,
            "policy": self.verdict.policy_digest,
            "roles": {party: list(roles) for party, roles in self.roles},
            "reasons": [{"rule": reason.rule, "message": reason.message} for reason in self.verdict.reasons],
            "considered": [each.as_json() for each in self.considered],
            "changes": list(self.changes),
        }

    @property
    def text(self) -> str:
        """For people. Of many rules, those that apply or lack one thing only are shown, and the rest is counted."""
        lines = [f"{self.verdict.decision.value.upper()}: {self.verdict.action}"]
        lines += [f"  {party} holds: {', '.join(roles)}" for party, roles in self.roles]
        lines += ["Because:", *(f"  {reason.message}" for reason in self.verdict.reasons)]
        return "\n".join([*lines, *self.lines])

    @property
    def lines(self) -> tuple[str, ...]:
        """The rules that were considered, and what would have to change."""
        near = [each for each in self.considered if len(each.lacking) <= 1]
        shown = list(self.considered) if len(self.considered) <= _MOST_SHOWN else near[:_MOST_SHOWN]
        lines = ["Rules considered, in order:", *(f"  {_line(each)}" for each in shown)]
        if len(shown) < len(self.considered):
            lines.append(f"  and {len(self.considered) - len(shown):,} more that do not apply")
        if self.changes:
            lines += ["To come out otherwise:", *(f"  {change}" for change in self.changes)]
        return tuple(lines)


def explain(
    judge: Judge,
    principal: Principal,
    action: Action,
    resources: Sequence[Resource],
    *,
    unless_forbidden: Sequence[Resource] = (),
    circumstances: EvaluationContext = UNKNOWN_CONTEXT,
) -> PolicyExplanation:
    """Judge, and lay open how the verdict came about. Linear in the number of rules."""
    verdict = judge.judge(principal, action, resources, unless_forbidden=unless_forbidden, circumstances=circumstances)
    standings = judge.standings(principal)
    suspended = judge.suspended_rules(circumstances)
    named = tuple(dict.fromkeys(map(as_named, resources)))
    touched = tuple(each for each in dict.fromkeys(map(as_named, unless_forbidden)) if each not in named)
    cases = [
        Case(
            standing=standing,
            action=action,
            named=named,
            touched=touched,
            suspended=suspended,
            deciding={
                (reason.rule, reason.party, reason.resource)
                for reason in (*_rulings(judge, standing, action, (*named, *touched), circumstances), *verdict.reasons)
                if reason.party == standing.party
            },
        )
        for standing in standings
    ]
    return PolicyExplanation(
        verdict=verdict,
        roles=tuple((standing.party, tuple(sorted(standing.roles))) for standing in standings),
        considered=tuple(each for case in cases for each in evaluations(judge.policy, case)),
        changes=tuple(dict.fromkeys(_possible_changes(judge, verdict, cases))),
    )


def evaluations(policy: Policy, case: Case) -> Iterator[RuleEvaluation]:
    """Yield every rule's part: grants and what binds on each resource, then the others; in the order of the policy."""
    resources = case.resources
    among = [kind for kind in policy.kinds if kind.trace is TraceOrder.AMONG_GRANTS]
    for resource in resources:
        for kind in among:
            yield from _evaluated(policy, kind, case, (resource,))
    for kind in policy.kinds:
        if kind.trace is not TraceOrder.AMONG_GRANTS:
            yield from _evaluated(policy, kind, case, resources if kind.trace is TraceOrder.BY_RESOURCE else (None,))


def _evaluated(
    policy: Policy, kind: AnyKind, case: Case, places: Sequence[Resource | None]
) -> Iterator[RuleEvaluation]:
    rules = policy.of(kind)
    return (found for each in places for rule in rules if (found := rule.evaluate(case, each)) is not None)


def _rulings(
    judge: Judge, standing: Standing, action: Action, resources: Sequence[Resource], circumstances: EvaluationContext
) -> Iterator[VerdictReason]:
    """Return what decided on each resource, also where the verdict as a whole fell on another."""
    for resource in resources:
        ruling = judge.deciding_grant(standing, action, resource, judge.suspended_rules(circumstances))
        if ruling is not None:
            yield VerdictReason(
                rule=ruling.rule, party=standing.party, resource=resource, decision=Decision(ruling.effect), message=""
            )


def _possible_changes(judge: Judge, verdict: Verdict, cases: Sequence[Case]) -> Iterator[str]:
    kinds = {kind.name: kind for kind in judge.policy.kinds}
    for reason in verdict.reasons:
        if reason.kind != GRANT:
            yield from kinds[reason.kind].remedy(reason, _condition_of(judge, reason.rule))
        elif reason.decision is not Decision.ALLOW:
            yield from _to_grant(judge, verdict, reason, cases)
    if verdict.decision is Decision.ALLOW:
        yield "A denying grant that covers either party and any of these resources."


def _to_grant(judge: Judge, verdict: Verdict, reason: VerdictReason, cases: Sequence[Case]) -> Iterator[str]:
    if reason.resource is None:
        yield "Name at least one resource."
    elif reason.rule == DEFAULT_DENY:
        yield from _to_allow(judge, verdict, reason, reason.resource, cases)
    else:
        also = otherwise(_condition_of(judge, reason.rule))
        yield f"The rule {reason.rule!r} would have to stop covering {reason.party} or {reason.resource}{also}."


def _to_allow(
    judge: Judge, verdict: Verdict, reason: VerdictReason, resource: Resource, cases: Sequence[Case]
) -> Iterator[str]:
    meant = effective_action(verdict.action, resource.kind)
    case = next(each for each in cases if each.standing.party == reason.party)
    for grant in judge.policy.grants:
        if (
            grant.id in case.suspended
            and grant.effect is GrantEffect.ALLOW
            and meant in grant.actions
            and not case.standing.roles.isdisjoint(grant.roles)
            and any(covers_resource(pattern, resource) for pattern in grant.patterns)
        ):
            yield f"The rule {grant.id!r} would allow it under its condition: {grant.terms.text}."
    patterns = ", ".join(candidates(resource)[:-1])
    yield f"A grant of `{meant}` on one of {patterns} to a role that {reason.party} holds."


def _condition_of(judge: Judge, rule: str) -> str:
    return next((each.terms.text for each in judge.policy.rules if each.id == rule), "")


def _line(each: RuleEvaluation) -> str:
    on = "" if each.resource is None else f" on {each.resource}"
    if each.matched and each.stakes is not None:
        end = f"holds it where the change has {each.stakes}" if each.stakes else "holds it"
    elif each.decided:
        end = "applies, decided"
    elif each.matched:
        end = "applies, another rule decided"
    else:
        end = f"does not apply: {', '.join(_WORDS.get(lacking, lacking) for lacking in each.lacking)}"
    return f"{each.place}: {each.rule} ({each.effect}) for {each.party}{on}: {end}"
