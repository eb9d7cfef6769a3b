"""Preview, risk and outcome of an action as JSON and back: the one place that knows their names there.

What is written is kept in actions, goes into the record, is digested where a person was shown it, and is answered at
every door: names and their order stay. Reading is strict. What earlier releases left out is None; a number that was
erased is None, and is written as ``(erased)`` again. Where erasing took a name, the whole part counts as erased: None,
which is written as an empty object.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import ParamSpec, TypeVar

from metricgate.approvals.outcome import ActionOutcome, NotCarriedOut, RowsChanged
from metricgate.approvals.preview import (
    Cells,
    ConsideredRule,
    DefinitionsPreview,
    Preview,
    RiskContribution,
    RiskSummary,
    RowCounts,
    SampleRow,
    StructurePreview,
    TableCounts,
    TablePreview,
)
from metricgate.vocabulary.erased import ERASED
from metricgate.vocabulary.json import Json

_KINDS = ("insert", "update", "delete")
_COUNTS = (*_KINDS, "cascaded", "total")
_OF_ROW = ("kind", "key", "before", "after")
_OF_TABLE = ("table", "cause", "columns", "key", "assigned", "rows", "sample")
_OF_STRUCTURE = ("says", "table", "rows", "values", "columns", "indexes", "not_restored", "notes", "metrics")
_OF_DEFINITIONS = ("digest", "acting", "number")
_OF_RULE = ("rule", "decision", "message")
_OF_PREVIEW = ("dataset", "rows", "columns", "labels", "unknown", "reversibility", "undo", "because")
_LATER_OF_PREVIEW = ("tables", "not_back", "definitions", "structure", "considered", "partial")
"""What a list leaves out, what earlier releases did not have, and what either an undo or a proposal does not have."""
_OF_RISK = ("score", "likelihood", "impact", "contributions")
_OF_CONTRIBUTION = ("signal", "side", "points", "because")

Given = ParamSpec("Given")
Read = TypeVar("Read")


class MisshapenDocument(ValueError):
    """What was kept is not what any release wrote: names the part, never its value."""


class _NameErased(Exception):
    """Erasing took the name of a field."""


def _unless_erased(read: Callable[Given, Read]) -> Callable[Given, Read | None]:
    @wraps(read)
    def reading(*args: Given.args, **kwargs: Given.kwargs) -> Read | None:
        try:
            return read(*args, **kwargs)
        except _NameErased:
            return None

    return reading


def preview_to_json(preview: Preview | None) -> dict[str, Json]:
    """Return what ``preview_from_json`` reads: an undo has its reversibility after its definitions."""
    if preview is None:
        return {}
    document: dict[str, Json] = {"dataset": preview.dataset, "rows": counts_to_json(preview.rows)}
    if preview.tables is not None:
        document["tables"] = [_table_json(each) for each in preview.tables]
    document["columns"] = None if preview.columns is None else list(preview.columns)
    document["labels"] = None if preview.labels is None else list(preview.labels)
    document["unknown"] = list(preview.unknown)
    undo = preview.partial is not None
    if not undo:
        document["reversibility"] = preview.reversibility
    if preview.not_back is not None:
        document["not_back"] = list(preview.not_back)
    if preview.definitions is not None:
        found = preview.definitions
        document["definitions"] = {
            "digest": found.digest,
            "acting": list(found.acting),
            "number": _count_json(found.number),
        }
    if undo:
        document["reversibility"] = preview.reversibility
    document["undo"] = preview.undo
    document["structure"] = None if preview.structure is None else _structure(preview.structure)
    document["because"] = preview.because
    if preview.considered is not None:
        document["considered"] = [rule_to_json(each) for each in preview.considered]
    if preview.partial is not None:
        document["partial"] = preview.partial
    return document


@_unless_erased
def preview_from_json(raw: Json) -> Preview | None:
    """Return the preview; None for an empty object, and where what it says was erased.

    Raises:
        MisshapenDocument: no release wrote it.
    """
    if raw == {}:
        return None
    found = _read_object(raw, "preview", _OF_PREVIEW, _LATER_OF_PREVIEW)
    structure, definitions = found.get("structure"), found.get("definitions")
    considered, partial = found.get("considered"), found.get("partial")
    if partial is not None and not isinstance(partial, bool):
        raise MisshapenDocument("preview.partial")
    return Preview(
        dataset=_text_or_none(found["dataset"], "preview.dataset"),
        rows=_read_counts(found["rows"]),
        tables=_list_or_none(found.get("tables"), "preview.tables", _read_table),
        columns=_texts_or_none(found["columns"], "preview.columns"),
        labels=_texts_or_none(found["labels"], "preview.labels"),
        unknown=_read_texts(found["unknown"], "preview.unknown"),
        reversibility=_read_text(found["reversibility"], "preview.reversibility"),
        not_back=_texts_or_none(found.get("not_back"), "preview.not_back"),
        definitions=None if definitions is None else _read_definitions(definitions),
        undo=_read_text(found["undo"], "preview.undo"),
        structure=None if structure is None else _read_structure(structure),
        because=_text_or_none(found["because"], "preview.because"),
        considered=_list_or_none(considered, "preview.considered", _read_rule),
        partial=partial,
    )


def risk_to_json(risk: RiskSummary | None) -> dict[str, Json]:
    """Return ``{score, likelihood, impact, contributions: [{signal, side, points, because}]}``."""
    if risk is None:
        return {}
    return {
        "score": _count_json(risk.score),
        "likelihood": _count_json(risk.likelihood),
        "impact": _count_json(risk.impact),
        "contributions": [
            {"signal": each.signal, "side": each.side, "points": _count_json(each.points), "because": each.because}
            for each in risk.contributions
        ],
    }


@_unless_erased
def risk_from_json(raw: Json) -> RiskSummary | None:
    """Return the risk; None for an empty object (an undo has none), and where what it says was erased.

    Raises:
        MisshapenDocument: no release wrote it.
    """
    if raw == {}:
        return None
    found = _read_object(raw, "risk", _OF_RISK)
    return RiskSummary(
        score=_read_count(found["score"], "risk.score"),
        likelihood=_read_number(found["likelihood"], "risk.likelihood"),
        impact=_read_number(found["impact"], "risk.impact"),
        contributions=_read_list(found["contributions"], "risk.contributions", _read_contribution),
    )


def outcome_to_json(outcome: ActionOutcome | None) -> dict[str, Json]:
    """Return ``{rows}`` or ``{problem: {code, message, hint?, details?}}``; empty where it has not ended."""
    match outcome:
        case None:
            return {}
        case RowsChanged():
            return {"rows": counts_to_json(outcome.rows)}
        case NotCarriedOut():
            problem: dict[str, Json] = {"code": outcome.code, "message": outcome.message}
            if outcome.hint is not None:
                problem["hint"] = outcome.hint
            if outcome.details:
                problem["details"] = dict(outcome.details)
            return {"problem": problem}


@_unless_erased
def outcome_from_json(raw: Json) -> ActionOutcome | None:
    """Return the outcome; None for an empty object, and where what it says was erased.

    Raises:
        MisshapenDocument: no release wrote it.
    """
    found = _read_object(raw, "outcome", (), ("rows", "problem"))
    if len(found) > 1:
        raise MisshapenDocument("outcome")
    if "rows" in found:
        return RowsChanged(rows=_read_counts(found["rows"]))
    if "problem" not in found:
        return None
    problem = _read_object(found["problem"], "outcome.problem", ("code", "message"), ("hint", "details"))
    details = problem.get("details", {})
    if not isinstance(details, Mapping):
        raise MisshapenDocument("outcome.problem.details")
    return NotCarriedOut(
        code=_read_text(problem["code"], "outcome.problem.code"),
        message=_read_text(problem["message"], "outcome.problem.message"),
        hint=_text_or_none(problem.get("hint"), "outcome.problem.hint"),
        details=details,
    )


def counts_to_json(rows: RowCounts) -> dict[str, Json]:
    """Return ``{insert, update, delete, cascaded, total}``."""
    return {name: _count_json(getattr(rows, name)) for name in _COUNTS}


def rule_to_json(rule: ConsideredRule) -> dict[str, Json]:
    """Return ``{rule, decision, message}``."""
    return {"rule": rule.rule, "decision": rule.decision, "message": rule.message}


def _read_counts(raw: Json) -> RowCounts:
    found = _read_object(raw, "rows", _COUNTS)
    return RowCounts(**{name: _read_count(found[name], f"rows.{name}") for name in _COUNTS})


def _table_json(table: TablePreview) -> dict[str, Json]:
    document: dict[str, Json] = {
        "table": table.table,
        "cause": table.cause,
        "columns": list(table.columns),
        "key": list(table.key),
        "assigned": list(table.assigned),
        "rows": {name: _count_json(getattr(table.rows, name)) for name in _KINDS},
        "sample": [
            {
                "kind": each.kind,
                "key": _cells_json(each.key),
                "before": _cells_json(each.before),
                "after": _cells_json(each.after),
            }
            for each in table.sample
        ],
    }
    return {**document, "hidden": list(table.hidden)} if table.hidden else document


def _read_table(raw: Json) -> TablePreview:
    found = _read_object(raw, "tables", _OF_TABLE, ("hidden",))
    rows = _read_object(found["rows"], "tables.rows", _KINDS)
    return TablePreview(
        table=_read_text(found["table"], "tables.table"),
        cause=_read_text(found["cause"], "tables.cause"),
        columns=_read_texts(found["columns"], "tables.columns"),
        key=_read_texts(found["key"], "tables.key"),
        assigned=_read_texts(found["assigned"], "tables.assigned"),
        rows=TableCounts(**{name: _read_count(rows[name], f"tables.rows.{name}") for name in _KINDS}),
        sample=_read_list(found["sample"], "tables.sample", _read_row),
        hidden=_read_texts(found.get("hidden", []), "tables.hidden"),
    )


def _read_row(raw: Json) -> SampleRow:
    found = _read_object(raw, "sample", _OF_ROW)
    return SampleRow(
        kind=_read_text(found["kind"], "sample.kind"),
        key=_read_cells(found["key"], "sample.key"),
        before=_read_cells(found["before"], "sample.before"),
        after=_read_cells(found["after"], "sample.after"),
    )


def _structure(structure: StructurePreview) -> dict[str, Json]:
    return {
        "says": structure.says,
        "table": structure.table,
        "rows": _count_json(structure.rows),
        "values": _count_json(structure.values),
        "columns": list(structure.columns),
        "indexes": list(structure.indexes),
        "not_restored": list(structure.not_restored),
        "notes": list(structure.notes),
        "metrics": list(structure.metrics),
    }


def _read_structure(raw: Json) -> StructurePreview:
    found = _read_object(raw, "structure", _OF_STRUCTURE)
    return StructurePreview(
        says=_read_text(found["says"], "structure.says"),
        table=_read_text(found["table"], "structure.table"),
        rows=_read_count(found["rows"], "structure.rows"),
        values=_read_count(found["values"], "structure.values"),
        columns=_read_texts(found["columns"], "structure.columns"),
        indexes=_read_texts(found["indexes"], "structure.indexes"),
        not_restored=_read_texts(found["not_restored"], "structure.not_restored"),
        notes=_read_texts(found["notes"], "structure.notes"),
        metrics=_read_texts(found["metrics"], "structure.metrics"),
    )


def _read_definitions(raw: Json) -> DefinitionsPreview:
    found = _read_object(raw, "definitions", _OF_DEFINITIONS)
    return DefinitionsPreview(
        digest=_read_text(found["digest"], "definitions.digest"),
        acting=_read_texts(found["acting"], "definitions.acting"),
        number=_read_count(found["number"], "definitions.number"),
    )


def _read_rule(raw: Json) -> ConsideredRule:
    found = _read_object(raw, "considered", _OF_RULE)
    rule, decision, message = (_read_text(found[name], f"considered.{name}") for name in _OF_RULE)
    return ConsideredRule(rule=rule, decision=decision, message=message)


def _read_contribution(raw: Json) -> RiskContribution:
    found = _read_object(raw, "contributions", _OF_CONTRIBUTION)
    return RiskContribution(
        signal=_read_text(found["signal"], "contributions.signal"),
        side=_read_text(found["side"], "contributions.side"),
        points=_read_number(found["points"], "contributions.points"),
        because=_read_text(found["because"], "contributions.because"),
    )


def _read_object(raw: Json, what: str, names: tuple[str, ...], later: tuple[str, ...] = ()) -> Mapping[str, Json]:
    """Return an object that has these names and none but these and ``later``."""
    if not isinstance(raw, Mapping):
        raise MisshapenDocument(what)
    if ERASED in raw:
        raise _NameErased(what)
    if not raw.keys() >= set(names) or not raw.keys() <= {*names, *later}:
        raise MisshapenDocument(what)
    return raw


def _read_list(raw: Json, what: str, read: Callable[[Json], Read]) -> tuple[Read, ...]:
    if not isinstance(raw, list | tuple):
        raise MisshapenDocument(what)
    return tuple(read(each) for each in raw)


def _list_or_none(raw: Json, what: str, read: Callable[[Json], Read]) -> tuple[Read, ...] | None:
    return None if raw is None else _read_list(raw, what, read)


def _read_text(raw: Json, what: str) -> str:
    if not isinstance(raw, str):
        raise MisshapenDocument(what)
    return raw


def _text_or_none(raw: Json, what: str) -> str | None:
    return None if raw is None else _read_text(raw, what)


def _read_texts(raw: Json, what: str) -> tuple[str, ...]:
    return _read_list(raw, what, lambda each: _read_text(each, what))


def _texts_or_none(raw: Json, what: str) -> tuple[str, ...] | None:
    return None if raw is None else _read_texts(raw, what)


def _cells_json(row: Cells | None) -> Json:
    return None if row is None else list(row)


def _read_cells(raw: Json, what: str) -> Cells | None:
    return None if raw is None else _read_list(raw, what, lambda each: _text_or_none(each, what))


def _count_json(number: float | None) -> Json:
    return ERASED if number is None else number


def _read_count(raw: Json, what: str) -> int | None:
    if raw == ERASED:
        return None
    if not isinstance(raw, int) or isinstance(raw, bool):
        raise MisshapenDocument(what)
    return raw


def _read_number(raw: Json, what: str) -> float | None:
    if raw == ERASED:
        return None
    if not isinstance(raw, int | float) or isinstance(raw, bool):
        raise MisshapenDocument(what)
    return raw
