"""Cube's measures -> metrics in the cube's domain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from metricgate.catalog.expression_parser import ExpressionFault
from metricgate.catalog.sql_rewriter import Aggregated, aggregates_in, substitute_columns
from metricgate.importing.computed import Computed, ComputedDraft
from metricgate.importing.cube.cube_reach import CubeReach
from metricgate.importing.cube.cubes import Cube, Dimensions, finish_member
from metricgate.importing.cube.references import Referring, cube_of, resolve_references
from metricgate.importing.cube.time_shifts import Shifted, shift_of
from metricgate.importing.name_translation import Naming
from metricgate.importing.report import Notes
from metricgate.importing.source_parts import SourcePart, without_empty
from metricgate.vocabulary.json import Json

_AGGREGATES = {
    "count": "count", "sum": "sum", "avg": "average", "min": "min", "max": "max",
    "count_distinct": "count_distinct", "count_distinct_approx": "count_distinct",
}  # fmt: skip
_FUNCTIONS = {"count": "COUNT", "sum": "SUM", "average": "AVG", "min": "MIN", "max": "MAX"}
_COMPUTED = frozenset({"number", "number_agg"})
_NO_COUNTERPART = ("group_by", "reduce_by", "add_group_by", "case", "filter", "order_by")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Measured:
    """What a measure computes, and the filters over other cubes that its rows must pass."""

    found: Aggregated
    filters: tuple[str, ...] = ()


@dataclass(slots=True)
class CubeMeasures:
    """The measures of every cube."""

    cubes: Mapping[str, Cube]
    dimensions: Dimensions
    reach: CubeReach
    notes: Notes
    over_time: list[dict[str, Json]] = field(default_factory=list)
    """Metrics that look back in time, and so need a time spine."""
    names: dict[tuple[str, str], str] = field(default_factory=dict)

    def read(self) -> list[dict[str, Json]]:
        """Return every metric; what has no counterpart is told."""
        parts = {name: cube.members("measures") for name, cube in self.cubes.items()}
        namings = {name: Naming(notes=self.notes) for name in self.cubes}
        for name, measures in parts.items():
            for written, part in measures.items():
                what = f"the measure {written!r} of {self.cubes[name].what}"
                self.names[name, written] = namings[name].give(written, what, part.at("name"))
        documents: list[dict[str, Json]] = []
        for name, measures in parts.items():
            computed = Computed(namings[name], self.notes)
            for written, part in measures.items():
                self._measure(self.cubes[name], written, part, computed)
            documents.extend(computed.documents())
        return self._whole([*documents, *self.over_time])

    def full_name(self, cube: str, measure: str) -> str:
        """Return the metric's full name here."""
        return f"{self.cubes[cube].name}.{self.names[cube, measure]}"

    def _measure(self, cube: Cube, written: str, part: SourcePart, computed: Computed) -> None:
        what = f"the measure {written!r} of {cube.what}"
        if part.has("time_shift") and not any(map(part.has, _NO_COUNTERPART)):
            found: _Measured | ExpressionFault | Shifted = shift_of(cube, part, self.cubes)
        else:
            found = self._found(cube, part, what, computed)
        if isinstance(found, ExpressionFault):
            self.notes.note_dropped(what, part.place, found.message)
            part.ignore(*part.present_keys())
            self.names.pop((cube.written, written))
            return
        name = self.names[cube.written, written]
        words = without_empty(domain=cube.name, label=part.text("title"), description=part.text("description"))
        if isinstance(found, Shifted):
            self._shifted(name, what, part, found, words)
            return
        rolling = part.part("rolling_window")
        finish_member(part, what)
        models = (cube.name,) * len(found.found.aggregates)
        if rolling is not None:
            window = self._window(name, what, rolling, words)
            if window is None:
                self.names.pop((cube.written, written))
                return
            self.over_time.append(window)
            name, words = f"{name}_each", without_empty(domain=cube.name)
            self.notes.note_added(f"the metric {cube.name}.{name}", part.place, f"{what} is its running total")
        draft = ComputedDraft(
            name=name, what=what, where=part.place, words=words, found=found.found, models=models, filters=found.filters
        )
        computed.drafts.append(draft)

    def _shifted(self, name: str, what: str, part: SourcePart, shift: Shifted, words: dict[str, Json]) -> None:
        finish_member(part, what)
        owner, measure = self.cubes[shift.cube], self.names.get((shift.cube, shift.measure), shift.measure)
        if shift.every:
            self.notes.note_changed(
                what, part.at("time_shift"), "metric_time is shifted; Cube shifts every time of a question"
            )
        self.over_time.append(
            {
                "name": name,
                "type": "derived",
                "expr": "earlier",
                "input_metrics": [{"name": f"{owner.name}.{measure}", "alias": "earlier", "offset_window": shift.back}],
                **words,
            }
        )

    def _found(self, cube: Cube, part: SourcePart, what: str, computed: Computed) -> _Measured | ExpressionFault:
        unknown = next((key for key in ("time_shift", *_NO_COUNTERPART) if part.has(key)), None)
        if unknown is not None:
            return ExpressionFault(f"{unknown!r} has no counterpart")
        kind = part.word("type") or "number"
        text = part.text("sql")
        if kind in _COMPUTED:
            part.flag("multi_stage")  # arithmetic over measures is the same in one stage
            if part.has("filters"):
                return ExpressionFault("a computed measure cannot be filtered")
            found = self._computed(cube, text, computed)
            return found if isinstance(found, ExpressionFault) else _Measured(found=found)
        if part.flag("multi_stage"):
            return ExpressionFault("'multi_stage' has a counterpart only for arithmetic over measures")
        if kind not in _AGGREGATES:
            return ExpressionFault(f"the type {kind!r} has no counterpart")
        if kind == "count_distinct_approx":
            self.notes.note_changed(what, part.at("type"), "it is counted exactly here")
        return self._aggregate(cube, part, _AGGREGATES[kind], what)

    def _aggregate(self, cube: Cube, part: SourcePart, function: str, what: str) -> _Measured | ExpressionFault:
        text = part.text("sql")
        if text is None and function != "count":
            return ExpressionFault("it has no sql")
        filters = part.parts("filters")
        written = [each.required_text("sql", "a filter") for each in filters]
        for each in filters:
            each.finish(f"a filter of {what}")
        value, reached = self._value(cube, text)
        conditions: list[str | ExpressionFault] = []
        for condition in written:
            if self.reach.others(cube, condition):
                reached.append(self.reach.filter(cube, condition))
            else:
                conditions.append(self._scalar(cube, condition))
        fault = next((each for each in (value, *conditions, *reached) if isinstance(each, ExpressionFault)), None)
        if fault is not None:
            return fault
        if conditions:
            value = f"CASE WHEN {' AND '.join(f'({each})' for each in conditions)} THEN {value} END"
        whole = f"COUNT(DISTINCT {value})" if function == "count_distinct" else f"{_FUNCTIONS[function]}({value})"
        found = aggregates_in(whole, lambda _table, column: column)
        if isinstance(found, ExpressionFault):
            return found
        if reached:
            reason = "what it reads of other cubes is a filter here: a group in which no row passes it is not shown"
            self.notes.note_changed(what, part.place, reason)
        return _Measured(found=found, filters=tuple(dict.fromkeys(map(str, reached))))

    def _value(self, cube: Cube, text: str | None) -> tuple[str | ExpressionFault, list[str | ExpressionFault]]:
        """Return what is aggregated, and the filters that come with it."""
        if text is None:
            return "1", []
        if not self.reach.others(cube, text):
            return self._scalar(cube, text), []
        key = self.reach.key(cube, text)
        return (key, []) if isinstance(key, ExpressionFault) else (key.column, [key.filter])

    def _scalar(self, cube: Cube, text: str) -> str | ExpressionFault:
        return self.dimensions.scalar(cube, text)

    def _computed(self, cube: Cube, text: str | None, computed: Computed) -> Aggregated | ExpressionFault:
        """Take apart SQL over measures (of any cube) and aggregates (of this one)."""
        if text is None:
            return ExpressionFault("it has no sql")
        found = resolve_references(text, cube.written, frozenset(self.cubes))
        if isinstance(found, ExpressionFault):
            return found
        for stand_in, (owner, member) in found.members.items():
            if (owner, member) in self.names:
                computed.known[f"{owner}__{member}"] = self.full_name(owner, member)
            elif owner != cube.written or member not in cube.texts:
                return ExpressionFault(f"nothing is known of {owner}.{member}")
            del stand_in
        named = substitute_columns(found.text, lambda table, column: self._named(cube, found, table, column))
        if isinstance(named, ExpressionFault):
            return named
        return aggregates_in(named, lambda table, column: column if table is None else None)

    def _named(self, cube: Cube, found: Referring, table: str | None, column: str) -> str | None:
        if table is None and column in found.members:
            owner, member = found.members[column]
            return f"{owner}__{member}" if (owner, member) in self.names else cube.texts[member]
        return column if table is None or (cube_of(table) or table) == cube.written else None

    def _window(self, name: str, what: str, rolling: SourcePart, words: dict[str, Json]) -> dict[str, Json] | None:
        kind = rolling.word("type") or "fixed"
        trailing, grain = rolling.text("trailing"), rolling.word("granularity")
        if rolling.has("leading") or rolling.word("offset") == "start" or kind not in {"fixed", "to_date"}:
            self.notes.note_dropped(what, rolling.place, "only windows that end now have a counterpart")
            rolling.ignore(*rolling.present_keys())
            return None
        rolling.finish(f"the rolling window of {what}")
        shown = None if trailing in {None, "unbounded"} else trailing
        return {
            "name": name,
            "type": "cumulative",
            "input_metric": f"{name}_each",
            **without_empty(
                window=shown if kind == "fixed" else None, grain_to_date=grain if kind == "to_date" else None
            ),
            "period_agg": "last",
            **words,
        }

    def _whole(self, documents: list[dict[str, Json]]) -> list[dict[str, Json]]:
        """Leave out (told) metrics over metrics that were dropped."""
        there = {_full_name(each) for each in documents}
        kept = [each for each in documents if all(name in there for name in _inputs(each))]
        for each in documents:
            missing = next((name for name in _inputs(each) if name not in there), None)
            if missing is not None:
                place = next(iter(self.cubes.values())).part.place
                self.notes.note_dropped(f"the metric {_full_name(each)!r}", place, f"{missing!r} is not imported")
        return kept if len(kept) == len(documents) else self._whole(kept)


def _full_name(document: Mapping[str, Json]) -> str:
    return f"{document['domain']}.{document['name']}" if "domain" in document else str(document["name"])


def _inputs(document: Mapping[str, Json]) -> list[str]:
    """Return the full names of the metrics that the document is built on."""
    found: list[str] = []
    listed = document.get("input_metrics")
    inputs = list(listed) if isinstance(listed, list) else []
    for each in (document.get("numerator"), document.get("denominator"), document.get("input_metric"), *inputs):
        name = each.get("name") if isinstance(each, Mapping) else each
        if isinstance(name, str):
            full = name if "." in name or "domain" not in document else f"{document['domain']}.{name}"
            found.append(full)
    return found
