"""Every code of the room is documented, once, with its cause and its cure."""

from __future__ import annotations

from pathlib import Path

from metricgate.importing import codes

PAGE = Path(__file__).parents[2] / "docs" / "errors" / "importing.md"


def test_codes_and_page_agree() -> None:
    """The page has a section for each code, in order, that repeats its cause and cure."""
    sections = PAGE.read_text(encoding="utf-8").split("\n## ")[1:]
    assert [section.partition("\n")[0] for section in sections] == [code.name for code in codes.CODES]
    for code, section in zip(codes.CODES, sections, strict=True):
        words = " ".join(section.split())
        assert f"Cause: {code.cause}" in words
        assert f"Cure: {code.cure}" in words


def test_all_constants_are_collected() -> None:
    """``CODES`` holds every code of the module."""
    constants = {value.name for name, value in vars(codes).items() if name.isupper() and name != "CODES"}
    assert constants == {code.name for code in codes.CODES}
