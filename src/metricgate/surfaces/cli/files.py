"""Text files of commands that turn one format into another: read below a folder, written where nothing stands yet."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from metricgate.surfaces.cli import codes
from metricgate.surfaces.cli.session import fail_usage

Texts = list[tuple[str, str]]

_SKIPPED = frozenset({"target", "dbt_packages", "dbt_modules", "logs", "node_modules", "venv"})
_MOST_FILES = 10_000


def texts_at(path: Path, suffixes: frozenset[str], *, as_json: bool) -> Texts:
    """Return the file, or every file below the folder with one of the suffixes; names are relative to ``path``."""
    try:
        if path.is_file():
            return [(path.name, path.read_text(encoding="utf-8"))]
        files = [file for file in files_under(path) if file.suffix.lower() in suffixes]
        if not files:
            message = f"There are no {' or '.join(sorted(suffixes))} files in {str(path)!r}."
            fail_usage(codes.UNREADABLE_FILE, message, as_json=as_json)
        check_count(path, files, as_json=as_json)
        return read_files(path, files)
    except (OSError, UnicodeDecodeError) as error:
        fail_usage(codes.UNREADABLE_FILE, f"{str(path)!r} cannot be read: {error}.", as_json=as_json)


def check_count(path: Path, files: list[Path], *, as_json: bool) -> None:
    """Leave where there are too many files."""
    if len(files) > _MOST_FILES:
        message = f"{str(path)!r} holds {len(files):,} files; at most {_MOST_FILES:,} are read."
        fail_usage(codes.UNREADABLE_FILE, message, "Name the folder of the models.", as_json=as_json)


def read_files(folder: Path, files: list[Path]) -> Texts:
    """Return the files' texts by their names below the folder."""
    return [(file.relative_to(folder).as_posix(), file.read_text(encoding="utf-8")) for file in files]


def files_under(folder: Path) -> list[Path]:
    """Return the files below, without what dbt itself writes, packages, and hidden folders; links are not followed."""
    found: list[Path] = []
    waiting = [folder] if folder.is_dir() else []
    while waiting:
        for each in sorted(waiting.pop().iterdir()):
            if each.is_symlink() and each.is_dir():
                continue
            if each.is_dir() and each.name not in _SKIPPED and not each.name.startswith("."):
                waiting.append(each)
            elif each.is_file():
                found.append(each)
    return sorted(found)


def write_texts(folder: Path, texts: Mapping[str, str], *, as_json: bool) -> None:
    """Write every text below the folder; where one of the files exists, write none and leave."""
    taken = [name for name in texts if (folder / name).exists() or (folder / name).is_symlink()]
    if taken:
        shown = ", ".join(taken)
        message = f"{shown} already exist in {str(folder)!r}; nothing was written."
        fail_usage(codes.FILE_IN_THE_WAY, message, as_json=as_json)
    try:
        for name, text in texts.items():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("x", encoding="utf-8") as opened:
                opened.write(text)
    except OSError as error:
        fail_usage(codes.UNREADABLE_FILE, f"Cannot write in {str(folder)!r}: {error}.", as_json=as_json)
