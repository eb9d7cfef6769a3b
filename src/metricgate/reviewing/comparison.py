"""``compare``: two catalogs in, every change out, each with its reasons, what it affects, and the SQL of both sides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.dependencies import built_on
from metricgate.catalog.metrics import Metric
from metricgate.catalog.names import split_metric_call
from metricgate.catalog.saved import SavedQuery
from metricgate.catalog.versions import digest_of_everything, meanings
from metricgate.planning.planner import Planner
from metricgate.reviewing.changes import CatalogChange, ChangedSubject, ChangeReason, ChangeType, Sides
from metricgate.reviewing.metric_comparison import MetricComparison
from metricgate.reviewing.sample import sample_sql
from metricgate.vocabulary.predicate import members_of

_NOWHERE = Sides(before=None, after=None)


def compare(before: Catalog, after: Catalog, dialect: str) -> tuple[CatalogChange, ...]:
    """Return every change, breaking ones first, then by subject and name.

    Args:
        before: the older catalog.
        after: the newer one.
        dialect: of the SQL that is shown, a sqlglot name.
    """
    found = (*_metric_changes(before, after, dialect), *_saved_query_changes(before, after), *_spines(before, after))
    return tuple(sorted(found, key=lambda each: (not each.breaking, str(each.subject), each.name)))


def _metric_changes(before: Catalog, after: Catalog, dialect: str) -> Iterator[CatalogChange]:
    planners = Planner(before), Planner(after)
    differences = MetricComparison(before, after, planners)
    renamed = _find_renamed(before, after)
    for name in sorted({*before.metrics, *after.metrics}):
        one, other = before.metrics.get(name), after.metrics.get(name)
        kind, reasons = _metric_verdict(name, one, other, differences, renamed)
        if not reasons:
            continue
        same = kind is ChangeType.WORDS
        dependents = _dependents(name, before, after)
        yield CatalogChange(
            subject=ChangedSubject.METRIC,
            name=name,
            kind=kind,
            reasons=reasons,
            version=Sides(before=_version_of(one), after=_version_of(other)),
            sql=_NOWHERE
            if same
            else Sides(
                before=None if one is None else sample_sql(name, planners[0], dialect),
                after=None if other is None else sample_sql(name, planners[1], dialect),
            ),
            metrics=dependents,
            saved_queries=_asked_by({name, *dependents}, before, after),
            renamed_to=renamed.get(name),
            certification_lapsed=bool(
                one is not None and other is not None and one.header.certified and not other.header.certified
            ),
        )


def _metric_verdict(
    name: str,
    one: Metric | None,
    other: Metric | None,
    differences: MetricComparison,
    renamed: Mapping[str, str],
) -> tuple[ChangeType, tuple[ChangeReason, ...]]:
    if other is None:
        new = renamed.get(name)
        message = "removed" if new is None else f"removed; {new} was added with the same meaning"
        return ChangeType.REMOVED, (ChangeReason(message=message, breaking=True),)
    if one is None:
        return ChangeType.ADDED, (ChangeReason(message="added", breaking=False),)
    meaning = differences.meaning(name)
    words = differences.words(name)
    return (ChangeType.MEANING if meaning else ChangeType.WORDS), (*meaning, *words)


def _version_of(metric: Metric | None) -> str | None:
    return None if metric is None else metric.header.definition_version


def _find_renamed(before: Catalog, after: Catalog) -> dict[str, str]:
    """Metrics that are gone -> the one new metric with the same meaning but for its name."""
    gone = {
        name: digest for name, digest in meanings(before.metrics, before.models).items() if name not in after.metrics
    }
    new: dict[str, list[str]] = {}
    for name, digest in meanings(after.metrics, after.models).items():
        if name not in before.metrics:
            new.setdefault(digest, []).append(name)
    return {name: new[digest][0] for name, digest in gone.items() if len(new.get(digest, ())) == 1}


def _dependents(name: str, *catalogs: Catalog) -> tuple[str, ...]:
    found: set[str] = set()
    for catalog in catalogs:
        waiting = [name]
        while waiting:
            below = waiting.pop()
            above = [
                each for each, metric in catalog.metrics.items() if below in built_on(metric) and each not in found
            ]
            found.update(above)
            waiting.extend(above)
    return tuple(sorted(found - {name}))


def _asked_by(names: set[str], *catalogs: Catalog) -> tuple[str, ...]:
    return tuple(
        sorted(
            {
                query.name
                for catalog in catalogs
                for query in catalog.saved_queries.values()
                if names.intersection(_needs(query))
            }
        )
    )


def _needs(query: SavedQuery) -> tuple[str, ...]:
    calls = (split_metric_call(member) for member in members_of(query.where))
    return (*query.metrics, *(call[0] for call in calls if call is not None))


def _saved_query_changes(before: Catalog, after: Catalog) -> Iterator[CatalogChange]:
    for name in sorted({*before.saved_queries, *after.saved_queries}):
        one, other = before.saved_queries.get(name), after.saved_queries.get(name)
        if one is None or other is None:
            yield _change_of(ChangedSubject.SAVED_QUERY, name, ChangeType.ADDED if one is None else ChangeType.REMOVED)
            continue
        parts = {
            "metrics": (one.metrics, other.metrics),
            "group-bys": (one.group_by, other.group_by),
            "filter": (one.where, other.where),
            "limit": (one.limit, other.limit),
            "order": (one.order_by, other.order_by),
        }
        changed = [part for part, (was, now) in parts.items() if was != now]
        if changed:
            message = f"asks for something else: {', '.join(changed)} changed"
            yield _change_of(
                ChangedSubject.SAVED_QUERY,
                name,
                ChangeType.MEANING,
                ChangeReason(message=message, breaking=changed != ["order"]),
            )
        elif (one.description, one.label) != (other.description, other.label):
            reason = ChangeReason(message="description or label changed", breaking=False)
            yield _change_of(ChangedSubject.SAVED_QUERY, name, ChangeType.WORDS, reason)


def _spines(before: Catalog, after: Catalog) -> Iterator[CatalogChange]:
    for name in sorted({*before.time_spines, *after.time_spines}):
        one, other = before.time_spines.get(name), after.time_spines.get(name)
        if one is None or other is None:
            yield _change_of(ChangedSubject.TIME_SPINE, name, ChangeType.ADDED if one is None else ChangeType.REMOVED)
            continue
        lost = {each.name for each in one.calendars} - {each.name for each in other.calendars}
        if digest_of_everything(one) != digest_of_everything(other):
            same = (one.source, one.column, one.granularity) == (other.source, other.column, other.granularity)
            kept = set(one.calendars) <= set(other.calendars)
            message = f"lost {', '.join(sorted(lost))}" if lost else "source, column, grain or calendars changed"
            words = same and one.calendars == other.calendars
            reason = ChangeReason(message="description changed" if words else message, breaking=not (same and kept))
            yield _change_of(ChangedSubject.TIME_SPINE, name, ChangeType.WORDS if words else ChangeType.MEANING, reason)


def _change_of(
    subject: ChangedSubject, name: str, kind: ChangeType, reason: ChangeReason | None = None
) -> CatalogChange:
    given = reason or ChangeReason(message=str(kind), breaking=kind is ChangeType.REMOVED)
    return CatalogChange(subject=subject, name=name, kind=kind, reasons=(given,), version=_NOWHERE, sql=_NOWHERE)
