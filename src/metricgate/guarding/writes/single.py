"""The one statement of a text that changes something: of a known kind."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlglot import Dialect, exp
from sqlglot.tokenizer_core import Token, TokenType

from metricgate.guarding import codes
from metricgate.guarding.dialects import grammar_of
from metricgate.guarding.fidelity import unfaithful
from metricgate.guarding.intake import refused_at_intake
from metricgate.guarding.query_parser import FAULTS, bare, trees_of, unreadable, words
from metricgate.guarding.text_limits import TextLimits
from metricgate.guarding.writes.parts import UnknownClause
from metricgate.guarding.writes.words import TextWords
from metricgate.vocabulary.problem import Problem

_KINDS = "INSERT, UPDATE, DELETE or MERGE"
_FURTHER = "TRUNCATE, DROP TABLE or ALTER TABLE"


def single(
    text: str, dialect: str, caps: TextLimits, beginnings: Collection[TokenType], kinds: Collection[type[exp.Expr]]
) -> tuple[exp.Expr, TextWords]:
    """Return the statement and its words.

    Args:
        text: as it came.
        dialect: a sqlglot name.
        caps: how large it may be.
        beginnings: words that it may begin with.
        kinds: of the statement.

    Raises:
        UnknownClause: it is several, of another kind, or too large.
    """
    refusal = refused_at_intake(text, caps)
    tokens = words(text, dialect) if refusal is None else refusal
    if isinstance(tokens, Problem):
        raise UnknownClause.of(tokens)
    first = next((token for token in tokens if token.token_type is not TokenType.SEMICOLON), None)
    if first is None or first.token_type not in beginnings:
        raise UnknownClause.of(_no_write("nothing" if first is None else first.text.upper()))
    try:
        trees = trees_of(tokens, text, dialect)
    except FAULTS as error:
        raise UnknownClause.of(unreadable(text, error)) from error
    found = [tree for tree in trees if tree is not None and type(tree) is not exp.Semicolon]
    if len(found) > 1 or type(found[0]) is exp.Block:
        message = "The text holds more than one statement."
        raise UnknownClause.of(Problem(code=codes.SEVERAL_STATEMENTS, message=message, hint="Propose one at a time."))
    root = found[0]
    if type(root) not in kinds:
        raise UnknownClause.of(_no_write(root.key.upper()))
    if sum(1 for _node in root.walk()) > caps.nodes:
        message = f"The statement has more than {caps.nodes:,} parts."
        raise UnknownClause.of(Problem(code=codes.TOO_LARGE, message=message, hint="Propose less at once."))
    bare(root)
    return root, TextWords(text, tokens)


def tokenize(text: str, dialect: str) -> Sequence[Token]:
    """Return the words of a text as they stand in it; ``single`` has read it already."""
    return Dialect.get_or_raise(grammar_of(dialect)).tokenize(text)


def as_written(root: exp.Expr, text: str, tokens: Sequence[Token], dialect: str) -> str:
    """Return the statement as we write it: normalised, without comments.

    Raises:
        UnknownClause: it would not be the same.
    """
    try:
        written = root.sql(grammar_of(dialect), comments=False)
        again = words(written, dialect)
    except FAULTS as error:
        message = "The statement cannot be written again."
        raise UnknownClause.of(Problem(code=codes.UNWRITABLE, message=message)) from error
    lost = again if isinstance(again, Problem) else unfaithful(text, dialect, tokens, again)
    if lost is not None:
        raise UnknownClause.of(lost)
    return written


def _no_write(word: str) -> Problem:
    return Problem(
        code=codes.NO_WRITE,
        message=f"The text is no {_KINDS} but {word}." if word.isidentifier() else f"The text is no {_KINDS}.",
        hint=f"Propose one {_KINDS} (or {_FURTHER}, where that is granted).",
        details={"found": word},
    )
