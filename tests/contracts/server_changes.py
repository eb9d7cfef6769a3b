"""Tables on real servers to change, and the plans and releases of tests."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from tests.contracts import servers
from tests.contracts.warehouse_engines import released

from metricgate.adapters.warehouses.mariadb.options import MariaDBOptions
from metricgate.adapters.warehouses.mariadb.warehouse import MariaDBWarehouse
from metricgate.adapters.warehouses.postgres.options import PostgresOptions
from metricgate.adapters.warehouses.postgres.warehouse import PostgresWarehouse
from metricgate.adapters.warehouses.servers.warehouse import ServerWarehouse
from metricgate.adapters.warehouses.servers.writer_options import WriterOptions
from metricgate.changing.change import RowChangeKind
from metricgate.changing.effect import ChangeEffect
from metricgate.changing.structure import StructureChange
from metricgate.compiling.statement import ExpectedColumn, Statement
from metricgate.gateway.changes.ports import ChangePlan, ChangeStep, Rehearsal, ReleasedChange, View
from metricgate.vocabulary.predicate import Scalar

Result = TypeVar("Result")
_NUMBERS = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Place:
    """A schema or database of one test's own."""

    engine: str
    schema: str

    def admin(self, *statements: str) -> list[tuple[object, ...]]:
        """Run statements on a connection beside the warehouse; return the last one's rows, values as text."""
        if self.engine == "postgres":
            with servers.postgres_connection(servers.postgres()) as connection:
                connection.execute(f'SET search_path = "{self.schema}"')
                for each in statements:
                    cursor = connection.execute(each)
                return cursor.fetchall() if cursor.description else []
        with servers.mariadb_connection(servers.mariadb()) as connection, connection.cursor() as cursor:
            cursor.execute(f"USE {self.schema}")
            for each in statements:
                cursor.execute(each)
            return list(cursor.fetchall()) if cursor.description else []

    def warehouse(self, user: str = "", password: str = "") -> ServerWarehouse:
        """Open it, for changes too; by an account of one's own on MariaDB."""
        if self.engine == "postgres":
            at = servers.postgres()
            writer = WriterOptions(user=at.user, password=at.password, marker_schema=self.schema)
            return PostgresWarehouse(
                PostgresOptions(
                    host=at.host,
                    port=at.port,
                    database=at.database,
                    user=at.user,
                    password=at.password,
                    search_path=(self.schema,),
                    writer=writer,
                )
            )
        at = servers.mariadb()
        own = (user, password) if user else (at.user, at.password)
        writer = WriterOptions(user=own[0], password=own[1], marker_schema=self.schema)
        return MariaDBWarehouse(
            MariaDBOptions(
                host=at.host, port=at.port, database=self.schema, user=at.user, password=at.password, writer=writer
            )
        )

    def table(self, name: str) -> tuple[str, str]:
        """Return where a table is."""
        return self.schema, name

    def step(self, kind: str, name: str, sql: str, *values: Scalar, key: str = "", columns: str = "") -> ChangeStep:
        """Return a step; names of columns are separated by blanks; ``{s}`` in the text is the schema."""
        return ChangeStep(
            kind=RowChangeKind(kind),
            table=self.table(name),
            key=tuple(key.split()),
            columns=tuple(columns.split()),
            source=self.source(sql, *values),
        )

    def source(self, sql: str, *values: Scalar) -> Statement:
        """Return a confined SELECT."""
        return Statement(
            sql=sql.replace("{s}", self.schema),
            parameters=values,
            dialect="postgres" if self.engine == "postgres" else "mysql",
            columns=(ExpectedColumn(name="v", type=None),),
            digest="sha256:test",
            row_limit=None,
            confined=True,
        )


def new_place(engine: str, *script: str) -> Place:
    """Make a schema or database with this script."""
    if engine == "postgres":
        at, name = servers.postgres(), f"{servers.SCHEMA}_w{next(_NUMBERS)}"
        with servers.postgres_connection(at) as connection:
            connection.execute(f"CREATE SCHEMA {name}")
    else:
        at, name = servers.mariadb(), f"{servers.SCHEMA}_w{next(_NUMBERS)}"
        with servers.mariadb_connection(at) as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name}")
    place = Place(engine, name)
    place.admin(*script)
    return place


def drop(place: Place) -> None:
    """Drop it."""
    if place.engine == "postgres":
        with servers.postgres_connection(servers.postgres()) as connection:
            connection.execute(f"DROP SCHEMA {place.schema} CASCADE")
    else:
        place.admin(f"DROP DATABASE {place.schema}")


def using(place: Place, work: Callable[[ServerWarehouse], Awaitable[Result]], user: str = "") -> Result:
    """Do ``work`` with the warehouse; where a user is named, it writes, and its password is its name."""

    async def main() -> Result:
        warehouse = place.warehouse(user, user)
        try:
            return await work(warehouse)
        finally:
            await warehouse.close()

    return asyncio.run(main())


def plan(*steps: ChangeStep, most: int = 20_000, seconds: float = 20.0, views: Sequence[View] = ()) -> ChangePlan:
    """Return a plan."""
    return ChangePlan(steps=steps, most_rows=most, seconds=seconds, views=tuple(views))


def release(
    rehearsal: Rehearsal,
    wanted: ChangePlan | None = None,
    *,
    action: str = "act-1",
    structure: StructureChange | None = None,
    most_rows: int = 20_000,
    seconds: float = 20.0,
) -> ReleasedChange:
    """Release what was rehearsed: a plan, or a change of a table itself."""
    allowed = released("SELECT 1")
    return ReleasedChange(
        action_id=action,
        plan=wanted,
        changes=rehearsal.changes,
        expected_digest=rehearsal.effect.digest,
        most_rows=most_rows,
        seconds=seconds if wanted is None else wanted.seconds,
        views=() if wanted is None else wanted.views,
        structure=structure,
        definitions=rehearsal.definitions,
        verdict=allowed.verdict,
        intent=allowed.intent,
    )


def ready(_effect: ChangeEffect) -> None:
    """Prepare nothing."""


def shorter(wanted: ChangePlan, seconds: float) -> ChangePlan:
    """Return the plan with another limit."""
    return replace(wanted, seconds=seconds)
