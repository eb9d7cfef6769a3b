"""Minimum groups: holders of a role do not see groups that are made from too few rows of a dataset.

``small`` says what becomes of a question with such a group: refused as a whole, so that no two answers differ by fewer
rows, or answered without it.

A rule on a dataset binds whenever the dataset is touched; one on a label binds the datasets that carry it, and those
with a dimension or a column that is touched and carries it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field, StrictInt

from metricgate.documents import Document
from metricgate.policy.decision_trace import Case, RuleEvaluation, covers_none, lacking
from metricgate.policy.document_problems import Path, ProblemCollector
from metricgate.policy.enforcement import Enforcement, JudgedCall, Obligation, allowance
from metricgate.policy.expectations import exactly
from metricgate.policy.names import for_display
from metricgate.policy.narrowings import Narrowed, NarrowedKey, Narrowing, words_of_exemption
from metricgate.policy.occasion import OccasionDocument, Terms, read_terms
from metricgate.policy.patterns import LABEL
from metricgate.policy.resolved_subject import Standing
from metricgate.policy.rule import RuleDefaults
from metricgate.policy.rule_index import RuleIndex
from metricgate.policy.rule_kind import Expectation, RuleKind, TraceOrder, exempt
from metricgate.policy.verdict import Verdict, VerdictReason
from metricgate.vocabulary.obligation import MinimumGroup, SmallGroups
from metricgate.vocabulary.problem import Place
from metricgate.vocabulary.resource import Resource, ResourceKind

Size = Annotated[StrictInt, Field(ge=2, le=1_000_000)]

_NAME = "minimum_group"
_KINDS = (ResourceKind.DATASET.value, LABEL)
_BELOW = frozenset({ResourceKind.DIMENSION, ResourceKind.COLUMN})
_ALL_LARGE = Narrowing(conditions=frozenset({"answers with a smaller group are refused"}))


class MinimumGroupDocument(Document):
    """A minimum group as written."""

    id: str
    roles: tuple[str, ...]
    unless_roles: tuple[str, ...] = ()
    on: tuple[str, ...]
    size: Size
    small: SmallGroups = SmallGroups.REFUSE
    because: str = ""
    when: OccasionDocument | None = None
    unless: OccasionDocument | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MinimumGroupRule(RuleDefaults):
    """Holders of any of ``roles`` and none of ``unless_roles`` see groups of at least ``size`` rows only."""

    id: str
    roles: tuple[str, ...]
    unless_roles: tuple[str, ...]
    patterns: tuple[str, ...]
    size: int
    small: SmallGroups
    because: str
    terms: Terms
    place: Place = field(compare=False)

    def named_roles(self) -> tuple[str, ...]:
        """Return whom it binds and whom it leaves out."""
        return (*self.roles, *self.unless_roles)

    def named_patterns(self) -> tuple[str, ...]:
        """Return what it binds."""
        return self.patterns

    def evaluate(self, case: Case, resource: Resource | None) -> RuleEvaluation | None:
        """Return its part on what has rows that it counts; it is told of their dataset."""
        dataset = None if resource is None else dataset_of(resource)
        if resource is None or dataset is None:
            return None
        lacks = lacking(
            role=case.standing.roles.isdisjoint(self.roles),
            exempt=not case.standing.roles.isdisjoint(self.unless_roles),
            resource=covers_none(self.patterns, (resource,)),
            condition=self.id in case.suspended,
        )
        named = Resource(ResourceKind.DATASET, dataset)
        return case.evaluate(self.id, self.place, kind=_NAME, effect="group", resource=named, lacking=lacks)

    def narrowings(self) -> Iterator[Narrowed]:
        """Yield the least size of a group, and that smaller ones refuse the answer where they do."""
        condition = words_of_exemption(self.unless_roles, self.terms.text)
        for pattern in self.patterns:
            narrowing = Narrowing(number=self.size, words="at least", larger_is_narrower=True)
            yield NarrowedKey(_NAME, pattern, condition), narrowing
            if self.small is SmallGroups.REFUSE:
                yield NarrowedKey(_NAME, pattern, condition, self.small), _ALL_LARGE


def read_minimum_group(document: MinimumGroupDocument, path: Path, page: ProblemCollector) -> MinimumGroupRule:
    """Return the minimum group; what is wrong with it goes to the page."""
    page.check_filled(document.roles, (*path, "roles"), "roles")
    page.check_filled(document.on, (*path, "on"), "datasets or labels")
    page.check_patterns(document.on, (*path, "on"), kinds=_KINDS)
    return MinimumGroupRule(
        id=document.id,
        roles=document.roles,
        unless_roles=document.unless_roles,
        patterns=document.on,
        size=document.size,
        small=document.small,
        because=document.because,
        terms=read_terms(document.when, document.unless, path, page),
        place=page.place(path),
    )


def dataset_of(resource: Resource) -> str | None:
    """Return the dataset whose rows a minimum group on this resource counts, or None where it counts none."""
    if resource.kind is ResourceKind.DATASET:
        return resource.name
    return resource.name.partition(".")[0] if resource.kind in _BELOW else None


class MinimumGroupEnforcement(Enforcement):
    """Minimum groups by the datasets and labels that they cover."""

    def __init__(self, rules: Sequence[MinimumGroupRule]) -> None:
        self._rules = RuleIndex[MinimumGroupRule](rules, lambda rule: rule.patterns, lambda rule: rule.unless_roles)

    def obligations(self, call: JudgedCall) -> Iterator[Obligation]:
        """Yield the minimum of each dataset that has something touched, party by party."""
        for resource, patterns in call.covering:
            dataset = dataset_of(resource)
            if dataset is None:
                continue
            for standing in call.standings:
                for rule in self._rules.on(standing.roles, patterns, call.suspended):
                    part = MinimumGroup(rule=rule.id, dataset=dataset, size=rule.size, small=rule.small)
                    yield Obligation(part, _reason(rule, standing, dataset))


def _reason(rule: MinimumGroupRule, standing: Standing, dataset: str) -> VerdictReason:
    party = for_display(standing.party)
    said = f"The rule {rule.id!r} shows {party} no group of fewer than {rule.size:,} rows of {dataset}"
    if rule.small is SmallGroups.REFUSE:
        said += ", nor any answer that has one"
    message = f"{said}: {rule.because}" if rule.because else f"{said}."
    return allowance(rule.id, standing, Resource(ResourceKind.DATASET, dataset), message, kind=_NAME)


class MinimumCaseDocument(Document):
    """The minimum that a test expects of a dataset, with what becomes of answers that have a smaller group."""

    size: Size
    small: SmallGroups


def _group_failures(expected: Mapping[str, int | MinimumCaseDocument], verdict: Verdict) -> Iterator[str]:
    """What becomes of smaller groups counts only where the test speaks of it."""
    told = {dataset for dataset, each in expected.items() if not isinstance(each, int)}
    wanted = [
        f"{dataset}: {each}" if isinstance(each, int) else f"{dataset}: {each.size} ({each.small})"
        for dataset, each in expected.items()
    ]
    bound = [
        f"{each.dataset}: {each.size}" + (f" ({each.small})" if each.dataset in told else "")
        for each in verdict.obligations.minimum_groups
    ]
    yield from exactly("minimum groups", wanted, bound)


def _group_remedy(reason: VerdictReason, condition: str) -> Iterator[str]:
    yield from exempt(reason, "with small groups left out", condition)


MINIMUM_GROUPS = RuleKind(
    name=_NAME,
    key="minimum_groups",
    summary="Groups made from too few rows of a dataset are not shown, or refuse the answer.",
    document=MinimumGroupDocument,
    build=read_minimum_group,
    enforce=MinimumGroupEnforcement,
    trace=TraceOrder.AMONG_GRANTS,
    expects=Expectation(form=dict[str, Size | MinimumCaseDocument], failures=_group_failures),
    remedy=_group_remedy,
    guards_columns=False,
)
