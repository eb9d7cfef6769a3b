"""One question on its way to a plan: every step notes problems, and only the end returns."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.metrics import Metric
from metricgate.planning import codes
from metricgate.planning.binders import Binders
from metricgate.planning.clocks import Clocks, Kinds
from metricgate.planning.distinct import DistinctScans
from metricgate.planning.group_by_options import simple_metrics
from metricgate.planning.group_bys import GroupBys, RequestedGroupBy
from metricgate.planning.leaf_groups import leaf_groups
from metricgate.planning.member_resolver import METRIC_TIME, Resolver
from metricgate.planning.metric_names import resolve_metric
from metricgate.planning.metrics.expansion import Expansion, LeafMetric
from metricgate.planning.metrics.values import Value
from metricgate.planning.plan import Plan
from metricgate.planning.plan_assembly import ScanNotes, assemble_plan
from metricgate.planning.question import GroupBy, Question
from metricgate.planning.question_checks import check_columns, check_counts, check_options, check_twice
from metricgate.planning.scan_binder import Answers
from metricgate.planning.scan_builder import ScanBuilder
from metricgate.planning.time_ranges import check_range, check_zone
from metricgate.planning.time_spec import TimeSpec, split_form
from metricgate.vocabulary.grain import Grain
from metricgate.vocabulary.predicate import members_of
from metricgate.vocabulary.problem import Place, Problem, Problems


class PlanBuilder:
    """Plans one question; used once."""

    def __init__(
        self, question: Question, catalog: Catalog, resolver: Resolver, answers: Answers, kinds: Kinds
    ) -> None:
        self._question = _split_grains(question, resolver.spines.calendars)
        self._catalog = catalog
        self._resolver = resolver
        self._answers = answers
        self._problems: list[Problem] = []
        self._clocks = Clocks(kinds=kinds, zone=question.time_zone, models=catalog.models, problems=self._problems)
        self._names: list[str] = []

    def plan(self) -> Plan | Problems:
        """Return the plan, or all problems."""
        question, problems = self._question, self._problems
        check_counts(question.limit, question.offset, problems)
        check_options(question, problems)
        zone_known = check_zone(question.time_zone, "time_zone", problems)
        asked = question.time_range
        if asked is not None and check_zone(asked.time_zone, "time_range.time_zone", problems) and zone_known:
            check_range(asked, asked.time_zone or question.time_zone, problems)
        metrics = self._metrics()
        check_twice(question, metrics, problems)
        if not zone_known or any(problem.code is codes.UNKNOWN_TIME_ZONE for problem in problems):
            return Problems(tuple(problems))
        expansion = Expansion(self._catalog.metrics, {each.member.lower() for each in question.group_by})
        values = [expansion.value_of(metric) for metric in metrics]
        notes = self._scans(metrics, expansion.leaves)
        check_columns(self._names, metrics, problems)
        if problems:
            return Problems(_each_once(problems))
        return self._conclude(metrics, values, notes)

    def _conclude(self, metrics: list[Metric], values: list[Value], notes: list[ScanNotes]) -> Plan | Problems:
        named = list(zip(self._question.metrics, metrics, values, strict=True))
        made = assemble_plan(self._question, self._catalog, named, notes, self._names, self._problems, self._clocks)
        return Problems(_each_once(self._problems)) if self._problems else made

    def _metrics(self) -> list[Metric]:
        if not self._question.metrics and not self._question.group_by:
            self._problems.append(
                Problem(code=codes.NO_METRICS, message="The question names no metric.", where=Place(path="metrics"))
            )
        found: list[Metric] = []
        for position, name in enumerate(self._question.metrics):
            place, sees = f"metrics[{position}]", self._resolver.sees_metric
            metric = resolve_metric(name, self._catalog, self._question.domain, place, sees)
            if isinstance(metric, Problem):
                self._problems.append(metric)
            else:
                found.append(metric)
        return found

    def _scans(self, metrics: list[Metric], leaves: tuple[LeafMetric, ...]) -> list[ScanNotes]:
        group_bys = GroupBys(self._asked(metrics))
        models = self._catalog.models
        binders = Binders(
            models=models,
            resolver=self._resolver,
            answers=self._answers,
            clocks=self._clocks,
            problems=self._problems,
        )
        notes: list[ScanNotes] = []
        if self._question.metrics:
            builder = ScanBuilder(question=self._question, catalog=self._catalog, binders=binders, group_bys=group_bys)
            notes = [builder.build(group) for group in leaf_groups(leaves, by_time=self._uses_metric_time())]
        elif group_bys.asked:
            notes = DistinctScans(self._question, models, binders, group_bys).scans()
        self._names = group_bys.names
        return notes

    def _asked(self, metrics: list[Metric]) -> list[RequestedGroupBy]:
        found: list[RequestedGroupBy] = []
        default: Grain | None = None
        for each in self._question.group_by:
            member, form = each.member, TimeSpec(grain=each.grain, part=each.date_part, calendar=each.calendar)
            if member == METRIC_TIME and form.plain:
                default = default or self._default_grain(metrics)
                form = TimeSpec(grain=default)
            found.append(RequestedGroupBy(member=member, form=form))
        return found

    def _uses_metric_time(self) -> bool:
        question, calendars = self._question, self._resolver.spines.calendars
        return (
            question.time_range is not None
            or any(each.member == METRIC_TIME for each in question.group_by)
            or any(split_form(member, calendars)[0] == METRIC_TIME for member in members_of(question.where))
        )

    def _default_grain(self, metrics: list[Metric]) -> Grain | None:
        """What plain ``metric_time`` means: the metrics' own granularities, the coarsest where they differ."""
        coarsest: Grain | None = None
        for metric in metrics:
            own = metric.header.time_granularity
            if own is not None:
                coarsest = own if coarsest is None or own > coarsest else coarsest
                continue
            for leaf in simple_metrics(metric, self._catalog):
                name = leaf.time_dimension
                dimension = None if name is None else self._catalog.models[leaf.model].dimension(name)
                grain = None if dimension is None else dimension.granularity
                if grain is not None and (coarsest is None or grain > coarsest):
                    coarsest = grain
        if not metrics:
            spine = self._resolver.spines.coarsest_for(Grain.DAY)
            return None if spine is None else Grain.DAY
        return coarsest


def _split_grains(question: Question, calendars: Container[str]) -> Question:
    """Return the question with the suffixes of its times taken off their members."""
    found = tuple(_group_by(each, calendars) for each in question.group_by)
    return question if found == question.group_by else replace(question, group_by=found)


def _group_by(each: GroupBy, calendars: Container[str]) -> GroupBy:
    if each.grain is not None or each.date_part is not None or each.calendar is not None:
        return each
    member, form = split_form(each.member, calendars)
    if form.plain:
        return each
    return GroupBy(member=member, grain=form.grain, date_part=form.part, calendar=form.calendar)


def _each_once(problems: list[Problem]) -> tuple[Problem, ...]:
    """A mistake met by two scans is one mistake: the first of each code at a place, unless the message differs."""
    return tuple({(each.code.name, str(each.where), each.message): each for each in problems}.values())
