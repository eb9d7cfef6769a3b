"""Which views may read a table, by their texts."""

from __future__ import annotations

import pytest

from metricgate.guarding.views import views_reading


@pytest.mark.parametrize(
    ("text", "reads"),
    [
        ("SELECT `p`.`id` FROM `shop`.`people` AS `p`", True),
        ("SELECT id FROM people", True),
        ("SELECT id FROM Shop.People", True),
        ("SELECT id FROM `other`.`people`", False),
        ("SELECT id FROM shop.teams WHERE id IN (SELECT team FROM other.people)", False),
        ("SELECT id FROM other.people UNION SELECT id FROM (SELECT * FROM shop.people) AS x", True),
        ("no SELECT that anybody reads (", True),
    ],
)
def test_a_view_over_a_table_of_the_same_name_elsewhere_does_not_count(text: str, reads: bool) -> None:
    """A name with its schema means that schema's table; a name by itself may mean any."""
    assert views_reading(("shop", "people"), [("v", text)], "mysql") == (("view v",) if reads else ())
    assert views_reading(("people",), [("v", "SELECT id FROM other.people")], "mysql") == ("view v",)
