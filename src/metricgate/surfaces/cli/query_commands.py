"""The commands that ask: each is one tool of the gateway, called as the holder of an API key."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import orjson
import typer

from metricgate.surfaces.cli import codes
from metricgate.surfaces.cli.arguments import question_arguments
from metricgate.surfaces.cli.options import takes_options
from metricgate.surfaces.cli.output import tell_json
from metricgate.surfaces.cli.renderers import (
    show_explanation,
    show_metric,
    show_metrics,
    show_metrics_as_csv,
    show_rows,
    show_rows_as_csv,
    show_sql,
)
from metricgate.surfaces.cli.runner import ForOption, KeyFileOption, Shown, ask
from metricgate.surfaces.cli.session import HERE, JsonOption, ProjectOption, fail_usage
from metricgate.vocabulary.json import Json

CsvOption = Annotated[bool, typer.Option("--csv", help="Print CSV.")]
Offset = Annotated[int | None, typer.Option("--offset", help="Skip so many rows first.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionOptions:
    """A question as it is typed."""

    names: Annotated[
        list[str] | None, typer.Argument(metavar="METRIC...", help="Metrics: finance.revenue, or a bare name.")
    ] = None
    by: Annotated[
        list[str] | None, typer.Option("--by", metavar="MEMBER", help="Group by, e.g. customer__segment.")
    ] = None
    where: Annotated[
        list[str] | None, typer.Option("--where", metavar="CONDITION", help="JSON filter or template; all must hold.")
    ] = None
    start: Annotated[str | None, typer.Option("--from", metavar="DATE", help="First moment that counts.")] = None
    before: Annotated[
        str | None, typer.Option("--before", metavar="DATE", help="First moment that no longer counts.")
    ] = None
    through: Annotated[str | None, typer.Option("--through", metavar="DATE", help="Last day that counts.")] = None
    time_zone: Annotated[
        str | None, typer.Option("--time-zone", metavar="ZONE", help="IANA zone of range and grouping.")
    ] = None
    order: Annotated[list[str] | None, typer.Option("--order", metavar="COLUMN", help="Sort by; -COLUMN descends.")] = (
        None
    )
    limit: Annotated[int | None, typer.Option("--limit", help="At most so many rows.")] = None
    offset: Offset = None
    saved: Annotated[str | None, typer.Option("--saved", metavar="NAME", help="A saved query instead of metrics.")] = (
        None
    )
    min_max: Annotated[bool, typer.Option("--min-max", help="Only the least and greatest value of each --by.")] = False
    all_rows: Annotated[bool, typer.Option("--all-rows", help="Without metrics: keep equal rows apart.")] = False
    pins: Annotated[
        list[str] | None,
        typer.Option("--pin", metavar="METRIC=VERSION", help="Refuse unless that version is in force; repeatable."),
    ] = None


def metrics(
    context: typer.Context,
    *,
    domain: Annotated[str | None, typer.Option("--domain", help="Only metrics of this domain.")] = None,
    owner: Annotated[str | None, typer.Option("--owner", help="Only metrics of this owner.")] = None,
    status: Annotated[str | None, typer.Option("--status", help="draft, active or deprecated.")] = None,
    text: Annotated[str, typer.Option("--search", metavar="TEXT", help="Words to look for.")] = "",
    limit: Annotated[int, typer.Option("--limit", help="At most so many.")] = 200,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    key_file: KeyFileOption = None,
    user: ForOption = None,
    project: ProjectOption = HERE,
) -> None:
    """List the governed metrics that you may see."""
    _one_form(as_json=as_json, as_csv=as_csv)
    given = {"text": text, "domain": domain, "owner": owner, "status": status, "limit": limit}
    ask(
        context,
        folder=project,
        key_file=key_file,
        user=user,
        tool="search_catalog",
        arguments={name: value for name, value in given.items() if value is not None},
        as_json=as_json,
        show=show_metrics_as_csv if as_csv else show_metrics,
    )


def search(
    context: typer.Context,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="Words: names, synonyms, descriptions.")],
    *,
    limit: Annotated[int, typer.Option("--limit", help="At most so many.")] = 20,
    as_json: JsonOption = False,
    key_file: KeyFileOption = None,
    user: ForOption = None,
    project: ProjectOption = HERE,
) -> None:
    """Find metrics by words."""
    ask(
        context,
        folder=project,
        key_file=key_file,
        user=user,
        tool="search_catalog",
        arguments={"text": text, "limit": limit},
        as_json=as_json,
        show=show_metrics,
    )


def describe(
    context: typer.Context,
    metric: Annotated[str, typer.Argument(metavar="METRIC", help="A metric's name or synonym.")],
    *,
    as_json: JsonOption = False,
    key_file: KeyFileOption = None,
    user: ForOption = None,
    project: ProjectOption = HERE,
) -> None:
    """Show a metric's definition and what it can be grouped and filtered by."""
    ask(
        context,
        folder=project,
        key_file=key_file,
        user=user,
        tool="describe_metric",
        arguments={"metric": metric},
        as_json=as_json,
        show=show_metric,
    )


