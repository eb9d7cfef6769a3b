"""Our filters -> dbt's: SQL text with ``{{ Dimension('order__status') }}`` in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.filters import subject_of
from metricgate.catalog.model import EntityType, SemanticModel
from metricgate.catalog.names import METRIC_TIME, split_metric_call
from metricgate.exporting.conditions import ONE_VALUE, Unsaid, comparison_text, condition_text, literal_text
from metricgate.importing.source_parts import without_empty
from metricgate.vocabulary.grain import Grain
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.predicate import And, Comparison, Not, Operator, Or, Predicate, Scalar, Template

_LIKE = {Operator.CONTAINS: "%{}%", Operator.STARTS_WITH: "{}%", Operator.ENDS_WITH: "%{}"}
_GRAINS = frozenset(grain.value for grain in Grain)
_STAND_IN = re.compile(r"\$([mv])(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Writes filters for metrics of one model; ``names`` are the metrics' names in dbt."""

    catalog: Catalog
    names: Mapping[str, str]

    def text(self, condition: Predicate, model: SemanticModel | None) -> str:
        """Return the condition.

        Raises:
            Unsaid: dbt cannot say it.
        """
        return condition_text(condition, lambda leaf: self._leaf(leaf, model))

    def _leaf(self, each: Comparison | Template, model: SemanticModel | None) -> str:
        if isinstance(each, Template):
            return self._template(each, model)
        return self._comparison(each, self.member(each.member, model))

    def write_filter(self, condition: Predicate, model: SemanticModel | None) -> Json:
        """Return the condition in the form of ours in which it was written, metrics by their names in dbt."""
        if isinstance(condition, And) and any(isinstance(part, Template) for part in condition.parts):
            return [
                self.write_filter(part, model) for part in condition.parts
            ]  # only a list holds text beside structure
        match condition:
            case And() | Or():
                key = "and" if isinstance(condition, And) else "or"
                return {key: [self.write_filter(part, model) for part in condition.parts]}
            case Not():
                return {"not": self.write_filter(condition.part, model)}
            case Template():
                return self._template(condition, model)
            case Comparison():
                subject = subject_of(condition.member)
                if "metric" in subject:
                    subject["metric"] = self.names.get(str(subject["metric"]), subject["metric"])
                values = [each for each in condition.values if isinstance(each, (str, int, float))]
                value: Json = values[0] if condition.op in ONE_VALUE else list[Json](values)
                return without_empty(**subject, op=str(condition.op)) | ({"value": value} if values else {})

    def member(self, member: str, model: SemanticModel | None) -> str:
        """Return the call in double braces that names the member in dbt."""
        return "{{ " + self.call(member, model) + " }}"

    def call(self, member: str, model: SemanticModel | None) -> str:
        """Return ``Dimension('order__status')``, ``TimeDimension(...)``, ``Entity(...)`` or ``Metric(...)``.

        Raises:
            Unsaid: dbt has no words for it.
        """
        metric = split_metric_call(member)
        if metric is not None:
            name, group_by = metric
            listed = ", ".join(f"'{each}'" for each in group_by)
            return f"Metric('{self.names.get(name, name)}', group_by=[{listed}])"
        lost = self._lost() & set(member.split("__")[:-1])
        if lost:
            raise Unsaid(f"it filters by {member!r}, and dbt cannot join over {min(lost)!r}")
        head, _, last = member.rpartition("__")
        if head and (last in _GRAINS or last in self._calendars()):
            return f"TimeDimension('{self._with_entity(head, model)}', '{last}')"
        if last.startswith("extract_"):
            raise Unsaid(f"it filters by a part of a date ({member!r})")
        if member == METRIC_TIME:
            return f"TimeDimension('{METRIC_TIME}')"
        if self._is_entity(last):
            return f"Entity('{member}')"
        return f"Dimension('{self._with_entity(member, model)}')"

    def _lost(self) -> set[str]:
        """Return the joins that do not come along: named relationships, and composite keys."""
        models = self.catalog.models.values()
        named = {each.name for model in models for each in model.relationships}
        keys = (each for model in models for each in model.entities)
        return named | {each.name for each in keys if len(each.expressions) > 1 and each.type is EntityType.FOREIGN}

    def _calendars(self) -> set[str]:
        return {each.name for spine in self.catalog.time_spines.values() for each in spine.calendars}

    def _is_entity(self, name: str) -> bool:
        models = self.catalog.models.values()
        return any(model.entity(name) for model in models) and not any(model.dimension(name) for model in models)

    @staticmethod
    def _with_entity(member: str, model: SemanticModel | None) -> str:
        if "__" in member or member == METRIC_TIME:
            return member
        if model is None or model.primary_entity is None:
            raise Unsaid(f"it names {member!r} without an entity before it")
        return f"{model.primary_entity}__{member}"

    def _comparison(self, each: Comparison, member: str) -> str:
        if each.op not in _LIKE:
            return comparison_text(each.op, member, [_sql_literal(value) for value in each.values])
        value = str(each.values[0])
        if any(character in value for character in "%_\\"):
            raise Unsaid(f"it filters by a pattern in {value!r}")
        return f"{member} LIKE {_sql_literal(_LIKE[each.op].format(value))}"

    def _template(self, each: Template, model: SemanticModel | None) -> str:
        def stand_in(found: re.Match[str]) -> str:
            at = int(found[2])
            return self.member(each.members[at], model) if found[1] == "m" else _sql_literal(each.values[at])

        return _STAND_IN.sub(stand_in, each.text)


def _sql_literal(value: Scalar) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    found = "NULL" if value is None else literal_text(value, "\\{}")
    if found is None:
        raise Unsaid(f"it filters by {str(value)[:40]!r}, which SQL dialects or dbt's templates read differently")
    return found
