"""On what a change was judged, so that it can be judged again when it is carried out: by that moment's clock and rules.

An approval is bound to the rules and definitions that took part, not to the whole of policy and catalog. Budgets are no
part of it: they were charged when the change was proposed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import datetime
from enum import Enum

from metricgate.approvals.proposal import HumanDecision, Requirement
from metricgate.gateway.governance import Governance
from metricgate.policy.change_profile import ChangeProfile
from metricgate.policy.judge import Judge
from metricgate.policy.judging_changes import ChangeVerdict, Demand, judge_change, undo_demand
from metricgate.policy.occasion import EvaluationContext
from metricgate.policy.verdict import Decision, Verdict
from metricgate.vocabulary.digest import digest_of
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.principal import Identity, Principal
from metricgate.vocabulary.problem import Place
from metricgate.vocabulary.resource import Action, Resource

_FLOOR = "floor:"
"""Floors are the gateway's own and follow from the change itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeQuestion:
    """One question to policy, as ``Judge.judge`` takes it; all of a change's must be allowed."""

    verb: Action
    resources: tuple[Resource, ...]
    unless_forbidden: tuple[Resource, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionBasis:
    """What judging again needs.

    Attributes:
        principal: who proposed it; None for an undo.
        person: who takes back; None for a proposal of an agent's.
        purpose: that the call gave.
        asks: what was asked of policy; the first is of the right to propose.
        stakes: what the rehearsal and the past told.
        resources: what changes.
        datasets: models of the catalog that took part.
        action: the governed action, or None.
        rules: digests of the rules that took part, by id.
        definitions: digests of models and of the governed action, by name.
        obligations: digest of every filter, mask and limit that bound it.
    """

    principal: Principal | None = None
    person: Identity | None = None
    purpose: str | None = None
    asks: tuple[JudgeQuestion, ...] = ()
    stakes: ChangeProfile
    resources: tuple[Resource, ...]
    datasets: tuple[str, ...] = ()
    action: str | None = None
    rules: tuple[tuple[str, str], ...] = ()
    definitions: tuple[tuple[str, str], ...] = ()
    obligations: str = ""

    @property
    def digest(self) -> str:
        """The digest of the rules and definitions that took part."""
        return digest_of([_pairs_json(self.rules), _pairs_json(self.definitions), self.obligations])


@dataclass(frozen=True, slots=True)
class JudgedAgain:
    """How it stands now: ``why_not`` says what forbids it; ``changed`` what took part and is not as it was."""

    why_not: str = ""
    changed: tuple[str, ...] = ()
    demand: Demand | None = None


def bind_basis(
    basis: DecisionBasis, governance: Governance, verdicts: Sequence[Verdict], rules: Iterable[str]
) -> DecisionBasis:
    """Return the basis with the digests of what took part.

    Args:
        basis: without them.
        governance: under which it was judged.
        verdicts: on its asks.
        rules: ids of further rules that took part, such as holds.
    """
    named = {each.rule for verdict in verdicts for each in verdict.reasons} | {
        each for verdict in verdicts for each in verdict.rules
    }
    return replace(
        basis,
        rules=tuple(sorted(_rule_digests(governance.judge, {*named, *rules}))),
        definitions=tuple(sorted(_definition_digests(governance, basis))),
        obligations=digest_of_everything([each.obligations for each in verdicts]),
    )


def judge_again(basis: DecisionBasis, governance: Governance, now: datetime) -> JudgedAgain:
    """Judge it under the rules and at the time of now."""
    judge, circumstances = governance.judge, EvaluationContext(purpose=basis.purpose, now=now)
    stakes = replace(basis.stakes, now=now)
    if basis.person is not None:
        return _undo_again(basis, governance, basis.person, stakes, circumstances)
    assert basis.principal is not None  # noqa: S101 - a basis has one or the other
    verdicts: list[Verdict] = []
    for ask in basis.asks:
        verdict = judge.judge(
            basis.principal,
            ask.verb,
            ask.resources,
            unless_forbidden=ask.unless_forbidden,
            circumstances=circumstances,
        )
        if verdict.decision is not Decision.ALLOW:
            return JudgedAgain(_denial_message(verdict))
        verdicts.append(verdict)
    change = judge_change(judge, basis.principal, verdicts[0], stakes, basis.resources, circumstances=circumstances)
    if change.decision is Decision.DENY:
        return JudgedAgain(change.considered[-1].message)
    again = bind_basis(basis, governance, verdicts, holding_rules(change))
    return JudgedAgain("", _differences(basis, again), change.demand if change.decision is Decision.HOLD else None)


def holding_rules(verdict: ChangeVerdict) -> tuple[str, ...]:
    """Return the ids of the rules that hold a change."""
    return verdict.demand.rules if verdict.decision is Decision.HOLD else ()


def find_unmet(demand: Demand | None, requirement: Requirement | None, decisions: Sequence[HumanDecision]) -> str:
    """Return what is demanded now and was not met by those who decided; empty where all is."""
    if demand is None:
        return ""
    if requirement is None and not decisions:
        return f"it waits for people now, by {', '.join(demand.rules)}"
    given = [each for each in decisions if each.approves]
    if any(each.break_glass for each in given):
        return ""
    people = {each.person for each in given}
    if len(people) < demand.approvals:
        return f"{demand.approvals} people must approve now"
    for approvals, roles in demand.quorums:
        fitting = {each.person for each in given if not set(roles).isdisjoint(each.roles)}
        if len(fitting) < approvals:
            return f"{approvals} of {' or '.join(roles)} must approve now"
    apart = set(demand.apart) - set(() if requirement is None else requirement.apart)
    return f"approvers must differ from {', '.join(sorted(apart))} now" if apart else ""


def _undo_again(
    basis: DecisionBasis,
    governance: Governance,
    person: Identity,
    stakes: ChangeProfile,
    circumstances: EvaluationContext,
) -> JudgedAgain:
    named = basis.asks[0].resources
    right = governance.judge.judge_person(person, Action.UNDO, named, circumstances=circumstances)
    if right.decision is not Decision.ALLOW:
        return JudgedAgain(_denial_message(right))
    demand = undo_demand(
        governance.judge,
        person,
        basis.resources,
        rows=stakes.rows,
        environment=stakes.environment,
        now=stakes.now,
    )
    again = bind_basis(basis, governance, [right], () if demand is None else demand.rules)
    return JudgedAgain("", _differences(basis, again), demand)


def _denial_message(verdict: Verdict) -> str:
    return next(each.message for each in verdict.reasons if each.decision is not Decision.ALLOW)


def _differences(before: DecisionBasis, now: DecisionBasis) -> tuple[str, ...]:
    told: list[str] = []
    for sort, old, new in (("rule", before.rules, now.rules), ("definition", before.definitions, now.definitions)):
        one, other = dict(old), dict(new)
        told += [
            f"the {sort} {name!r}" for name in sorted(one.keys() | other.keys()) if one.get(name) != other.get(name)
        ]
    if not told and before.obligations != now.obligations:
        told.append("what row filters, masks or limits bind")
    return tuple(told)


def _rule_digests(judge: Judge, wanted: set[str]) -> Iterator[tuple[str, str]]:
    found = {each.id: each for each in judge.policy.rules}
    for rule in (each for each in wanted if not each.startswith(_FLOOR)):
        yield rule, digest_of_everything(found[rule]) if rule in found else ""


def _definition_digests(governance: Governance, basis: DecisionBasis) -> Iterator[tuple[str, str]]:
    for name in basis.datasets:
        model = governance.catalog.models.get(name)
        yield f"model {name}", "" if model is None else digest_of_everything(model)
    if basis.action is not None:
        action = governance.actions.get(basis.action)
        yield f"action {basis.action}", "" if action is None else digest_of_everything(action)


def digest_of_everything(value: object) -> str:
    """Return the digest of rules and definitions with all their words, but without their places in files."""
    return digest_of(_plain_json(value))


def _plain_json(value: object) -> Json:  # noqa: PLR0911 - one for each sort of value
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str | Enum):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): _plain_json(inner) for key, inner in value.items()}
    if isinstance(value, tuple | list):
        return [_plain_json(inner) for inner in value]
    if isinstance(value, frozenset | set):
        return sorted((_plain_json(inner) for inner in value), key=str)
    if is_dataclass(value):
        inner = ((each.name, getattr(value, each.name)) for each in fields(value))
        return {name: _plain_json(part) for name, part in inner if not isinstance(part, Place)} | {
            "": type(value).__name__
        }
    return [type(value).__name__, str(value)]


def _pairs_json(pairs: Sequence[tuple[str, str]]) -> list[Json]:
    return [list(each) for each in pairs]
