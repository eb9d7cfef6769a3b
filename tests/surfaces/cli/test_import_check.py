"""``metricgate import --check``: each imported metric asked in the project's own warehouse, plain and by month."""

import json

import pytest
from tests.surfaces.cli.shop import Shop

CUBES = """
cubes:
  - name: orders
    sql_table: orders
    dimensions:
      - {name: order_id, sql: order_id, type: number, primary_key: true}
      - {name: ordered_on, sql: ordered_on, type: time}
    measures:
      - {name: count, type: count}
      - {name: total, type: sum, sql: amount}
      - {name: lost, type: sum, sql: no_such_column}
      - {name: mean, type: number, sql: "{total} / {count}"}
  - name: customers
    sql_table: customers
    dimensions: [{name: customer_id, sql: customer_id, type: number, primary_key: true}]
    measures: [{name: count, type: count}]
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """The shop, with cubes beside it."""
    folder = tmp_path_factory.mktemp("shop")
    found = Shop(folder)
    (folder / "cubes.yml").write_text(CUBES)
    return found


def test_every_metric_is_asked_twice(shop):
    """What was not answered stands in a table with its code; the counts follow; a failure ends with 1."""
    before = sorted(each.name for each in (shop.folder / ".metricgate").iterdir())
    done = shop("import", "cube", str(shop.folder / "cubes.yml"), "--check", "--project", str(shop.folder))
    assert done.exit_code == 1, done.output
    assert "plain: 4 answered, 0 refused, 1 failed of 5 metrics" in done.stdout
    assert "by month: 3 answered, 1 refused, 1 failed of 5 metrics" in done.stdout
    table = done.stdout.partition("metric  ")[2]
    assert "orders.lost" in table
    assert "E_NO_METRIC_TIME" in table
    assert sorted(each.name for each in (shop.folder / ".metricgate").iterdir()) == before


def test_programs_get_every_attempt(shop):
    """``--json`` has a list ``asked`` beside what it has without the check."""
    done = shop("import", "cube", str(shop.folder / "cubes.yml"), "--check", "--json")
    asked = json.loads(done.stdout)["asked"]
    assert len(asked) == 10
    assert asked[0] == {
        "metric": asked[0]["metric"],
        "group_by": [],
        "result": "answered",
        "code": None,
        "message": None,
    }
    assert {each["result"] for each in asked} == {"answered", "refused", "failed"}


def test_all_answered_ends_well(shop, tmp_path):
    """And a plain question that is refused ends with 3."""
    (tmp_path / "cubes.yml").write_text(CUBES.replace("      - {name: lost, type: sum, sql: no_such_column}\n", ""))
    done = shop("import", "cube", str(tmp_path / "cubes.yml"), "--check")
    assert done.exit_code == 0, done.output


def test_without_a_project_nothing_is_imported(shop, tmp_path):
    """The project is looked for before anything is written."""
    done = shop(
        "import", "cube", str(shop.folder / "cubes.yml"), "--check", "--project", str(tmp_path), "--out",
        str(tmp_path / "out"),
    )  # fmt: skip
    assert done.exit_code == 2
    assert not (tmp_path / "out").exists()
