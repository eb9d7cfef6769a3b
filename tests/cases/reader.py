"""Cases as files: a question, who asks, and what must come out, worked out another way.

One YAML file holds ``cases``, each with:

- ``name``: what is shown, in words;
- ``as``: ``{agent, user}``, who asks;
- ``question``: the arguments of ``query_metrics``;
- ``expect``: ``verdict`` is ``allow``, ``deny`` (by policy) or ``refuse`` (the question cannot be answered); beside it
  ``check_sql`` (an independent statement with the answer's columns in the answer's order) or ``rows``, ``columns``
  (their names), and ``code`` and ``rules`` of a refusal.

Rows are compared by their group-by values, in any order, unless the question has ``order_by``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import isclose
from pathlib import Path

from pydantic import Field, JsonValue

from metricgate.documents import Document, read
from metricgate.gateway.questions import QuestionArguments
from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Problems

FOLDER = Path(__file__).parent
_CLOSE = 1e-9
_MIDNIGHT = "T00:00:00"


class Expected(StrEnum):
    """How a case may end."""

    ALLOW = "allow"
    DENY = "deny"
    REFUSE = "refuse"


class CallerDocument(Document):
    """Who asks."""

    agent: str
    user: str | None = None


class ExpectDocument(Document):
    """What must come out."""

    verdict: Expected
    columns: list[str] | None = None
    check_sql: str | None = None
    rows: list[list[JsonValue]] | None = None
    code: str | None = None
    rules: tuple[str, ...] = ()


class CaseDocument(Document):
    """One case."""

    name: str
    as_: CallerDocument = Field(alias="as")
    question: QuestionArguments
    expect: ExpectDocument


class CasesDocument(Document):
    """One file."""

    cases: list[CaseDocument]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case and the file that holds it (relative to the cases' folder)."""

    file: str
    document: CaseDocument

    def __str__(self) -> str:
        return f"{self.file} :: {self.document.name}"


def cases_under(folder: Path) -> Iterator[Case]:
    """Give every case of every file under ``folder``, in order of file names.

    Raises:
        ValueError: a file cannot be read; the message lists everything that is wrong with it.
    """
    for path in sorted(folder.rglob("*.yaml")):
        name = str(path.relative_to(FOLDER))
        found = read(name, path.read_text(), CasesDocument)
        if isinstance(found, Problems):
            raise ValueError(str(found))  # noqa: TRY004 - it is the text that is wrong
        for document in found.value.cases:
            yield Case(file=name, document=document)


Rows = Sequence[Sequence[Json]]


def difference(got: Rows, wanted: Rows, *, keys: int, ordered: bool) -> str | None:
    """Return the first difference between two results in words, or None where they are the same.

    Args:
        got: rows of the answer; the first ``keys`` columns are the group-by values and identify a row.
        wanted: rows of the oracle, with the same columns in the same order.
        keys: how many columns identify a row.
        ordered: whether the order of rows counts.
    """
    if len(got) != len(wanted):
        return f"{len(got)} rows instead of {len(wanted)}"
    if not ordered:
        got, wanted = (sorted(rows, key=lambda row: _key(row, keys)) for rows in (got, wanted))
    for number, (mine, theirs) in enumerate(zip(got, wanted, strict=True)):
        if len(mine) != len(theirs) or not all(map(_same, mine, theirs)):
            return f"row {number} is {list(mine)} instead of {list(theirs)}"
    return None


def _key(row: Sequence[Json], keys: int) -> tuple[str, ...]:
    return tuple(str(_plain(value)) for value in row[:keys])


def _same(one: Json, other: Json) -> bool:
    one, other = _plain(one), _plain(other)
    if isinstance(one, float) and isinstance(other, float):
        return isclose(one, other, rel_tol=_CLOSE, abs_tol=_CLOSE)
    return one == other


def _plain(value: Json) -> Json:
    """Numbers as floats whatever their wire form, midnights as dates; the rest as it is."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value.removesuffix(_MIDNIGHT)
    return float(value) if isinstance(value, int) else value
