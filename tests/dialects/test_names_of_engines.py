"""Code asks a dialect what it can do, never what it is called: else a package could bring none of its own."""

import ast
from pathlib import Path

from metricgate.dialects.engines import known_dialects

ROOT = Path(__file__).parents[2] / "src" / "metricgate"
ROOMS = ("adapters", "dialects")
ENGINES = {"duckdb", "postgres", "postgresql", "mariadb", "mysql"}
EXCEPTIONS = {
    "exporting/ossie/expression_dialects.py": "Ossie's own labels, each beside the dialect that it names",
    "importing/ossie/words.py": "Ossie's own labels",
}


def test_no_engine_is_named_outside_of_its_rooms():
    names = ENGINES | set(known_dialects())
    found: dict[str, list[str]] = {}
    for path in sorted(ROOT.rglob("*.py")):
        place = path.relative_to(ROOT)
        if place.parts[0] in ROOMS or place.as_posix() in EXCEPTIONS:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.lower() in names:
                found.setdefault(place.as_posix(), []).append(f"{node.lineno}: {node.value}")
    assert found == {}


def test_each_exception_is_still_one():
    names = ENGINES | set(known_dialects())
    for place in EXCEPTIONS:
        constants = [
            node.value
            for node in ast.walk(ast.parse((ROOT / place).read_text(encoding="utf-8")))
            if isinstance(node, ast.Constant)
        ]
        assert names.intersection(each.lower() for each in constants if isinstance(each, str)), place
