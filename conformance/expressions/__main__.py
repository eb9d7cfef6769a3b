"""``python -m conformance.expressions --engine NAME``: every case of the expression language, asked of an engine."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

import duckdb
import psycopg

from conformance.expressions.asking import Asked, Refused, asked, same, statement
from conformance.expressions.embedded import postgres
from conformance.expressions.environments import ENVIRONMENTS, Answer, Environment
from conformance.expressions.loading import created
from conformance.expressions.page import PAGE, lines, put_in

_ROOT = Path(__file__).resolve().parents[2]
_DEFAULT = ("duckdb", "postgres18", "clickhouse", "datafusion", "sail")
_DIALECTS = {
    "duckdb": "duckdb",
    "postgres18": "postgres",
    **{name: each.dialect for name, each in ENVIRONMENTS.items()},
}

Answers = Callable[[Sequence[str]], list[Answer]]
"""Gives what an engine answers to each of several statements."""


def main(arguments: Sequence[str]) -> int:
    """Ask; print what differs; return 0 only where nothing does."""
    parser = argparse.ArgumentParser(prog="python -m conformance.expressions", description=__doc__)
    parser.add_argument("--engine", action="append", choices=sorted(_DIALECTS), help=f"default: {', '.join(_DEFAULT)}")
    folder = _ROOT / ".environments"
    parser.add_argument(
        "--environments", type=Path, default=folder, metavar="FOLDER", help="where engines are installed"
    )
    parser.add_argument("--page", action="store_true", help=f"write the table of {PAGE}, and ask nobody")
    given = parser.parse_args(arguments)
    if given.page:
        page = _ROOT / PAGE
        page.write_text(put_in(page.read_text(encoding="utf-8"), lines()), encoding="utf-8")
        return 0
    return max(_asked(name, given.environments) for name in given.engine or _DEFAULT)


def _asked(name: str, folder: Path) -> int:
    dialect = _DIALECTS[name]
    cases, refused = asked(dialect)
    if name == "duckdb":
        wrong = _differences(cases, dialect, _duckdb)
    elif name == "postgres18":
        with postgres(folder) as address:
            wrong = _differences(cases, dialect, lambda texts: _postgres(address, texts))
    else:
        engine = ENVIRONMENTS[name]
        wrong = _differences(cases, dialect, lambda texts: _of_environment(engine, folder, texts))
    _tell(name, cases, refused, wrong)
    return 1 if wrong else 0


def _tell(name: str, cases: Sequence[Asked], refused: Sequence[Refused], wrong: Sequence[str]) -> None:
    for each in wrong:
        print(f"  {each}")
    for each in refused:
        print(f"  refused: {each.case.text} ({each.reason})")
    print(f"{name}: {len(cases)} asked, {len(wrong)} different, {len(refused)} expressions refused")


def _differences(cases: Sequence[Asked], dialect: str, answers: Answers) -> list[str]:
    """Ask all in one statement; where that fails, each by itself."""
    [whole] = answers([statement(cases, dialect)])
    if "row" in whole:
        found = [{"row": [value]} for value in _row(whole)]
    else:
        found = list(answers([statement([each], dialect) for each in cases]))
    return [
        f"{case}: {_said(answer)}, not {case.wanted!r}"
        for case, answer in zip(cases, found, strict=True)
        if "error" in answer or not same(_row(answer)[0], case.wanted)
    ]


def _row(answer: Answer) -> list[object]:
    row = answer["row"]
    if not isinstance(row, list):
        raise TypeError("a row is a list")
    return [Decimal(each["decimal"]) if isinstance(each, dict) else each for each in row]


def _said(answer: Answer) -> str:
    return f"error {str(answer['error'])[:200]!r}" if "error" in answer else repr(_row(answer)[0])


def _of_environment(engine: Environment, folder: Path, texts: Sequence[str]) -> list[Answer]:
    return engine.answers(folder, created(engine.dialect), texts)


def _duckdb(texts: Sequence[str]) -> list[Answer]:
    with duckdb.connect() as connection:
        for each in created("duckdb"):
            connection.execute(each)
        return [_tried(lambda text: connection.execute(text).fetchone(), text, duckdb.Error) for text in texts]


def _postgres(address: str, texts: Sequence[str]) -> list[Answer]:
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("SET TIME ZONE 'UTC'")
        for each in created("postgres"):
            connection.execute(each)
        return [_tried(lambda text: connection.execute(text).fetchone(), text, psycopg.Error) for text in texts]


def _tried(ask: Callable[[str], object], text: str, kind: type[Exception]) -> Answer:
    try:
        row = ask(text)
    except kind as error:
        return {"error": str(error)}
    return {"row": list(row) if isinstance(row, tuple) else []}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
