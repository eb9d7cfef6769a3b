"""The page on minimum groups is run: its models over its data under its policy answer and refuse what it shows."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.console import blocks, commands
from tests.pages import Project, made, said_as_shown

PAGE = (Path(__file__).parents[1] / "docs" / "minimum-groups.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The page's project."""
    model, policy = blocks(PAGE, "yaml")
    return made(tmp_path_factory.mktemp("minimum-groups"), PAGE, model, policy)


def test_every_command_says_what_the_page_shows(project: Project) -> None:
    """Answers in whole groups, and refusals that tell no group."""
    assert said_as_shown(project) == {0, 3}


def test_every_rule_of_what_is_refused_has_an_example() -> None:
    """Beside each bold rule stands a command that it refuses."""
    section = PAGE.partition("## What is refused\n")[2].partition("\n## ")[0]
    rules = section.split("\n**")[1:]
    assert len(rules) >= 7
    for rule in rules:
        shown = [each for block in blocks(rule, "console") for each in commands(block)]
        assert any(each.output[0].startswith("E_SMALL_GROUPS: ") for each in shown), rule
