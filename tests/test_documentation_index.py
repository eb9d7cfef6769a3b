"""Every page of the documentation can be found: the index by job lists it, or the index of its folder does."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
INDEXES = sorted(DOCS.rglob("README.md"))


def listed(index: Path) -> Counter[Path]:
    """The pages that an index links, at whatever heading of theirs."""
    links = re.findall(r"\]\(([^)\s#]+\.md)", index.read_text(encoding="utf-8"))
    return Counter((index.parent / link).resolve() for link in links if not re.match(r"[a-z]+:", link))


@pytest.mark.parametrize("index", INDEXES, ids=lambda index: index.parent.name)
def test_a_folder_lists_each_of_its_pages(index: Path) -> None:
    """A page that lies beside an index is in it once; folders stand in the index above by theirs."""
    found = listed(index)
    here = [page for page in index.parent.glob("*.md") if page != index]
    below = [folder / "README.md" for folder in index.parent.iterdir() if folder.is_dir()]
    assert [page.name for page in [*here, *below] if page.name != "README.md" and not found[page.resolve()]] == []
    assert [page for page in below if found[page.resolve()] != 1] == []


def test_the_index_by_job_lists_nothing_twice() -> None:
    """Each page stands under one job."""
    assert [page.name for page, count in listed(DOCS / "README.md").items() if count > 1] == []


def test_every_folder_of_pages_has_an_index() -> None:
    """A page deep in a folder without an index would be found by nobody."""
    folders = {page.parent for page in DOCS.rglob("*.md")}
    assert {index.parent for index in INDEXES} == folders


def test_decisions_are_told_by_their_titles() -> None:
    """The index shows each decision by its number and title, in order."""
    shown = re.findall(r"^- (\d+): \[(.+)\]\((.+)\)$", (DOCS / "decisions" / "README.md").read_text(), re.MULTILINE)
    written = []
    for page in sorted((DOCS / "decisions").glob("0*.md")):
        number, title = re.match(r"# (\d+)\. (.+)", page.read_text(encoding="utf-8")).groups()
        written.append((number, title, page.name))
    assert shown == written
