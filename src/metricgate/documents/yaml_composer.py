"""YAML text -> plain values beside the tree of their places, built from parser events.

The events come from libyaml where PyYAML was built with it. The tree is built here with an explicit stack and with
limits, so that deep nesting, growing aliases and cycles end in a Problem before they cost anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NoReturn

import yaml  # type: ignore[import-untyped]  # PyYAML ships no types

from metricgate.documents import codes
from metricgate.documents.characters import describe_character, forbidden_at, forbidden_in_name
from metricgate.documents.scalars import Plain, scalar
from metricgate.vocabulary.problem import Code, Place, Problem, Problems

Value = Plain | list["Value"] | dict[str, "Value"]

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentLimits:
    """What a document may cost.

    Attributes:
        size: UTF-8 bytes of the text.
        depth: nested mappings and lists.
        nodes: mappings, lists and scalars.
        alias_nodes: how many nodes all aliases together may stand for.
    """

    size: int = 1_048_576
    depth: int = 40
    nodes: int = 200_000
    alias_nodes: int = 1_000


@dataclass(slots=True, kw_only=True)
class YamlMark:
    """Where a value stands: line and column (1-based) of its key or item, and the marks of what is inside."""

    line: int
    column: int
    inside: dict[str, YamlMark] | list[YamlMark] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """One YAML document as plain values, with its marks."""

    value: Value
    mark: YamlMark


@dataclass(slots=True, kw_only=True)
class _Open:
    """A collection that is being read. ``key`` is the key whose value comes next, None where a key comes next."""

    value: list[Value] | dict[str, Value]
    mark: YamlMark
    anchor: str | None
    size: int = 1
    key: str | None = None
    key_line: int = 0
    key_column: int = 0


@dataclass(slots=True, kw_only=True)
class _Anchored:
    value: Value
    mark: YamlMark
    size: int


class _Refused(Exception):
    """Reading cannot go on; carries the problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


@dataclass(slots=True)
class _Composer:
    name: str
    limits: DocumentLimits
    problems: list[Problem] = field(default_factory=list)
    documents: list[Composed] = field(default_factory=list)
    stack: list[_Open] = field(default_factory=list)
    anchors: dict[str, _Anchored | None] = field(default_factory=dict)
    nodes: int = 0
    alias_nodes: int = 0

    def place(self, event: yaml.Event) -> Place:
        mark = event.start_mark
        return Place(file=self.name, line=mark.line + 1, column=mark.column + 1)

    def refuse(self, code: Code, message: str, event: yaml.Event, hint: str | None = None) -> NoReturn:
        raise _Refused(Problem(code=code, message=message, where=self.place(event), hint=hint))

    def complain(self, code: Code, message: str, event: yaml.Event, hint: str | None = None) -> None:
        self.problems.append(Problem(code=code, message=message, where=self.place(event), hint=hint))

    def take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self.scalar(event)
        elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            self.begin(event)
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            done = self.stack.pop()
            self.place_value(done.value, done.mark, done.size, done.anchor)
        elif isinstance(event, yaml.AliasEvent):
            self.alias(event)
        elif isinstance(event, yaml.DocumentStartEvent):
            self.anchors.clear()

    def count(self, event: yaml.Event) -> None:
        self.nodes += 1
        if self.nodes > self.limits.nodes:
            self.refuse(codes.TOO_LARGE, f"more than {self.limits.nodes:,} values in one file", event)
        if event.tag is not None:
            self.complain(
                codes.FORBIDDEN,
                f"the tag {event.tag[:60]!r} is not read here",
                event,
                "Leave the tag out; a value's type follows from how it is written.",
            )

    def begin(self, event: yaml.Event) -> None:
        self.count(event)
        if len(self.stack) >= self.limits.depth:
            self.refuse(codes.TOO_LARGE, f"nested more than {self.limits.depth} levels deep", event)
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        parent = self.stack[-1] if self.stack else None
        if parent is not None and parent.key is None and isinstance(parent.value, dict):
            self.refuse(codes.SYNTAX, "a key must be text, not a mapping or a list", event)
        mark = self.mark_for(event)
        if is_mapping:
            mark.inside = {}
            self.stack.append(_Open(value={}, mark=mark, anchor=event.anchor))
        else:
            mark.inside = []
            self.stack.append(_Open(value=[], mark=mark, anchor=event.anchor))
        if event.anchor is not None:
            self.anchors[event.anchor] = None

    def mark_for(self, event: yaml.Event) -> YamlMark:
        """The mark of a value: its key's place in a mapping, else its own."""
        parent = self.stack[-1] if self.stack else None
        if parent is not None and parent.key is not None:
            return YamlMark(line=parent.key_line, column=parent.key_column)
        start = event.start_mark
        return YamlMark(line=start.line + 1, column=start.column + 1)

    def scalar(self, event: yaml.Event) -> None:
        self.count(event)
        parent = self.stack[-1] if self.stack else None
        if parent is not None and parent.key is None and isinstance(parent.value, dict):
            self.key(parent, event)
            return
        spot = forbidden_at(event.value)
        if spot is not None:
            self.complain(codes.CHARACTER, f"the value holds {describe_character(event.value[spot])}", event)
        self.place_value(scalar(event.value, plain=event.implicit[0]), self.mark_for(event), 1, event.anchor)

    def key(self, parent: _Open, event: yaml.Event) -> None:
        text = event.value
        character = forbidden_in_name(text)
        if character is not None:
            self.complain(codes.CHARACTER, f"the key {text!a} holds {describe_character(character)}", event)
        if text == "<<" and event.implicit[0]:
            self.complain(codes.FORBIDDEN, "the merge key '<<' is not read here", event, "Write the keys out.")
        if text in parent.value:
            first = self.mark_inside(parent, text)
            self.complain(
                codes.DUPLICATE_KEY,
                f"the key {text!r} stands here a second time",
                event,
                f"The first is in line {first}.",
            )
        parent.key = text
        parent.key_line = event.start_mark.line + 1
        parent.key_column = event.start_mark.column + 1

    @staticmethod
    def mark_inside(parent: _Open, key: str) -> int:
        inside = parent.mark.inside
        return inside[key].line if isinstance(inside, dict) else 0

    def alias(self, event: yaml.Event) -> None:
        self.nodes += 1
        found = self.anchors.get(event.anchor)
        if found is None:
            if event.anchor in self.anchors:
                self.refuse(codes.FORBIDDEN, f"the alias '*{event.anchor}' stands inside what it names", event)
            self.refuse(codes.SYNTAX, f"the alias '*{event.anchor}' has no anchor before it", event)
        self.alias_nodes += found.size
        if self.alias_nodes > self.limits.alias_nodes:
            self.refuse(
                codes.TOO_LARGE,
                f"the aliases stand for more than {self.limits.alias_nodes:,} values",
                event,
                "Write them out.",
            )
        parent = self.stack[-1] if self.stack else None
        if parent is not None and parent.key is None and isinstance(parent.value, dict):
            self.refuse(codes.FORBIDDEN, "an alias cannot be a key", event, "Write the key out.")
        mark = self.mark_for(event)
        mark.inside = found.mark.inside
        self.place_value(found.value, mark, found.size, None)

    def place_value(self, value: Value, mark: YamlMark, size: int, anchor: str | None) -> None:
        """Place a finished value into the collection around it, or end the document with it."""
        if anchor is not None:
            self.anchors[anchor] = _Anchored(value=value, mark=mark, size=size)
        if not self.stack:
            self.documents.append(Composed(value=value, mark=mark))
            return
        parent = self.stack[-1]
        parent.size += size
        inside = parent.mark.inside
        if isinstance(parent.value, list) and isinstance(inside, list):
            parent.value.append(value)
            inside.append(mark)
        elif isinstance(parent.value, dict) and isinstance(inside, dict) and parent.key is not None:
            parent.value.setdefault(parent.key, value)
            inside.setdefault(parent.key, mark)
            parent.key = None


