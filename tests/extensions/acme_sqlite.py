"""A warehouse that another package brings: a SQLite file, its dialect, and the rules for agents' SQL in it."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict
from sqlglot import exp

from metricgate.dialects.dialect import Dialect, as_date, call
from metricgate.dialects.meanings.general import general
from metricgate.dialects.reading import literals
from metricgate.dialects.reading.keywords import COMMON
from metricgate.dialects.reading.rules import DialectRules, Functions, TextRules
from metricgate.gateway.ports import ReleasedStatement, Rows, WarehouseError
from metricgate.vocabulary.result import Column, DataType, ValueType

_READS = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
_TYPES = {"INTEGER": DataType.INTEGER, "REAL": DataType.FLOAT, "TEXT": DataType.STRING, "DATE": DataType.DATE}
_OF_VALUES = {int: DataType.INTEGER, float: DataType.FLOAT, str: DataType.STRING}


def _truncated(tree, grain):
    return as_date(tree) if grain.name == "DAY" else call("STRFTIME", exp.Literal.string("%Y-%m-01"), tree)


def _part(tree, part):
    return call("STRFTIME", exp.Literal.string({"YEAR": "%Y", "MONTH": "%m"}[part.name]), tree)


DIALECT = Dialect(
    name="acme",
    writer="sqlite",
    meanings=general(truncated=_truncated, part=_part, escapes=True),
    marker=lambda number: exp.Parameter(this=exp.Literal.number(number)),
    filters_aggregates=True,
    truncated=_truncated,
    part=_part,
    converted=lambda tree, _zones: tree,
    rules=DialectRules(
        name="acme",
        binding="sqlite",
        text=TextRules(keywords=COMMON, literals=literals.one_of(literals.STRING), backslashes=False, parameter="@"),
        functions=Functions(
            reviewed=frozenset({"abs", "count", "lower", "max", "min", "round", "sum", "upper"}),
            grammar=frozenset({"cast", "coalesce"}),
        ),
        output_name=lambda node, text: text or node.sql("sqlite"),
        folds_quoted=True,
        keeps_case=True,
        fences=False,
        merges_wrongly=False,
    ),
)


class AcmeSection(BaseModel):
    """A SQLite file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["acme", "acme_plain"]
    file: str


class AcmeWarehouse:
    """One connection that may read and do nothing else."""

    name, data_state = "acme", {}

    def __init__(self, path: Path, dialect: str) -> None:
        self.dialect = dialect
        try:
            self._connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        except sqlite3.Error as error:
            raise WarehouseError("E_WAREHOUSE_UNAVAILABLE", str(error)) from error

    async def run(self, released: ReleasedStatement) -> Rows:
        """Run it with SQLite's own authorizer on, so that nothing is done but reading."""
        statement, began = released.statement, time.perf_counter()
        values = {str(number): value for number, value in enumerate(statement.parameters, 1)}
        self._connection.set_authorizer(lambda action, *_: 0 if action in _READS else 1)
        try:
            cursor = self._connection.execute(statement.sql, values)
            most = statement.row_limit or 10_000
            rows = cursor.fetchmany(most + 1)
        except sqlite3.Error as error:
            raise WarehouseError("E_WAREHOUSE_FAILED", str(error)) from error
        finally:
            self._connection.set_authorizer(None)
        kinds = [_OF_VALUES.get(type(value), DataType.STRING) for value in (rows[0] if rows else cursor.description)]
        names = [each[0] for each in cursor.description]
        return Rows(
            columns=tuple(Column(name=name, type=kind) for name, kind in zip(names, kinds, strict=True)),
            values=[list(row) for row in rows[:most]],
            truncated="rows" if len(rows) > most else None,
            bytes=0,
            seconds=time.perf_counter() - began,
        )

    async def types(self, selects: Sequence[str]) -> Sequence[tuple[ValueType, ...]]:
        """Say of no column what its type is: SQLite's columns hold anything."""
        found = [self._connection.execute(each).description for each in selects]
        return [tuple(ValueType(type=None) for _column in each) for each in found]

    async def describe(
        self, relations: Sequence[tuple[str, ...]]
    ) -> Mapping[tuple[str, ...], tuple[Column, ...] | None]:
        """Return the columns of tables and views."""
        return {each: self._columns(each[-1]) or None for each in relations}

    def _columns(self, table: str) -> tuple[Column, ...]:
        found = self._connection.execute("SELECT name, type FROM pragma_table_info(?)", (table,))
        return tuple(Column(name=name, type=_TYPES.get(kind, DataType.STRING)) for name, kind in found)

    async def locate(self, relations: Sequence[tuple[str, ...]]) -> Mapping[tuple[str, ...], tuple[str, ...]]:
        """Return the full name of each that is there."""
        return {each: ("main", each[-1]) for each in relations if self._columns(each[-1])}

    async def functions(self) -> frozenset[str]:
        """Return SQLite's own functions."""
        found = self._connection.execute("SELECT lower(name) FROM pragma_function_list WHERE builtin")
        return frozenset(name for (name,) in found)

    async def findings(self, _relations: Sequence[tuple[str, ...]]) -> tuple:
        """Find nothing: the file is opened to be read only."""
        return ()

    async def opinion(self, _sql: str) -> None:
        """Have none: SQLite's parser cannot be asked."""

    async def close(self) -> None:
        """Close the file."""
        self._connection.close()


class AcmePlugin:
    """What the package's entry point names."""

    section = AcmeSection
    dialect = DIALECT

    @staticmethod
    def from_section(section: AcmeSection, folder: Path) -> AcmeWarehouse:
        """Open the file that the settings name."""
        return AcmeWarehouse(folder / section.file, section.kind)


class PlainPlugin(AcmePlugin):
    """The same warehouse, in whose dialect nobody has said how SQL of agents is read."""

    dialect = replace(DIALECT, name="acme_plain", rules=None)
