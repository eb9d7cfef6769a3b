"""``search_catalog``: which metrics there are for what one has in mind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from metricgate.catalog.metric_search import search
from metricgate.catalog.metrics import Status
from metricgate.gateway.answers import Answer, AnswerDraft, Object
from metricgate.gateway.arguments import ParsedArguments
from metricgate.gateway.askable_saved_queries import askable_saved_queries
from metricgate.gateway.call_context import CallContext
from metricgate.gateway.descriptions import summary_of
from metricgate.gateway.endings import Ending
from metricgate.gateway.metric_lifecycle import deprecation_of
from metricgate.gateway.metric_names import is_usable, may_describe
from metricgate.gateway.query_suggestions import ComposeArgument, composable
from metricgate.gateway.tools.tool import Tool, define
from metricgate.ledger.events.calls import CallSubject
from metricgate.vocabulary.json import Json


class SearchArguments(BaseModel):
    """What to look for."""

    model_config = ConfigDict(extra="forbid", strict=True)

    text: Annotated[str, Field(max_length=500)] = Field("", description="Words; empty lists everything.")
    domain: Annotated[str, Field(max_length=100)] | None = Field(None, description="Only metrics of this domain.")
    owner: Annotated[str, Field(max_length=200)] | None = Field(None, description="Only metrics of this owner.")
    certified: bool | None = Field(None, description="Only metrics that are (not) certified now.")
    status: Literal["draft", "active", "deprecated"] | None = Field(None, description="Only metrics of this status.")
    compose_with: ComposeArgument | None = Field(
        None,
        description=(
            "A question begun, `{metrics, group_by}`: `composable` then tells which of the metrics found can be asked "
            "beside them, and by which members all can still be grouped and filtered."
        ),
    )
    limit: Annotated[int, Field(ge=1, le=200)] = Field(20, description="At most so many.")


@dataclass(frozen=True, kw_only=True)
class CatalogAnswer(Answer):
    """Metrics and saved queries that fit."""

    metrics: Sequence[Object]
    found: Annotated[int, Field(description="How many fit, shown or not.")]
    saved_queries: Annotated[
        Sequence[Object], Field(description="Saved queries that fit and that you may ask, with what they ask.")
    ]
    composable: Annotated[
        Object | None,
        Field(description="With `compose_with`: metrics and members that can be added to that question."),
    ]
    catalog_version: str


async def _serve_search_catalog(context: CallContext, parsed: ParsedArguments[SearchArguments]) -> Ending:
    asked = parsed.value
    status = None if asked.status is None else Status(asked.status)
    metrics = [
        metric
        for name, metric in context.governance.catalog.metrics.items()
        if (asked.domain is None or metric.header.domain == asked.domain)
        and (asked.owner is None or metric.header.owner == asked.owner)
        and (asked.certified is None or metric.header.certified == asked.certified)
        and (status is None or metric.header.status is status)
        and (status is not None or is_usable(context, name))
        and may_describe(context, name)
    ]
    hits = search(asked.text, metrics)
    composed: dict[str, Json] | None = None
    if asked.compose_with is not None:
        found = composable(context, asked.compose_with, [hit.found for hit in hits], asked.limit)
        if not isinstance(found, dict):
            return found
        composed = found
    answer = CatalogAnswer(
        metrics=[
            {
                **summary_of(hit.found),
                "deprecation": deprecation_of(context, hit.found),
                "score": hit.score,
                "matched": hit.matched,
            }
            for hit in hits[: asked.limit]
        ],
        found=len(hits),
        saved_queries=askable_saved_queries(
            context,
            asked.text,
            asked.limit,
            within={each.header.name for each in metrics} if _narrowed(asked) else None,
        ),
        composable=composed,
        catalog_version=context.governance.catalog.version,
        notes=[],
    )
    return AnswerDraft(answer=answer, facts=CallSubject(listed=min(len(hits), asked.limit)))


def _narrowed(asked: SearchArguments) -> bool:
    """Whether only some metrics are looked for, whatever the words."""
    return any(given is not None for given in (asked.domain, asked.owner, asked.certified, asked.status))


SEARCH_CATALOG = Tool(
    definition=define(
        name="search_catalog",
        title="Search the catalog",
        description=(
            "Find governed metrics by words: names, synonyms, descriptions, examples. Lists only what you may see, "
            "with owner, domain, status and certification. Start here when you do not know a metric's exact name; then "
            "describe_metric shows what it can be grouped and filtered by. Drafts that are closed to you and metrics "
            "that no longer answer are left out unless you ask for their `status`. `saved_queries` are questions "
            "that people agreed on: ask one with `saved_query` in query_metrics."
        ),
        arguments=SearchArguments,
        answer=CatalogAnswer,
    ),
    arguments=SearchArguments,
    handle=_serve_search_catalog,
)