def compose(name: str, text: str, limits: DocumentLimits) -> tuple[Composed, ...] | Problems:
    """Return the documents of ``text`` as plain values with marks, or every problem of form that can be told."""
    refused = _refused_text(name, text, limits)
    if refused is not None:
        return Problems((refused,))
    composer = _Composer(name, limits)
    try:
        for event in _parse_events(name, text):
            composer.take(event)
    except _Refused as stop:
        return Problems((*composer.problems, stop.problem))
    if composer.problems:
        return Problems(tuple(composer.problems))
    return tuple(composer.documents)


def _parse_events(name: str, text: str) -> Iterator[yaml.Event]:
    try:
        yield from yaml.parse(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(file=name, line=mark.line + 1, column=mark.column + 1) if mark else Place(file=name)
        words = ", ".join(part for part in (error.context, error.problem) if part) or "not well-formed YAML"
        raise _Refused(Problem(code=codes.SYNTAX, message=words, where=place, hint=_hint(error))) from error
    except yaml.YAMLError as error:
        raise _Refused(Problem(code=codes.SYNTAX, message="the text is not YAML", where=Place(file=name))) from error


def _hint(error: yaml.MarkedYAMLError) -> str | None:
    if "cannot start any token" in str(error.problem):
        return "YAML indents with spaces, never with tabs; text that begins with @, ` or % needs quotes."
    if error.context_mark is not None:
        return f"It began in line {error.context_mark.line + 1}, column {error.context_mark.column + 1}."
    return None


def _refused_text(name: str, text: str, limits: DocumentLimits) -> Problem | None:
    size = len(text) if text.isascii() else len(text.encode(errors="surrogatepass"))
    if size > limits.size:
        return Problem(
            code=codes.TOO_LARGE,
            message=f"the file has {size:,} bytes; at most {limits.size:,} are read",
            where=Place(file=name),
            hint="Split the file.",
        )
    spot = forbidden_at(text)
    if spot is None:
        return None
    line_start = text.rfind("\n", 0, spot) + 1
    return Problem(
        code=codes.CHARACTER,
        message=f"the text holds {describe_character(text[spot])}",
        where=Place(file=name, line=text.count("\n", 0, spot) + 1, column=spot - line_start + 1),
        hint="Remove the character; it is invisible in most editors.",
    )
