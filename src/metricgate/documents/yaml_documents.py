"""The one way to read a YAML document: ``read(name, text, Model)`` gives the checked document with its places."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from metricgate.documents import codes
from metricgate.documents.model_fields import Step
from metricgate.documents.pydantic_problems import problem_of_error
from metricgate.documents.yaml_composer import Composed, DocumentLimits, Value, YamlMark, compose
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Place, Problem, Problems


class Document(BaseModel):
    """The base of every document: unknown keys are refused, values do not change after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Read(Generic[M]):
    """A checked document that still knows where each part of it stands in its file."""

    value: M
    file: str
    mark: YamlMark

    def place(self, path: Sequence[Step] = ()) -> Place:
        """Return the place of the key or item at ``path``, or of the nearest part around it that was written."""
        return _place_of(self.file, self.mark, path)


def read(name: str, text: str, model: type[M], *, limits: DocumentLimits | None = None) -> Read[M] | Problems:
    """Read one YAML document (an empty file counts as an empty mapping) and check it against ``model``.

    ``name`` is the file's name as people should see it. All problems come at once, in the order of their places.
    """
    return only_one(read_all(name, text, model, limits=limits))


def only_one(found: tuple[Read[M], ...] | Problems) -> Read[M] | Problems:
    """Return the one document of a file that was read, or the problem that there are several."""
    if isinstance(found, Problems):
        return found
    if len(found) > 1:
        where = found[1].place()
        message = "a second YAML document begins here; one is read"
        return Problems((Problem(code=codes.SEVERAL_DOCUMENTS, message=message, where=where),))
    return found[0]


def read_all(
    name: str, text: str, model: type[M], *, limits: DocumentLimits | None = None
) -> tuple[Read[M], ...] | Problems:
    """Read every YAML document (``---``) of the text; at least one comes back. Else as ``read``."""
    documents = compose(name, text, limits or DocumentLimits())
    if isinstance(documents, Problems):
        return documents
    if not documents:
        documents = (Composed(value=None, mark=YamlMark(line=1, column=1)),)
    reads: list[Read[M]] = []
    problems: list[Problem] = []
    for document in documents:
        value: Value = {} if document.value is None else document.value
        try:
            checked = model.model_validate(value)
        except ValidationError as error:
            problems.extend(problems_of(error, value, model, partial(_place_of, name, document.mark)))
        else:
            reads.append(Read(value=checked, file=name, mark=document.mark))
    return Problems(in_order(problems)) if problems else tuple(reads)


def in_order(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """Return the problems sorted by file, line, column; each once."""
    unique = {(str(problem), problem.code.name): problem for problem in problems}
    return tuple(sorted(unique.values(), key=_sort_key))


def _sort_key(problem: Problem) -> tuple[str, int, int, str]:
    where = problem.where or Place()
    return (where.file or "", where.line or 0, where.column or 0, problem.code.name)


def check(value: Json, model: type[M]) -> M | Problems:
    """Check JSON that is already parsed against ``model``, as strictly as a file; places are paths (``a.b[0]``)."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        return Problems(tuple(problems_of(error, value, model, lambda path: Place(path=_path_text(path)))))


def problems_of(
    error: ValidationError, value: object, model: type[BaseModel], place_of: Callable[[tuple[Step, ...]], Place]
) -> list[Problem]:
    """Return pydantic's errors about ``value`` as problems; ``place_of`` finds the place of a path inside it."""
    located = [(_data_path(value, each), each) for each in error.errors(include_url=False)]
    deepest = [path for path, _error in located]
    by_place: dict[tuple[tuple[Step, ...], str], list[Problem]] = {}
    for path, each in located:
        problem = problem_of_error(each, model, place_of(path))
        deeper = any(len(other) > len(path) and other[: len(path)] == path for other in deepest)
        if problem.code is codes.WRONG_TYPE and deeper:
            continue  # another branch of a union fits the value's shape and says more exactly what is wrong
        by_place.setdefault((path, problem.code.name), []).append(problem)
    return [joined for group in by_place.values() for joined in _merge_type_problems(group)]


def _merge_type_problems(group: list[Problem]) -> list[Problem]:
    """Wrong types at one place come from a union's branches: one problem that names all that is wanted."""
    if len(group) == 1 or group[0].code is not codes.WRONG_TYPE:
        return group
    wanted = list(dict.fromkeys(problem.message.removeprefix("expected ").partition(", got ")[0] for problem in group))
    got = group[0].message.partition(", got ")[2]
    message = f"expected {' or '.join(wanted)}, got {got}"
    first = group[0]
    return [Problem(code=first.code, message=message, where=first.where, hint=first.hint)]


def _data_path(value: object, error: ErrorDetails) -> tuple[Step, ...]:
    """The error's location without the tags of unions, which are no part of the document.

    A missing key keeps its place in the path's parent.
    """
    steps = error["loc"][:-1] if error["type"] == "missing" else error["loc"]
    path: list[Step] = []
    here = value
    for step in steps:
        inner = _step_into(here, step)
        if inner is not None:
            here = inner[0]
            path.append(step)
    key = str(error.get("ctx", {}).get("discriminator", "")).strip("'")
    if error["type"] == "union_tag_invalid" and _step_into(here, key) is not None:
        path.append(key)
    return tuple(path)


def _step_into(here: object, step: Step) -> tuple[object] | None:
    if isinstance(here, dict):
        return (here[step],) if isinstance(step, str) and step in here else None
    if isinstance(here, list):
        return (here[step],) if isinstance(step, int) and step < len(here) else None
    return None


def _place_of(file: str, mark: YamlMark, path: Sequence[Step]) -> Place:
    here = mark
    written = ""
    for step in path:
        inside = here.inside
        if isinstance(inside, dict) and isinstance(step, str) and step in inside:
            here = inside[step]
            written += f".{step}" if written else step
        elif isinstance(inside, list) and isinstance(step, int) and 0 <= step < len(inside):
            here = inside[step]
            written += f"[{step}]"
        else:
            break
    return Place(file=file, line=here.line, column=here.column, path=written or None)


def _path_text(path: Sequence[Step]) -> str | None:
    written = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return written.removeprefix(".") or None
