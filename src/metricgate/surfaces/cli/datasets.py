"""SQL of one's own: the datasets that it may name, and running it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Annotated

import typer

from metricgate.surfaces.cli.output import tell, tell_table
from metricgate.surfaces.cli.renderers import mappings, show_rows, show_rows_as_csv
from metricgate.surfaces.cli.runner import ForOption, KeyFileOption, ask
from metricgate.surfaces.cli.session import HERE, JsonOption, ProjectOption
from metricgate.vocabulary.json import Json


def datasets(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="DATASET", help="One of them; default: all.")] = None,
    *,
    as_json: JsonOption = False,
    key_file: KeyFileOption = None,
    user: ForOption = None,
    project: ProjectOption = HERE,
) -> None:
    """Show the datasets and columns that you may read with SQL of your own."""
    ask(
        context,
        folder=project,
        key_file=key_file,
        user=user,
        tool="describe_dataset",
        arguments={} if name is None else {"dataset": name},
        as_json=as_json,
        show=_show_datasets,
    )


def query_sql(
    context: typer.Context,
    text: Annotated[str, typer.Argument(metavar="SQL", help="One SELECT; - reads it from standard input.")],
    *,
    as_json: JsonOption = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    warehouse: Annotated[
        str | None, typer.Option(metavar="NAME", help="Where to run it, if your datasets are in several.")
    ] = None,
    parameters: Annotated[
        str | None,
        typer.Option(metavar="JSON", help="""Values for :name or ? in the SQL: '{"name": ...}' or '[...]'."""),
    ] = None,
    key_file: KeyFileOption = None,
    user: ForOption = None,
    project: ProjectOption = HERE,
) -> None:
    """Run one SELECT of your own over the datasets that you may read."""
    ask(
        context,
        folder=project,
        key_file=key_file,
        user=user,
        tool="query_sql",
        arguments={
            "sql": sys.stdin.read() if text == "-" else text,
            **({} if warehouse is None else {"warehouse": warehouse}),
            **({} if parameters is None else {"parameters": parameters}),
        },
        as_json=as_json,
        show=show_rows_as_csv if as_csv else show_rows,
    )


def _show_datasets(answer: Mapping[str, Json]) -> None:
    for each in mappings(answer.get("datasets")):
        tell(f"{each.get('name')} ({each.get('source')} in {each.get('warehouse')}, {each.get('dialect')})", "bold")
        if each.get("description"):
            tell(f"  {each['description']}")
        tell_table(
            [("column", False), ("type", False), ("labels", False), ("mask", False)],
            [
                [column.get("name"), column.get("type"), _join_labels(column.get("labels")), _mask(column.get("mask"))]
                for column in mappings(each.get("columns"))
            ],
        )


def _join_labels(labels: Json) -> str | None:
    return ", ".join(str(each) for each in labels) or None if isinstance(labels, list) else None


def _mask(mask: Json) -> str | None:
    return str(mask.get("method")) if isinstance(mask, Mapping) else None
