"""What a dialect has to say for itself, and the trees that several say it with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlglot import exp

from metricgate.dialects.meanings.way import Meanings, Want
from metricgate.dialects.reading.rules import DialectRules
from metricgate.dialects.trees import literal
from metricgate.planning.zones import Zones
from metricgate.vocabulary.grain import DatePart, Grain
from metricgate.vocabulary.predicate import Scalar


def _by_name(tree: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this="FROM_BASE64", expressions=[tree])


def _in_base64(tree: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this="TO_BASE64", expressions=[tree])


def _sha256(text: exp.Expr) -> exp.Expr:
    return exp.SHA2(this=text, length=literal(256))


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One dialect's ways.

    Attributes:
        name: as a question names it.
        writer: as sqlglot calls it.
        meanings: how it says what an expression means, node by node.
        marker: the parameter of a number (1-based), in the order of the text.
        filters_aggregates: whether ``agg(x) FILTER (WHERE ...)`` is understood; otherwise CASE inside the aggregate.
        approximates: whether ``APPROX_QUANTILE(x, fraction)`` is understood, in the dialect's own words.
        truncated: a time cut to a grain: DATE from day on, TIMESTAMP below.
        part: a part of a time as a number.
        converted: a local time of one zone as the local time of another.
        adapted: passes over the finished tree, for what the dialect cannot say; over relations in an agent's SQL, too.
        statement_passes: passes over the text of a whole statement, once and outermost, for what holds for all of it
            (ClickHouse's SETTINGS): that of a metric query, and an agent's with its relations in it.
        escape: of wildcards in LIKE; a backslash is the engine's own and needs no ESCAPE.
        sorts_for_ends: whether the least and greatest are found by sorting: MIN and MAX do not take all that sorts.
        answers: where the engine makes something of what is of another kind than wanted, rather than failing.
        no_booleans: whether truths are kept as whole numbers.
        frames_subtract: whether a sum over a frame takes away what leaves it, by which doubles lose digits.
        pads: whether texts are equal that differ only in the spaces that they end in.
        series: all moments between two ends that a SELECT gives (``series.FIRST``, ``LAST``), cut to a grain, under a
            name; None where the dialect is not known to make them.
        steps_back: a time that stands at a grain, so many steps of that grain earlier, the number being a column; None
            where the engine joins by ranges itself, or where the dialect is not known to count so.
        from_base64: the bytes that a text of base64 stands for.
        to_base64: bytes as base64 in one line.
        marked: the written text and its values, for dialects whose markers have no numbers.
        text_length: the function that counts a text's characters.
        sha256: the digest of a text in hexadecimal digits.
        rules: by which SQL of agents is read, checked and run; None where none may run.
    """

    name: str
    writer: str
    meanings: Meanings
    marker: Callable[[int], exp.Expr]
    filters_aggregates: bool
    approximates: bool = False
    truncated: Callable[[exp.Expr, Grain], exp.Expr]
    converted: Callable[[exp.Expr, Zones], exp.Expr]
    part: Callable[[exp.Expr, DatePart], exp.Expr]
    adapted: tuple[Callable[[exp.Expr], exp.Expr], ...] = ()
    statement_passes: tuple[Callable[[str], str], ...] = ()
    escape: str = "!"
    sorts_for_ends: bool = False
    answers: frozenset[Want] = frozenset()
    no_booleans: bool = False
    frames_subtract: bool = False
    pads: bool = False
    series: Callable[[exp.Select, Grain, str], exp.Select] | None = None
    steps_back: Callable[[exp.Expr, exp.Expr, Grain], exp.Expr] | None = None
    from_base64: Callable[[exp.Expr], exp.Expr] = _by_name
    to_base64: Callable[[exp.Expr], exp.Expr] = _in_base64
    marked: Callable[[str, tuple[Scalar, ...]], tuple[str, tuple[Scalar, ...]]] | None = None
    text_length: str = "CHAR_LENGTH"
    sha256: Callable[[exp.Expr], exp.Expr] = _sha256
    rules: DialectRules | None = None

    def __post_init__(self) -> None:
        """Refuse rules of another dialect.

        Raises:
            ValueError: they are of another.
        """
        if self.rules is not None and self.rules.name != self.name:
            raise ValueError(f"the dialect {self.name!r} has the rules of {self.rules.name!r}")

    def finish(self, sql: str, parameters: tuple[Scalar, ...]) -> tuple[str, tuple[Scalar, ...]]:
        """Return a whole statement as it is sent, and its values in the order of the text.

        Args:
            sql: a statement that stands in no other, with numbered parameters.
            parameters: their values.
        """
        text, values = self.marked(sql, parameters) if self.marked is not None else (sql, parameters)
        # Last, so that no sign in what a pass adds is taken for a parameter.
        for add in self.statement_passes:
            text = add(text)
        return text, values


def call(name: str, *arguments: exp.Expr) -> exp.Expr:
    """Return a call of a function of the engine's own, written as it is named."""
    return exp.Anonymous(this=name, expressions=list(arguments))


def cast_as(tree: exp.Expr, kind: exp.DType) -> exp.Expr:
    """Return the tree as a type."""
    return exp.Cast(this=tree, to=exp.DataType(this=kind))


def as_date(tree: exp.Expr) -> exp.Expr:
    """Return the tree as a DATE."""
    return cast_as(tree, exp.DType.DATE)


def date_trunc(tree: exp.Expr, grain: Grain) -> exp.Expr:
    """Return the tree cut by DATE_TRUNC, whose weeks begin on Monday."""
    if grain is Grain.DAY:
        return as_date(tree)
    cut = exp.TimestampTrunc(this=tree, unit=exp.Var(this=grain.name))
    return as_date(cut) if grain > Grain.DAY else cast_as(cut, exp.DType.TIMESTAMP)
