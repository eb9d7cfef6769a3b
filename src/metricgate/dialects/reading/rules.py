"""What has to be known of a dialect before SQL of agents is guarded in it. A dialect without rules is not guarded.

What is not said is taken the strict way. What would show more than it should if it were forgotten has no default.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlglot import exp
from sqlglot.tokenizer_core import Token


class Loss(NamedTuple):
    """What would not be read as it is meant: the word, what is wrong, and what to write."""

    token: Token
    message: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Functions:
    """Names of functions, in lower case.

    Attributes:
        reviewed: may be called if the engine has them.
        grammar: may be called in any case: the parser itself understands them; no catalogue lists them all.
        tables: may stand in FROM.
    """

    reviewed: frozenset[str] = frozenset()
    grammar: frozenset[str] = frozenset()
    tables: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class TextRules:
    """How a text is taken apart into words.

    Attributes:
        keywords: bare words that may stand beside names and calls, in lower case.
        literals: what is one literal of the engine's.
        quote: around names.
        groups_digits: whether ``1_000`` and numbers by their digits in hex are numbers.
        backslashes: whether a backslash in a text means the character after it.
        numbered: whether ``$1`` is a parameter, of which sqlglot reads ``$1,$2`` as the beginning of a text.
        parameter: the sign before a parameter's number in what runs.
        variables: whether the sign of a parameter may be that of something else, too.
        at_is_operator: whether ``@`` is an operator; to sqlglot it begins a variable.
        pipes_are_or: whether ``||`` is OR.
        runs_comments: whether the engine runs what is in ``/*! ... */``.
        goes_on: words after a value that are no name of it but part of it.
        kept: names of calls that the parser must take as they stand, in lower case.
        whole: makes one word of what sqlglot takes apart.
        respelt: gives words to the parser in a form that comes back as it was written.
        named_operator: where the signs of an operator by its full name stand, if the word begins one.
        lost: what two neighbours lose if they are written anew: the text, its words, the number of the second, both.
    """

    keywords: frozenset[str]
    literals: re.Pattern[str]
    quote: str = '"'
    groups_digits: bool = False
    backslashes: bool
    numbered: bool = False
    parameter: str = "$"
    variables: bool = True
    at_is_operator: bool = False
    pipes_are_or: bool = False
    runs_comments: bool = False
    goes_on: frozenset[str] = frozenset()
    kept: frozenset[str] = frozenset()
    whole: Callable[[Sequence[Token], str], Sequence[Token]] | None = None
    respelt: Callable[[Sequence[Token], str], Iterable[Token]] | None = None
    named_operator: Callable[[Sequence[Token], int], range] | None = None
    lost: Callable[[str, Sequence[Token], int, Token, Token], Loss | None] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParserRules:
    """What the engine's own parser calls things that we call otherwise, where it is asked for its reading.

    Attributes:
        spellings: our name of a function -> the engine's other names for it.
        grammar: harmless functions that it makes of operators and of grammar.
    """

    spellings: Mapping[str, frozenset[str]] = field(default_factory=dict)
    grammar: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class DialectRules:
    """One dialect's ways.

    Attributes:
        name: of the dialect.
        binding: the name under which sqlglot compares identifiers the way the engine does.
        text: how a text is taken apart.
        functions: which may be called.
        parser: how the engine's own parser speaks.
        output_name: what the engine calls an output without a name: its tree, and its words where they are known.
        folds_quoted: whether case never counts in names, quoted or not.
        keeps_case: whether an unquoted alias comes back as it was written.
        words_name_outputs: whether an output without a name is called by its own words, so that it is given them.
        queries_name_outputs: whether a sub-query's text becomes part of the name of an output that has none.
        laterals: whether a derived table sees the tables before it without LATERAL.
        lateral_functions: whether a function among the tables does.
        names_series: whether a series among the tables names its column.
        fields: whether ``(x).y`` is a field of a value.
        fences: whether a row filter needs a fence so that its hidden rows cannot raise errors.
        merges_wrongly: whether ROLLUP and windows are wrong over derived tables that are merged into the query.
        has_dual: whether ``DUAL`` alone in FROM is no table.
        inner_joins: words before JOIN that make it an inner one, in the order of the text.
        no_full_join: what to write for a FULL JOIN, where there is none.
        no_lateral: whether there is no LATERAL.
        no_alias_columns: whether no names of columns may follow a table's alias.
        no_regexp_like: whether a regular expression is matched by REGEXP_INSTR, there being no REGEXP_LIKE.
        offset_needs_limit: whether no LIMIT may follow an OFFSET that stands alone.
        restored: puts a tree right that was parsed of respelt words.
        truths: false and true, as texts that a column takes.
        types_by_writing: whether what a column makes of a value depends on how the value is written.
        assigns_in_order: whether UPDATE sets columns from the left, so that later values see earlier ones.
    """

    name: str
    binding: str
    text: TextRules
    functions: Functions = Functions()
    parser: ParserRules = ParserRules()
    output_name: Callable[[exp.Expr, str | None], str]
    folds_quoted: bool
    keeps_case: bool
    fences: bool
    merges_wrongly: bool
    words_name_outputs: bool = False
    queries_name_outputs: bool = False
    laterals: bool = False
    lateral_functions: bool = False
    names_series: bool = False
    fields: bool = False
    has_dual: bool = False
    inner_joins: frozenset[str] = frozenset()
    no_full_join: str | None = None
    no_lateral: bool = False
    no_alias_columns: bool = False
    no_regexp_like: bool = False
    offset_needs_limit: bool = False
    restored: Callable[[exp.Expr], None] | None = None
    truths: tuple[str, str] = ("false", "true")
    types_by_writing: bool = False
    assigns_in_order: bool = False
