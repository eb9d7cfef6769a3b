"""Docstrings say what a reader cannot see in the signature: what is raised, what None and False mean, units of time."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "metricgate"
ROOMS = sorted(each.name for each in SOURCE.iterdir() if each.is_dir() and (each / "__init__.py").exists())
PORTS = ("state", "gateway")
MOMENTS = {"now", "at", "since", "until", "before", "first", "due", "seconds", "forget_before", "expires_in"}
"""Names of parameters that are moments or lengths of time."""
UNITS = ("second", "iso 8601", "utc", "moment", "datetime")
UNSAID = {"NotImplementedError", "Exit"}
"""There is nothing to call; and how typer ends a command."""
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Told:
    """A public function, and all that is said of it: in its docstring and, of a method, in its class's."""

    place: str
    node: Function
    own: str
    said: str
    of_port: bool


def told_in(path: Path) -> Iterator[Told]:
    def visit(body: list[ast.stmt], above: ast.ClassDef | None, around: str) -> Iterator[Told]:
        for each in body:
            name = getattr(each, "name", "")
            if isinstance(each, ast.ClassDef) and not name.startswith("_"):
                yield from visit(each.body, each, ast.get_docstring(each) or "")
            elif isinstance(each, Function) and (name == "__init__" or not name.startswith("_")):
                own = ast.get_docstring(each) or ""
                port = above is not None and any("Protocol" in ast.unparse(base) for base in above.bases)
                place = f"{path.relative_to(SOURCE).as_posix()}:{each.lineno} {name}"
                yield Told(place, each, own, f"{around}\n{own}", port)

    yield from visit(ast.parse(path.read_text(encoding="utf-8")).body, None, "")


def functions(room: str) -> list[Told]:
    return [told for path in sorted((SOURCE / room).rglob("*.py")) for told in told_in(path)]


def raised_by(node: Function) -> Iterator[str]:
    """Yield the names of the classes that a function raises itself.

    Not those of functions inside it, nor what is raised under a ``try`` that catches something.
    """
    waiting: list[ast.AST] = list(node.body)
    while waiting:
        each = waiting.pop()
        if isinstance(each, Function | ast.ClassDef | ast.Lambda):
            continue
        if isinstance(each, ast.Try) and each.handlers:
            waiting.extend([*each.handlers, *each.orelse, *each.finalbody])
            continue
        if isinstance(each, ast.Raise) and each.exc is not None:
            found = each.exc.func if isinstance(each.exc, ast.Call) else each.exc
            name = found.attr if isinstance(found, ast.Attribute) else getattr(found, "id", "")
            if name[:1].isupper():
                yield name
        waiting.extend(ast.iter_child_nodes(each))


def bases(name: str) -> list[str]:
    """Return the names of the classes above one of Python's own."""
    found = getattr(builtins, name, object)
    return [each.__name__ for each in found.__mro__ if issubclass(each, Exception) and each is not Exception]


@pytest.mark.parametrize("room", ROOMS)
def test_what_a_public_function_raises_stands_in_its_docstring(room: str) -> None:
    """Or in its class's, where every method raises it."""
    missing = {
        f"{told.place}: {name}"
        for told in functions(room)
        for name in raised_by(told.node)
        if name not in UNSAID and not any(each in told.said for each in (name, *bases(name)))
    }
    assert missing == set()


@pytest.mark.parametrize("room", PORTS)
def test_a_port_says_what_none_and_false_mean(room: str) -> None:
    missing = []
    for told in functions(room):
        returns = "" if told.node.returns is None else ast.unparse(told.node.returns)
        text = told.own.lower()
        if told.of_port and returns.endswith("| None") and "none" not in text and "problem" not in text:
            missing.append(f"{told.place}: None")
        if told.of_port and returns == "bool" and "false" not in text and "whether" not in text:
            missing.append(f"{told.place}: False")
    assert missing == []


@pytest.mark.parametrize("room", PORTS)
def test_a_port_says_in_which_unit_times_are(room: str) -> None:
    missing = [
        f"{told.place}: {each.arg}"
        for told in functions(room)
        if told.of_port
        for each in (*told.node.args.args, *told.node.args.kwonlyargs)
        if each.arg in MOMENTS and not any(unit in told.said.lower() for unit in UNITS)
        if "datetime" not in ast.unparse(each.annotation or ast.Constant(""))
    ]
    assert missing == []


def test_a_port_of_the_state_says_what_it_raises() -> None:
    """Each method, or the class for all of its methods; what only lets go, or was read before, raises nothing."""
    quiet = {"close", "__enter__", "__exit__"}
    missing = [
        told.place
        for told in functions("state")
        if told.of_port and told.node.name not in quiet and "raise" not in told.said.lower()
        if not any("property" in ast.unparse(each) for each in told.node.decorator_list)
    ]
    assert missing == []
