"""A command loads what it needs: what only others need would be most of its time."""

import subprocess
import sys
from importlib.metadata import version

import pytest

PROGRAM = """
import sys
from metricgate.__main__ import main
try:
    main()
except SystemExit as end:
    assert end.code in (None, 0, 3), end.code
rooms = {".".join(name.split(".")[:n]) for name in sys.modules if name.startswith("metricgate.") for n in (2, 3)}
outside = {name.split(".")[0] for name in sys.modules}
sys.stderr.write(" ".join(sorted(rooms | outside)))
"""
ENGINES = {"duckdb", "pyarrow", "psycopg", "pymysql"}
DOORS = {"fastapi", "mcp", "uvicorn"}
TONGUES = {"metricgate.planning", "metricgate.compiling", "metricgate.guarding", "metricgate.importing"}
UNOPENED = {"pydantic", "yaml", "rich", "metricgate.state", "metricgate.adapters", "metricgate.documents"}
RULES = {"metricgate.policy", "metricgate.gateway.gateway", "casbin", "sqlglot"}
WIRES = {"httpx2", "structlog", "joserfc", "opentelemetry", "rapidfuzz"}
OWN = ENGINES | DOORS | TONGUES | RULES | WIRES


@pytest.mark.parametrize(
    ("command", "unloaded"),
    [
        (
            ("--version",),
            OWN | UNOPENED,
        ),
        (("keys", "list"), OWN),
        (("keys", "create", "bot"), OWN),
        (("switch", "list"), OWN),
        (("audit", "list"), OWN),
        (("people", "list"), ENGINES | DOORS | {"metricgate.importing"}),
        (("validate",), DOORS | {"metricgate.importing", "metricgate.exporting"}),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else "",
)
def test_a_command_loads_nothing_that_only_others_need(tmp_path, command, unloaded):
    """Modules of one run, in a project of its own."""
    started = [sys.executable, "-m", "metricgate"]
    subprocess.run([*started, "init", str(tmp_path / "shop")], check=True, capture_output=True)
    run = [sys.executable, "-c", PROGRAM, *command]
    ended = subprocess.run(run, cwd=tmp_path / "shop", capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert sorted(unloaded & set(ended.stderr.splitlines()[-1].split())) == []


def test_the_version_that_is_told_is_the_one_that_is_installed():
    """It is a constant: looking up what is installed would be a third of the start."""
    run = [sys.executable, "-m", "metricgate", "--version"]
    told = subprocess.run(run, capture_output=True, text=True, check=True).stdout
    assert told == f"metricgate {version('metricgate')}\n"
