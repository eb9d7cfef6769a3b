"""A dataset as one caller may see it: the same rows and the same masks on every engine, worked out by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from hashlib import sha256

import duckdb
import psycopg
import pytest
from tests.contracts import servers

from metricgate.catalog.catalog import Catalog
from metricgate.catalog.catalog_loader import load
from metricgate.compiling.compiler import compile_plan
from metricgate.compiling.relations import relation_of
from metricgate.dialects.adaptation import mysql_marks
from metricgate.planning.planner import Planner
from metricgate.planning.question import GroupBy, Question
from metricgate.planning.uses import uses_of
from metricgate.vocabulary.grain import Grain
from metricgate.vocabulary.obligation import Mask, MaskMethod, Obligations, RowFilter, Use
from metricgate.vocabulary.predicate import Comparison, Operator, Secret
from metricgate.vocabulary.problem import Problems
from metricgate.vocabulary.relation import Relation

MODEL = """
semantic_models:
  - name: people
    source: masked_people
    entities: [{name: person, type: primary, expr: id}]
    dimensions:
      - {name: region, type: categorical}
      - {name: email, type: categorical}
      - {name: born, type: time, granularity: day}
    agg_time_dimension: born
    metrics:
      - {name: people_count, type: simple, agg: count}
      - {name: pay, type: simple, agg: sum, expr: pay * 2}
"""
TABLE = "(id INT, name VARCHAR(20), email VARCHAR(20), region VARCHAR(5), pay INT, born DATE)"
ROWS = """VALUES (1, 'Anna', 'a@x', 'EU', -1500, '2001-02-03'), (2, 'Bo', NULL, 'EU', 1500, '2002-03-04'),
 (3, 'C', 'c@x', 'US', 1, '2003-01-01'), (4, NULL, 'e@x', 'EU', 999, NULL)"""
COLUMNS = ["id", "name", "email", "region", "pay", "born"]
KEY = "a key"

Asked = Callable[[Relation], list[tuple[object, ...]]]


def mask(column: str, method: MaskMethod, **options: object) -> Mask:
    return Mask(rule="r", dataset="people", column=column, method=method, **options)


OBLIGATIONS = Obligations(
    row_filters=(
        RowFilter(rule="f", dataset="people", condition=Comparison(member="region", op=Operator.EQ, values=("EU",))),
    ),
    masks=(
        mask("id", MaskMethod.NULL),
        mask("name", MaskMethod.PARTIAL, first=1, last=1),
        mask("email", MaskMethod.HASH),
        mask("region", MaskMethod.CONSTANT, value="a % 'place' ?"),
        mask("pay", MaskMethod.BUCKET, width=1000),
        mask("born", MaskMethod.DATE, grain=Grain.YEAR),
    ),
)


def on_duckdb() -> tuple[tuple[str, ...], str, Asked]:
    connection = duckdb.connect()
    connection.execute(f"CREATE TABLE masked_people {TABLE}")
    connection.execute(f"INSERT INTO masked_people {ROWS}")
    return (
        ("memory", "main", "masked_people"),
        "duckdb",
        lambda relation: connection.execute(relation.sql, list(relation.parameters)).fetchall(),
    )


def on_postgres() -> tuple[tuple[str, ...], str, Asked]:
    connection = psycopg.connect(cursor_factory=psycopg.RawCursor, **_dsn(servers.postgres()))
    connection.execute(f"CREATE TEMP TABLE masked_people {TABLE}")
    connection.execute(f"INSERT INTO masked_people {ROWS}")
    return (
        ("pg_temp", "masked_people"),
        "postgres",
        lambda relation: connection.execute(relation.sql, relation.parameters).fetchall(),
    )


def _dsn(at: servers.Address) -> dict[str, object]:
    return {"host": at.host, "port": at.port, "user": at.user, "password": at.password, "dbname": at.database}


def on_mariadb() -> tuple[tuple[str, ...], str, Asked]:
    connection = servers.mariadb_connection(servers.mariadb())
    cursor = connection.cursor()
    cursor.execute(f"USE {servers.SCHEMA}")
    cursor.execute(f"CREATE OR REPLACE TABLE masked_people {TABLE}")
    cursor.execute(f"INSERT INTO masked_people {ROWS}")

    def asked(relation: Relation) -> list[tuple[object, ...]]:
        sql, values = mysql_marks(relation.sql, relation.parameters)
        cursor.execute(sql.replace("%", "%%").replace("?", "%s"), [str(value) for value in values])
        return list(cursor.fetchall())

    return (servers.SCHEMA, "masked_people"), "mysql", asked


def catalog() -> Catalog:
    found = load([("a.yaml", MODEL)])
    assert isinstance(found, Catalog), str(found)
    return found


def hashed(text: str) -> str:
    return sha256(f"{KEY}{text}{KEY}".encode()).hexdigest()[:32]


@pytest.mark.parametrize("engine", [on_duckdb, on_postgres, on_mariadb])
def test_every_mask_and_the_row_filter(engine: Callable[[], tuple[tuple[str, ...], str, Asked]]) -> None:
    """The filter sees the real region, the caller the constant; NULL stays NULL; the key is nowhere in the text."""
    location, dialect, asked = engine()
    found = relation_of(catalog().models["people"], location, COLUMNS, OBLIGATIONS, dialect, mask_key=KEY)
    assert isinstance(found, Relation), str(found)
    place = "a % 'place' ?"
    assert sorted(asked(found), key=lambda row: float(row[4])) == [
        (None, "A**a", hashed("a@x"), place, -2000.0, date(2001, 1, 1)),
        (None, None, hashed("e@x"), place, 0.0, None),
        (None, "**", None, place, 1000.0, date(2002, 1, 1)),
    ]
    assert KEY not in found.sql
    assert [value for value in found.parameters if isinstance(value, Secret)] == [KEY, KEY]
    assert KEY not in repr(found)


def test_a_metric_reads_through_the_same_masks() -> None:
    """A mask that allows grouping groups by the masked values: one group where there were three."""
    planner = Planner(catalog())
    plan = planner.plan(Question(metrics=("people_count",), group_by=(GroupBy(member="person__region"),)))
    assert not isinstance(plan, Problems), str(plan)
    statement = compile_plan(plan, OBLIGATIONS, "duckdb", KEY)
    assert not isinstance(statement, Problems), str(statement)
    _location, _dialect, asked = on_duckdb()
    assert asked(Relation(sql=statement.sql, parameters=statement.parameters)) == [("a % 'place' ?", 3)]


def test_what_a_question_uses() -> None:
    """Group-bys, filters and aggregates are told apart; what is only joined by is a join."""
    planner = Planner(catalog())
    where = Comparison(member="person__email", op=Operator.EQ, values=("a@x",))
    asked = Question(metrics=("pay",), group_by=(GroupBy(member="person__region"),), where=where)
    plan = planner.plan(asked)
    assert not isinstance(plan, Problems), str(plan)
    assert uses_of(plan) == {
        "people": {"region": {Use.GROUP}, "email": {Use.FILTER}, "pay": {Use.AGGREGATE}},
    }
