"""Layer 2: exactly one statement, and a query. Whatever the parser does but answer is a refusal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlglot import Dialect, ErrorLevel, exp
from sqlglot.errors import ParseError, SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from metricgate.dialects.reading.spelling.words import instead
from metricgate.guarding import codes
from metricgate.guarding.dialects import grammar_of, reading_of
from metricgate.guarding.nodes import ROOTS
from metricgate.guarding.parser_forms import mark_kept_calls, respelt, restore_calls, whole
from metricgate.guarding.places import place_at
from metricgate.guarding.unread import unread
from metricgate.vocabulary.problem import Place, Problem

FAULTS = (
    *(SqlglotError, RecursionError, TypeError, IndexError, ValueError, AttributeError, KeyError, AssertionError),
    *(NotImplementedError, ArithmeticError, re.error),
)
"""Whatever sqlglot was seen to raise, and its like."""

_POSITIONS = ("start",)


_BEGINNINGS = frozenset({TokenType.SELECT, TokenType.WITH, TokenType.L_PAREN, TokenType.FROM, TokenType.TABLE})


@dataclass(frozen=True, slots=True)
class ParsedQuery:
    """The words of a text, as they stand in it, and the tree of the one query that it is.

    Attributes:
        nodes: of the tree as it was parsed: walking costs more than what most looks at a node do.
    """

    tokens: Sequence[Token]
    tree: exp.Query
    nodes: Sequence[exp.Expr]


def tokenize(text: str, dialect: str) -> Sequence[Token] | Problem:
    """Return the words of a text as they stand in it."""
    found = tokenize_numbered(text, dialect)
    if found is not None:
        return whole(found, text, dialect)
    try:
        tokens = Dialect.get_or_raise(grammar_of(dialect)).tokenize(text)
    except FAULTS as error:
        return unreadable(text, error)
    return whole(tokens, text, dialect)


def tokenize_numbered(text: str, dialect: str) -> Sequence[Token] | None:
    """Return the words of a text with ``$1,$2``, which sqlglot takes for the beginning of a text in dollars.

    None where there are none, or where what looks so stands in a literal or a name.
    """
    if not reading_of(dialect).text.numbered or _NUMBERED.search(text) is None:
        return None
    changed = _SIGN.sub("@", text)
    try:
        tokens = Dialect.get_or_raise(grammar_of(dialect)).tokenize(changed)
    except FAULTS:
        return None
    words: list[Token] = []
    for token in tokens:
        own = text[token.start : token.end + 1]
        if own == changed[token.start : token.end + 1]:
            words.append(token)
        elif own == "$" and token.token_type is TokenType.PARAMETER:
            words.append(instead(token, TokenType.PARAMETER, "$"))
        else:
            return None
    return words


_SIGN = re.compile(r"(?<![\w$])\$(?=\d)")


def words(text: str, dialect: str) -> Sequence[Token] | Problem:
    """Return the words of a text, as ``trees_of`` is to be given them."""
    tokens = tokenize(text, dialect)
    return tokens if isinstance(tokens, Problem) else respelt(tokens, text, dialect)


def parse_query(text: str, dialect: str, tokens: Sequence[Token] | None = None) -> ParsedQuery | Problem:
    """Return the one query of the text, without comments and without what comments asked of the parser.

    Args:
        text: as the agent wrote it.
        dialect: its name.
        tokens: the text's words, where they are known.
    """
    found = tokenize(text, dialect) if tokens is None else tokens
    if isinstance(found, Problem):
        return found
    tokens = found
    # Nothing but a query is parsed at all: for the rest, sqlglot knows much that we need not know.
    first = next((token for token in tokens if token.token_type is not TokenType.SEMICOLON), None)
    if first is not None and first.token_type not in _BEGINNINGS:
        return _no_query(first.text.upper())
    try:
        trees = trees_of(respelt(tokens, text, dialect), text, dialect)
    except FAULTS as error:
        return unread(tokens, text, dialect) or unreadable(text, error)
    root = _single_query(trees)
    if isinstance(root, Problem):
        return root
    nodes = list(root.walk())
    _take_out_comments(nodes)
    rules = reading_of(dialect)
    if rules.no_regexp_like and exp.RegexpLike in map(type, nodes):
        nodes = list(_without_regexp_like(root).walk())
    if rules.has_dual and any(map(is_dual, nodes)):
        nodes = list(_without_dual(root).walk())
    return ParsedQuery(tokens, root, nodes)


def is_dual(node: exp.Expr) -> bool:
    """Whether it is MariaDB's ``DUAL`` alone in FROM: no table, and none can be called so without quotes."""
    return type(node) is exp.Table and _over_dual(node) is not None


def _over_dual(node: exp.Expr) -> exp.Expr | None:
    """Return the SELECT whose whole FROM is the bare word, if it is this node's."""
    name, from_ = node.this, node.parent
    select = from_.parent if type(from_) is exp.From else None
    if select is None or select.args.get("joins") or {key for key, value in node.args.items() if value} != {"this"}:
        return None
    is_bare = type(name) is exp.Identifier and not name.args.get("quoted") and name.name.lower() == "dual"
    return select if is_bare else None


