"""No module is imported in a circle, not even for its types, and only named modules put an import off."""

from __future__ import annotations

import ast
import fnmatch
from collections.abc import Iterator
from pathlib import Path

import pytest

SRC = Path(__file__).parent.parent / "src"

PUT_OFF = frozenset(
    {
        "metricgate.__main__",
        "metricgate.adapters.observers.telemetry",
        "metricgate.adapters.state.sqlite.log",
        "metricgate.adapters.state.*.state",
        "metricgate.adapters.warehouses.duckdb.plugin",
        "metricgate.adapters.warehouses.duckdb.workers.channels",
        "metricgate.adapters.identity.authenticator_setup",
        "metricgate.bootstrap.main",
        "metricgate.bootstrap.notifications",
        "metricgate.bootstrap.project",
        "metricgate.bootstrap.stdio",
        "metricgate.settings.plugins",
        "metricgate.surfaces.cli.app",
        "metricgate.vocabulary.nearest",
    }
)
"""What begins a command, any state or an engine's process, and what loads a large library: only when it is needed."""

TYPES_APART = frozenset({"metricgate.gateway.call_context"})
"""What it imports for types alone does not count: it names what its parts are, and these name it."""


def _modules() -> dict[str, Path]:
    found = {}
    for path in sorted(SRC.rglob("*.py")):
        name = ".".join(path.relative_to(SRC).with_suffix("").parts)
        found[name.removesuffix(".__init__")] = path
    return found


MODULES = _modules()


def _imported(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    """Yield the modules of ours that a statement imports; a name that is a module counts for itself."""
    if isinstance(node, ast.Import):
        yield from (each.name for each in node.names if each.name in MODULES)
        return
    for each in node.names:
        inner = f"{node.module}.{each.name}"
        if inner in MODULES:
            yield inner
        elif node.module in MODULES:
            yield node.module


def _walk(
    node: ast.AST, *, within: bool = False, types: bool = True
) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool]]:
    """Yield every import with whether it stands in a function; without ``types`` not those for types alone."""
    for child in ast.iter_child_nodes(node):
        if not types and isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            continue
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child, within
        else:
            inner = within or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
            yield from _walk(child, within=inner, types=types)


def _graph() -> dict[str, set[str]]:
    found = {}
    for name, path in MODULES.items():
        imports = _walk(ast.parse(path.read_text()), types=name not in TYPES_APART)
        found[name] = {each for node, _within in imports for each in _imported(node)} - {name}
    return found


def _circle(graph: dict[str, set[str]]) -> list[str] | None:
    """Return the first circle found, its first module repeated at the end."""
    done: set[str] = set()
    for start in graph:
        path: list[str] = []
        waiting: list[tuple[str, bool]] = [(start, False)]
        while waiting:
            name, leaving = waiting.pop()
            if leaving:
                done.add(path.pop())
            elif name in path:
                return [*path[path.index(name) :], name]
            elif name not in done:
                path.append(name)
                waiting.append((name, True))
                waiting += [(each, False) for each in sorted(graph.get(name, ()))]
    return None


def test_no_module_is_imported_in_a_circle():
    """Imports within functions and those for types alone count too: a circle of types is one for whoever reads."""
    graph = _graph()
    assert len(graph) > 700
    assert _circle(graph) is None


@pytest.mark.parametrize(
    ("graph", "circle"),
    [
        ({"a": {"b"}, "b": {"c"}, "c": set()}, None),
        ({"a": {"b"}, "b": {"c"}, "c": {"b"}}, ["b", "c", "b"]),
    ],
)
def test_the_search_finds_a_circle(graph, circle):
    """A graph with a circle has one, a graph without has none."""
    assert _circle(graph) == circle


def test_only_named_modules_put_an_import_off():
    """Whoever adds one names it above; a name that no longer does is taken out."""
    found = {
        name for name, path in MODULES.items() if any(within for _node, within in _walk(ast.parse(path.read_text())))
    }
    named = {pattern: set(fnmatch.filter(found, pattern)) for pattern in PUT_OFF}
    assert [pattern for pattern, names in named.items() if not names] == []
    assert found == set().union(*named.values())


def test_tools_call_the_flow_of_changes_and_never_the_other_way() -> None:
    """``gateway/changes`` stands in the gateway, since each stage of a proposal uses the call, and below its tools."""
    above = ("metricgate.gateway.tools", "metricgate.gateway.gateway")
    found = [
        (name, imported)
        for name, path in MODULES.items()
        if name.startswith("metricgate.gateway.changes.")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for imported in _imported(node)
        if imported.startswith(above)
    ]
    assert found == []
