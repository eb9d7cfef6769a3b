"""One row with a column for every input, and one statement with a column for every case: any engine can be asked so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlglot import Dialect as Writer
from sqlglot import exp
from sqlglot.errors import UnsupportedError

from conformance.expressions.cases import CASES, Case, Input, Type, Value, inputs, type_of
from metricgate.catalog.expression_parser import parse_expression
from metricgate.dialects.engines import dialect_named
from metricgate.dialects.expressions import write_qualified
from metricgate.dialects.kinds import ValueKind
from metricgate.dialects.names import identifier, with_alias
from metricgate.vocabulary.problem import Problem

TABLE = "expression_inputs"
_CLOSE = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One case with one row of inputs."""

    case: Case
    given: tuple[Input, ...]
    wanted: Value
    tree: exp.Expr

    def __str__(self) -> str:
        shown = (f"NULL {each.value}" if isinstance(each, Type) else repr(each) for each in self.given)
        return f"{self.case.text} with {', '.join(shown)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A case that the dialect does not say."""

    case: Case
    reason: str


def columns() -> Mapping[tuple[Type, str], tuple[str, Value]]:
    """Return (type, input as text) -> (the column's name, its value)."""
    return {
        (kind, repr(kind if value is None else value)): (f"c{number}", value)
        for number, (kind, value) in enumerate(inputs())
    }


def asked(dialect: str, *, typed: bool = True) -> tuple[list[Asked], list[Refused]]:
    """Return every case in the dialect's words, and those that it refuses.

    ``typed`` says whether the types of the columns are known; otherwise cases that need to know them are left out.
    """
    known = columns()
    kinds = {name: ValueKind[kind.name] for (kind, _text), (name, _value) in known.items()} if typed else {}
    found: list[Asked] = []
    refused: dict[str, Refused] = {}
    for case in CASES:
        for given, wanted in () if case.typed and not typed else case.rows:
            names = [known[type_of(each), repr(each)][0] for each in given]
            expression = parse_expression(case.text.format(*names))
            if isinstance(expression, Problem):
                raise ValueError(f"{case.text}: {expression.message}")  # noqa: TRY004 -- a text of ours
            try:
                read = tuple((each, kinds[each.lower()]) for each in expression.columns if each.lower() in kinds)
                tree = write_qualified(expression, TABLE, dialect, read)
                _adapted(exp.Select(expressions=[tree.copy()]), dialect)
            except UnsupportedError as error:
                refused.setdefault(case.text, Refused(case=case, reason=str(error)))
                continue
            found.append(Asked(case=case, given=given, wanted=wanted, tree=tree))
    return found, list(refused.values())


def statement(asked: Sequence[Asked], dialect: str, table: str = TABLE) -> str:
    """Return the SELECT whose columns are the cases."""
    tree: exp.Expr = exp.Select(
        expressions=[with_alias(each.tree.copy(), f"v{number}") for number, each in enumerate(asked)],
        from_=exp.From(this=exp.Table(this=identifier(table), alias=exp.TableAlias(this=identifier(TABLE)))),
    )
    known = dialect_named(dialect)
    return known.finish(Writer.get_or_raise(known.writer).generate(_adapted(tree, dialect), copy=False), ())[0]


def _adapted(tree: exp.Expr, dialect: str) -> exp.Expr:
    for adapt in dialect_named(dialect).adapted:
        tree = adapt(tree)
    return tree


def same(found: object, wanted: Value) -> bool:
    """Whether a value that came is the one that was wanted; numbers by value, booleans also as 0 and 1."""
    if found is None or wanted is None:
        return found is None and wanted is None
    if isinstance(wanted, (date, datetime)):
        return _moment(found) == _moment(wanted)
    if isinstance(wanted, str):
        return isinstance(found, str) and found == wanted
    if not isinstance(found, (bool, int, float, Decimal)):
        return False
    if isinstance(wanted, float) or isinstance(found, float):
        return abs(float(found) - float(wanted)) <= _CLOSE * max(1.0, abs(float(wanted)))
    return Decimal(found) == Decimal(wanted)


def _moment(value: object) -> datetime | None:
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001 -- a local time
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value.replace("Z", ""))
        except ValueError:
            return None
    return None
