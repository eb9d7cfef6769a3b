"""Row filters: of a dataset, holders of a role see only the rows that meet a condition.

All filters that apply to a party bind together (AND): a role narrows what its holder sees and never widens it, so that
adding a role with a filter cannot show more rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from pydantic import JsonValue

from metricgate.catalog.catalog import Catalog
from metricgate.documents import Document
from metricgate.policy import codes
from metricgate.policy.conditions import Attribute, Missing, bind_condition, read_condition
from metricgate.policy.decision_trace import Case, RuleEvaluation, lacking
from metricgate.policy.document_problems import Path, ProblemCollector
from metricgate.policy.enforcement import Enforcement, JudgedCall, Obligation, allowance, denial
from metricgate.policy.expectations import exactly
from metricgate.policy.names import for_display
from metricgate.policy.narrowings import Narrowed, NarrowedKey, Narrowing
from metricgate.policy.occasion import ALWAYS, OccasionDocument, Terms, read_terms
from metricgate.policy.patterns import well_formed
from metricgate.policy.resolved_subject import Standing
from metricgate.policy.rule import RuleDefaults
from metricgate.policy.rule_index import RuleIndex
from metricgate.policy.rule_kind import Expectation, RuleKind, TraceOrder
from metricgate.policy.verdict import Decision, Verdict, VerdictReason
from metricgate.vocabulary.nearest import did_you_mean
from metricgate.vocabulary.obligation import RowFilter
from metricgate.vocabulary.predicate import And, Comparison, Not, Or, Predicate, Scalar, Template, members_of
from metricgate.vocabulary.problem import Place
from metricgate.vocabulary.resource import Resource, ResourceKind

_NAME = "row_filter"


class RowFilterDocument(Document):
    """A row filter as written."""

    id: str
    roles: tuple[str, ...]
    dataset: str
    where: dict[str, JsonValue]
    when: OccasionDocument | None = None
    unless: OccasionDocument | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFilterRule(RuleDefaults):
    """Holders of any of ``roles`` see only the rows of ``dataset`` that meet ``condition``."""

    id: str
    roles: tuple[str, ...]
    dataset: str
    condition: Predicate
    terms: Terms = ALWAYS
    place: Place = field(compare=False)

    def check(self, catalog: Catalog) -> Iterator[tuple[str, str | None]]:
        """Yield a dataset that is not there, or members that are not the dataset's own."""
        model = catalog.models.get(self.dataset)
        if model is None:
            message = f"The row filter {self.id!r} binds at the dataset {self.dataset!r}, which the catalog lacks."
            yield message, did_you_mean(self.dataset, catalog.models)
            return
        own = {dimension.name for dimension in model.dimensions} | {entity.name for entity in model.entities}
        for member in members_of(self.condition):
            if member not in own:
                message = (
                    f"The row filter {self.id!r} names {member!r}, which is no dimension or entity of {self.dataset!r}."
                )
                yield message, did_you_mean(member, own)

    def evaluate(self, case: Case, resource: Resource | None) -> RuleEvaluation | None:
        """Return its part on a dataset; where it applies and an attribute is missing, that is what it lacks."""
        if resource is None or resource.kind is not ResourceKind.DATASET:
            return None
        lacks = lacking(
            role=case.standing.roles.isdisjoint(self.roles),
            resource=self.dataset != resource.name,
            condition=self.id in case.suspended,
        )
        found = case.evaluate(self.id, self.place, kind=_NAME, effect="filter", resource=resource, lacking=lacks)
        unbound = not lacks and isinstance(bind_condition(self.condition, case.standing.attribute), Missing)
        return replace(found, lacking=("attribute",)) if unbound else found

    def narrowings(self) -> Iterable[Narrowed]:
        """Yield the rows that are left, by the condition's words."""
        key = NarrowedKey(_NAME, f"dataset:{self.dataset}", self.terms.text)
        return ((key, Narrowing(conditions=frozenset({condition_text(self.condition)}))),)


