"""DDL that an agent proposes becomes a plan: table and column, the right to it, and which metrics read the table."""

from __future__ import annotations

from metricgate.catalog.dependencies import models_behind
from metricgate.catalog.labels import labels_of
from metricgate.catalog.model import SemanticModel
from metricgate.changing.shape import ColumnShape
from metricgate.changing.structure import StructureChange
from metricgate.gateway.call_context import CallContext
from metricgate.gateway.changes import codes
from metricgate.gateway.changes.decision_basis import JudgeQuestion
from metricgate.gateway.changes.plan import PlanDenied, PlannedChange, PlanResult, ask_policy
from metricgate.gateway.changes.settings import ChangeSettings
from metricgate.gateway.changes.target import ChangeTarget
from metricgate.gateway.datasets import column_resource, dataset_resource
from metricgate.guarding.dialects import tells_case_apart
from metricgate.guarding.writes import StructureText
from metricgate.policy.verdict import Decision
from metricgate.vocabulary.nearest import did_you_mean
from metricgate.vocabulary.problem import Problem, Problems
from metricgate.vocabulary.structure import StructureKind


def plan_structure(
    context: CallContext, text: StructureText, target: ChangeTarget, settings: ChangeSettings
) -> PlanResult:
    """Return what a text would do to a table, if its caller may propose it."""
    change = _change(text, target)
    if isinstance(change, Problems):
        return change
    dataset = dataset_resource(target.model)
    columns = [column_resource(target.model, each) for each in target.shape.names]
    [verb] = text.verbs
    ask = JudgeQuestion(verb=verb, resources=(context.tool, dataset), unless_forbidden=tuple(columns))
    verdict = ask_policy(context, ask)
    if verdict.decision is not Decision.ALLOW:
        return PlanDenied(verdict)
    own = [each for each in verdict.obligations.row_filters if each.dataset == target.model.name]
    if own or any(each.dataset == target.model.name for each in verdict.obligations.masks):
        # Who may see a part of a table does not decide on the whole of it.
        message = f"You see {target.model.name!r} in part only, and a change of the table means all of it."
        return Problems((Problem(code=codes.NOT_CHANGEABLE, message=message),))
    bound = _bound_by_name(context, target.model, change) if change.kind is StructureKind.RENAME_COLUMN else ""
    if bound:
        message = f"{bound} binds {target.model.name}.{change.column_name} by its name, which it would lose."
        return Problems((Problem(code=codes.NOT_CHANGEABLE, message=message, hint="People change rule and name."),))
    named = [] if change.kind is StructureKind.DROP_TABLE else [change.column_name]
    touched = [each for each in target.shape.names if each in named]
    limit = verdict.obligations.seconds
    return PlannedChange(
        target=target,
        write=text,
        verdict=verdict,
        reading=(),
        asks=((ask, verdict),),
        datasets=(target.model.name,),
        plan=None,
        changes=(),
        views=(),
        columns=tuple(touched or target.shape.names),
        resources=(dataset, *(column_resource(target.model, each) for each in touched)),
        most_rows=settings.most_rows,
        seconds=settings.seconds if limit is None else min(settings.seconds, float(limit.value)),
        structure=change,
        read_by=find_metrics_reading(context, target.model.name),
    )


def _bound_by_name(context: CallContext, model: SemanticModel, change: StructureChange) -> str:
    """Return which label or rule a column would slip from under another name; empty where none."""
    labels = labels_of(model, change.column_name)
    if labels:
        return f"The label {labels[0]!r}"
    own = str(column_resource(model, change.column_name)).lower()
    policy = context.governance.judge.policy
    guarding = (rule for kind in policy.kinds if kind.guards_columns for rule in policy.of(kind))
    patterns = ((rule.id, rule.named_patterns()) for rule in guarding)
    return next((f"The rule {rule!r}" for rule, names in patterns if own in {name.lower() for name in names}), "")


def find_metrics_reading(context: CallContext, model: str) -> tuple[str, ...]:
    """Return the full names of the metrics that aggregate a model, sorted."""
    metrics = context.governance.catalog.metrics
    return tuple(sorted(name for name in metrics if model in models_behind(name, metrics)))


def _change(text: StructureText, target: ChangeTarget) -> StructureChange | Problems:
    location = target.found.location
    if text.kind is StructureKind.DROP_TABLE:
        return StructureChange(kind=text.kind, table=location)
    exact = tells_case_apart(target.engine.dialect)
    known = {each.name if exact else each.name.lower(): each for each in target.shape.columns}
    found = known.get(text.column if exact else text.column.lower())
    if text.kind is StructureKind.ADD_COLUMN:
        if found is not None:
            return _unknown_column(
                f"{target.model.name!r} has a column {found.name!r} already.", "Give it another name."
            )
        return StructureChange(kind=text.kind, table=location, column=ColumnShape(name=text.column, type=text.type))
    if found is None:
        hint = did_you_mean(text.column, [each.name for each in target.shape.columns])
        return _unknown_column(f"{target.model.name!r} has no column {text.column!r}.", hint)
    if text.new_name and (text.new_name if exact else text.new_name.lower()) in known:
        return _unknown_column(
            f"{target.model.name!r} has a column {text.new_name!r} already.", "Give it another name."
        )
    return StructureChange(kind=text.kind, table=location, column=found, new_name=text.new_name)


def _unknown_column(message: str, hint: str | None) -> Problems:
    return Problems((Problem(code=codes.UNKNOWN_COLUMN, message=message, hint=hint),))
