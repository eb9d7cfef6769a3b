"""Columns through every door: what came of each, beside what the raw engine makes of it."""

from __future__ import annotations

import contextlib
import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from conformance.doors.places import MOST_COLUMNS, Place, Table, placed
from conformance.doors.shapes import UNKNOWN, Shape
from metricgate.adapters.state.sqlite.ledger_reader import LedgerReader
from metricgate.bootstrap.running_gateway import RunningGateway, run_gateway
from metricgate.gateway.outcome import Answered, Fault, Outcome, RefusedCall
from metricgate.gateway.tool import ToolCall
from metricgate.settings.settings import load_settings
from metricgate.state.record import EntryFilter
from metricgate.surfaces.cli.renderers import show_rows_as_csv
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.principal import Identity, Principal, Proof

_CALLER = Principal(agent=Identity(id="walker", proof=Proof.VERIFIED, method="api_key"), user=None, credential="k")
_NAMED = {
    "E_SQL_TYPE_NOT_CARRIED": ("column",),
    "E_SQL_TYPE_UNFIT": ("type",),
    "E_WAREHOUSE_FAILED": ("class", "definitions"),
}
"""Refusals by code, with the details that name the culprit. A metric that no engine computes is its owner's to mend."""
_NUMBERS_TO_AGGREGATES = "reg"
"""PostgreSQL's names of things (``regclass`` ...) are numbers once they are aggregated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """One way of asking for columns.

    Attributes:
        name: of the door.
        tool: to call.
        arguments: of the call, for columns of a table.
        got: what an answer holds of the column at a place among those that were asked.
        wanted: what it should hold, for a value on the wire.
        directly: the raw statement that does the same; where the engine refuses it, so may the gateway, by name.
        most: columns in one call.
    """

    name: str
    tool: str
    arguments: Callable[[Table, Sequence[str]], Mapping[str, Json]]
    got: Callable[[Any, int], object]
    wanted: Callable[[Any], object]
    directly: str = ""
    most: int = 1


def _values(answer: Any, at: int) -> object:
    return [row[at] for row in answer["rows"]]


def _groups(answer: Any, at: int) -> object:
    """Each row but its last field has the group's values, and the last the count."""
    return sorted(([row[at], row[-1]] for row in answer["rows"]), key=repr)


def _first(answer: Any, at: int) -> object:
    return answer["rows"][0][at]


def _ends(answer: Any, at: int) -> object:
    return answer["rows"][0][2 * at : 2 * at + 2]


def _previewed(answer: Any, at: int) -> object:
    [table] = answer["preview"]["tables"]
    [row] = table["sample"]
    place = next(place for place, name in enumerate(table["columns"]) if name != "k") + at
    return row["before"][place] is not None, row["after"][place]


def _as_csv(answer: Any, at: int) -> object:
    written = io.StringIO()
    with contextlib.redirect_stdout(written):
        show_rows_as_csv(answer)
    _header, *rows = csv.reader(io.StringIO(written.getvalue(), newline=""))
    return [row[at] for row in rows]


class _Field:
    """A field of CSV that is a text, or reads as a JSON value."""

    def __init__(self, wire: Json) -> None:
        self._wire = wire

    def __eq__(self, other: object) -> bool:
        return (other if isinstance(self._wire, str) else json.loads(str(other))) == self._wire

    def __hash__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return repr(self._wire)


def _metrics(kind: str) -> Callable[[Table, Sequence[str]], Mapping[str, Json]]:
    return lambda table, columns: {"metrics": [f"{table.name}_{kind}_{column}" for column in columns]}


def _grouped(table: Table, columns: Sequence[str]) -> Mapping[str, Json]:
    return {"metrics": [f"{table.name}_count"], "group_by": [table.member(column) for column in columns]}


def _sql(table: Table, columns: Sequence[str]) -> Mapping[str, Json]:
    return {"sql": f"SELECT {', '.join(columns)} FROM {table.name} ORDER BY k"}


def _emptied(table: Table, columns: Sequence[str]) -> Mapping[str, Json]:
    return {"sql": f"UPDATE {table.name} SET {', '.join(f'{column} = NULL' for column in columns)} WHERE k = 1"}


_SORTED = "SELECT {column} FROM {table} GROUP BY 1 ORDER BY 1"
_TOGETHER = 20
"""Metrics and group-bys of one question."""