def read_row_filter(document: RowFilterDocument, path: Path, page: ProblemCollector) -> RowFilterRule | None:
    """Return the row filter, or None where its condition is none; what is wrong with it goes to the page."""
    page.check_filled(document.roles, (*path, "roles"), "roles")
    if not well_formed(Resource(ResourceKind.DATASET, document.dataset)):
        page.report(
            codes.BAD_PATTERN,
            (*path, "dataset"),
            f"{document.dataset!r} is not the name of one dataset.",
            "Name one semantic model; a filter's members are that model's own. Write a filter for each dataset.",
        )
    condition = read_condition(document.where, (*path, "where"), page)
    if condition is None:
        return None
    return RowFilterRule(
        id=document.id,
        roles=document.roles,
        dataset=document.dataset,
        condition=condition,
        terms=read_terms(document.when, document.unless, path, page),
        place=page.place(path),
    )


class RowFilterEnforcement(Enforcement):
    """Filters by their datasets."""

    def __init__(self, rules: Sequence[RowFilterRule]) -> None:
        self._rules = RuleIndex[RowFilterRule](rules, lambda rule: (f"dataset:{rule.dataset}",))

    def obligations(self, call: JudgedCall) -> Iterator[Obligation | VerdictReason]:
        """Yield the filters on each dataset, party by party; why one cannot be bound, where an attribute is missing."""
        datasets = [each for each in call.resources if each.kind is ResourceKind.DATASET]
        for standing in call.standings:
            for resource in datasets:
                for rule in self._rules.on(standing.roles, (f"dataset:{resource.name}",), call.suspended):
                    yield _obliged(rule, standing, resource)


def _obliged(rule: RowFilterRule, standing: Standing, resource: Resource) -> Obligation | VerdictReason:
    condition = bind_condition(rule.condition, standing.attribute)
    if isinstance(condition, Missing):
        message = (
            f"The rule {rule.id!r} on dataset:{rule.dataset} needs the attribute {condition.attribute!r} of "
            f"{for_display(standing.party)}, which {condition.why}."
        )
        return denial(rule.id, standing, resource, message, kind=_NAME, code=codes.ATTRIBUTE_MISSING)
    message = f"The rule {rule.id!r} shows {for_display(standing.party)} only some rows of dataset:{rule.dataset}."
    return Obligation(
        RowFilter(rule=rule.id, dataset=rule.dataset, condition=condition),
        allowance(rule.id, standing, resource, message, kind=_NAME),
    )


def condition_text(condition: Predicate) -> str:
    """Return a row filter's condition in words; attributes of the caller as ``{attribute: NAME}``."""
    match condition:
        case Comparison():
            values = ", ".join(_value_text(value) for value in condition.values)
            return f"{condition.member} {condition.op} {values}".rstrip()
        case And():
            return f"({' and '.join(map(condition_text, condition.parts))})"
        case Or():
            return f"({' or '.join(map(condition_text, condition.parts))})"
        case Not():
            return f"not {condition_text(condition.part)}"
        case Template():
            values = ", ".join(map(_value_text, condition.values))
            return f"{condition.text} of {', '.join(condition.members)} with {values}".removesuffix(" with ")


def _value_text(value: Scalar) -> str:
    return f"{{attribute: {value}}}" if isinstance(value, Attribute) else repr(value)


def _filter_failures(expected: tuple[str, ...], verdict: Verdict) -> Iterator[str]:
    yield from exactly("row filters", expected, [each.rule for each in verdict.obligations.row_filters])


def _filter_remedy(reason: VerdictReason, _condition: str) -> Iterator[str]:
    if reason.decision is Decision.DENY:
        yield f"Give {reason.party} the attribute that the row filter {reason.rule!r} needs, under `principals`."


ROW_FILTERS = RuleKind(
    name=_NAME,
    key="row_filters",
    summary="Of a dataset, holders of a role see only the rows that meet a condition.",
    document=RowFilterDocument,
    build=read_row_filter,
    enforce=RowFilterEnforcement,
    trace=TraceOrder.AMONG_GRANTS,
    expects=Expectation(form=tuple[str, ...], failures=_filter_failures, rules=lambda expected: expected),
    remedy=_filter_remedy,
    guards_columns=False,
)
