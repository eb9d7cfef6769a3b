"""Answers for people: one function per kind of answer."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence

import typer

from metricgate.surfaces.cli.output import tell, tell_json, tell_table, warn
from metricgate.vocabulary.json import Json, canonical_json
from metricgate.vocabulary.result import DataType

_NUMBERS = frozenset({DataType.INTEGER, DataType.DECIMAL, DataType.FLOAT})
_SHORT_VERSION = 12
_CATALOG_COLUMNS = ("name", "status", "certified", "owner", "unit", "label")


def show_rows(answer: Mapping[str, Json]) -> None:
    """Print rows as a table; then how many, whether rows were cut, and which definitions they rest on."""
    columns = [
        (str(column.get("name")), str(column.get("type")) in _NUMBERS) for column in mappings(answer.get("columns"))
    ]
    rows = _rows_of(answer)
    tell_table(columns, rows)
    warn(f"{len(rows)} row{'' if len(rows) == 1 else 's'}", "dim")
    tell_truncation(answer)
    for definition in mappings(answer.get("definitions")):
        mark = "certified" if definition.get("certified") else "not certified"
        warn(f"{definition.get('metric')} @ {short_version(definition.get('definition_version'))} ({mark})", "dim")


def show_rows_as_csv(answer: Mapping[str, Json]) -> None:
    """Print rows as RFC 4180 CSV with a header. A cut is told on standard error.

    NULL is an empty field; lists, structures and booleans are JSON.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow([str(column.get("name")) for column in mappings(answer.get("columns"))])
    writer.writerows([[_csv_field(value) for value in row] for row in _rows_of(answer)])
    typer.echo(buffer.getvalue(), nl=False)
    tell_truncation(answer)


def _csv_field(value: Json) -> str | int | float | None:
    match value:
        case None | str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return value
    return canonical_json(value).decode(errors="surrogatepass")


def show_metrics(answer: Mapping[str, Json]) -> None:
    """Print a list of metrics, and below it the saved queries that fit."""
    metrics, saved = mappings(answer.get("metrics")), mappings(answer.get("saved_queries"))
    if metrics or not saved:
        tell_table(
            [(name, False) for name in (*_CATALOG_COLUMNS, "version")],
            [
                [*(each.get(name) for name in _CATALOG_COLUMNS), short_version(each.get("definition_version"))]
                for each in metrics
            ],
        )
    found = answer.get("found")
    if isinstance(found, int) and found > len(metrics):
        warn(f"{len(metrics)} of {found} metrics; --limit shows more")
    else:
        warn(f"{len(metrics)} metric{'' if len(metrics) == 1 else 's'}", "dim")
    if saved:
        if metrics:
            tell("")
        titles = ("saved query", "metrics", "by", "description")
        tell_table([(title, False) for title in titles], [_saved_query_row(each) for each in saved])


def _saved_query_row(each: Mapping[str, Json]) -> list[Json]:
    listed = (each.get("metrics"), each.get("group_by"))
    joined = [", ".join(map(str, names)) if isinstance(names, list) else None for names in listed]
    return [each.get("name"), *joined, each.get("description")]


def show_metrics_as_csv(answer: Mapping[str, Json]) -> None:
    """Print a list of metrics as CSV."""
    names = ("name", "domain", "owner", "status", "certified", "unit", "label", "description", "definition_version")
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(names)
    writer.writerows([each.get(name) for name in names] for each in mappings(answer.get("metrics")))
    typer.echo(buffer.getvalue(), nl=False)
    found = answer.get("found")
    if isinstance(found, int) and found > len(mappings(answer.get("metrics"))):
        warn(f"cut: {found} metrics fit; --limit shows more")


def show_metric(answer: Mapping[str, Json]) -> None:
    """Print one definition in full."""
    tell(str(answer.get("name")), "bold")
    if answer.get("description"):
        tell(str(answer["description"]))
    for name in ("label", "domain", "owner", "status", "certified", "unit", "definition_version"):
        if answer.get(name) is not None:
            tell(f"  {name}: {_value_words(answer[name])}")
    synonyms = answer.get("synonyms")
    if isinstance(synonyms, list) and synonyms:
        tell(f"  synonyms: {', '.join(str(each) for each in synonyms)}")
    definition = answer.get("definition")
    if isinstance(definition, Mapping):
        tell("definition", "bold")
        for name, value in definition.items():
            if value is not None:
                tell(f"  {name}: {_value_words(value)}")
    members = mappings(answer.get("members"))
    if members:
        tell("group and filter by", "bold")
        tell_table(
            [("member", False), ("type", False), ("grain", False), ("description", False)],
            [[each.get("name"), each.get("type"), each.get("grain"), each.get("description")] for each in members],
        )


def show_sql(answer: Mapping[str, Json]) -> None:
    """Print the SQL alone on standard output, its parameters on standard error."""
    tell(str(answer.get("sql", "")))
    parameters = answer.get("parameters")
    for number, value in enumerate(parameters if isinstance(parameters, list) else [], start=1):
        warn(f"${number} = {_value_words(value)}", "dim")


def show_explanation(answer: Mapping[str, Json]) -> None:
    """Print the whole road of a question: definitions, time, joins, policy, SQL."""
    for definition in mappings(answer.get("definitions")):
        version = short_version(definition.get("definition_version"))
        mark = "certified" if definition.get("certified") else "not certified"
        tell(f"metric  {definition.get('metric')} @ {version} ({mark}, {definition.get('status')})")
    for name in ("time", "joins", "policy", "data"):
        part = answer.get(name)
        if isinstance(part, Mapping):
            tell(name, "bold")
            for key, value in part.items():
                tell(f"  {key}: {_value_words(value)}")
    tell("sql", "bold")
    show_sql(answer)


def show_receipt(answer: Mapping[str, Json]) -> None:
    """Print a receipt as JSON: it is for verifiers."""
    tell_json(answer)


def tell_truncation(answer: Mapping[str, Json]) -> None:
    """Say if rows were cut, and by which rule."""
    cut = answer.get("truncated")
    if isinstance(cut, Mapping):
        rule = f" (rule {cut['rule']})" if cut.get("rule") else ""
        warn(f"cut: {cut.get('message')}{rule}", "yellow")


def short_version(version: Json) -> str:
    """Return the first digits of a definition version, enough to compare by eye; ``--json`` has all of them."""
    return str(version or "").removeprefix("sha256:")[:_SHORT_VERSION]


def mappings(value: Json) -> Sequence[Mapping[str, Json]]:
    """Return the objects of a list of objects."""
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _rows_of(answer: Mapping[str, Json]) -> Sequence[Sequence[Json]]:
    rows = answer.get("rows")
    return [row for row in rows if isinstance(row, list)] if isinstance(rows, list) else []


def _value_words(value: Json) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case Mapping():
            return ", ".join(f"{key} {_value_words(part)}" for key, part in value.items()) or "none"
        case list():
            return "; ".join(_value_words(part) for part in value) or "none"
        case _:
            return str(value)
