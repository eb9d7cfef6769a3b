"""Masks: of a column, holders of a role get something instead of its values.

Of several masks that bind a column (of agent and user, of several roles), the caller gets what every one of them would
let through: see ``policy/masking.py``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field, StrictBool, StrictFloat, StrictInt, StrictStr

from metricgate.documents import Document
from metricgate.policy import codes
from metricgate.policy.occasion import OccasionDocument, Terms, read_terms
from metricgate.policy.page import Page, Path
from metricgate.policy.patterns import LABEL
from metricgate.vocabulary.grain import Grain
from metricgate.vocabulary.obligation import Mask, MaskMethod, Use
from metricgate.vocabulary.predicate import Scalar
from metricgate.vocabulary.problem import Place
from metricgate.vocabulary.resource import ResourceKind

Kept = Annotated[StrictInt, Field(ge=0, le=1_000)]
Width = Annotated[StrictInt | StrictFloat, Field(gt=0, le=1e15, allow_inf_nan=False)]

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
class MaskRule:
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


def read_mask(document: MaskDocument, path: Path, page: Page) -> MaskRule:
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


def _check_parameters(document: MaskDocument, method: MaskMethod, path: Path, page: Page) -> None:
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
