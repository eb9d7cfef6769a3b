"""The distinct values of one categorical dimension, as a plan of its own."""

from __future__ import annotations

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.labels import dataset_resource, member_resource
from metricgate.catalog.metrics import SimpleMetric
from metricgate.catalog.model import Dimension, Entity
from metricgate.planning import codes
from metricgate.planning.group_by_options import simple_metrics
from metricgate.planning.member_resolver import METRIC_TIME, Resolver, composite
from metricgate.planning.message_subject import subject_of
from metricgate.planning.metric_names import resolve_metric
from metricgate.planning.plan import OutputColumn, Plan, PlanExplanation, Sorting
from metricgate.planning.question_checks import check_counts
from metricgate.planning.scan import MemberValues, ScanTable
from metricgate.planning.scan_parts import Condition, Reference, ScanKey
from metricgate.vocabulary.nearest import did_you_mean
from metricgate.vocabulary.predicate import Comparison, Operator
from metricgate.vocabulary.problem import Place, Problem, Problems


def plan_values(
    catalog: Catalog,
    resolver: Resolver,
    member: str,
    *,
    metrics: tuple[str, ...],
    search: str | None,
    prefix: str | None,
    limit: int | None,
    offset: int | None,
) -> Plan | Problems:
    """Return the plan; only the dimension's own model is scanned."""
    problems: list[Problem] = []
    check_counts(limit, offset, problems)
    home = _home(catalog, resolver, member, metrics, problems)
    own = None if home is None else _own_member(catalog, *home)
    if own is not None and home is not None and isinstance(own, Dimension) and own.granularity is not None:
        problems.append(_not_categorical(member))
    if isinstance(own, Entity) and len(own.expressions) > 1 and home is not None:
        problems.append(composite(member, own, home[0], "member"))
    if problems or home is None or own is None:
        return Problems(tuple(problems))
    model = catalog.models[home[0]]
    reference = Reference(
        table=model.name,
        model=model.name,
        name=own.name,
        expression=own.expression if isinstance(own, Dimension) else own.expressions[0],
    )
    scan = MemberValues(
        name=model.name,
        tables=(ScanTable(alias=model.name, model=model.name, source=model.source),),
        keys=(ScanKey(name=member, reference=reference),),
        measures=(),
        conditions=_search_conditions(member, reference, search, prefix),
    )
    return Plan(
        metrics=(),
        columns=(OutputColumn(name=member, member=member),),
        scans=(scan,),
        sorting=(Sorting(column=member),),
        limit=limit,
        offset=offset,
        resources=(
            member_resource(model, own.name),
            dataset_resource(model),
        ),
        models=(model,),
        homes=((model.name, model.warehouse),),
        explanation=PlanExplanation(
            time_columns=(), time_range=None, time_zone=None, joins=((member, ()),), default_order=True, notes=()
        ),
    )


def _search_conditions(
    member: str, reference: Reference, search: str | None, prefix: str | None
) -> tuple[Condition, ...]:
    wanted = ((Operator.CONTAINS, search), (Operator.STARTS_WITH, prefix))
    return tuple(
        Condition(
            predicate=Comparison(member=member, op=op, values=(text,)), members=((member, reference),), shown=True
        )
        for op, text in wanted
        if text
    )


def _home(
    catalog: Catalog, resolver: Resolver, member: str, metrics: tuple[str, ...], problems: list[Problem]
) -> tuple[str, str] | None:
    if member == METRIC_TIME:
        problems.append(_not_categorical(member))
        return None
    homes: dict[tuple[str, str], None] = {}
    for position, name in enumerate(metrics):
        metric = resolve_metric(name, catalog, None, f"metrics[{position}]", resolver.sees_metric)
        if isinstance(metric, Problem):
            problems.append(metric)
            continue
        for leaf in simple_metrics(metric, catalog):
            _add(homes, resolver, member, leaf, problems)
    if not metrics:
        homes = dict.fromkeys(resolver.homes(member))
    if problems:
        return None
    if not homes:
        hint = did_you_mean(member, resolver.known) or "Search the catalog, or describe a metric, for its members."
        message = f"No model has a dimension {member[:120]!r}."
        problems.append(Problem(code=codes.UNKNOWN_MEMBER, message=message, where=Place(path="member"), hint=hint))
        return None
    if len(homes) > 1:
        problems.append(_several(member, list(homes)))
        return None
    return next(iter(homes))


def _add(
    homes: dict[tuple[str, str], None], resolver: Resolver, member: str, leaf: SimpleMetric, problems: list[Problem]
) -> None:
    name = leaf.header.name
    asked_for = subject_of(filter(resolver.sees_metric, [name]))
    found = resolver.resolve(member, leaf.model, place="member", asked_for=asked_for)
    if isinstance(found, Problem):
        problems.append(found)
    else:
        homes[found.model, found.own_name] = None


def _own_member(catalog: Catalog, model: str, name: str) -> Dimension | Entity | None:
    home = catalog.models[model]
    return home.dimension(name) or home.entity(name)


def _several(member: str, homes: list[tuple[str, str]]) -> Problem:
    names = ", ".join(f"{model}.{name}" for model, name in homes)
    return Problem(
        code=codes.AMBIGUOUS_PATH,
        message=f"{member[:120]!r} may be {names}.",
        where=Place(path="member"),
        hint="Name a metric, so that its join path decides, or write the entity before the dimension.",
        details={"paths": [f"{model}.{name}" for model, name in homes]},
    )


def _not_categorical(member: str) -> Problem:
    return Problem(
        code=codes.VALUE_TYPE,
        message=f"{member[:120]!r} is a time: its values are not listed.",
        where=Place(path="member"),
        hint="Ask a metric grouped by it, or filter with a time range.",
    )
