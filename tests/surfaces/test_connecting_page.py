"""What ``docs/connecting.md`` tells people to type, typed."""

import asyncio
import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from tests.surfaces.real import environment

PAGE = (Path(__file__).parents[2] / "docs" / "connecting.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
PYTHON = [code for language, code in BLOCKS if language == "python"]
CURL = [code for language, code in BLOCKS if language == "sh" and code.startswith("curl ")]
ADDRESS = "http://127.0.0.1:8321"


def typed(real, command):
    done = subprocess.run(
        command, env=environment(METRICGATE_API_KEY=real.key), capture_output=True, text=True, check=True, timeout=30
    )
    return done.stdout


@pytest.mark.parametrize("code", PYTHON)
def test_python(real, code):
    """Each Python block runs and prints sales.revenue of the test project: 150.00."""
    told = typed(real, [sys.executable, "-c", code.replace(ADDRESS, real.url)])
    assert "150.00" in told.replace("\\", "")


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("code", CURL)
def test_curl(real, code):
    """Each curl command gets what the page says comes back."""
    told = json.loads(typed(real, ["sh", "-c", code.replace(ADDRESS, real.url)]))
    assert told.keys() in ({"verdicts", "answer", "record"}, {"tools"}) or told["resource"] == f"{real.url}/mcp"


def test_the_desktop_configuration(real):
    """A client that starts the program as the configuration says gets answers."""
    config = next(json.loads(code) for language, code in BLOCKS if language == "json")["mcpServers"]["metricgate"]
    arguments = [str(real.folder) if each == "/path/to/project" else each for each in config["args"]]
    assert config["command"] == "metricgate"
    assert config["env"].keys() == {"METRICGATE_API_KEY"}
    variables = environment(METRICGATE_API_KEY=real.key)
    program = StdioServerParameters(
        command=sys.executable, args=["-m", "metricgate", *arguments], env=variables, cwd="/"
    )

    async def go():
        async with Client(program) as session:
            return await session.call_tool("query_metrics", {"metrics": ["sales.revenue"]})

    assert asyncio.run(go()).structured_content["answer"]["rows"] == [["150.00"]]


def test_the_inspector_is_the_one_that_is_tested():
    """The page names the version and the options that ``tests/mcp_conformance/run.py`` runs."""
    runner = (Path(__file__).parents[1] / "mcp_conformance" / "run.py").read_text(encoding="utf-8")
    version = re.search(r'INSPECTOR_VERSION = "([\d.]+)"', runner)[1]
    code = next(code for language, code in BLOCKS if "inspector" in code).replace("\\\n", " ")
    for line in code.splitlines():
        words = shlex.split(line)
        assert words[1] == f"@modelcontextprotocol/inspector@{version}"
        assert all(f'"{word}"' in runner for word in words if word.startswith("--"))
