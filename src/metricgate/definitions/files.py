"""Files of definitions in a project's folders: their texts, and what tells whether one has changed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from metricgate.definitions.codes import UNREADABLE
from metricgate.vocabulary.problem import Place, Problem, Problems

Documents = Sequence[tuple[str, str]]
State = tuple[tuple[str, int, int, int], ...]
"""Path, inode, size and time of change of every definition file: differs whenever a file may have changed."""


def read_documents(folder: Path, name: str) -> Documents | Problems:
    """Return (name, text) of every YAML file under ``folder/name``, by path; names are relative to ``folder``.

    A file that cannot be read or is not UTF-8 is a problem.
    """
    found: list[tuple[str, str]] = []
    problems: list[Problem] = []
    for path in _yaml_files(folder / name):
        place = (path.relative_to(folder) if path.is_relative_to(folder) else path).as_posix()
        try:
            found.append((place, path.read_text(encoding="utf-8")))
        except UnicodeDecodeError as error:
            message = f"The file is not UTF-8: {error.reason} at byte {error.start}."
            problems.append(_unreadable_file(place, message))
        except OSError as error:
            problems.append(_unreadable_file(place, f"The file cannot be read: {error.strerror}."))
    return Problems(tuple(problems)) if problems else found


def rewrite_file(path: Path, text: str) -> Problems | None:
    """Replace a file by way of a new one beside it, whole or not at all; its permissions stay."""
    beside = path.with_name(f".{path.name}.new")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.chmod(path.stat().st_mode)
        beside.replace(path)
    except OSError as error:
        return Problems((Problem(code=UNREADABLE, message=str(error), hint=UNREADABLE.cure),))
    return None


def state_of_files(folder: Path, names: Sequence[str]) -> State:
    """Return what tells whether a YAML file under one of these folders of ``folder`` has changed since."""
    found: list[tuple[str, int, int, int]] = []
    for path in (path for name in names for path in _yaml_files(folder / name)):
        try:
            facts = path.stat()
        except OSError:  # it is just being replaced
            found.append((str(path), 0, 0, 0))
        else:
            found.append((str(path), facts.st_ino, facts.st_size, facts.st_mtime_ns))
    return tuple(found)


def _yaml_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix in {".yaml", ".yml"} and path.is_file())


def _unreadable_file(place: str, message: str) -> Problem:
    return Problem(code=UNREADABLE, message=message, where=Place(file=place), hint=UNREADABLE.cure)
