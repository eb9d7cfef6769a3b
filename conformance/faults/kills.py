"""The gateway is killed at each step of a change on a server; the everyday tests do so on DuckDB."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.contracts import servers
from tests.contracts.server_changes import drop, new_place
from tests.gateway.changes.shop import MODELS, write_shop
from tests.gateway.changes.test_crashes import POINTS, killed_at

_NUMBERS = {"postgres": "generate_series(1, 40) AS t(n)", "mariadb": "(SELECT seq AS n FROM seq_1_to_40) AS t"}


@pytest.mark.parametrize("engine", _NUMBERS)
@pytest.mark.parametrize("point", POINTS)
def test_nothing_half_done_and_nothing_unrecorded(tmp_path: Path, engine: str, point: str) -> None:
    """Whatever the gateway was about to do: the next one finds out what became of the change, and records it."""
    with shop_on(engine, tmp_path / "shop") as folder:
        killed_at(folder, point)


@contextmanager
def shop_on(engine: str, folder: Path) -> Iterator[Path]:
    """Make the shop's project and its tables on a server; drop the tables afterwards."""
    place = new_place(
        engine,
        "CREATE TABLE customers(id int PRIMARY KEY, name varchar(20), segment varchar(20), region varchar(20), "
        "email varchar(40))",
        "CREATE TABLE orders(id int PRIMARY KEY, customer_id int, status varchar(20), amount decimal(10, 2))",
        "INSERT INTO orders SELECT n, 1 + n % 4, CASE WHEN n % 3 = 0 THEN 'open' ELSE 'paid' END, n * 1.25 FROM "
        + _NUMBERS[engine],
    )
    try:
        write_shop(folder)
        at = servers.postgres() if engine == "postgres" else servers.mariadb()
        section = {
            "kind": engine,
            "host": at.host,
            "port": at.port,
            "user": at.user,
            "database": at.database if engine == "postgres" else place.schema,
            "tls": "disable",
            "writer": {"user": at.user, "marker_schema": place.schema},
        }
        settings = {"project": "shop", "conduct": {"repeats": None, "refusals": None}, "warehouse": section}
        (folder / "metricgate.yaml").write_text(json.dumps(settings))
        models = MODELS.replace("source: main.", f"source: {place.schema}.")
        (folder / "semantic_models" / "all.yaml").write_text(models)
        yield folder
    finally:
        drop(place)
