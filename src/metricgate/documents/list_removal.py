"""Taking items out of lists in YAML text: only those characters go, comments and everything else stay as written."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import pairwise

import yaml  # type: ignore[import-untyped]  # PyYAML ships no types

Spot = tuple[int, int]
"""Line and column, 1-based, where an item begins, as ``Place`` has them."""


def without_items(text: str, spots: Collection[Spot]) -> str | None:
    """Return the text without the list items that begin at ``spots``, or None where that cannot be done for certain.

    ``text`` must be well-formed. It cannot be done with aliases in the file, comments inside a bracketed list, or items
    of several lines.
    """
    if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.SafeLoader)):
        return None
    edits: list[tuple[int, int, str]] = []
    left = set(spots)
    for key, items in _lists(text):
        doomed = [each for each in items.value if _node_spot(each) in left]
        if not doomed:
            continue
        left -= {_node_spot(each) for each in doomed}
        made = _in_brackets(text, items, doomed) if items.flow_style else _in_lines(text, key, items, doomed)
        if made is None:
            return None
        edits.extend(made)
    if left:
        return None
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _lists(text: str) -> Iterator[tuple[yaml.Node, yaml.SequenceNode]]:
    """Every list that is a key's value, with its key."""
    waiting = [root for root in yaml.compose_all(text, Loader=yaml.SafeLoader) if root is not None]
    while waiting:
        node = waiting.pop()
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if isinstance(value, yaml.SequenceNode):
                    yield key, value
                waiting.append(value)
        elif isinstance(node, yaml.SequenceNode):
            waiting.extend(node.value)


def _node_spot(node: yaml.Node) -> Spot:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _in_brackets(text: str, items: yaml.SequenceNode, doomed: list[yaml.Node]) -> list[tuple[int, int, str]] | None:
    start, end = items.start_mark.index, items.end_mark.index
    gaps = [text[one.end_mark.index : other.start_mark.index] for one, other in pairwise(items.value)]
    if any("#" in gap or "\n" in gap for gap in gaps):
        return None
    kept = [text[each.start_mark.index : each.end_mark.index] for each in items.value if each not in doomed]
    return [(start, end, f"[{', '.join(kept)}]")]


def _in_lines(
    text: str, key: yaml.Node, items: yaml.SequenceNode, doomed: list[yaml.Node]
) -> list[tuple[int, int, str]] | None:
    edits: list[tuple[int, int, str]] = []
    for each in doomed:
        line_start = text.rfind("\n", 0, each.start_mark.index) + 1
        line_end = text.find("\n", each.end_mark.index)
        before = text[line_start : each.start_mark.index].strip()
        if each.start_mark.line != each.end_mark.line or before != "-":
            return None
        edits.append((line_start, len(text) if line_end < 0 else line_end + 1, ""))
    if len(doomed) == len(items.value):
        after = key.end_mark.index
        if text[after : after + 1] != ":":
            return None
        edits.append((after + 1, after + 1, " []"))
    return edits
