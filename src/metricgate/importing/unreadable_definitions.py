"""What our catalog refuses of an import costs that definition and what is built on it, never the whole project.

The result is loaded as anything that people write. A metric or saved query with any problem is left out and told; so
is a dimension or entity whose SQL cannot be read, the default time of a model that has no such time, and, after that,
what names them. Every other problem is the user's to settle.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from metricgate.catalog import codes
from metricgate.catalog.catalog_loader import load
from metricgate.documents import DocumentLimits
from metricgate.documents.yaml_composer import YamlMark, compose
from metricgate.documents.yaml_writer import to_yaml
from metricgate.importing.report import Imported, LossEntry, LossKind
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Place, Problem, Problems

_UNREADABLE = frozenset({code.name for code in (codes.BAD_EXPRESSION, codes.BAD_TEMPLATE, codes.BAD_FILTER)})
_FOLLOWING = frozenset({codes.DANGLING_REFERENCE.name, codes.INPUTS.name})
"""Codes that name what an earlier round left out."""
_KINDS = {
    "metrics": "metric",
    "saved_queries": "saved query",
    "dimensions": "dimension",
    "entities": "entity",
    "relationships": "relationship",
}
_INNER = ("dimensions", "entities", "relationships")
_WHOLE = ("metrics", "saved_queries")
"""Lists whose definitions stand alone: whatever is wrong with one costs this one."""
_DEFAULT = "agg_time_dimension"


@dataclass(frozen=True, slots=True)
class _Spot:
    """A definition: the path of keys and places that leads to it in a file's document."""

    file: str
    path: tuple[str | int, ...]


def without_unreadable(imported: Imported) -> tuple[Imported, tuple[Problem, ...]]:
    """Return the import without the definitions that cannot be read, each told, and the problems that stay."""
    files = {name: dict(document) for name, document in imported.files.items()}
    changes = list(imported.changes)
    first = True
    while True:
        texts = {name: to_yaml(document) for name, document in files.items()}
        found = load(list(texts.items()))
        problems = tuple(found) if isinstance(found, Problems) else ()
        spots = _spots(texts, problems, _UNREADABLE if first else _UNREADABLE | _FOLLOWING)
        if not spots:
            kept = {name: document for name, document in files.items() if document}
            return replace(imported, files=kept, changes=tuple(dict.fromkeys(changes))), problems
        changes += [_dropped_change(files, spot, problem) for spot, problem in spots.items()]
        for spot in sorted(spots, key=lambda each: (each.file, _sort_key(each.path)), reverse=True):
            _leave_out(files[spot.file], spot.path)
        first = False


def _sort_key(path: tuple[str | int, ...]) -> tuple[tuple[str, int], ...]:
    return tuple((str(step), 0) if isinstance(step, str) else ("", step) for step in path)


def _spots(texts: Mapping[str, str], problems: Iterable[Problem], unreadable: frozenset[str]) -> dict[_Spot, Problem]:
    """Return what to leave out for which problem."""
    found: dict[_Spot, Problem] = {}
    for problem in problems:
        place = problem.where
        if place is None or place.file is None or place.file not in texts or place.line is None:
            continue
        composed = compose(place.file, texts[place.file], DocumentLimits())
        if isinstance(composed, Problems):
            continue
        path = _innermost_definition(composed[0].mark, place.line)
        if path is not None and (path[0] in _WHOLE or path[-1] == _DEFAULT or problem.code.name in unreadable):
            found.setdefault(_Spot(place.file, path), problem)
    return found


def _innermost_definition(mark: YamlMark, line: int) -> tuple[str | int, ...] | None:
    """Return the innermost definition that a line belongs to."""
    for path, inside in _listed_definitions(mark, _WHOLE):
        if _spans_line(inside, line):
            return path
    for outer, model in _listed_definitions(mark, ("semantic_models",)):
        keys = model.inside if isinstance(model.inside, dict) else {}
        if _DEFAULT in keys and _spans_line(keys[_DEFAULT], line):
            return (*outer, _DEFAULT)
        for path, inside in _listed_definitions(model, _INNER):
            if _spans_line(inside, line):
                return (*outer, *path)
    return None


def _listed_definitions(mark: YamlMark, keys: tuple[str, ...]) -> Iterator[tuple[tuple[str | int, ...], YamlMark]]:
    inside = mark.inside if isinstance(mark.inside, dict) else {}
    for key in keys:
        items = inside[key].inside if key in inside else None
        if isinstance(items, list):
            yield from (((key, at), item) for at, item in enumerate(items))


def _spans_line(mark: YamlMark, line: int) -> bool:
    """Whether a definition of a block list spans the line: the lines of a definition follow each other."""
    return mark.line <= line <= _last_line(mark)


def _last_line(mark: YamlMark) -> int:
    inside = mark.inside
    parts = inside.values() if isinstance(inside, dict) else inside or ()
    return max((mark.line, *(_last_line(each) for each in parts)))


def _dropped_change(files: Mapping[str, Mapping[str, Json]], spot: _Spot, problem: Problem) -> LossEntry:
    names: list[str] = []
    value: Json = dict(files[spot.file])
    for step in spot.path:
        if isinstance(value, Mapping) and isinstance(step, str):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int):
            value = value[step]
            names.append(_full_name(value))
    last = spot.path[-1]
    if last == _DEFAULT:
        subject = f"the default time of the model {names[0]!r}"
        return LossEntry(kind=LossKind.DROPPED, subject=subject, where=Place(), reason=problem.message)
    kind = _KINDS[str(spot.path[-2])]
    subject = f"the {kind} {names[-1]!r}" + (f" of the model {names[0]!r}" if len(names) > 1 else "")
    return LossEntry(kind=LossKind.DROPPED, subject=subject, where=Place(), reason=problem.message)


def _full_name(value: Json) -> str:
    if not isinstance(value, Mapping):
        return ""
    name = str(value.get("name", ""))
    return f"{value['domain']}.{name}" if "domain" in value and "source" not in value else name


def _leave_out(document: dict[str, Json], path: tuple[str | int, ...]) -> None:
    """Take a definition out of its list; a list that is empty then goes too."""
    if len(path) > 2:  # noqa: PLR2004 - a definition inside a model
        models = document["semantic_models"]
        if isinstance(models, list):
            at = path[1]
            model = models[at] if isinstance(at, int) else None
            if isinstance(model, dict):
                copied = dict(model)
                _leave_out(copied, path[2:])
                document["semantic_models"] = [copied if each is model else each for each in models]
        return
    if len(path) == 1:
        document.pop(str(path[0]))
        return
    key, at = str(path[0]), path[1]
    items = document[key]
    if isinstance(items, list):
        left = [each for number, each in enumerate(items) if number != at]
        document.pop(key) if not left else document.__setitem__(key, left)
