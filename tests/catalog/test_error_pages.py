"""Every code has its place on an error page."""

from __future__ import annotations

from pathlib import Path

import pytest

from metricgate.catalog import codes as catalog_codes
from metricgate.documents import codes as document_codes

PAGES = Path(__file__).parents[2] / "docs" / "errors"


@pytest.mark.parametrize("code", [*document_codes.CODES, *catalog_codes.CODES], ids=lambda code: code.name)
def test_every_code_is_documented(code):
    """The page of the code's group has a section with its cause, its cure and an example."""
    page = (PAGES / f"{code.group}.md").read_text()
    heading = f"## {code.name}\n"
    assert heading in page
    section = page.split(heading)[1].split("\n## ")[0]
    assert " ".join(code.cause.split()) in " ".join(section.split())
    assert " ".join(code.cure.split()) in " ".join(section.split())
    assert "```" in section


@pytest.mark.parametrize("module", [document_codes, catalog_codes])
def test_every_constant_is_listed(module):
    """``CODES`` holds every code of its module, each name once."""
    constants = [value for name, value in vars(module).items() if name.isupper() and name != "CODES"]
    assert {code.name for code in constants} == {code.name for code in module.CODES}
    assert len({code.name for code in module.CODES}) == len(module.CODES)
