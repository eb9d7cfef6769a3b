"""What no YAML file may do to the reader."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metricgate.documents import Document, DocumentLimits, Read, read, read_all
from metricgate.vocabulary.problem import Problems


class Anything(Document):
    """A document with one free key."""

    a: object = None


def code_of(text: str) -> str:
    found = read("f.yaml", text, Anything)
    assert isinstance(found, Problems)
    return found.first.code.name


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: [1", "E_YAML_SYNTAX"),
        ("a:\n\t- b", "E_YAML_SYNTAX"),
        ("a: 'x", "E_YAML_SYNTAX"),
        ("a: b: c", "E_YAML_SYNTAX"),
        ("%YAML 9.9\n---\na: 1", "E_YAML_SYNTAX"),
        ("a: *nowhere", "E_YAML_SYNTAX"),
        ("? [a]\n: b", "E_YAML_SYNTAX"),
        ("a: !!python/object/apply:os.system [ls]", "E_YAML_FORBIDDEN"),
        ("a: !custom x", "E_YAML_FORBIDDEN"),
        ("a: !!str 1", "E_YAML_FORBIDDEN"),
        ("!!map {a: 1}", "E_YAML_FORBIDDEN"),
        ("a: &x [*x]", "E_YAML_FORBIDDEN"),
        ("<<: {a: 1}", "E_YAML_FORBIDDEN"),
        ("a: &x b\n*x : 1", "E_YAML_FORBIDDEN"),
        ("a: 1\na: 2", "E_DUPLICATE_KEY"),
        ('a: 1\n"a": 2', "E_DUPLICATE_KEY"),
        ("a\x00: 1", "E_YAML_CHARACTER"),
        ("a: x\x07", "E_YAML_CHARACTER"),
        ("a: 1 # \u202e hidden", "E_YAML_CHARACTER"),
        ('a: "\\u202e"', "E_YAML_CHARACTER"),
        ('a: "\\0"', "E_YAML_CHARACTER"),
        ('"a\\u200b": 1', "E_YAML_CHARACTER"),
        ("a\u200b: 1", "E_YAML_CHARACTER"),
        ("a: \ud800", "E_YAML_CHARACTER"),
        ("a: 1\n---\na: 2", "E_SEVERAL_DOCUMENTS"),
        ("- 1", "E_WRONG_TYPE"),
        ("just text", "E_WRONG_TYPE"),
        ("a: " + "[" * 100_000, "E_YAML_TOO_LARGE"),
        ("a: " + "x" * 1_048_577, "E_YAML_TOO_LARGE"),
        ("a: [" + "1," * 210_000 + "]", "E_YAML_TOO_LARGE"),
    ],
)
def test_hostile_or_broken_yaml_is_a_problem_with_its_code(text, code):
    """Malformed YAML, tags, merge keys, cycles, control characters and oversize texts each have their code."""
    assert code_of(text) == code


def test_a_bomb_of_aliases_costs_nothing():
    """Nine levels of nine aliases (the billion laughs) are refused in well under a second."""
    lines = ["l0: &l0 [x,x,x,x,x,x,x,x,x]"]
    lines += [f"l{n}: &l{n} [" + ",".join([f"*l{n - 1}"] * 9) + "]" for n in range(1, 10)]
    begin = time.perf_counter()
    assert code_of("\n".join(lines)) == "E_YAML_TOO_LARGE"
    assert time.perf_counter() - begin < 0.5


def test_small_aliases_are_read():
    """An alias of a small value is the value."""
    found = read("f.yaml", "a: [&x {k: v}, *x]", Anything)
    assert isinstance(found, Read)
    assert found.value.a == [{"k": "v"}, {"k": "v"}]


def test_a_megabyte_is_read_or_refused_within_seconds():
    """A text just under the size limit neither hangs nor crashes the reader."""
    begin = time.perf_counter()
    found = read("f.yaml", "a:\n" + "- {x: 1}\n" * 60_000, Anything)
    assert isinstance(found, Read)
    assert time.perf_counter() - begin < 10


def test_limits_are_the_callers():
    """The caller sets how large a text may be; the message says both numbers."""
    found = read("f.yaml", "a: " + "x" * 100, Anything, limits=DocumentLimits(size=50))
    assert isinstance(found, Problems)
    assert "103 bytes" in found.first.message
    assert "50" in found.first.message


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"), ("on", "on"), ("Yes", "Yes"), ("true", True), ("False", False), ("null", None), ("~", None),
        ("007", "007"), ("0", 0), ("-12", -12), ("1_000", "1_000"), ("12:30:45", "12:30:45"), ("1.50", 1.5),
        ("1e3", 1000.0), (".inf", ".inf"), ("1e999", "1e999"), ("0x1F", "0x1F"), ("2026-01-31", "2026-01-31"),
        ("'1'", "1"), ("=", "="), ("9" * 200, "9" * 200),
    ],
)  # fmt: skip
def test_scalars_mean_what_they_look_like(text, value):
    """The scalar rules of YAML 1.2 without its traps: no Norway, no sexagesimals, no lost zeros."""
    found = read("f.yaml", f"a: {text}", Anything)
    assert isinstance(found, Read)
    assert found.value.a == value
    assert type(found.value.a) is type(value)


def test_several_documents_where_asked_for():
    """``read_all`` gives each document of the file, each with its own places."""
    found = read_all("f.yaml", "a: 1\n---\na: 2\n", Anything)
    assert isinstance(found, tuple)
    assert [(each.value.a, each.place(("a",)).line) for each in found] == [(1, 1), (2, 3)]


@given(st.text(alphabet="ab:-[]{}&*!'\"\n \t#|>%@`,?\x00\u202e0", max_size=60))
def test_no_text_breaks_the_reader(text):
    """Whatever the text, the answer is a document or problems."""
    assert isinstance(read("f.yaml", text, Anything), (Read, Problems))
