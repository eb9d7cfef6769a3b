"""Forms of arguments that can mean one thing only: in every argument of every tool, and told."""

import math
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from metricgate.gateway.argument_schemas import accepted_schema, kinds_of, shown_schema
from metricgate.gateway.arguments import ParsedArguments, read_arguments
from metricgate.gateway.lenient_arguments import forgive
from metricgate.gateway.tools import TOOLS
from metricgate.vocabulary.problem import Problems


class Inner(BaseModel):
    """An object inside."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: str
    top: int = 3
    names: list[str] = Field(default_factory=list)


class Arguments(BaseModel):
    """One of every kind."""

    model_config = ConfigDict(extra="forbid", strict=True)

    text: str | None = None
    whole: Annotated[int, Field(ge=0)] | None = None
    number: float = 0.0
    flag: bool = True
    kind: Literal["one", "two"] = "one"
    names: list[str] = Field(default_factory=list)
    mixed: list[str | Inner] = Field(default_factory=list)
    inner: Inner | None = None


def read(**given):
    return read_arguments("t", given, Arguments)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"whole": "5"}, {"whole": 5}),
        ({"whole": 5.0}, {"whole": 5}),
        ({"whole": " 5.0 "}, {"whole": 5}),
        ({"number": "0.25"}, {"number": 0.25}),
        ({"number": "-1e3"}, {"number": -1000.0}),
        ({"flag": "false"}, {"flag": False}),
        ({"flag": "True"}, {"flag": True}),
        ({"names": "a"}, {"names": ["a"]}),
        ({"names": '["a", "b"]'}, {"names": ["a", "b"]}),
        ({"mixed": "a"}, {"mixed": ["a"]}),
        ({"mixed": {"name": "a"}}, {"mixed": [Inner(name="a")]}),
        ({"mixed": ['{"name": "a", "top": "4"}']}, {"mixed": [Inner(name="a", top=4)]}),
        ({"inner": '{"name": "a"}'}, {"inner": Inner(name="a")}),
        ({"inner": {"name": "5", "top": 4.0, "names": "b"}}, {"inner": Inner(name="5", top=4, names=["b"])}),
    ],
)
def test_is_read_as_meant_and_told(given, wanted):
    """One note or more, and the value that was meant."""
    parsed = read(**given)
    assert isinstance(parsed, ParsedArguments), parsed
    assert {name: getattr(parsed.value, name) for name in wanted} == wanted
    assert parsed.notes
    assert all(next(iter(given)) in note for note in parsed.notes)


@pytest.mark.parametrize(
    "given",
    [
        {"whole": "5.5"},
        {"whole": 5.5},
        {"whole": "five"},
        {"whole": ""},
        {"whole": "0x5"},
        {"whole": "1_000"},
        {"whole": "\u0665"},
        {"whole": True},
        {"whole": 2.0**60},
        {"whole": "-1"},
        {"number": "nan"},
        {"number": "1e999"},
        {"flag": 1},
        {"flag": "yes"},
        {"names": {"a": 1}},
        {"names": [None]},
        {"kind": "three"},
        {"inner": "a"},
        {"inner": {"name": None}},
    ],
)
def test_what_could_mean_something_else_is_refused(given):
    """Nothing is guessed: the place is named."""
    problems = read(**given)
    assert isinstance(problems, Problems)
    assert problems.first.where.path.startswith(next(iter(given)))


def test_text_stays_text():
    """Where text is wanted nothing in it is read as anything else."""
    parsed = read(text="5", names=["5", "true", "[1]", "null"], mixed=["5", "[x"])
    assert (parsed.value.text, parsed.value.names) == ("5", ["5", "true", "[1]", "null"])
    assert parsed.value.mixed == ["5", "[x"]
    assert parsed.notes == ()


def test_nulls_are_told_in_one_line():
    """Null is what is left out, nested too; the default stands."""
    parsed = read(**(dict.fromkeys(Arguments.model_fields) | {"inner": {"name": "a", "top": None}}))
    assert parsed.value == Arguments(inner=Inner(name="a"))
    (note,) = parsed.notes
    assert note.startswith("Null counts as left out: `text`, `whole`, `number`, `flag`")
    assert "`inner.top`" in note


@pytest.mark.parametrize(
    ("given", "corrected"),
    [
        ({"text": 5}, {"text": "5"}),
        ({"text": False, "names": "a"}, {"text": "false", "names": ["a"]}),
        ({"texts": "a", "whole": "5"}, {"text": "a", "whole": 5}),
        ({"name": "a"}, {"names": ["a"]}),
    ],
)
def test_refused_with_the_corrected_call(given, corrected):
    """A scalar in the place of a name, and a misspelt argument, come back as a call that would be accepted."""
    problems = read(**given)
    assert problems.first.details["corrected"] == {"tool": "t", "arguments": corrected}
    assert isinstance(read_arguments("t", corrected, Arguments), ParsedArguments)


def plain(part, path):
    """Every part has one type, and nothing of what some clients cannot load."""
    assert isinstance(part.get("type"), str), path
    assert part.keys() <= {
        *("type", "description", "properties", "required", "items", "additionalProperties"),
        *("default", "enum", "minimum", "maximum", "format"),
    }, path
    assert part.get("default", 0) not in (None, "", [], {}), path
    for name, inner in part.get("properties", {}).items():
        plain(inner, f"{path}.{name}")
    if part["type"] == "array":
        plain(part["items"], f"{path}[]")


@pytest.mark.parametrize("model", [*(tool.arguments for tool in TOOLS), Arguments], ids=lambda model: model.__name__)
def test_models_are_shown_one_plain_type_for_each_part(model):
    """And what they are shown is accepted: the same names, one of the accepted types."""
    shown, accepted = shown_schema(model), accepted_schema(model)
    plain(shown, model.__name__)
    assert shown["additionalProperties"] is False
    assert shown["properties"].keys() == accepted["properties"].keys()
    assert shown.get("required", []) == accepted.get("required", [])
    for name, part in shown["properties"].items():
        assert part["type"] in (kinds_of(accepted["properties"][name]) or {"object"}), name


def optional():
    """(tool, optional argument, its plain type) of every tool."""
    for tool in TOOLS:
        shown = shown_schema(tool.arguments)
        for name in shown["properties"]:
            if name not in shown.get("required", []):
                yield pytest.param(tool, name, id=f"{tool.definition.name}-{name}")


NEEDED = {
    "string": "act_0123456789ABCDEFGHJKMNPQRS",
    "integer": 5,
}


def needed(tool):
    shown = shown_schema(tool.arguments)
    return {name: NEEDED[shown["properties"][name]["type"]] for name in shown.get("required", [])}


@pytest.mark.parametrize(("tool", "name"), list(optional()))
def test_every_optional_argument_of_every_tool_takes_null(tool, name):
    """As if it were left out, and told; so do whole numbers as text and as 5.0, and one item for a list."""
    left_out = read_arguments("t", needed(tool), tool.arguments)
    parsed = read_arguments("t", {**needed(tool), name: None}, tool.arguments)
    assert parsed.value == left_out.value
    assert parsed.notes == (f"Null counts as left out: `{name}`.",)
    kind = shown_schema(tool.arguments)["properties"][name]["type"]
    forms = {"integer": (5, ["5", "5.0", 5.0]), "boolean": (True, ["true"]), "array": (["x"], ["x", '["x"]'])}
    meant, others = forms.get(kind, (None, []))
    for other in others:
        parsed = read_arguments("t", {**needed(tool), name: other}, tool.arguments)
        assert getattr(parsed.value, name) == meant
        assert len(parsed.notes) == 1


def test_numbers_keep_their_exactness():
    """No whole number is read as another than was written."""
    for written in (2**53, -(2**53)):
        assert read_arguments("t", {"top": float(written), "name": "a"}, Inner).value.top == written
    assert read_arguments("t", {"top": str(10**17 + 1), "name": "a"}, Inner).value.top == 10**17 + 1
    assert isinstance(read_arguments("t", {"top": math.inf, "name": "a"}, Inner), Problems)


def nested(schema, path=()):
    """Every part of an accepted schema, the path of names and ``[]`` that leads there, and whether it is needed."""
    for kind, part in kinds_of(schema).items():
        if kind == "object":
            for name, inner in (part.get("properties") or {}).items():
                yield (*path, name), inner, name in part.get("required", [])
                yield from nested(inner, (*path, name))
        elif kind == "array" and isinstance(part.get("items"), dict):
            yield from nested(part["items"], (*path, "[]"))


def inside(path, value):
    """The value in a call, at the place of a path."""
    for step in reversed(path):
        value = [value] if step == "[]" else {step: value}
    return value


def parts():
    for tool in TOOLS:
        for path, schema, required in nested(accepted_schema(tool.arguments)):
            yield pytest.param(tool, path, schema, required, id=f"{tool.definition.name}-{'.'.join(path)}")


@pytest.mark.parametrize(("tool", "path", "schema", "required"), list(parts()))
def test_every_part_of_every_argument_is_read_alike(tool, path, schema, required):
    """Numbers as text and as 5.0, truth as text, one item for a list, null where it may be left out; and it is told."""
    forms = {"integer": ["5", 5.0], "number": ["5.5"], "boolean": ["true"], "array": ["x"]}
    meant = {"integer": 5, "number": 5.5, "boolean": True, "array": ["x"]}
    kinds = kinds_of(schema)
    tried = [(other, meant[kind]) for kind in kinds if "string" not in kinds for other in forms.get(kind, [])]
    if not required:
        tried.append((None, None))
    for other, wanted in tried:
        given = inside(path, other)
        found, notes = forgive(given, accepted_schema(tool.arguments))
        assert len(notes) == 1, (other, notes)
        assert found == inside(path, wanted) if wanted is not None else "Null counts as left out" in notes[0]


@pytest.mark.parametrize("tool", [each for each in TOOLS if needed(each)], ids=lambda tool: tool.definition.name)
def test_what_is_needed_is_asked_for_by_name(tool):
    """Null in its place is as good as nothing; a whole number may be text or 5.0."""
    for name, value in needed(tool).items():
        for given in ({}, {name: None}):
            refused = read_arguments("t", {**needed(tool), **given} if given else {}, tool.arguments)
            assert isinstance(refused, Problems)
            assert name in str(refused)
        if isinstance(value, int):
            for other in (f"{value}", float(value)):
                assert getattr(read_arguments("t", {**needed(tool), name: other}, tool.arguments).value, name) == value
