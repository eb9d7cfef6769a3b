"""``metrics[]`` -> definitions: header, filter, and the part that each type has of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from metricgate.catalog import codes
from metricgate.catalog.building.origin import Findings, Origin, Step
from metricgate.catalog.building.references import MetricNames, full_name
from metricgate.catalog.conditions import parse_condition
from metricgate.catalog.documents import (
    ConversionDocument,
    CumulativeDocument,
    DerivedDocument,
    InputDocument,
    RatioDocument,
    SimpleDocument,
)
from metricgate.catalog.documents.metric import HeaderDocument
from metricgate.catalog.metrics import (
    Aggregation,
    Certification,
    ConstantProperty,
    ConversionMetric,
    CumulativeMetric,
    Deprecation,
    DerivedMetric,
    InputMetric,
    Metric,
    MetricHeader,
    NonAdditive,
    Percentile,
    RatioMetric,
    SimpleMetric,
    Window,
)
from metricgate.catalog.metrics.window import Period, parse_period, parse_window
from metricgate.catalog.model import DimensionType, SemanticModel
from metricgate.catalog.names import metric_call, split_metric_call
from metricgate.documents import codes as document_codes
from metricgate.vocabulary.nearest import did_you_mean
from metricgate.vocabulary.predicate import Predicate, with_members
from metricgate.vocabulary.problem import Problems

_UNVERSIONED = ""


@dataclass(frozen=True, slots=True)
class MetricDraft:
    """A metric's document with where it stands; ``model`` and ``domain`` come from the model it is nested in."""

    document: HeaderDocument
    origin: Origin
    model: str | None
    domain: str | None

    @property
    def name(self) -> str:
        """The full name."""
        return full_name(self.domain, self.document.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricType:
    """A type of metric: what is written of it, and what is made of that.

    Attributes:
        document: the keys of its YAML beside those of every metric; ``type`` is a ``Literal`` of its word.
        build: makes the metric without its version, of a document of that class, in the words of the builder. It
            returns None after noting problems.
    """

    document: type[HeaderDocument]
    build: Callable[[MetricBuilder, Any, MetricDraft], Metric | None]


@dataclass(frozen=True, slots=True)
class MetricBuilder:
    """Builds one metric after the other, knowing every model and every metric's name."""

    models: Mapping[str, SemanticModel]
    names: MetricNames
    findings: Findings
    types: Mapping[type[HeaderDocument], MetricType]

    def build(self, draft: MetricDraft) -> Metric | None:
        """Return the metric without its version, or None with the problems noted."""
        return self.types[type(draft.document)].build(self, draft.document, draft)

    def simple(self, document: SimpleDocument, draft: MetricDraft) -> SimpleMetric | None:
        """Return a simple metric, or None after noting problems."""
        header = self.header(draft)
        condition = self.condition(document.filter, draft.origin, draft.domain)
        percentile = self._percentile(document, draft.origin)
        default: str | int = 1 if document.agg is Aggregation.COUNT else document.name
        expression = self.findings.expression(
            default if document.expr is None else document.expr, draft.origin.at("expr")
        )
        model = self._model(document, draft)
        if model is None or expression is None:
            return None
        return SimpleMetric(
            header=header,
            model=model.name,
            aggregation=document.agg,
            expression=expression,
            time_dimension=self._time_dimension(document, model, draft.origin),
            percentile=percentile,
            filter=condition,
            non_additive=self._non_additive(document, model, draft.origin),
            fill_nulls_with=document.fill_nulls_with,
            join_to_timespine=document.join_to_timespine,
        )

    def _non_additive(self, document: SimpleDocument, model: SemanticModel, origin: Origin) -> NonAdditive | None:
        written = document.non_additive_dimension
        if written is None:
            return None
        below = origin.below("non_additive_dimension")
        times = [each.name for each in model.dimensions if each.type is DimensionType.TIME]
        if written.name not in times:
            message = f"{written.name!r} is not a time dimension of the model {model.name!r}"
            self.findings.add(codes.TIME_DIMENSION, message, below.at("name"), did_you_mean(written.name, times))
        members = [*(each.name for each in model.entities), *(each.name for each in model.dimensions)]
        for index, name in enumerate(written.window_groupings):
            if name not in members:
                message = f"{name!r} is no entity or dimension of the model {model.name!r}"
                place = below.at("window_groupings", index)
                self.findings.add(codes.DANGLING_REFERENCE, message, place, did_you_mean(name, members))
        return NonAdditive(
            dimension=written.name, choice=written.window_choice, groupings=tuple(written.window_groupings)
        )

    def cumulative(self, document: CumulativeDocument, draft: MetricDraft) -> CumulativeMetric | None:
        """Return a cumulative metric, or None after noting problems."""
        header = self.header(draft)
        condition = self.condition(document.filter, draft.origin, draft.domain)
        found = self.input(document.input_metric, draft, ("input_metric",))
        if document.window is not None and document.grain_to_date is not None:
            message = "a cumulative metric has a window or a grain_to_date, not both"
            self.findings.add(codes.INPUTS, message, draft.origin.at("grain_to_date"), "Take one of them out.")
        if found is None:
            return None
        return CumulativeMetric(
            header=header,
            input=found,
            window=_window(document.window),
            grain_to_date=_period(document.grain_to_date),
            period_aggregation=document.period_agg,
            filter=condition,
        )

    def conversion(self, document: ConversionDocument, draft: MetricDraft) -> ConversionMetric | None:
        """Return a conversion metric, or None after noting problems."""
        header = self.header(draft)
        condition = self.condition(document.filter, draft.origin, draft.domain)
        base = self.input(document.base_metric, draft, ("base_metric",))
        conversion = self.input(document.conversion_metric, draft, ("conversion_metric",))
        for key, each in (("base_metric", base), ("conversion_metric", conversion)):
            if each is not None and (each.offset_window or each.offset_to_grain):
                message = f"{key} has an offset, and both events of a conversion are taken at their own time"
                hint = "Give the offset to the conversion metric, as an input of a derived one."
                self.findings.add(codes.INPUTS, message, draft.origin.at(key), hint)
        if base is None or conversion is None:
            return None
        return ConversionMetric(
            header=header,
            base=base,
            conversion=conversion,
            entity=document.entity,
            calculation=document.calculation,
            window=_window(document.window),
            constant_properties=tuple(
                ConstantProperty(base=each.base_property, conversion=each.conversion_property)
                for each in document.constant_properties
            ),
            filter=condition,
        )

    def ratio(self, document: RatioDocument, draft: MetricDraft) -> RatioMetric | None:
        """Return a ratio, or None after noting problems."""
        header = self.header(draft)
        condition = self.condition(document.filter, draft.origin, draft.domain)
        numerator = self.input(document.numerator, draft, ("numerator",))
        denominator = self.input(document.denominator, draft, ("denominator",))
        if numerator is None or denominator is None:
            return None
        return RatioMetric(header=header, numerator=numerator, denominator=denominator, filter=condition)

    def derived_metric(self, document: DerivedDocument, draft: MetricDraft) -> DerivedMetric | None:
        """Return a derived metric, or None after noting problems."""
        header = self.header(draft)
        condition = self.condition(document.filter, draft.origin, draft.domain)
        expression = self.findings.expression(document.expr, draft.origin.at("expr"))
        found = [self.input(each, draft, ("input_metrics", index)) for index, each in enumerate(document.input_metrics)]
        inputs = tuple(each for each in found if each is not None)
        if expression is None or len(inputs) != len(found):
            return None
        self._check_aliases(inputs, expression.columns, draft.origin)
        return DerivedMetric(header=header, expression=expression, inputs=inputs, filter=condition)

    def _check_aliases(self, inputs: tuple[InputMetric, ...], used: tuple[str, ...], origin: Origin) -> None:
        aliases = [each.alias for each in inputs]
        for index, alias in enumerate(aliases):
            place = origin.at("input_metrics", index)
            if alias in aliases[:index]:
                self.findings.add(codes.INPUTS, f"two inputs are called {alias!r}", place, "Give one of them an alias.")
            elif alias not in used:
                self.findings.add(
                    codes.INPUTS, f"the input {alias!r} is not used in expr", place, "Use it or remove it."
                )
        for column in used:
            if column not in aliases:
                hint = did_you_mean(column, aliases) or f"The inputs are {', '.join(aliases)}."
                self.findings.add(codes.INPUTS, f"expr uses {column!r}, which is no input", origin.at("expr"), hint)

    def input(self, written: str | InputDocument, draft: MetricDraft, path: tuple[Step, ...]) -> InputMetric | None:
        """Return an input that stands at a path of the document, or None after noting that there is no such metric."""
        origin = draft.origin.below(*path)
        document = InputDocument(name=written) if isinstance(written, str) else written
        if document.offset_window is not None and document.offset_to_grain is not None:
            message = "an input has an offset_window or an offset_to_grain, not both"
            self.findings.add(codes.INPUTS, message, origin.at("offset_to_grain"), "Take one of them out.")
        condition = self.condition(document.filter, origin, draft.domain)
        name = self.names.resolve(document.name, draft.domain, origin.at("name"), self.findings)
        if name is None:
            return None
        return InputMetric(
            name=name,
            alias=document.alias or name.rpartition(".")[2],
            filter=condition,
            offset_window=_window(document.offset_window),
            offset_to_grain=_period(document.offset_to_grain),
        )

    def condition(self, raw: object, origin: Origin, domain: str | None) -> Predicate | None:
        """Return the filter of a metric or an input; None without one, or after noting problems."""
        if raw is None:
            return None
        found = parse_condition(raw, lambda steps: origin.at("filter", *steps))  # type: ignore[arg-type]  # JSON by its document
        if isinstance(found, Problems):
            self.findings.problems.extend(found)
            return None
        return with_members(found, lambda member: self._full_metric(member, domain, origin))

    def _full_metric(self, member: str, domain: str | None, origin: Origin) -> str:
        """Another metric's value in a filter, by the metric's full name; any other member as it is."""
        call = split_metric_call(member)
        if call is None:
            return member
        name = self.names.resolve(call[0], domain, origin.at("filter"), self.findings)
        return metric_call(name or call[0], call[1])

    def _model(self, document: SimpleDocument, draft: MetricDraft) -> SemanticModel | None:
        if draft.model is not None and document.semantic_model not in {None, draft.model}:
            self.findings.add(
                codes.DANGLING_REFERENCE,
                f"the metric stands in the model {draft.model!r} but names {document.semantic_model!r}",
                draft.origin.at("semantic_model"),
                "Leave semantic_model out, or move the metric.",
            )
            return None
        name = draft.model or document.semantic_model
        if name is None:
            self.findings.add(
                document_codes.MISSING_KEY,
                f"the simple metric {draft.name!r} needs the key 'semantic_model'",
                draft.origin.at("name"),
                "Name the model it is computed from, or nest the metric under the model's `metrics`.",
            )
            return None
        if name not in self.models:
            self.findings.add(
                codes.DANGLING_REFERENCE,
                f"there is no semantic model {name[:120]!r}",
                draft.origin.at("semantic_model"),
                did_you_mean(name, self.models),
            )
        return self.models.get(name)

    def _time_dimension(self, document: SimpleDocument, model: SemanticModel, origin: Origin) -> str | None:
        name = document.agg_time_dimension
        if name is None:
            return model.agg_time_dimension
        times = [each.name for each in model.dimensions if each.type is DimensionType.TIME]
        if name not in times:
            self.findings.add(
                codes.TIME_DIMENSION,
                f"agg_time_dimension {name!r} is not a time dimension of the model {model.name!r}",
                origin.at("agg_time_dimension"),
                did_you_mean(name, times) or f"Its time dimensions: {', '.join(times) or 'none'}.",
            )
        return name

    def _percentile(self, document: SimpleDocument, origin: Origin) -> Percentile | None:
        options = ("percentile", "percentile_type", "use_approximate_percentile")
        if document.agg is not Aggregation.PERCENTILE:
            for key in options:
                if getattr(document, key) is not None:
                    message = f"{key!r} belongs to agg: percentile, not to {document.agg.value}"
                    self.findings.add(document_codes.UNKNOWN_KEY, message, origin.at(key), "Leave it out.")
            return None
        if document.percentile is None:
            self.findings.add(
                document_codes.MISSING_KEY,
                "agg: percentile needs the key 'percentile'",
                origin.at("agg"),
                "A fraction: percentile: 0.95",
            )
            return None
        return Percentile(
            value=document.percentile,
            discrete=document.percentile_type == "discrete",
            approximate=bool(document.use_approximate_percentile),
        )

    def header(self, draft: MetricDraft) -> MetricHeader:
        """Return what every metric carries."""
        document = draft.document
        certification = document.certification
        context = document.ai_context
        return MetricHeader(
            name=draft.name,
            domain=draft.domain,
            description=document.description,
            label=document.label,
            owner=document.owner,
            status=document.status,
            synonyms=tuple(document.synonyms),
            definition_version=_UNVERSIONED,
            certification=Certification(**certification.model_dump()) if certification is not None else None,
            deprecation=self._deprecation(draft),
            ai_instructions=context.instructions if context is not None else "",
            ai_examples=tuple(context.examples) if context is not None else (),
            sensitivity=document.sensitivity,
            unit=document.unit,
            time_granularity=document.time_granularity,
            place=draft.origin.at(),
        )

    def _deprecation(self, draft: MetricDraft) -> Deprecation | None:
        document = draft.document.deprecation
        if document is None:
            return None
        replaced_by = document.replaced_by
        if replaced_by is not None:
            place = draft.origin.at("deprecation", "replaced_by")
            replaced_by = self.names.resolve(replaced_by, draft.domain, place, self.findings)
        return Deprecation(replaced_by=replaced_by, sunset_at=document.sunset_at)


def _window(text: str | None) -> Window | None:
    return None if text is None else parse_window(text)


def _period(text: str | None) -> Period | None:
    return None if text is None else parse_period(text)
