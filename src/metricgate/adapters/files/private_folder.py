"""The state folder is its owner's alone: nobody else on the machine reads the record, the keys, or what lies beside."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FOLDER_MODE: Final = 0o700
FILE_MODE: Final = 0o600
_OTHERS: Final = 0o077


class NotPrivate(Exception):
    """Something in the folder is open to other accounts and cannot be closed; says what, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenToOthers:
    """What was open to others: its path within the folder (``.`` for the folder) and the rights it had."""

    name: str
    mode: int


def make_private(folder: Path) -> None:
    """Make the folder, if it is not there, for its owner alone. One that is there stays as it is.

    Raises:
        OSError: it cannot be made.
    """
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=FOLDER_MODE, exist_ok=True)


def make_private_file(path: Path) -> None:
    """Make an empty file for its owner alone, if it is not there, and its folder likewise.

    SQLite gives the files that it puts beside a database the database's own rights.

    Raises:
        OSError: it cannot be made.
    """
    make_private(path.parent)
    if not path.exists():
        path.touch(mode=FILE_MODE)


def open_to_others(folder: Path) -> list[OpenToOthers]:
    """Return everything under the folder, and the folder itself, that other accounts may read, write or enter."""
    found = ((path, path.lstat()) for path in _everything_in(folder))
    return [
        OpenToOthers(name=os.path.relpath(path, folder), mode=stat.S_IMODE(each.st_mode))
        for path, each in found
        if not stat.S_ISLNK(each.st_mode) and each.st_mode & _OTHERS
    ]


def narrow(folder: Path) -> list[OpenToOthers]:
    """Take other accounts' rights to the folder and everything in it; return what had any.

    Symbolic links are not followed. The owner's own rights stay.

    Raises:
        NotPrivate: something is another account's, or the file system keeps no rights.
    """
    found = open_to_others(folder)
    for each in found:
        path = folder / each.name
        try:
            path.chmod(each.mode & ~_OTHERS, follow_symlinks=False) if _CHMOD_LINKS else path.chmod(
                each.mode & ~_OTHERS
            )
        except FileNotFoundError:
            continue
        except OSError as error:
            raise NotPrivate(_warning_words(path, each.mode, error.strerror or str(error))) from error
        if path.lstat().st_mode & _OTHERS:
            raise NotPrivate(_warning_words(path, each.mode, "the file system keeps no such rights"))
    return found


_CHMOD_LINKS: Final = os.chmod in os.supports_follow_symlinks


def _everything_in(folder: Path) -> Iterator[Path]:
    """Yield the folder first: once it is closed, nobody else gets at what is in it."""
    yield folder
    for root, folders, files in os.walk(folder, followlinks=False):
        for name in (*folders, *files):
            yield Path(root) / name


def _warning_words(path: Path, mode: int, why: str) -> str:
    return (
        f"{path} is open to other accounts of this machine ({mode:04o}) and cannot be closed ({why}); as its owner "
        f"run: chmod -R go-rwx {path}, or put the state folder where only this account gets"
    )
