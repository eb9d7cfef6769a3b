"""Codes of revisions: what keeps definitions of another time from being read."""

from __future__ import annotations

from metricgate.vocabulary.problem import Code


def _revisions_code(name: str, status: int, cause: str, cure: str) -> Code:
    return Code(name=name, group="reviewing", status=status, cause=cause, cure=cure)


NO_SUCH_REVISION = _revisions_code(
    "E_NO_SUCH_REVISION",
    404,
    "Neither a project folder nor a git revision has that name.",
    "Name a folder with a metricgate.yaml, or a branch, tag or commit of the repository that holds the project.",
)
GIT_FAILED = _revisions_code(
    "E_GIT_FAILED",
    500,
    "git is not installed, the project is in no git repository, or git could not read it.",
    "Do what git's own words in the message say, or name two folders instead.",
)

CODES = (NO_SUCH_REVISION, GIT_FAILED)
