"""Checked documents know their places and say in plain words what is wrong."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from metricgate.documents import Document, Read, read
from metricgate.vocabulary.problem import Problems


class Circle(Document):
    """One branch."""

    kind: Literal["circle"]
    radius: float = Field(gt=0)


class Box(Document):
    """The other branch."""

    kind: Literal["box"]
    sides: tuple[int, ...] = Field(min_length=2)
    label: str | list[str] = ""


class Drawing(Document):
    """A list of shapes."""

    shapes: tuple[Annotated[Circle | Box, Field(discriminator="kind")], ...] = ()
    drawn: date | None = None
    final: bool = False


TEXT = """\
shapes:
  - kind: circle
    radius: -1
    radus: 2
  - kind: bax
  - kind: box
    sides: [1]
    label: 7
  - {radius: 1}
drawn: soon
final: maybe
colour: red
"""


def test_every_problem_comes_at_once_with_line_and_column():
    """All mistakes of a file are told in one go, sorted by place, each with path, line and column."""
    found = read("d.yaml", TEXT, Drawing)
    assert isinstance(found, Problems)
    told = [(p.where.line, p.where.column, p.where.path, p.code.name) for p in found]
    assert told == [
        (3, 5, "shapes[0].radius", "E_BAD_VALUE"),
        (4, 5, "shapes[0].radus", "E_UNKNOWN_KEY"),
        (5, 5, "shapes[1].kind", "E_BAD_VALUE"),
        (7, 5, "shapes[2].sides", "E_BAD_VALUE"),
        (8, 5, "shapes[2].label", "E_WRONG_TYPE"),
        (9, 5, "shapes[3]", "E_MISSING_KEY"),
        (10, 1, "drawn", "E_WRONG_TYPE"),
        (11, 1, "final", "E_WRONG_TYPE"),
        (12, 1, "colour", "E_UNKNOWN_KEY"),
    ]


def test_messages_are_our_own_words():
    """Hints name the nearest key or value; nothing of the validator's own language or address shows."""
    text = str(read("d.yaml", TEXT, Drawing))
    assert "Did you mean 'radius'?" in text
    assert "Did you mean 'box'?" in text
    assert "expected text or a list, got the number 7" in text
    assert "Known here: drawn, final, shapes." in text
    assert "pydantic" not in text
    assert "Input should" not in text


def test_places_of_what_is_right():
    """A read document gives the place of any key or item, or of the nearest part that was written."""
    found = read("d.yaml", "shapes:\n  - kind: circle\n    radius: 1\n", Drawing)
    assert isinstance(found, Read)
    assert str(found.place(("shapes", 0, "radius"))) == "d.yaml:3:5 shapes[0].radius"
    assert str(found.place(("shapes", 0, "missing"))) == "d.yaml:2:5 shapes[0]"


def test_an_empty_file_is_an_empty_document():
    """A file with nothing but comments is an empty mapping."""
    found = read("d.yaml", "# nothing yet\n", Drawing)
    assert isinstance(found, Read)
    assert found.value == Drawing()


def test_dates_are_read_where_a_date_is_wanted():
    """A date in the text becomes a date where the document's field is one."""
    found = read("d.yaml", "drawn: 2026-01-31", Drawing)
    assert isinstance(found, Read)
    assert found.value.drawn == date(2026, 1, 31)
