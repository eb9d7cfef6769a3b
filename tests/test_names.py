"""Names: files are called by nouns, functions by verbs, and no name stands for two things."""

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

SOURCE = Path(__file__).parent.parent / "src" / "metricgate"

IRREGULAR = frozenset(
    {
        "begun",
        "bound",
        "brought",
        "built",
        "caught",
        "chosen",
        "dealt",
        "done",
        "drawn",
        "driven",
        "fed",
        "forgotten",
        "fought",
        "found",
        "frozen",
        "given",
        "gone",
        "grown",
        "heard",
        "held",
        "hidden",
        "kept",
        "known",
        "led",
        "left",
        "lent",
        "lost",
        "made",
        "meant",
        "met",
        "paid",
        "proven",
        "rewritten",
        "said",
        "seen",
        "sent",
        "shown",
        "slid",
        "sold",
        "sought",
        "spelt",
        "spent",
        "stood",
        "swept",
        "taken",
        "thought",
        "thrown",
        "told",
        "unbound",
        "understood",
        "undone",
        "withheld",
        "won",
        "written",
    }
)
"""Participles that do not end in ``ed`` or ``ing``."""

NOUNS = frozenset({"meaning", "embed", "feed", "need", "seed", "speed", "string", "thing"})
"""Words that end like participles and are none, or stand for a thing."""

MOST_ING_FILES = 0.03
"""Share of files that may be called by what is being done."""

MOST_PARTICIPLES = 40
"""Public functions and methods that may have a participle alone for a name."""

CLASSES_TWICE: Mapping[str, str] = {}
"""Public classes of one name in several files, each with the reason why."""


class Defined(NamedTuple):
    """A class or function of a file, outside of functions."""

    file: str
    name: str
    owner: str
    node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def defined() -> Iterator[Defined]:
    for file in sorted(SOURCE.rglob("*.py")):
        yield from _within(ast.parse(file.read_text()), str(file.relative_to(SOURCE)), "")


def _within(node: ast.AST, file: str, owner: str) -> Iterator[Defined]:
    for each in ast.iter_child_nodes(node):
        if isinstance(each, ast.ClassDef):
            yield Defined(file, each.name, owner, each)
            yield from _within(each, file, each.name)
        elif isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef):
            yield Defined(file, each.name, owner, each)
        elif isinstance(each, ast.If | ast.Try):
            yield from _within(each, file, owner)


def _is_participle(name: str) -> bool:
    return "_" not in name and name not in NOUNS and (name in IRREGULAR or name.endswith(("ed", "ing")))


def _may_be_one(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Properties, and questions that are answered by yes or no, may be called by what they say of a thing."""
    returns = "" if node.returns is None else ast.unparse(node.returns)
    return returns == "bool" or any("property" in ast.unparse(each) for each in node.decorator_list)


def test_files_are_called_by_what_they_hold() -> None:
    """``*ing.py`` says what is being done; a file holds something."""
    files = [file.stem for file in SOURCE.rglob("*.py")]
    ing = sorted(each for each in files if each.endswith("ing"))
    assert len(ing) < MOST_ING_FILES * len(files), ing


def test_public_functions_are_called_by_verbs() -> None:
    """``told()`` says neither who tells nor whom, and reads like a fact about the past."""
    found = [
        f"{each.file}: {each.owner}.{each.name}" if each.owner else f"{each.file}: {each.name}"
        for each in defined()
        if not isinstance(each.node, ast.ClassDef) and _is_participle(each.name) and not _may_be_one(each.node)
    ]
    assert len(found) < MOST_PARTICIPLES, found


def test_no_public_class_has_the_name_of_another() -> None:
    """A reader who looks for a class finds one."""
    places = defaultdict(set)
    for each in defined():
        if isinstance(each.node, ast.ClassDef) and not each.name.startswith("_"):
            places[each.name].add(each.file)
    twice = {name: sorted(files) for name, files in places.items() if len(files) > 1}
    assert twice.keys() == CLASSES_TWICE.keys(), twice


def test_private_functions_of_one_word_are_called_so_in_one_file_only() -> None:
    """``_facts`` in thirteen files says nothing in a stack trace."""
    places = defaultdict(set)
    for each in defined():
        private = each.name.startswith("_") and not each.name.startswith("__") and "_" not in each.name[1:]
        if private and not each.owner and not isinstance(each.node, ast.ClassDef):
            places[each.name].add(each.file)
    twins = {name: sorted(files) for name, files in places.items() if len(files) > 1}
    assert not twins
