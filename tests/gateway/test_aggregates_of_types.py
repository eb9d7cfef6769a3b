"""Metrics of types that an engine does not aggregate: answered where it does, else refused with metric and type."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.gateway.conftest import asked
from tests.zones.worlds import ENGINES, world, write_project

from metricgate.gateway.outcome import Answered, RefusedCall

TYPES = {
    "duckdb": {"flag": "BOOLEAN", "code": "UUID"},
    "postgres": {"flag": "BOOLEAN", "code": "UUID", "span": "INT4RANGE"},
    "mariadb": {"flag": "BOOLEAN", "code": "UUID"},
}
VALUES = {"flag": "TRUE", "code": "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "span": "'[1,5)'"}
LACKING = {
    "duckdb": {},
    "postgres": {"max_flag": "boolean", "min_code": "uuid", "max_span": "int4range"},
    "mariadb": {"sum_code": "uuid"},
}
MODELS = """
semantic_models:
  - name: things
    source: "{schema}.typed"
    entities: [{name: thing, type: primary, expr: id}]
    metrics:
      - {name: things, type: simple, agg: count}
"""


@pytest.mark.parametrize("engine", ENGINES)
def test_what_an_engine_does_not_aggregate_is_refused_by_name(engine: str, tmp_path: Path):
    """It is nobody's fault of the moment: 422, with the metric, the aggregate and the type."""
    wanted = [*LACKING[engine], *([] if engine == "postgres" else ["max_flag", "min_code"])]
    metrics = "".join(
        f"      - {{name: {name}, type: simple, agg: {name.partition('_')[0]}, expr: {name.partition('_')[2]}}}\n"
        for name in wanted
    )
    with world(engine, tmp_path) as found:
        columns = ", ".join(f"{name} {kind}" for name, kind in TYPES[engine].items())
        values = ", ".join(VALUES[name] for name in TYPES[engine])
        found.execute(
            f"CREATE TABLE {found.schema}.typed (id INT, {columns})",
            f"INSERT INTO {found.schema}.typed VALUES (1, {values})",
        )
        project = write_project(tmp_path, found, MODELS + metrics)
        for name in wanted:
            outcome = asked(project, "reader", "query_metrics", {"metrics": [name]})
            if name not in LACKING[engine]:
                assert isinstance(outcome, Answered), (name, outcome)
                continue
            assert isinstance(outcome, RefusedCall), (name, outcome)
            problem, (aggregate, _, _) = outcome.problems.first, name.partition("_")
            facts = (problem.code.name, problem.details["type"], problem.details["metrics"])
            assert facts == ("E_SQL_TYPE_UNFIT", LACKING[engine][name], [name])
            assert problem.details["aggregate"] == aggregate
            assert "a0eebc99" not in str(problem.as_json())
