"""Numbers and graphs -> places on a picture. Templates draw them as SVG; nothing here makes markup."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from metricgate.vocabulary.json import Json

BOX_WIDTH: Final = 190
BOX_HEIGHT: Final = 26
_GAP_X: Final = 70
_GAP_Y: Final = 12
_LONGEST: Final = 26
_MOST: Final = 400


@dataclass(frozen=True, slots=True)
class BarPart:
    """A part of a bar, from ``start`` over ``width``, of 100."""

    name: str
    count: int
    start: float
    width: float


@dataclass(frozen=True, slots=True)
class Box:
    """A node of a graph with its place in pixels."""

    name: str
    label: str
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Graph:
    """Boxes and lines ``(x1, y1, x2, y2)``."""

    boxes: Sequence[Box]
    lines: Sequence[tuple[int, int, int, int]]
    width: int
    height: int


def bar(counts: Mapping[str, int], order: Sequence[str]) -> list[BarPart]:
    """Return the parts of one bar, in ``order``, others after."""
    total = sum(counts.values())
    found: list[BarPart] = []
    start = 0.0
    for name in sorted(counts, key=lambda each: (order.index(each) if each in order else len(order), each)):
        width = 100.0 * counts[name] / total if total else 0.0
        found.append(BarPart(name, counts[name], round(start, 2), round(width, 2)))
        start += width
    return found


def lineage(edges: Sequence[tuple[str, str]], around: str | None = None) -> Graph:
    """Return the graph with what is built on as columns from left to right.

    Args:
        edges: (from, to): ``to`` is built on ``from``.
        around: only what this one is built on, and what is built on it.
    """
    kept = _near(edges, around) if around is not None else list(dict.fromkeys(edges))
    kept = kept[:_MOST]
    names = list(dict.fromkeys(name for edge in kept for name in edge)) or ([around] if around else [])
    depth = _depths(names, kept)
    columns: dict[int, list[str | tuple[str, str]]] = {}
    for name in names:
        columns.setdefault(depth[name], []).append(name)
    # A line that passes a column has a row of its own there: it never runs through a box.
    for start, end in kept:
        for column in range(depth[start] + 1, depth[end]):
            columns[column].append((start, end))
    places = {
        (column, each): (column * (BOX_WIDTH + _GAP_X), row * (BOX_HEIGHT + _GAP_Y))
        for column, inside in columns.items()
        for row, each in enumerate(inside)
    }
    boxes = [Box(name, _label(name), *places[depth[name], name]) for name in names]
    lines: list[tuple[int, int, int, int]] = []
    for start, end in kept:
        if start == end:
            continue
        left, height = places[depth[start], start]
        for column in range(depth[start] + 1, depth[end] + 1):
            x, y = places[column, end if column == depth[end] else (start, end)]
            lines.append((left + BOX_WIDTH, height + BOX_HEIGHT // 2, x, y + BOX_HEIGHT // 2))
            if column != depth[end]:
                lines.append((x, y + BOX_HEIGHT // 2, x + BOX_WIDTH, y + BOX_HEIGHT // 2))
            left, height = x, y
    tallest = max((len(inside) for inside in columns.values()), default=0)
    width = max(1, len(columns)) * (BOX_WIDTH + _GAP_X) - _GAP_X
    return Graph(boxes, lines, width, max(1, tallest) * (BOX_HEIGHT + _GAP_Y) - _GAP_Y)


def edges_of(listed: Json) -> list[tuple[str, str]]:
    """Return the edges of a catalog's JSON form."""
    if not isinstance(listed, Sequence) or isinstance(listed, str):
        return []
    pairs = [each for each in listed if isinstance(each, Sequence) and not isinstance(each, str) and len(each) == 2]  # noqa: PLR2004
    return [(str(start), str(end)) for start, end in pairs]


def _near(edges: Sequence[tuple[str, str]], around: str) -> list[tuple[str, str]]:
    def reach(forward: bool) -> set[str]:  # noqa: FBT001
        found, waiting = {around}, [around]
        while waiting:
            here = waiting.pop()
            for start, end in edges:
                inner, outer = (start, end) if forward else (end, start)
                if inner == here and outer not in found:
                    found.add(outer)
                    waiting.append(outer)
        return found

    up, down = reach(False), reach(True)
    return [each for each in dict.fromkeys(edges) if set(each) <= up or set(each) <= down]


def _depths(names: Sequence[str], edges: Sequence[tuple[str, str]]) -> dict[str, int]:
    depth = dict.fromkeys(names, 0)
    # As many rounds as there are names: a ring of edges, which no catalog has, ends too.
    for _ in names:
        moved = False
        for start, end in edges:
            if start != end and depth[end] <= depth[start] and depth[start] < len(names):
                depth[end] = depth[start] + 1
                moved = True
        if not moved:
            break
    used = {value: at for at, value in enumerate(sorted(set(depth.values())))}
    return {name: used[value] for name, value in depth.items()}


def _label(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"
