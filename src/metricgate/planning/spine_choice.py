"""From which moments of which time spine the rows of a scan are read, or why none can be chosen."""

from __future__ import annotations

from dataclasses import dataclass

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.model import Dimension, SemanticModel
from metricgate.catalog.saved import TimeSpine
from metricgate.planning.binders import Binders
from metricgate.planning.calendars import calendars_served, converts_by_calendar, to_start
from metricgate.planning.grain_compatibility import calendar_not_served, unfit_for
from metricgate.planning.looking_back import looking_back
from metricgate.planning.message_subject import MessageSubject, subject_of
from metricgate.planning.metrics.expansion import LeafMetric
from metricgate.planning.period_starts import unsafe_to_group
from metricgate.planning.question import Question
from metricgate.planning.scan import SpineJoin
from metricgate.planning.scan_binder import Binder
from metricgate.planning.spine_reads import at_one_moment, base_of, moments_of
from metricgate.planning.time_problems import needs_time, no_spine, no_time, read_at_several, unsafe_groups
from metricgate.planning.time_ranges import speaks_of_time
from metricgate.planning.time_spec import TimeSpec

Found = tuple[SpineJoin, TimeSpine]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpineRequest:
    """What a scan is made for.

    Attributes:
        leaf: the first of its leaves, whose treatment of time all share.
        root: the model.
        dimension: the time of its rows; None where there is none, or none is asked.
        asked_for: what problems speak of.
    """

    leaf: LeafMetric
    root: SemanticModel
    dimension: Dimension | None
    asked_for: MessageSubject


@dataclass(frozen=True, slots=True, kw_only=True)
class SpineChoice:
    """Chooses the spines of one question's scans."""

    question: Question
    catalog: Catalog
    binders: Binders

    def of(self, subject: SpineRequest, binder: Binder, forms: list[TimeSpec], *, beside: bool) -> Found | None:
        """Return the moments that rows are read from, where the leaf looks back in time, and their spine.

        Args:
            subject: whose spine it is.
            binder: of the rows; the spine's alias is taken in its tables.
            forms: in which the rows' own time is asked.
            beside: it is grouped by something that depends on its time, too.

        Problems are noted.
        """
        leaf, dimension, asked_for = subject.leaf, subject.dimension, subject.asked_for
        problems = self.binders.problems
        if converts_by_calendar(leaf):
            problems.append(calendar_not_served(asked_for))
            return None
        backward = _looks_back(leaf, forms)
        if backward and dimension is None:
            problems.append(no_time(asked_for))
        if not backward or dimension is None:
            return None
        timed = speaks_of_time(self.question, binder, dimension.name, self.binders.resolver.spines.calendars)
        if not forms and not (leaf.shifts and (to_start(leaf) or timed)):
            self._needs_time(leaf, asked_for)
        spines = self.binders.resolver.spines.of(subject.root.warehouse)
        base = base_of(leaf, dimension, forms, spines)
        served = calendars_served(leaf, base, spines)
        unfit = unfit_for(leaf, base, asked_for) if served else calendar_not_served(asked_for)
        if unfit is not None:
            problems.append(unfit)
            return None
        unsafe = unsafe_to_group(asked_for, leaf, forms, base, spines, beside=beside)
        if unsafe is not None:
            problems.append(unsafe_groups(unsafe))
        found = moments_of(
            leaf,
            dimension,
            subject.root,
            binder.tables,
            spines,
            forms,
            base=base,
            shown=self.binders.clocks.own(leaf.metric.model, dimension),
            timed=timed,
            beside=beside,
        )
        if found is None:
            problems.append(no_spine(asked_for, dimension.granularity))
        elif leaf.conversion is not None and not at_one_moment(found[0]):
            problems.append(read_at_several(asked_for))
        return found

    def _needs_time(self, leaf: LeafMetric, asked_for: MessageSubject) -> None:
        """Name the metric that was asked: the input that it reads, ``asked_for``, is the definition's affair."""
        names = looking_back(self.question.metrics, self.catalog.metrics, leaf)
        seen = subject_of(filter(self.binders.resolver.sees_metric, names))
        subject = seen if seen.metrics else asked_for
        self.binders.problems.append(needs_time(subject, "an offset" if leaf.shifts else "a window"))


def _looks_back(leaf: LeafMetric, forms: list[TimeSpec]) -> bool:
    if leaf.running is not None and leaf.running.window is None and leaf.running.grain_to_date is None:
        return bool(leaf.shifts or forms)  # since ever without any time is the whole
    return bool(leaf.shifts or leaf.running)
