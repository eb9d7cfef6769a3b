"""Casts of columns of which no type is known: a text that is none of the type fails on each engine, and is no NULL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.planning.engines import DIALECTS, Engine, opened

from metricgate.catalog.expression import Expression
from metricgate.dialects.expressions import write_qualified

COLUMNS = {
    "twelve": ("VARCHAR(20)", "'12'"),
    "spaced": ("VARCHAR(20)", "' -1.5 '"),
    "wordy": ("VARCHAR(20)", "'open'"),
    "empty": ("VARCHAR(20)", "''"),
    "day_text": ("VARCHAR(20)", "'2024-02-29'"),
    "no_day": ("VARCHAR(20)", "'2023-02-29'"),
    "nothing": ("VARCHAR(20)", "NULL"),
    "whole": ("BIGINT", "-9007199254740993"),
    "exact": ("DECIMAL(18, 4)", "1234567890.5000"),
    "day": ("DATE", "'2024-02-29'"),
    "moment": ("TIMESTAMP", "'2024-02-29 23:59:59.123456'"),
}
RIGHT = {
    ("twelve", "INT"): "12",
    ("spaced", "DECIMAL(9, 2)"): "-1.50",
    ("day_text", "DATE"): "2024-02-29",
    ("nothing", "INT"): None,
    ("nothing", "DATE"): None,
    ("nothing", "DECIMAL(9, 2)"): None,
    ("whole", "BIGINT"): "-9007199254740993",
    ("exact", "BIGINT"): "1234567891",
    ("exact", "DECIMAL(18, 4)"): "1234567890.5000",
    ("day", "DATE"): "2024-02-29",
    ("moment", "DATE"): "2024-02-29",
    ("moment", "TIMESTAMP"): "2024-02-29 23:59:59.123456",
}
WRONG = [
    *((column, kind) for column in ("wordy", "empty") for kind in ("INT", "BIGINT", "DECIMAL(9, 2)", "DOUBLE", "DATE")),
    ("wordy", "TIMESTAMP"),
    ("no_day", "DATE"),
    ("no_day", "TIMESTAMP"),
]


@pytest.fixture(scope="module", params=DIALECTS)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    with opened(request.param) as found:
        kinds = {name: kind for name, (kind, _value) in COLUMNS.items()}
        if request.param == "mysql":
            kinds["moment"] = "DATETIME(6)"
        found.execute(f"CREATE TABLE held ({', '.join(f'{name} {kind}' for name, kind in kinds.items())})")
        found.execute(f"INSERT INTO held VALUES ({', '.join(value for _kind, value in COLUMNS.values())})")
        yield found


def asked(engine: Engine, column: str, kind: str) -> list[tuple[object, ...]]:
    expression = Expression(text=f"CAST({column} AS {kind})", columns=(column,))
    tree = write_qualified(expression, "held", engine.dialect)
    return engine.execute(f"SELECT {tree.sql(engine.dialect)} AS found FROM held")


@pytest.mark.parametrize(("column", "kind"), RIGHT)
def test_what_is_of_the_type_is_cast(engine: Engine, column: str, kind: str) -> None:
    [(found,)] = asked(engine, column, kind)
    assert (None if found is None else str(found)) == RIGHT[column, kind]


@pytest.mark.parametrize(("column", "kind"), WRONG)
def test_a_text_that_is_none_of_the_type_fails(engine: Engine, column: str, kind: str) -> None:
    with pytest.raises(Exception, match=r"(?i)convert|invalid|range|conversion|incorrect"):
        asked(engine, column, kind)
