"""Resolved scans and values to the finished plan: columns, order, resources, explanation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.labels import dataset_resource, member_resource, metric_resource
from metricgate.catalog.metrics import Metric, Status
from metricgate.catalog.model import TimeKind
from metricgate.planning import codes
from metricgate.planning.clocks import Clocks
from metricgate.planning.member_resolver import METRIC_TIME
from metricgate.planning.metrics.expansion import LeafMetric
from metricgate.planning.metrics.values import DerivedValue, MeasureValue, RatioValue, Value
from metricgate.planning.plan import OutputColumn, Plan, PlanExplanation, PlannedMetric, ResolvedRange, Sorting
from metricgate.planning.plan_notes import looking_back, of_all_time
from metricgate.planning.plan_warehouses import homes_of
from metricgate.planning.question import Question
from metricgate.planning.scan import Scan, tables_read
from metricgate.planning.scan_binder import Binder
from metricgate.planning.scan_parts import Reference, ScanKey
from metricgate.planning.times_shown import shown_value
from metricgate.vocabulary.grain import Grain
from metricgate.vocabulary.nearest import did_you_mean
from metricgate.vocabulary.problem import Place, Problem
from metricgate.vocabulary.resource import Resource, ResourceKind
from metricgate.vocabulary.result import DataType

Named = Sequence[tuple[str, Metric, Value]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanNotes:
    """A finished scan with what the plan tells about it."""

    scan: Scan
    binder: Binder
    leaves: tuple[LeafMetric, ...]


Scanned = Sequence[ScanNotes]


def assemble_plan(
    question: Question,
    catalog: Catalog,
    named: Named,
    scanned: Scanned,
    keys: Sequence[str],
    problems: list[Problem],
    clocks: Clocks,
) -> Plan:
    """Return the plan; where problems were noted it is not to be used."""
    _check_same_members(question, catalog, scanned, problems)
    columns = _output_columns(question, named, scanned[0].scan.keys)
    answers = [answer for each in scanned for answer in each.binder.answers]
    within = [name for answer in answers for name in answer.datasets]
    read = (table.model for each in scanned for table in tables_read(each.scan) if table.model)
    datasets = tuple(dict.fromkeys([*read, *within]))
    resources = _plan_resources(named, scanned, datasets, answers, catalog)
    models = tuple(catalog.models[name] for name in datasets)
    scans = tuple(each.scan for each in scanned)
    leaves = {leaf.measure: leaf for each in scanned for leaf in each.leaves}
    for answer in answers:
        clocks.take(answer.types)
    return Plan(
        metrics=tuple(
            _planned_metric(asked, metric, shown_value(value, leaves, clocks)) for asked, metric, value in named
        ),
        columns=columns,
        scans=scans,
        extremes=question.min_max_only,
        types=tuple(clocks.asked.items()),
        sorting=_sorting(question, catalog, columns, keys, problems),
        limit=question.limit,
        offset=question.offset,
        resources=resources,
        models=models,
        homes=homes_of(models, scans),
        explanation=_explanation(
            question,
            named,
            scanned,
            clocks,
            sundays=any(catalog.models[name].week_start is not None for name in datasets),
        ),
    )


def _plan_resources(
    named: Named, scanned: Scanned, datasets: Sequence[str], answers: Sequence[Plan], catalog: Catalog
) -> tuple[Resource, ...]:
    """Metrics, then dimensions, then datasets; what filters compare with counts as asked."""
    dimensions = dict.fromkeys(used for each in scanned for used in each.binder.used if used[0])
    within = [resource for answer in answers for resource in answer.resources]
    found = (
        *(metric_resource(metric) for _asked, metric, _value in named),
        *(each for each in within if each.kind is ResourceKind.METRIC),
        *(member_resource(catalog.models[model], name) for model, name in dimensions),
        *(each for each in within if each.kind is ResourceKind.DIMENSION),
        *(dataset_resource(catalog.models[name]) for name in datasets),
    )
    return tuple(dict.fromkeys(found))


def _planned_metric(asked: str, metric: Metric, value: Value) -> PlannedMetric:
    header = metric.header
    return PlannedMetric(
        name=header.name,
        asked=asked,
        definition_version=header.definition_version,
        certified=header.certified,
        status=header.status,
        value=value,
    )


def _key_identity(reference: Reference, catalog: Catalog) -> str:
    """What a key is: an entity is the same wherever it stands, a dimension is its model's own."""
    home = catalog.models.get(reference.model)
    if home is not None and home.entity(reference.name) is not None:
        return reference.name
    return f"{reference.model}.{reference.name}"