DOORS = (
    Door(
        name="query_sql",
        tool="query_sql",
        arguments=_sql,
        got=_values,
        wanted=lambda wire: [wire, None],
        most=MOST_COLUMNS,
    ),
    Door(
        name="csv",
        tool="query_sql",
        arguments=_sql,
        got=_as_csv,
        wanted=lambda wire: [_Field(wire), ""],
        most=MOST_COLUMNS,
    ),
    Door(
        name="group-by",
        tool="query_metrics",
        arguments=_grouped,
        got=_groups,
        wanted=lambda wire: sorted([[wire, 1], [None, 1]], key=repr),
        directly=_SORTED,
        most=_TOGETHER,
    ),
    *(
        Door(
            name=f"{word} as a metric",
            tool="query_metrics",
            arguments=_metrics(kind),
            got=_first,
            wanted=lambda wire: wire,
            directly=f"SELECT {kind}({{column}}) FROM {{table}}",
            most=_TOGETHER,
        )
        for kind, word in (("max", "greatest"), ("min", "least"))
    ),
    Door(
        name="distinct count",
        tool="query_metrics",
        arguments=_metrics("distinct"),
        got=_first,
        wanted=lambda _wire: 1,
        directly="SELECT COUNT(DISTINCT {column}) FROM {table}",
        most=_TOGETHER,
    ),
    Door(
        name="least and greatest",
        tool="query_metrics",
        arguments=lambda table, columns: {"group_by": _grouped(table, columns)["group_by"], "min_max_only": True},
        got=_ends,
        wanted=lambda wire: [wire, wire],
        directly=_SORTED,
        most=_TOGETHER,
    ),
    Door(
        name="preview",
        tool="propose_write",
        arguments=_emptied,
        got=_previewed,
        wanted=lambda _wire: (True, None),
        most=MOST_COLUMNS,
    ),
    Door(
        name="value list",
        tool="list_dimension_values",
        arguments=lambda table, columns: {"dimension": table.member(columns[0])},
        got=lambda answer, _at: sorted((row[0] for row in answer["rows"]), key=repr),
        wanted=lambda wire: sorted([wire, None], key=repr),
        directly=_SORTED,
    ),
    Door(
        name="searched list",
        tool="list_dimension_values",
        arguments=lambda table, columns: {"dimension": table.member(columns[0]), "contains": "no such text"},
        got=lambda answer, _at: answer["rows"],
        wanted=lambda _wire: [],
        directly="SELECT {column} FROM {table} WHERE CAST({column} AS CHAR) LIKE '%no such%' GROUP BY 1 ORDER BY 1",
    ),
    Door(
        name="filter on NULL",
        tool="query_metrics",
        arguments=lambda table, columns: {
            "metrics": [f"{table.name}_count"],
            "where": {"member": table.member(columns[0]), "op": "is_null"},
        },
        got=_first,
        wanted=lambda _wire: 1,
    ),
)


@dataclass(slots=True)
class Tally:
    """What came of the walk.

    Attributes:
        exact: answers with the value that was stored, by door.
        refused: refusals by name of what the raw engine refuses too, by door.
        wrong: everything else, a line each.
        left_open: intents in the record without an outcome.
    """

    exact: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    left_open: int = 0


async def walked(
    engine: str, folder: Path, *, each: int = 1, single: int = 1, told: Callable[[str], None] | None = None
) -> Tally:
    """Take the shapes of an engine through all doors.

    Args:
        engine: of ``places.ENGINES``.
        folder: for the project, new.
        each: take one of so many of the shapes that nest.
        single: through doors for one column a call, take one of so many columns.
        told: hears of each table.
    """
    tally = Tally()
    with placed(engine, folder, each=each) as place:
        async with run_gateway(folder, load_settings(folder), watch=False, logs=False) as parts:
            for table in place.tables:
                if told is not None:
                    told(f"{engine}: {table.name} of {len(place.tables)}")
                for door in DOORS:
                    columns = list(table.named())[:: single if door.most == 1 else 1]
                    for begin in range(0, len(columns), door.most):
                        await _through(door, parts, place, table, columns[begin : begin + door.most], tally)
        tally.left_open = _left_open(folder / ".metricgate" / "ledger.db")
    return tally


async def _through(
    door: Door, parts: RunningGateway, place: Place, table: Table, columns: Sequence[tuple[str, Shape]], tally: Tally
) -> None:
    """Ask for columns at once; where that is refused, for each half of them."""
    arguments = dict(door.arguments(table, [column for column, _shape in columns]))
    outcome = await parts.gateway.call(ToolCall(tool=door.tool, arguments=arguments, principal=_CALLER, door="python"))
    if isinstance(outcome, Answered):
        answer = json.loads(outcome.body)  # as it leaves the gateway
        for at, (_column, shape) in enumerate(columns):
            got = door.got(answer, at)
            if _same(door, shape, got):
                tally.exact[door.name] += 1
            else:
                tally.wrong.append(f"{place.engine}, {door.name}, {shape.name}: {got!r} for {shape.wire!r}")
    elif len(columns) > 1:
        middle = len(columns) // 2
        await _through(door, parts, place, table, columns[:middle], tally)
        await _through(door, parts, place, table, columns[middle:], tally)
    else:
        [(column, shape)] = columns
        direct = door.directly.format(column=column, table=f"{place.schema}.{table.name}")
        unstored = door.tool == "propose_write" and _problem(outcome)["code"] == "E_SQL_UNSUPPORTED"
        if (direct and _by_name(outcome) and place.refuses(direct)) or (unstored and place.cannot_store(shape)):
            tally.refused[door.name] += 1
        else:
            tally.wrong.append(f"{place.engine}, {door.name}, {shape.name}: {_problem(outcome)}")


def _same(door: Door, shape: Shape, got: object) -> bool:
    if shape.wire is UNKNOWN:
        return True
    if door.name.endswith("as a metric") and shape.name.split()[-1].startswith(_NUMBERS_TO_AGGREGATES):
        return got is not None
    return got == door.wanted(shape.wire)


def _problem(outcome: Outcome) -> Mapping[str, Json]:
    if isinstance(outcome, RefusedCall):
        return outcome.problems.first.as_json()
    return outcome.problem.as_json() if isinstance(outcome, Fault) else {"code": type(outcome).__name__}


def _by_name(outcome: Outcome) -> bool:
    problem = _problem(outcome)
    details = problem.get("details")
    named = _NAMED.get(str(problem["code"]))
    return named is not None and isinstance(details, Mapping) and all(details.get(each) for each in named)


def _left_open(ledger: Path) -> int:
    """Count the intents that nothing in the record concludes."""
    with LedgerReader(ledger) as reader:
        entries = list(reader.entries(EntryFilter(), newest_first=False))
    intents = {each.index for each in entries if each.event == "gov.call.released"}
    for each in entries:
        links = each.fields.get("gov.links")
        for link in links if isinstance(links, list) else []:
            intents.discard(link["index"])  # type: ignore[call-overload, index, arg-type]
    return len(intents)
