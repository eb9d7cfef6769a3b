"""Where a page promises something of a door, the door is so."""

from __future__ import annotations

from pathlib import Path

from metricgate.gateway.tools.get_action import GET_ACTION
from metricgate.surfaces.human.openapi import people_described

DOCS = Path(__file__).parents[2] / "docs"


def test_switches_are_thrown_where_the_page_says() -> None:
    """By people at these routes; the page names them, and they are there."""
    page = " ".join((DOCS / "behaviour.md").read_text().split())
    routes = people_described().paths
    for path in ("/v1/switches", "/v1/switches/off"):
        assert f"`POST {path}`" in page
        assert "post" in routes[path]


def test_what_withdraws_is_not_called_read_only() -> None:
    """Clients run read-only tools unasked."""
    assert "withdraw" in GET_ACTION.definition.input_schema["properties"]
    assert not GET_ACTION.definition.read_only