def _check_same_members(question: Question, catalog: Catalog, scanned: Scanned, problems: list[Problem]) -> None:
    for position, asked in enumerate(question.group_by):
        if asked.member == METRIC_TIME:
            continue
        homes = {_key_identity(each.scan.keys[position].reference, catalog): each.scan.name for each in scanned}
        if len(homes) > 1:
            shown = ", ".join(f"{member} (from {scan})" for member, scan in homes.items())
            problems.append(
                Problem(
                    code=codes.CONFLICTING_MEMBER,
                    message=f"{asked.member!r} means different things for the metrics: {shown}.",
                    where=Place(path=f"group_by[{position}]"),
                    hint="Ask for the metrics one by one, or write a path that leads to the same dimension for each.",
                )
            )


def _output_columns(question: Question, named: Named, keys: Sequence[ScanKey]) -> tuple[OutputColumn, ...]:
    if question.min_max_only:
        return tuple(
            OutputColumn(name=f"{key.name}__{end}", member=asked.member, type=_key_type(key))
            for key, asked in zip(keys, question.group_by, strict=True)
            for end in ("min", "max")
        )
    return (
        *(
            OutputColumn(name=key.name, member=asked.member, type=_key_type(key))
            for key, asked in zip(keys, question.group_by, strict=True)
        ),
        *(
            OutputColumn(name=metric.header.name, metric=metric.header.name, type=metric.value_type)
            for _asked, metric, _value in named
        ),
    )


def _key_type(key: ScanKey) -> DataType | None:
    if key.reference.part is not None:
        return DataType.INTEGER
    if key.reference.grain is None:
        return None
    return DataType.DATE if key.reference.grain >= Grain.DAY else DataType.TIMESTAMP


def _sorting(
    question: Question,
    catalog: Catalog,
    columns: Sequence[OutputColumn],
    keys: Sequence[str],
    problems: list[Problem],
) -> tuple[Sorting, ...]:
    found: list[Sorting] = []
    for position, asked in enumerate(question.order_by):
        column = _sorted_column(asked.column, catalog, columns)
        if column is None:
            names = [each.name for each in columns]
            problems.append(
                Problem(
                    code=codes.UNKNOWN_ORDER,
                    message=f"The answer has no column {asked.column[:120]!r} to sort by.",
                    where=Place(path=f"order_by[{position}]"),
                    hint=did_you_mean(asked.column, names) or f"Its columns are: {', '.join(names)}.",
                )
            )
        elif all(column != each.column for each in found):
            found.append(Sorting(column=column, descending=asked.descending))
    if question.min_max_only:
        return tuple(found)
    asked_columns = {each.column for each in found}
    return (*found, *(Sorting(column=key) for key in keys if key not in asked_columns))


def _sorted_column(name: str, catalog: Catalog, columns: Sequence[OutputColumn]) -> str | None:
    exact = [each.name for each in columns if each.name == name]
    meant = exact or list(dict.fromkeys(each.name for each in columns if each.member == name))
    if not meant:
        called = catalog.find_metrics(name)
        meant = [each.name for each in columns if each.metric in called]
    return meant[0] if len(meant) == 1 else None


