"""docs/cli.md keeps up with the program."""

from pathlib import Path

import typer

from metricgate.ledger.verification import FindingKind
from metricgate.surfaces.cli import build_app

PAGE = (Path(__file__).parents[3] / "docs" / "cli.md").read_text(encoding="utf-8")


def commands():
    """Every command as (words, its click command)."""
    root = typer.main.get_command(build_app(lambda _folder: None, lambda *_files: None))
    for name, command in root.commands.items():
        if hasattr(command, "commands"):
            yield from ((f"{name} {inner}", each) for inner, each in command.commands.items())
        else:
            yield name, command


def section(words):
    """The page's text about a command."""
    _before, _heading, rest = PAGE.partition(f"\n### {words}\n")
    return rest.partition("\n### ")[0]


def test_every_command_has_a_section_with_an_example():
    """Each command has a heading and under it a line that could be typed."""
    found = [words for words, _command in commands()]
    assert len(found) > 20
    missing = [words for words in found if f"$ metricgate {words}" not in section(words)]
    assert not missing


def test_every_option_is_documented():
    """Each option stands in its command's section, or among the options that many commands share."""
    shared = section("Options that many commands take")
    missing = [
        f"{words} {option}"
        for words, command in commands()
        for parameter in command.params
        if parameter.param_type_name == "option"
        for option in parameter.opts
        if option.startswith("--") and option != "--help"
        if f"`{option}" not in section(words) and f"`{option}" not in shared
    ]
    assert not missing


def test_exit_codes_of_verification_are_documented():
    """Each finding stands in the table with the exit code it has."""
    text = section("audit verify")
    assert all(f"| {kind.exit_code} | `{kind}`" in text for kind in FindingKind)
