"""One action -> what its page shows: a sentence, the change cell by cell, why it is held, how it can be taken back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

from metricgate.approvals.documents import outcome_to_json
from metricgate.approvals.preview import SampleRow
from metricgate.approvals.proposal import ProposedAction, State
from metricgate.gateway.people_service import ActionView
from metricgate.surfaces.console.words import CLASSES, cell, count_words
from metricgate.vocabulary.actor import ActorKind
from metricgate.vocabulary.json import Json

_VERBS: Final = {"insert": "insert", "update": "change", "delete": "delete"}
_LARGEST: Final = 3
_OPEN: Final = {State.PREVIEWED, State.HELD, State.APPROVED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One value before and after; None stands for NULL. ``is_key`` where it tells the row apart."""

    before: str | None
    after: str | None
    had: bool
    has: bool

    @property
    def changed(self) -> bool:
        """Whether the value differs."""
        return self.had and self.has and self.before != self.after


@dataclass(frozen=True, slots=True, kw_only=True)
class PageTable:
    """Rows of one table."""

    name: str
    cascade: bool
    columns: Sequence[str]
    rows: Sequence[tuple[str, Sequence[Cell]]]
    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskSignal:
    """What contributed to the risk score; ``share`` of the largest, 0 to 100."""

    name: str
    points: float
    why: str
    share: int


def sentence(action: ProposedAction) -> str:
    """Return what the action would do (or did), in one sentence."""
    proposal = action.proposal
    counts = rows_of(action)
    parts = [f"{verb} {count_words(counts[kind], 'row')}" for kind, verb in _VERBS.items() if counts.get(kind)]
    doing = " and ".join(parts) or "change no row"
    where = ", ".join(target.partition(":")[2] for target in proposal.targets if target.startswith("dataset:"))
    cascaded = counts.get("cascaded", 0)
    behind = f", and {count_words(cascaded, 'row')} behind foreign keys" if cascaded else ""
    whom = f" for {proposal.user}" if proposal.user else ""
    name = f" by the action {proposal.action}" if proposal.action else ""
    actor = action.actor
    who = (
        f"Agent {proposal.agent}{whom}" if actor.kind is ActorKind.AGENT else str(actor).capitalize().replace(":", " ")
    )
    says = "proposes" if action.state in _OPEN else "proposed"
    if action.preview is not None and action.preview.structure is not None:
        return f"{who} {says} a change of the table itself: it {action.preview.structure.says}."
    return f"{who} {says} to {doing}{f' of {where}' if where else ''}{behind}{name}."


def rows_of(action: ProposedAction) -> dict[str, int]:
    """Return how many rows change, by what happens to them."""
    found = {} if action.preview is None else asdict(action.preview.rows)
    return {name: value for name, value in found.items() if value is not None}


def tables_of(view: ActionView) -> list[PageTable]:
    """Return the sample, table by table."""
    preview = view.action.preview
    if preview is None:
        return []
    found: list[PageTable] = []
    # A table may be there twice: by the change itself, and behind a foreign key.
    for name, table in {each.table: each for each in preview.tables or ()}.items():
        rows = [row for of, row in preview.sample() if of.table == name]
        found.append(
            PageTable(
                name=name,
                cascade=table.cause == "cascade",
                columns=table.columns,
                rows=[(row.kind, _cells_of(row, len(table.columns))) for row in rows],
                of=max(table.rows.total, len(rows)),
            )
        )
    return found


def _cells_of(row: SampleRow, width: int) -> list[Cell]:
    had, has = row.before is not None, row.after is not None
    before = list(row.before or [None] * width)
    after = list(row.after or [None] * width)
    return [
        Cell(before=_cut_cell(old), after=_cut_cell(new), had=had, has=has)
        for old, new in zip(before, after, strict=False)
    ]


def _cut_cell(value: str | None) -> str | None:
    return None if value is None else cell(value)


def signals(action: ProposedAction) -> list[RiskSignal]:
    """Return the largest contributions to the risk score."""
    found = () if action.risk is None else action.risk.contributions
    points = [(each.points or 0.0, each) for each in found]
    points.sort(key=lambda pair: -pair[0])
    largest = max((number for number, _each in points), default=0.0) or 1.0
    return [
        RiskSignal(
            name=each.signal.replace("_", " "),
            points=number,
            why=each.because,
            share=max(1, round(100 * number / largest)),
        )
        for number, each in points[:_LARGEST]
    ]


def undo_words(action: ProposedAction) -> str:
    """Return in words how far the action can be taken back."""
    level = str(action.proposal.reversibility)
    told = "" if action.preview is None else action.preview.undo
    return told or CLASSES[level]


def outcome_words(action: ProposedAction) -> list[tuple[str, Json]]:
    """Return what is told of how the action ended, each with its name."""
    return list(outcome_to_json(action.outcome).items())


def wanted_words(action: ProposedAction) -> str:
    """Return in words which rules hold the action, and who may not approve it."""
    required = action.requirement
    if required is None:
        return ""
    held = f"Held by {', '.join(required.rules)}." if required.rules else "Held."
    return f"{held} An approver is not the {' or the '.join(required.apart)}." if required.apart else held
