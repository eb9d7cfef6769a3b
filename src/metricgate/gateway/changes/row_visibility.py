"""Rows before and after, through the rights of whoever looks: one rule for every door and for dry runs too.

Who decides on a change, or reads the record of changes, is shown what no rule hides from them: the right to approve is
what lets them look, and a rule that denies them a column, masks it or filters its rows counts all the same. Who merely
asked for the change needs a grant to read each column, as anywhere else, and of rows behind cascades learns numbers.

Masked values are hidden whole: a change shown in part would be read as no change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from metricgate.approvals.preview import Cells, SampleRow, TablePreview
from metricgate.approvals.proposal import ProposedAction
from metricgate.catalog.model import SemanticModel
from metricgate.changing.effect import Cause
from metricgate.gateway.datasets import column_resource, dataset_resource
from metricgate.gateway.governance import Governance
from metricgate.policy.occasion import EvaluationContext
from metricgate.vocabulary.obligation import RowFilter
from metricgate.vocabulary.predicate import And, Comparison, Not, Operator, Or, Predicate
from metricgate.vocabulary.principal import Identity

HIDDEN: Final = "(hidden)"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowViewer:
    """Who looks.

    Attributes:
        identity: as proved at the door.
        decides: whether by the right to decide, or to read the record; else as whoever asked for the change.
        in_view: whether row filters of the viewer bound the change already, since it was made on their behalf.
    """

    identity: Identity
    decides: bool
    in_view: bool


def show_rows(viewer: RowViewer, action: ProposedAction, governance: Governance, now: datetime) -> ProposedAction:
    """Return the action with the rows of its preview as the viewer may see them.

    What is hidden from the viewer reads ``(hidden)``, and each table lists those columns under ``hidden``.
    """
    if action.preview is None or action.preview.tables is None:
        return action
    eye = _Eye(viewer, governance, EvaluationContext(now=now), of_action=action.proposal.action is not None)
    tables = tuple(eye.table(each) for each in action.preview.tables)
    return replace(action, preview=replace(action.preview, tables=tables))


def show_row(
    row: SampleRow,
    columns: Sequence[str],
    key: Sequence[str],
    *,
    before: Callable[[str], bool],
    after: Callable[[str], bool],
) -> SampleRow:
    """Return a row's change with what may be seen of it.

    Args:
        row: as it is.
        columns: of before and after.
        key: of the key's values.
        before: whether a column's old value may be seen; the key's is one.
        after: whether its new value may be.
    """

    def values(side: Cells | None, names: Sequence[str], sees: Callable[[str], bool]) -> Cells | None:
        if side is None:
            return None
        return tuple(value if sees(name) else HIDDEN for name, value in zip(names, side, strict=True))

    return SampleRow(
        kind=row.kind,
        key=values(row.key, key, before),
        before=values(row.before, columns, before),
        after=values(row.after, columns, after),
    )


class _Eye:
    def __init__(
        self, viewer: RowViewer, governance: Governance, circumstances: EvaluationContext, *, of_action: bool
    ) -> None:
        self._viewer = viewer
        self._governance = governance
        self._circumstances = circumstances
        self._of_action = of_action

    def table(self, table: TablePreview) -> TablePreview:
        columns, key, sample = table.columns, table.key, table.sample
        models = find_models_over(table.table, self._governance.catalog.models.values())
        readable = {name for name in (*columns, *key) if self._reads(models, name)}
        before, after = set(readable), set(readable)
        if not self._viewer.decides:
            if table.cause != str(Cause.STATEMENT):
                sample = ()
            if self._of_action:
                # Who calls an action knows the action, not the table: which rows it names, and what it sets there.
                before |= set(key)
                after |= {*key, *table.assigned}
        filters = self._filters(models)
        shown: list[SampleRow] = []
        for row in sample:
            inside = filters is not None and all(_in_view(each, models, columns, row) for each in filters)
            sees: tuple[set[str], set[str]] = (before, after) if inside else (set(), set())
            shown.append(show_row(row, columns, key, before=sees[0].__contains__, after=sees[1].__contains__))
        hidden = tuple(name for name in columns if name not in before)
        return replace(table, sample=tuple(shown), hidden=hidden)

    def _reads(self, models: Sequence[SemanticModel], column: str) -> bool:
        """Whether the column's values may be shown: under every name that the table has in the catalog."""
        judge, person = self._governance.judge, self._viewer.identity
        granted = [
            judge.person_reads(
                person,
                column_resource(model, column),
                dataset_resource(model),
                needs_grant=not self._viewer.decides,
                circumstances=self._circumstances,
            )
            for model in models
        ]
        return all(granted) and (bool(granted) or self._viewer.decides)

    def _filters(self, models: Sequence[SemanticModel]) -> Sequence[RowFilter] | None:
        """Row filters that bind the viewer and did not bind the change; None where they cannot be told."""
        if self._viewer.in_view:
            return ()
        found: list[RowFilter] = []
        for model in models:
            filters = self._governance.judge.person_filters(
                self._viewer.identity, dataset_resource(model), circumstances=self._circumstances
            )
            if filters is None:
                return None
            found += filters
        return found


def find_models_over(table: str, models: Iterable[SemanticModel]) -> list[SemanticModel]:
    """Return the models whose source is the table, as the engine or the model names it in full or in part."""
    wanted = table.lower().split(".")
    found = []
    for model in models:
        source = [part.lower() for part in model.source]
        short = min(len(source), len(wanted))
        if source[-short:] == wanted[-short:]:
            found.append(model)
    return found


def _in_view(row_filter: RowFilter, models: Sequence[SemanticModel], columns: Sequence[str], row: SampleRow) -> bool:
    """Whether every image of the row surely passes the filter: what cannot be told here does not."""
    model = next((each for each in models if each.name == row_filter.dataset), None)
    if model is None:
        return False
    places = {name.lower(): position for position, name in enumerate(columns)}
    plain = {each.name: each.expression.text.lower() for each in model.dimensions}

    def value_of(values: Cells, member: str) -> tuple[str | None] | None:
        place = places.get(plain.get(member, ""))
        return None if place is None else (values[place],)

    images = [side for side in (row.before, row.after) if side is not None]
    return all(_passes(row_filter.condition, each, value_of) is True for each in images)


def _passes(
    condition: Predicate, values: Cells, value_of: Callable[[Cells, str], tuple[str | None] | None]
) -> bool | None:
    """Three-valued; None also for what texts alone cannot tell (numbers, times, SQL)."""
    match condition:
        case And() | Or():
            parts = [_passes(each, values, value_of) for each in condition.parts]
            decides = isinstance(condition, Or)
            return decides if decides in parts else None if None in parts else not decides
        case Not():
            inner = _passes(condition.part, values, value_of)
            return None if inner is None else not inner
        case Comparison():
            return _compare_cell(condition, value_of(values, condition.member))
    return None


def _compare_cell(condition: Comparison, found: tuple[str | None] | None) -> bool | None:
    if found is None:
        return None
    if condition.op in {Operator.IS_NULL, Operator.IS_NOT_NULL}:
        return (found[0] is None) is (condition.op is Operator.IS_NULL)
    if found[0] is None or not all(isinstance(each, str) for each in condition.values):
        return None
    match condition.op:
        case Operator.EQ | Operator.IN:
            # Equal to the letter is equal under any collation; what differs may be equal under one.
            return True if found[0] in condition.values else None
    return None
