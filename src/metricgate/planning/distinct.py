"""Questions without metrics: the distinct group-bys of the one model that reaches all of them most directly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from metricgate.catalog.expression import Expression
from metricgate.catalog.model import Dimension, DimensionType, EntityType, SemanticModel
from metricgate.catalog.names import split_metric_call
from metricgate.catalog.saved import TimeSpine
from metricgate.catalog.strictness import is_strict
from metricgate.planning import codes
from metricgate.planning.binders import Binders
from metricgate.planning.graph import Member
from metricgate.planning.group_bys import GroupBys
from metricgate.planning.member_resolver import METRIC_TIME
from metricgate.planning.message_subject import NO_SUBJECT, THE_QUESTION
from metricgate.planning.plan_assembly import ScanNotes
from metricgate.planning.question import Question
from metricgate.planning.scan import MemberValues
from metricgate.planning.scan_binder import SpineRoot
from metricgate.planning.spines import Spines, column, spine_table
from metricgate.planning.time_ranges import bound_range
from metricgate.planning.time_spec import split_form
from metricgate.vocabulary.grain import Grain
from metricgate.vocabulary.predicate import members_of
from metricgate.vocabulary.problem import Code, Place, Problem


class DistinctScans:
    """Makes the one scan of a question without metrics."""

    def __init__(
        self, question: Question, models: Mapping[str, SemanticModel], binders: Binders, group_bys: GroupBys
    ) -> None:
        self._question = question
        self._models = models
        self._binders = binders
        self._group_bys = group_bys
        self._resolver = binders.resolver
        self._calendars = binders.resolver.spines.calendars

    def scans(self) -> list[ScanNotes]:
        """Return the scan, or none after noting why there is none."""
        members = [each.member for each in self._group_bys.asked] + self._filtered()
        timed = METRIC_TIME in members or self._question.time_range is not None
        others = list(dict.fromkeys(member for member in members if member != METRIC_TIME))
        spines = self._resolver.spines
        spine = self._spine(spines) if timed else None
        root = self._root(others) if others or spine is None else _of_spine(spine)
        if root is not None and spine is not None:
            spine = self._spine(spines.of(root.warehouse))
        if timed and spine is None:
            self._problem(codes.NO_TIME_SPINE, "Without a metric, metric_time is the time spine's; there is none.")
            return []
        if root is None:
            return []
        return [self._scan(root, spine, others)]

    def _scan(self, root: SemanticModel, spine: TimeSpine | None, others: list[str]) -> ScanNotes:
        base = root
        joined = bool(others)
        tables = self._binders.tables(base, None, whole=self._reaches_out(root, others))
        on = None
        if spine is not None:
            time = _time_of(spine)
            base = root if root.dimension(time.name) else replace(root, dimensions=(*root.dimensions, time))
            alias = tables.moments(spine) if joined else root.name
            on = SpineRoot(spine=spine, alias=alias, time=time, grain=spine.granularity, instead=False)
        question = self._question
        binder = self._binders.binder(base, tables, THE_QUESTION, on)
        keys = self._group_bys.keys(binder, METRIC_TIME)
        span, problems = question.time_range, self._binders.problems
        conditions = [bound_range(binder, METRIC_TIME, span, self._models, problems)]
        if question.where is not None:
            conditions.append(binder.condition(question.where, "where", METRIC_TIME))
        found = tables.tables if joined or spine is None else (spine_table(spine, root.name),)
        scan = MemberValues(
            name=root.name,
            tables=found,
            keys=keys,
            measures=(),
            conditions=tuple(each for each in conditions if each is not None),
            distinct=question.distinct,
            whole=True,
            root_key=_key_of(root),
        )
        for used in [each for each in binder.used if each[1] == METRIC_TIME]:
            del binder.used[used]  # the spine's time is nobody's dimension
        return ScanNotes(scan=scan, binder=binder, leaves=())

    def _reaches_out(self, root: SemanticModel, members: list[str]) -> bool:
        """Whether other models or answers are joined, so that rows of theirs may stand where the root has none."""
        resolver = self._resolver
        found = [resolver.resolve(member, root.name, place="", asked_for=NO_SUBJECT) for member in members]
        return any(isinstance(each, Problem) or bool(each.hops) for each in found) or any(
            split_metric_call(member) is not None for member in members_of(self._question.where)
        )

    def _filtered(self) -> list[str]:
        found = []
        for member in members_of(self._question.where):
            call = split_metric_call(member)
            names = [member] if call is None else [group.rpartition("__")[2] for group in call[1]]
            found += [split_form(name, self._calendars)[0] for name in names]
        return found

    def _spine(self, spines: Spines) -> TimeSpine | None:
        grains = [each.form.grain for each in self._group_bys.asked if each.member == METRIC_TIME and each.form.grain]
        finest = min([*grains, Grain.DAY], key=lambda grain: grain.rank)
        return spines.coarsest_for(finest)

    def _root(self, members: list[str]) -> SemanticModel | None:
        """The model with the fewest joins to all; of several the one whose keys they are, then the narrowest."""
        resolver, models = self._resolver, self._models
        best: tuple[int, int, int, str] | None = None
        for name, model in models.items():
            found: list[Member] = []
            for member in members:
                each = resolver.resolve(member, name, place="", asked_for=NO_SUBJECT)
                if isinstance(each, Problem):
                    break
                found.append(each)
            if len(found) < len(members):
                continue
            foreign = sum(each.entity is not None and each.own_name != model.primary_entity for each in found)
            width = len(model.dimensions) + len(model.entities)
            score = (sum(len(each.hops) for each in found), foreign, width, name)
            best = score if best is None or score < best else best
        if best is not None:
            return models[best[3]]
        for position, member in enumerate(members):
            if not resolver.homes(member):
                self._problem(codes.UNKNOWN_MEMBER, f"No model has a member {member[:120]!r}.", f"group_by[{position}]")
                return None
        self._problem(
            codes.NO_COMMON_MODEL, f"No model reaches all of {', '.join(repr(each[:120]) for each in members)}."
        )
        return None

    def _problem(self, code: Code, message: str, path: str = "group_by") -> None:
        self._binders.problems.append(Problem(code=code, message=message, where=Place(path=path)))


def _key_of(root: SemanticModel) -> Expression | None:
    """Return the primary key where it is one value that no missing row has."""
    keys = next((each.expressions for each in root.entities if each.type is EntityType.PRIMARY), ())
    return keys[0] if len(keys) == 1 and is_strict(keys[0]) else None


def _time_of(spine: TimeSpine) -> Dimension:
    return Dimension(
        name=METRIC_TIME,
        type=DimensionType.TIME,
        expression=column(spine.column),
        granularity=spine.granularity,
    )


def _of_spine(spine: TimeSpine) -> SemanticModel:
    return SemanticModel(
        name=spine.name, source=spine.source, warehouse=spine.warehouse, entities=(), dimensions=(_time_of(spine),)
    )
