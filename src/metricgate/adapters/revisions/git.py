"""YAML files of a git commit, read from the repository's objects: nothing is checked out, nothing is written.

A revision's name never reaches git as an option, and files are fetched by their object names.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from metricgate.adapters.revisions import codes
from metricgate.vocabulary.problem import Code, Place, Problem, Problems

_SECONDS = 60
_FILE_MODES = (b"100644", b"100755")


@dataclass(frozen=True, slots=True, kw_only=True)
class GitRevision:
    """A commit of the repository around ``folder``."""

    folder: Path
    commit: str

    @classmethod
    def of(cls, folder: Path, name: str) -> GitRevision | Problems:
        """Return the commit that ``name`` (branch, tag, hash, ``HEAD~2``) means."""
        inside = _git(folder, "rev-parse", "--show-prefix")
        if isinstance(inside, Problems):
            return inside
        found = _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        if isinstance(found, Problems):
            message = f"{name[:200]!r} is neither a project folder nor a revision of the repository."
            return _problem_of(codes.NO_SUCH_REVISION, message)
        return cls(folder=folder, commit=found.decode("ascii").strip())

    def texts(self, path: str) -> tuple[tuple[str, str], ...] | Problems:
        """Return (path, text) of the file, or of every YAML file below the folder ``path``; paths as in the project."""
        listed = _git(self.folder, "ls-tree", "-r", "-z", self.commit, "--", f"./{path}")
        if isinstance(listed, Problems):
            return listed
        found: list[tuple[str, str]] = []
        problems: list[Problem] = []
        for entry in listed.split(b"\0"):
            about, _, raw = entry.partition(b"\t")
            name = raw.decode("utf-8", "surrogateescape")
            mode, _, identity = about.partition(b" blob ")
            if mode not in _FILE_MODES or not name.endswith((".yaml", ".yml")):
                continue
            text = _git(self.folder, "cat-file", "blob", identity.decode("ascii"))
            if isinstance(text, Problems):
                problems.extend(text)
                continue
            try:
                found.append((name, text.decode("utf-8")))
            except UnicodeDecodeError as error:
                message = f"The file is not UTF-8 at this revision: {error.reason} at byte {error.start}."
                problems.append(Problem(code=codes.GIT_FAILED, message=message, where=Place(file=name)))
        return Problems(tuple(problems)) if problems else tuple(sorted(found))


def _git(folder: Path, *arguments: str) -> bytes | Problems:
    program = shutil.which("git")
    if program is None:
        return _problem_of(codes.GIT_FAILED, "git is not installed.")
    try:
        done = subprocess.run(  # noqa: S603 - fixed commands; names come after --end-of-options or as object names
            [program, "-C", str(folder), "--no-optional-locks", *arguments],
            capture_output=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return _problem_of(codes.GIT_FAILED, f"git did not answer: {error}")
    if done.returncode:
        words = done.stderr.decode("utf-8", "replace").strip().removeprefix("fatal: ") or "it gave no reason"
        return _problem_of(codes.GIT_FAILED, f"git could not read {str(folder)!r}: {words}.")
    return done.stdout


def _problem_of(code: Code, message: str) -> Problems:
    return Problems((Problem(code=code, message=message, hint=code.cure),))
