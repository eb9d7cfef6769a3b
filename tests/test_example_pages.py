"""Pages that explain rules by examples are run: their models over their data answer and refuse what they show."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.console import blocks, commands
from tests.pages import EVERYTHING, made, said_as_shown

DOCS = Path(__file__).parents[1] / "docs"


def page(name: str) -> str:
    return (DOCS / f"{name}.md").read_text(encoding="utf-8")


def test_minimum_groups_are_as_the_page_shows(tmp_path: Path) -> None:
    """Answers in whole groups, and refusals that tell no group."""
    text = page("minimum-groups")
    model, policy = blocks(text, "yaml")
    assert said_as_shown(made(tmp_path, text, model, policy)) == {0, 3}


def test_months_and_calendars_are_as_the_page_shows(tmp_path: Path) -> None:
    """Offsets and windows read the rows that the page says."""
    text = page("calendars")
    (model,) = blocks(text, "yaml")
    assert said_as_shown(made(tmp_path, text, model, EVERYTHING)) == {0}


@pytest.mark.parametrize(
    ("name", "heading", "least"),
    [
        ("minimum-groups", "What is refused", 7),
        ("calendars", "Offsets by months, quarters, years", 4),
        ("calendars", "Windows", 3),
    ],
)
def test_each_rule_has_an_example(name: str, heading: str, least: int) -> None:
    """Beside each bold rule stands a command with its output."""
    section = page(name).partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rules = section.split("\n**")[1:]
    assert len(rules) >= least
    assert [rule for rule in rules if not any(commands(block) for block in blocks(rule, "console"))] == []
