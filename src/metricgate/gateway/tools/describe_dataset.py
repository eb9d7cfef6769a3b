"""``describe_dataset``: the tables and columns that a caller may name in SQL of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from metricgate.gateway import codes, failures
from metricgate.gateway.answers import Answer, AnswerDraft, Object
from metricgate.gateway.arguments import ParsedArguments
from metricgate.gateway.call_context import CallContext
from metricgate.gateway.datasets import column_resource, dataset_resource, readable_homes, readable_tables
from metricgate.gateway.descriptions import shorten
from metricgate.gateway.endings import CallRefusal, Ending, EngineFailure
from metricgate.gateway.engine import Engine
from metricgate.gateway.masks import mask_as_json
from metricgate.gateway.ports import WarehouseError
from metricgate.gateway.tools.tool import Tool, define
from metricgate.ledger.events.calls import CallSubject
from metricgate.policy.verdict import Verdict
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.nearest import did_you_mean
from metricgate.vocabulary.problem import Problem, Problems
from metricgate.vocabulary.relation import GovernedTable
from metricgate.vocabulary.resource import Action


class DatasetArguments(BaseModel):
    """Which dataset."""

    model_config = ConfigDict(extra="forbid", strict=True)

    dataset: Annotated[str, Field(min_length=1, max_length=300)] | None = Field(
        None, description="A dataset's name; without one, all that you may read are listed."
    )


@dataclass(frozen=True, kw_only=True)
class DatasetsAnswer(Answer):
    """Datasets that the caller may read."""

    dialect: Annotated[str | None, Field(description="Of all that is shown; null where each dataset has its own.")]
    datasets: Sequence[Object]
    catalog_version: str


async def _serve_describe_dataset(context: CallContext, parsed: ParsedArguments[DatasetArguments]) -> Ending:
    wanted = parsed.value.dataset
    found = await _find_datasets(context, wanted)
    if isinstance(found, WarehouseError):
        return EngineFailure(failures.of_engine(found), found.engine_text)
    shown = [each for each in found.there if wanted is None or each[1].dataset == wanted]
    if wanted is not None and not shown:
        hint = did_you_mean(wanted, [table.dataset for _engine, table in found.there])
        message = f"There is no dataset {wanted!r} that you may read."
        problem = Problem(code=codes.NO_SUCH_DATASET, message=message, hint=hint or codes.NO_SUCH_DATASET.cure)
        return CallRefusal(Problems((problem,)))
    dialects = {engine.dialect for engine, _table in shown} or {context.engines.default.dialect}
    answer = DatasetsAnswer(
        dialect=dialects.pop() if len(dialects) == 1 else None,
        datasets=[_dataset_json(context, engine, table) for engine, table in shown],
        catalog_version=context.governance.catalog.version,
        notes=found.notes,
    )
    return AnswerDraft(answer=answer, facts=CallSubject(datasets=[table.dataset for _engine, table in shown]))


@dataclass(frozen=True, slots=True)
class _Found:
    there: list[tuple[Engine, GovernedTable]]
    notes: list[str]


async def _find_datasets(context: CallContext, wanted: str | None) -> _Found | WarehouseError:
    """Return what the caller may read. A warehouse that is away hides its own datasets only, unless they are asked."""
    homes = readable_homes(context)
    own = next((home for home, models in homes.items() if wanted in {model.name for model in models}), None)
    found, away = _Found([], []), None
    for home, models in homes.items():
        engine = context.engines.find(home)
        try:
            found.there.extend((engine, table) for table in await readable_tables(context, engine, models))
        except WarehouseError as error:
            if own in {None, home}:
                away = error
            found.notes.append(f"The datasets of the warehouse {home!r} are not shown: {error.code}.")
    return away if away is not None and (own is not None or not found.there) else found


def _dataset_json(context: CallContext, engine: Engine, table: GovernedTable) -> dict[str, Json]:
    model = context.governance.catalog.models[table.dataset]
    resources = [column_resource(model, column.name) for column in table.columns]
    verdict = context.judge(Action.READ, (dataset_resource(model), *resources))
    masks = {mask.column: mask for mask in verdict.obligations.masks}
    columns: list[Json] = []
    for column, resource in zip(table.columns, resources, strict=True):
        mask = masks.get(column.name.lower())
        columns.append(
            {
                "name": column.name,
                "type": str(column.type),
                "labels": list(resource.labels),
                "mask": None if mask is None else mask_as_json(mask),
            }
        )
    return {
        "name": model.name,
        "source": ".".join(model.source),
        "warehouse": engine.name,
        "dialect": engine.dialect,
        "description": shorten(model.description),
        "owner": model.owner,
        "row_filters": _filter_rules(verdict),
        "columns": columns,
    }


def _filter_rules(verdict: Verdict) -> list[Json]:
    return list(dict.fromkeys(each.rule for each in verdict.obligations.row_filters))


DESCRIBE_DATASET = Tool(
    definition=define(
        name="describe_dataset",
        title="Describe a dataset",
        description=(
            "Show the datasets that you may read with query_sql: columns with their types, labels and masks, the rules "
            "that filter rows, the warehouse, and the SQL dialect to write in. Only what you may read is listed."
        ),
        arguments=DatasetArguments,
        answer=DatasetsAnswer,
    ),
    arguments=DatasetArguments,
    handle=_serve_describe_dataset,
)