def _without_dual(root: exp.Query) -> exp.Query:
    """Take it out of the tree; in the text it stays, a bare word."""
    for node in list(root.find_all(exp.Table)):
        select = _over_dual(node)
        if select is not None:
            select.set("from_", None)
    return root


def _without_regexp_like(root: exp.Query) -> exp.Query:
    """MariaDB has no REGEXP_LIKE, as which sqlglot writes RLIKE; REGEXP_INSTR is in MySQL too."""
    for node in list(root.find_all(exp.RegexpLike)):
        if node.args.get("flag") is None:
            call = exp.Anonymous(this="REGEXP_INSTR", expressions=[node.this, node.expression])
            node.replace(exp.Paren(this=exp.GT(this=call, expression=exp.Literal.number(0))))
    return root


def trees_of(tokens: Sequence[Token], text: str, dialect: str) -> list[exp.Expr | None]:
    """Return the trees of words; sqlglot's faults pass through."""
    trees = (
        Dialect.get_or_raise(grammar_of(dialect))
        .parser(error_level=ErrorLevel.IMMEDIATE)
        .parse(mark_kept_calls(tokens, dialect), text)
    )
    for tree in trees:
        if tree is not None:
            restore_calls(tree, dialect)
    return trees


def _single_query(trees: Sequence[exp.Expr | None]) -> exp.Query | Problem:
    found = [tree for tree in trees if tree is not None and type(tree) is not exp.Semicolon]
    if not found:
        return Problem(code=codes.NO_QUERY, message="The text has no statement.", hint="Write one SELECT.")
    root = found[0]
    if len(found) > 1 or type(root) is exp.Block:
        return Problem(
            code=codes.SEVERAL_STATEMENTS,
            message="The text holds more than one statement.",
            hint="Send one SELECT for each call.",
        )
    return root if type(root) in ROOTS and isinstance(root, exp.Query) else _no_query(root.key.upper())


def _take_out_comments(nodes: Iterable[exp.Expr]) -> None:
    """Take out comments, and what they ordered: ``sqlglot.meta ...`` in one is an order to the parser."""
    for node in nodes:
        node.comments = None
        meta = node._meta  # noqa: SLF001 - the public property makes a dict for every node
        if meta:
            node._meta = {key: meta[key] for key in _POSITIONS if key in meta} or None  # noqa: SLF001


def bare(root: exp.Expr) -> None:
    """Take out positions too: trees that are copied often carry nothing that is not needed."""
    bare_nodes(root.walk())


def bare_nodes(nodes: Iterable[exp.Expr]) -> None:
    """As ``bare``, of a tree whose nodes are known already."""
    for node in nodes:
        node.comments = None
        node._meta = None  # noqa: SLF001 - as above


def unreadable(text: str, error: Exception) -> Problem:
    """Return what stopped the parser, and where."""
    where: Place | None = None
    if isinstance(error, ParseError) and error.errors:
        first = error.errors[0]
        line, column = first.get("line"), first.get("col")
        if isinstance(line, int) and isinstance(column, int):
            where = Place(line=line, column=max(1, column))
        near = first.get("highlight")
        message = f"The parser stops at {near!r}." if near else "The parser stops here."
    elif isinstance(error, RecursionError):
        message = "The query is nested too deep."
    else:
        message = "The text cannot be taken apart into words."
    numbers = _NUMBERED.search(text)
    return Problem(
        code=codes.UNREADABLE,
        message=message,
        where=where or place_at(text, 0),
        hint="Put a space before each $1." if numbers else "Correct it, or write it plainer.",
    )


_NUMBERED = re.compile(r"\$\d[^\s$]*\$")
"""Numbered parameters without a space between them: sqlglot takes ``$1,$`` for the beginning of a text."""


def _no_query(word: str) -> Problem:
    return Problem(
        code=codes.NO_QUERY,
        message=f"The text is no SELECT but {word}." if word.isidentifier() else "The text is no SELECT.",
        hint=_INSTEAD.get(word, "Write one SELECT; UNION, INTERSECT and EXCEPT of several are one."),
        details={"found": word},
    )


_SHOWN = "describe_dataset shows the datasets and columns that you may read."
_INSTEAD: Mapping[str, str] = {
    "EXPLAIN": (
        "An engine's plan tells of rows, filters and tables beyond what you may see. Send the SELECT alone: the answer "
        "has the SQL that ran."
    ),
    **dict.fromkeys(("DESCRIBE", "DESC", "SHOW"), _SHOWN),
    "SUMMARIZE": "Write SELECT COUNT(*), MIN(a), MAX(a) ... for the columns that you want to know about.",
    "PIVOT": "Write SELECT ..., SUM(CASE WHEN k = 'a' THEN x END) AS a ... GROUP BY ..., one output for each value.",
    "VALUES": "Write SELECT * FROM (VALUES ...) AS v(a, b).",
}
"""First words of texts that are no query -> what to do instead."""
