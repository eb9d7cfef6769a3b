"""Stops: while one binds, no call of those it names is served."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from metricgate.documents import Document
from metricgate.policy.decision_trace import Case, RuleEvaluation, lacking
from metricgate.policy.document_problems import Path, ProblemCollector
from metricgate.policy.enforcement import Enforcement, JudgedCall, denial
from metricgate.policy.names import EVERYONE, for_display
from metricgate.policy.narrowings import Narrowed, NarrowedKey, Narrowing
from metricgate.policy.occasion import ALWAYS, OccasionDocument, Terms, read_terms
from metricgate.policy.patterns import ANYTHING
from metricgate.policy.resolved_subject import Standing
from metricgate.policy.rule import RuleDefaults
from metricgate.policy.rule_index import PartyIndex, Suspended
from metricgate.policy.rule_kind import RuleKind
from metricgate.policy.verdict import VerdictReason
from metricgate.vocabulary.problem import Place
from metricgate.vocabulary.resource import Resource
from metricgate.vocabulary.target import EVERYTHING

_NAME = "stop"
_STOPPED = Narrowing(conditions=frozenset({"no call is served"}))
_HINT = "Stop asking; a steward has to lift the rule."


class StopDocument(Document):
    """A stop as written."""

    id: str
    roles: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    because: str
    when: OccasionDocument | None = None
    unless: OccasionDocument | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRule(RuleDefaults):
    """Holders of any of ``roles``, and whom any of ``targets`` names, are served nothing."""

    id: str
    roles: tuple[str, ...]
    targets: tuple[str, ...]
    because: str
    terms: Terms = ALWAYS
    place: Place = field(compare=False)

    def named_targets(self) -> tuple[str, ...]:
        """Return whom it names beside roles."""
        return self.targets

    def evaluate(self, case: Case, resource: Resource | None) -> RuleEvaluation | None:
        """Return its part in the call as a whole."""
        if resource is not None:
            return None
        lacks = lacking(role=not case.standing.is_named(self.roles, self.targets), condition=self.id in case.suspended)
        return case.evaluate(self.id, self.place, kind=_NAME, effect="deny", resource=None, lacking=lacks)

    def narrowings(self) -> Iterable[Narrowed]:
        """Yield that nothing is served."""
        return ((NarrowedKey(_NAME, ANYTHING, self.terms.text), _STOPPED),)


def read_stop(document: StopDocument, path: Path, page: ProblemCollector) -> StopRule:
    """Return the stop; what is wrong with it goes to the page."""
    page.check_filled((*document.roles, *document.targets), path, "roles or targets")
    page.check_filled(document.because.strip(), (*path, "because"), "reason")
    page.check_targets(document.targets, (*path, "targets"))
    return StopRule(
        id=document.id,
        roles=document.roles,
        targets=document.targets,
        because=document.because.strip(),
        terms=read_terms(document.when, document.unless, path, page),
        place=page.place(path),
    )


class StopEnforcement(Enforcement):
    """Stops by whom they name."""

    def __init__(self, rules: Sequence[StopRule]) -> None:
        self._rules = PartyIndex[StopRule](rules)

    def denials(self, call: JudgedCall) -> Iterator[VerdictReason]:
        """Yield why one of the parties is served nothing."""
        for standing in call.standings:
            for rule in self._rules.on(standing, call.suspended):
                yield _stopped(rule, standing)

    def denials_of_person(self, standing: Standing, suspended: Suspended) -> Iterator[VerdictReason]:
        """Yield the stops that name a person who acts alone, otherwise than with everybody else."""
        for rule in self._rules.on(standing, suspended):
            roles, targets = standing.roles - {EVERYONE}, standing.targets - {EVERYTHING}
            if not roles.isdisjoint(rule.roles) or not targets.isdisjoint(rule.targets):
                yield _stopped(rule, standing)


def _stopped(rule: StopRule, standing: Standing) -> VerdictReason:
    message = f"The stop {rule.id!r} serves no call of {for_display(standing.party)}: {rule.because}"
    return denial(rule.id, standing, None, message, kind=_NAME, hint=_HINT)


STOPS = RuleKind(
    name=_NAME,
    key="stops",
    summary="While one binds, no call of those whom it names is served.",
    document=StopDocument,
    build=read_stop,
    enforce=StopEnforcement,
)
