"""What people see: tables, notes, problems. Data never reaches the terminal as markup or control sequences."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

import orjson
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from metricgate.vocabulary.json import Json
from metricgate.vocabulary.problem import Problem, Problems

_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_LONGEST_CELL = 200


def console(*, to_errors: bool = False) -> Console:
    """Return a console on standard output or standard error as they are now; plain where they are no terminal."""
    stream = sys.stderr if to_errors else sys.stdout
    narrow = None if stream.isatty() else 10_000
    return Console(file=stream, highlight=False, markup=False, emoji=False, soft_wrap=True, width=narrow)


def safe(text: str, style: str = "") -> Text:
    """Return text in which control, bidi and other invisible characters are spelled out: they could rule a terminal."""
    if not text.isprintable():
        text = "".join(_spell_character(character) for character in text)
    return Text(text, style=style)


def _spell_character(character: str) -> str:
    if character == "\n":
        return character
    return f"<U+{ord(character):04X}>" if unicodedata.category(character) in _UNSAFE else character


def cell(value: Json) -> str:
    """Return how a table shows a value: NULL as a dash, booleans as yes and no, structures as JSON, long text cut."""
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case float():
            return repr(value)
        case str() | int():
            text = str(value)
        case _:
            text = orjson.dumps(value).decode()
    text = text.replace("\n", " ")
    return text if len(text) <= _LONGEST_CELL else text[: _LONGEST_CELL - 1] + "…"


def tell_table(columns: Sequence[tuple[str, bool]], rows: Iterable[Sequence[Json]]) -> None:
    """Print a table. ``columns`` are (name, whether it holds numbers); numbers stand on the right."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name, is_number in columns:
        table.add_column(safe(name), justify="right" if is_number else "left", no_wrap=is_number, overflow="fold")
    for row in rows:
        table.add_row(*(safe(cell(value)) for value in row))
    console().print(table, soft_wrap=False)


def tell(text: str, style: str = "") -> None:
    """Print one paragraph on standard output."""
    console().print(safe(text, style))


def warn(text: str, style: str = "") -> None:
    """Print one paragraph on standard error."""
    console(to_errors=True).print(safe(text, style))


def tell_json(value: Json) -> None:
    """Print JSON on standard output, one line."""
    typer.echo(orjson.dumps(value, default=str))


def tell_problems(problems: Iterable[Problem], *, as_json: bool = False) -> None:
    """Print problems: for people on standard error, place first as compilers do; as JSON on standard output."""
    if as_json:
        tell_json({"problems": [problem.as_json() for problem in problems]})
        return
    for problem in problems:
        where, code, message, hint = problem_of(problem.as_json())
        tell_problem(where=where, code=code, message=message, hint=hint)


def tell_problem(*, where: str, code: str, message: str, hint: str | None) -> None:
    """Print one problem on standard error."""
    line = Text.assemble(safe(where, "bold"), safe(code, "red"), safe(f": {message}"))
    err = console(to_errors=True)
    err.print(line)
    if hint:
        err.print(safe(f"  hint: {hint}", "cyan"))


def problem_of(document: Mapping[str, Json]) -> tuple[str, str, str, str | None]:
    """Return (where, code, message, hint) of a problem as programs get it."""
    where = document.get("where")
    place = ""
    if isinstance(where, Mapping):
        spot = ":".join(str(where[part]) for part in ("file", "line", "column") if part in where)
        # As compilers write it, so that editors can jump there; a path is for what has no line.
        place = spot if "line" in where else " ".join(part for part in (spot, str(where.get("path", ""))) if part)
    message = document.get("message", document.get("detail", document.get("title", "")))
    hint = document.get("hint")
    return (
        f"{place}: " if place else "",
        str(document.get("code", "E_UNKNOWN")),
        str(message),
        hint if isinstance(hint, str) else None,
    )


def as_problems(problems: Sequence[Problem]) -> Problems | None:
    """Return ``Problems``, or None where there are none."""
    return Problems(tuple(problems)) if problems else None