def _explanation(
    question: Question, named: Named, scanned: Scanned, clocks: Clocks, *, sundays: bool
) -> PlanExplanation:
    zone = question.time_zone
    asked = question.time_range
    paths = {name: hops for each in scanned for name, hops in each.binder.paths.items()}
    several = len(scanned) > 1
    joins: list[tuple[str, tuple[str, ...]]] = []
    for name in paths:
        hops = [str(hop) for each in scanned for hop in each.binder.paths.get(name, ())]
        joins.append((name, tuple(dict.fromkeys(hops)) if several else tuple(hops)))
    time_range = (
        None
        if asked is None
        else ResolvedRange(start=asked.start, before=asked.before, time_zone=asked.time_zone or zone)
    )
    leaves = {leaf.measure: leaf for each in scanned for leaf in each.leaves}
    return PlanExplanation(
        time_columns=tuple((metric.header.name, _time_columns(value, leaves)) for _asked, metric, value in named),
        time_range=time_range,
        time_zone=zone,
        joins=tuple(joins),
        default_order=not question.order_by,
        notes=tuple(_plan_notes(question, named, scanned, sundays=sundays)),
        time_kinds=tuple(clocks.told.items()),
    )


def _is_day(reference: Reference) -> bool:
    if reference.clock is not None:
        return reference.clock.kind is TimeKind.DATE
    return reference.granularity is not None and reference.granularity >= Grain.DAY


def _time_columns(value: Value, leaves: dict[str, LeafMetric]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for measure in measures_of(value):
        metric = leaves[measure].metric
        if metric.time_dimension is not None:
            found[f"{metric.model}.{metric.time_dimension}"] = None
    return tuple(found)


def measures_of(value: Value) -> tuple[str, ...]:
    """Return the names of the measures that a value is built on, in order, with repetitions."""
    match value:
        case MeasureValue():
            return (value.measure,)
        case RatioValue():
            return (*measures_of(value.numerator), *measures_of(value.denominator))
        case DerivedValue():
            return tuple(measure for _alias, each in value.inputs for measure in measures_of(each))


def _plan_notes(question: Question, named: Named, scanned: Scanned, *, sundays: bool) -> list[str]:
    notes: list[str] = []
    for _asked, metric, _value in named:
        header = metric.header
        if header.status is Status.DRAFT:
            notes.append(f"{header.name} is a draft: its definition may change.")
        if header.status is Status.DEPRECATED:
            instead = header.deprecation.replaced_by if header.deprecation else None
            notes.append(f"{header.name} is deprecated" + (f"; use {instead}." if instead else "."))
    times = {
        f"{key.reference.model}.{key.reference.name}": key.reference
        for each in scanned
        for key in each.scan.keys
        if key.reference.granularity is not None
    }
    if question.time_zone is not None:
        notes += [
            f"{name} holds dates, so the time zone does not shift it."
            for name, reference in times.items()
            if reference.granularity is not None and _is_day(reference)
        ]
    if question.time_range is not None:
        notes += of_all_time(question.where)
    if not named:
        notes.append(f"Distinct rows of {scanned[0].scan.name}, the model that reaches all members most directly.")
    if len(scanned) > 1:
        names = ", ".join(each.scan.name for each in scanned)
        notes.append(f"Aggregated apart and then joined on the group-bys, so that none loses rows: {names}.")
    notes += [
        f"{name} is converted to {reference.zones.shown} before it is cut to the grain."
        for name, reference in times.items()
        if reference.zones is not None
    ]
    notes += [
        f"{name} by {reference.grain}: where clocks go back, the repeated hour is one group of both; where they go "
        "forward, the skipped hour has none."
        for name, reference in times.items()
        if reference.zones is not None and reference.grain is not None and reference.grain <= Grain.HOUR
    ]
    by_week = any(reference.grain is Grain.WEEK for reference in times.values())
    if by_week and sundays:
        notes.append("Weeks begin on Sunday, by the settings of the definitions.")
    return notes + looking_back((each.scan, each.leaves) for each in scanned)
