"""Masks: of a column, holders of a role get something instead of its values.

Of several masks that bind a column (of agent and user, of several roles), the caller gets what every one of them would
let through: see ``policy/strictest_mask.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated

from pydantic import Field, StrictBool, StrictFloat, StrictInt, StrictStr

from metricgate.documents import Document
from metricgate.policy import codes
from metricgate.policy.decision_trace import Case, RuleEvaluation, covers_none, lacking
from metricgate.policy.document_problems import Path, ProblemCollector
from metricgate.policy.enforcement import Enforcement, JudgedCall, Obligation, allowance
from metricgate.policy.expectations import exactly
from metricgate.policy.names import for_display
from metricgate.policy.narrowings import Narrowed, NarrowedKey, Narrowing, words_of_exemption
from metricgate.policy.occasion import OccasionDocument, Terms, read_terms
from metricgate.policy.patterns import LABEL
from metricgate.policy.rule import RuleDefaults
from metricgate.policy.rule_index import RuleIndex
from metricgate.policy.rule_kind import Expectation, RuleKind, TraceOrder, exempt
from metricgate.policy.verdict import Verdict, VerdictReason
from metricgate.vocabulary.grain import Grain
from metricgate.vocabulary.obligation import Mask, MaskMethod, Use
from metricgate.vocabulary.predicate import Scalar
from metricgate.vocabulary.problem import Place
from metricgate.vocabulary.resource import Resource, ResourceKind

Kept = Annotated[StrictInt, Field(ge=0, le=1_000)]
Width = Annotated[StrictInt | StrictFloat, Field(gt=0, le=1e15, allow_inf_nan=False)]

_NAME = "mask"
_KINDS = (ResourceKind.COLUMN.value, LABEL)
_PARAMETERS = {
    MaskMethod.CONSTANT: frozenset({"value"}),
    MaskMethod.PARTIAL: frozenset({"first", "last"}),
    MaskMethod.BUCKET: frozenset({"width"}),
    MaskMethod.DATE: frozenset({"grain"}),
}
_ALL_PARAMETERS = ("value", "first", "last", "width", "grain")


class MaskDocument(Document):
    """A mask as written."""

    id: str
    roles: tuple[str, ...]
    unless_roles: tuple[str, ...] = ()
    on: tuple[str, ...]
    method: MaskMethod | None  # YAML reads `null` as nothing
    value: StrictBool | StrictInt | StrictFloat | StrictStr | None = None
    first: Kept | None = None
    last: Kept | None = None
    width: Width | None = None
    grain: Grain | None = None
    usable_in: tuple[Use, ...] = ()
    because: str = ""
    when: OccasionDocument | None = None
    unless: OccasionDocument | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskRule(RuleDefaults):
    """Holders of any of ``roles`` and none of ``unless_roles`` get columns that ``patterns`` cover masked.

    The method's parameters are those of ``Mask``.
    """

    id: str
    roles: tuple[str, ...]
    unless_roles: tuple[str, ...]
    patterns: tuple[str, ...]
    method: MaskMethod
    value: Scalar
    first: int
    last: int
    width: float | None
    grain: Grain | None
    uses: frozenset[Use]
    because: str
    terms: Terms
    place: Place = field(compare=False)

    @property
    def binds_by_column(self) -> bool:
        """Whether it may bind because of a column that a metric reads: masks bind columns only."""
        return True

    def named_roles(self) -> tuple[str, ...]:
        """Return whom it binds and whom it leaves out."""
        return (*self.roles, *self.unless_roles)

    def named_patterns(self) -> tuple[str, ...]:
        """Return what it binds."""
        return self.patterns

    def evaluate(self, case: Case, resource: Resource | None) -> RuleEvaluation | None:
        """Return its part on a column."""
        if resource is None or resource.kind is not ResourceKind.COLUMN:
            return None
        lacks = lacking(
            role=case.standing.roles.isdisjoint(self.roles),
            exempt=not case.standing.roles.isdisjoint(self.unless_roles),
            resource=covers_none(self.patterns, (resource,)),
            condition=self.id in case.suspended,
        )
        return case.evaluate(self.id, self.place, kind=_NAME, effect="mask", resource=resource, lacking=lacks)

    def narrowings(self) -> Iterator[Narrowed]:
        """Yield what is shown instead of each column."""
        for pattern in self.patterns:
            key = NarrowedKey(_NAME, pattern, words_of_exemption(self.unless_roles, self.terms.text))
            yield key, Narrowing(mask=replace(self.on("", ""), rule=""))

    def on(self, dataset: str, column: str) -> Mask:
        """Return what the rule makes of one column."""
        return Mask(
            rule=self.id,
            dataset=dataset,
            column=column,
            method=self.method,
            value=self.value,
            first=self.first,
            last=self.last,
            width=self.width,
            grain=self.grain,
            uses=self.uses,
        )


def read_mask(document: MaskDocument, path: Path, page: ProblemCollector) -> MaskRule:
    """Return the mask; what is wrong with it goes to the page."""
    page.check_filled(document.roles, (*path, "roles"), "roles")
    page.check_filled(document.on, (*path, "on"), "columns")
    page.check_patterns(document.on, (*path, "on"), kinds=_KINDS)
    method = document.method or MaskMethod.NULL
    _check_parameters(document, method, path, page)
    return MaskRule(
        id=document.id,
        roles=document.roles,
        unless_roles=document.unless_roles,
        patterns=document.on,
        method=method,
        value=document.value,
        first=document.first or 0,
        last=document.last or 0,
        width=document.width,
        grain=document.grain,
        uses=frozenset(document.usable_in),
        because=document.because,
        terms=read_terms(document.when, document.unless, path, page),
        place=page.place(path),
    )


def _check_parameters(document: MaskDocument, method: MaskMethod, path: Path, page: ProblemCollector) -> None:
    own = _PARAMETERS.get(method, frozenset())
    given = {name for name in _ALL_PARAMETERS if getattr(document, name) is not None}
    for name in sorted(given - own):
        takes = ", ".join(f"`{each}`" for each in sorted(own)) or "no parameter"
        message = f"The method `{method}` takes {takes}; `{name}` means nothing to it."
        page.report(codes.BAD_MASK, (*path, name), message, f"Remove `{name}`, or choose its method.")
    if own and not given & own:
        wanted = " or ".join(f"`{each}`" for each in sorted(own))
        message = f"The method `{method}` of the mask {document.id!r} needs {wanted}."
        page.report(codes.BAD_MASK, (*path, "method"), message)


class MaskEnforcement(Enforcement):
    """Masks by the columns that they cover."""

    def __init__(self, rules: Sequence[MaskRule]) -> None:
        self._rules = RuleIndex[MaskRule](rules, lambda rule: rule.patterns, lambda rule: rule.unless_roles)

    def obligations(self, call: JudgedCall) -> Iterator[Obligation]:
        """Yield the masks of each column, party by party."""
        for resource, patterns in call.covering:
            if resource.kind is not ResourceKind.COLUMN:
                continue
            dataset, _dot, column = resource.name.partition(".")
            for standing in call.standings:
                for rule in self._rules.on(standing.roles, patterns, call.suspended):
                    said = f"The rule {rule.id!r} masks {resource} for {for_display(standing.party)} ({rule.method})"
                    message = f"{said}: {rule.because}" if rule.because else f"{said}."
                    reason = allowance(rule.id, standing, resource, message, kind=_NAME)
                    yield Obligation(rule.on(dataset, column), reason)


def _mask_failures(expected: dict[str, MaskMethod | None], verdict: Verdict) -> Iterator[str]:
    wanted = [f"{name}: {method or MaskMethod.NULL}" for name, method in expected.items()]
    bound = [f"{each.dataset}.{each.column}: {each.method}" for each in verdict.obligations.masks]
    yield from exactly("masks", wanted, bound)


def _mask_remedy(reason: VerdictReason, condition: str) -> Iterator[str]:
    yield from exempt(reason, "masked", condition)


MASKS = RuleKind(
    name=_NAME,
    key="masks",
    summary="Of a column, holders of a role get something instead of its values.",
    document=MaskDocument,
    build=read_mask,
    enforce=MaskEnforcement,
    trace=TraceOrder.AMONG_GRANTS,
    expects=Expectation(form=dict[str, MaskMethod | None], failures=_mask_failures),
    remedy=_mask_remedy,
)
