"""``load``: all documents in, one immutable catalog or all problems out. Pure: the same texts give the same catalog."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeVar

from metricgate.catalog import codes
from metricgate.catalog.building.joins import link
from metricgate.catalog.building.kinds import KindCheck
from metricgate.catalog.building.members import MemberCheck
from metricgate.catalog.building.metric_words import check_synonyms, index_by_word
from metricgate.catalog.building.metrics import MetricBuilder, MetricDraft
from metricgate.catalog.building.models import build_model, check_settings
from metricgate.catalog.building.origin import Findings, Origin
from metricgate.catalog.building.references import MetricNames, cycle_from
from metricgate.catalog.building.saved import build_saved_query, build_time_spine
from metricgate.catalog.catalog import Catalog
from metricgate.catalog.dependencies import built_on
from metricgate.catalog.documents import (
    CatalogFile,
    SavedQueryDocument,
    SemanticModelDocument,
    SettingsDocument,
    TimeSpineDocument,
)
from metricgate.catalog.metric_types import BUILT_IN, MetricTypes
from metricgate.catalog.metrics import Metric
from metricgate.catalog.versions import digest_of_everything, with_versions
from metricgate.documents import DocumentLimits, Read, in_order
from metricgate.documents.memory import ReadMemory
from metricgate.vocabulary.problem import Place, Problem, Problems

T = TypeVar("T")

_FOLLOWING = frozenset({codes.DANGLING_REFERENCE.name})
"""Codes that may only be echoes of a file that could not be read; told once every file can."""


@dataclass(slots=True)
class _Parts:
    """Every definition of every file, by its name, first come first kept."""

    findings: Findings
    models: dict[str, tuple[SemanticModelDocument, Origin]] = field(default_factory=dict)
    metrics: dict[str, MetricDraft] = field(default_factory=dict)
    saved: dict[str, tuple[SavedQueryDocument, Origin]] = field(default_factory=dict)
    spines: dict[str, tuple[TimeSpineDocument, Origin]] = field(default_factory=dict)
    settings: tuple[SettingsDocument, Origin] | None = None

    def take(self, read: Read[CatalogFile]) -> None:
        """Sort the definitions of one file in."""
        self._take_settings(read)
        for at, model in enumerate(read.value.semantic_models):
            origin = Origin(read, ("semantic_models", at))
            self._keep("semantic model", self.models, model.name, (model, origin), origin)
            for inner, metric in enumerate(model.metrics):
                nested = MetricDraft(metric, origin.below("metrics", inner), model.name, metric.domain or model.domain)
                self._keep_metric(nested)
        for at, metric in enumerate(read.value.metrics):
            self._keep_metric(MetricDraft(metric, Origin(read, ("metrics", at)), None, metric.domain))
        for at, query in enumerate(read.value.saved_queries):
            origin = Origin(read, ("saved_queries", at))
            self._keep("saved query", self.saved, query.name, (query, origin), origin)
        for at, spine in enumerate(read.value.time_spines):
            origin = Origin(read, ("time_spines", at))
            self._keep("time spine", self.spines, spine.name, (spine, origin), origin)

    def _take_settings(self, read: Read[CatalogFile]) -> None:
        found = read.value.settings
        if found is None:
            return
        origin = Origin(read, ("settings",))
        if self.settings is None:
            self.settings = found, origin
            check_settings(found, origin, self.findings)
            return
        first = self.settings[1].at()
        self.findings.add(
            codes.DUPLICATE_NAME,
            "there are settings twice, and they hold for all definitions",
            origin.at(),
            f"The first are at {first.file}:{first.line}.",
        )

    def _keep_metric(self, draft: MetricDraft) -> None:
        self._keep("metric", self.metrics, draft.name, draft, draft.origin)

    def _keep(self, kind: str, kept: dict[str, T], name: str, part: T, origin: Origin) -> None:
        if name in kept:
            first = kept[name]
            before = first.origin if isinstance(first, MetricDraft) else first[1]  # type: ignore[index]  # a pair with its origin
            self.findings.add(
                codes.DUPLICATE_NAME,
                f"there are two of the {kind} {name!r}",
                origin.at("name"),
                f"The first is at {_file_and_line(before)}.",
            )
        kept.setdefault(name, part)


def _file_and_line(origin: Origin) -> str:
    place = origin.at("name")
    return f"{place.file}:{place.line}"


def load(
    documents: Sequence[tuple[str, str]], types: MetricTypes = BUILT_IN, *, memory: ReadMemory | None = None
) -> Catalog | Problems:
    """Return the catalog of these ``(file name, YAML text)`` pairs, or every problem in the order of their places.

    The order of the pairs does not matter. No file is loaded in part. ``types`` are those that metrics may be of;
    ``memory`` has files as they were read before.
    """
    reads, problems = _read_documents(documents, types.file, memory or ReadMemory())
    findings = Findings()
    parts = _Parts(findings)
    for read in reads:
        parts.take(read)
    settings = SettingsDocument() if parts.settings is None else parts.settings[0]
    models = {
        name: build_model(document, settings, origin, findings) for name, (document, origin) in parts.models.items()
    }
    models = link(models, {name: origin for name, (_document, origin) in parts.models.items()}, findings)
    names = MetricNames(frozenset(parts.metrics))
    builder = MetricBuilder(models, names, findings, {each.document: each for each in types.types})
    built = {name: builder.build(draft) for name, draft in parts.metrics.items()}
    metrics = {name: metric for name, metric in built.items() if metric is not None}
    _check_cycles(metrics, parts.metrics, findings)
    check_synonyms(parts.metrics, findings)
    calendars = frozenset(each.name for spine, _origin in parts.spines.values() for each in spine.custom_granularities)
    members = MemberCheck(models, metrics, findings, calendars)
    kinds = KindCheck(metrics=metrics, models=models, calendars=calendars, findings=findings)
    for name, metric in metrics.items():
        members.check(metric, parts.metrics[name])
        kinds.check(metric, parts.metrics[name])
    saved = {name: build_saved_query(doc, origin, names, findings) for name, (doc, origin) in parts.saved.items()}
    spines = {name: build_time_spine(doc, origin) for name, (doc, origin) in parts.spines.items()}
    told = [each for each in findings.problems if not problems or each.code.name not in _FOLLOWING]
    if problems or told:
        return Problems(in_order((*problems, *told)))
    final = with_versions(metrics, models)
    return Catalog(
        models=_sorted(models),
        metrics=_sorted(final),
        called=MappingProxyType(index_by_word(final)),
        saved_queries=_sorted(saved),
        time_spines=_sorted(spines),
        warehouse_zones=_warehouse_zones(parts),
        version=digest_of_everything((models, final, saved, spines)),
    )


def _warehouse_zones(parts: _Parts) -> dict[str, tuple[str, Place]]:
    if parts.settings is None:
        return {}
    document, origin = parts.settings
    return {name: (each.time_zone, origin.at("warehouses", name)) for name, each in document.warehouses.items()}


def _read_documents(
    documents: Iterable[tuple[str, str]], file: type[CatalogFile], memory: ReadMemory
) -> tuple[list[Read[CatalogFile]], list[Problem]]:
    reads: list[Read[CatalogFile]] = []
    problems: list[Problem] = []
    for name, text in sorted(documents):
        found = memory.read_all(name, text, file, limits=DocumentLimits())
        if isinstance(found, Problems):
            problems.extend(found)
        else:
            reads.extend(found)
    return reads, problems


def _check_cycles(metrics: Mapping[str, Metric], drafts: Mapping[str, MetricDraft], findings: Findings) -> None:
    inputs = {name: built_on(metric) for name, metric in metrics.items()}
    done: set[str] = set()
    for name in metrics:
        if name in done:
            continue
        cycle = cycle_from(name, inputs, done)
        if cycle is not None:
            done.update(cycle)
            findings.add(
                codes.METRIC_CYCLE,
                f"metrics are built on each other in a circle: {' -> '.join(cycle)}",
                drafts[cycle[0]].origin.at("name"),
                "Build one of them on a simple metric.",
            )


def _sorted(parts: Mapping[str, T]) -> Mapping[str, T]:
    return MappingProxyType(dict(sorted(parts.items())))