@takes_options(QuestionOptions)
def query(
    context: typer.Context,
    *,
    asked: QuestionOptions,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    key_file: KeyFileOption = None,
    user: ForOption = None,
    project: ProjectOption = HERE,
) -> None:
    """Compute metrics."""
    _one_form(as_json=as_json, as_csv=as_csv)
    ask(
        context,
        folder=project,
        key_file=key_file,
        user=user,
        tool="query_metrics",
        arguments=_question_of(asked, as_json=as_json),
        as_json=as_json,
        show=show_rows_as_csv if as_csv else show_rows,
    )


@takes_options(QuestionOptions)
def sql(
    context: typer.Context,
    *,
    asked: QuestionOptions,
    dialect: Annotated[
        str | None, typer.Option("--dialect", metavar="KIND", help="For another kind of warehouse, e.g. snowflake.")
    ] = None,
    as_json: JsonOption = False,
    key_file: KeyFileOption = None,
    user: ForOption = None,
    project: ProjectOption = HERE,
) -> None:
    """Print the SQL that `query` would run, without running it."""
    _explain(
        context, asked, as_json=as_json, key_file=key_file, user=user, project=project, show=show_sql, dialect=dialect
    )


@takes_options(QuestionOptions)
def explain(
    context: typer.Context,
    *,
    asked: QuestionOptions,
    as_json: JsonOption = False,
    key_file: KeyFileOption = None,
    user: ForOption = None,
    project: ProjectOption = HERE,
) -> None:
    """Show definitions, SQL, joins and policy of a question, without running it."""
    _explain(context, asked, as_json=as_json, key_file=key_file, user=user, project=project, show=show_explanation)


def values(
    context: typer.Context,
    dimension: Annotated[str, typer.Argument(metavar="DIMENSION", help="E.g. customer__segment.")],
    *,
    metric: Annotated[list[str] | None, typer.Option("--metric", help="Whose join path decides.")] = None,
    contains: Annotated[str | None, typer.Option("--contains", help="Only values with this text.")] = None,
    starts_with: Annotated[str | None, typer.Option("--starts-with", help="Only values that begin so.")] = None,
    limit: Annotated[int, typer.Option("--limit", help="At most so many.")] = 100,
    offset: Offset = None,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    key_file: KeyFileOption = None,
    user: ForOption = None,
    project: ProjectOption = HERE,
) -> None:
    """List the values of a dimension."""
    _one_form(as_json=as_json, as_csv=as_csv)
    given: dict[str, Json] = {
        "dimension": dimension,
        "metrics": metric,
        "contains": contains,
        "starts_with": starts_with,
        "limit": limit,
        "offset": offset,
    }
    ask(
        context,
        folder=project,
        key_file=key_file,
        user=user,
        tool="list_dimension_values",
        arguments={name: value for name, value in given.items() if value is not None},
        as_json=as_json,
        show=show_rows_as_csv if as_csv else show_rows,
    )


def call(
    context: typer.Context,
    tool: Annotated[str, typer.Argument(metavar="TOOL", help="A tool's name, as GET /v1/tools lists them.")],
    arguments: Annotated[str, typer.Argument(metavar="JSON", help="Its arguments, a JSON object.")] = "{}",
    *,
    key_file: KeyFileOption = None,
    user: ForOption = None,
    project: ProjectOption = HERE,
) -> None:
    """Call any tool with JSON arguments; prints JSON."""
    try:
        parsed: Json = orjson.loads(arguments)
    except orjson.JSONDecodeError as error:
        fail_usage(codes.NOT_JSON, f"The arguments are not JSON: {error}.", as_json=True)
    if not isinstance(parsed, dict):
        fail_usage(codes.NOT_JSON, "The arguments must be a JSON object.", as_json=True)
    ask(
        context, folder=project, key_file=key_file, user=user, tool=tool, arguments=parsed, as_json=True, show=tell_json
    )


def _explain(
    context: typer.Context,
    asked: QuestionOptions,
    *,
    as_json: bool,
    key_file: Path | None,
    user: str | None,
    project: Path,
    show: Shown,
    dialect: str | None = None,
) -> None:
    arguments = _question_of(asked, as_json=as_json)
    if dialect is not None:
        arguments["dialect"] = dialect
    ask(
        context,
        folder=project,
        key_file=key_file,
        user=user,
        tool="explain_query",
        arguments=arguments,
        as_json=as_json,
        show=show,
    )


def _question_of(asked: QuestionOptions, *, as_json: bool) -> dict[str, Json]:
    try:
        return question_arguments(
            metrics=asked.names or [],
            by=asked.by or [],
            where=asked.where or [],
            start=asked.start,
            before=asked.before,
            through=asked.through,
            time_zone=asked.time_zone,
            order=asked.order or [],
            limit=asked.limit,
            offset=asked.offset,
            saved=asked.saved,
            min_max=asked.min_max,
            all_rows=asked.all_rows,
            pins=asked.pins or (),
        )
    except ValueError as error:
        fail_usage(
            codes.NOT_JSON,
            f"--where looks like JSON and is not, or --pin is none: {error}.",
            """Write '{"member": "customer__segment", "op": "=", "value": "BUILDING"}', or the template form.""",
            as_json=as_json,
        )


def _one_form(*, as_json: bool, as_csv: bool) -> None:
    if as_json and as_csv:
        fail_usage(codes.BAD_OPTION, "--json and --csv cannot both be.", "Drop one of them.", as_json=True)
