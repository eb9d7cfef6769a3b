"""An agent's own words, spelled so that no engine can take them apart otherwise.

What runs is the agent's text word by word, so that an engine binds names, joins, groups and sorts as it would have
done with the text itself; writing a tree anew was seen to change meanings in dozens of ways. Each word is what the
parser saw: names are quoted, literals have a form that is one literal in the engine, comments are gone, and bare words
are on a list (``keywords``). The layers after this one read the result as if it came from a stranger.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from string import ascii_lowercase, ascii_uppercase

from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

from metricgate.dialects.reading.keywords import ANYTHING_AFTER
from metricgate.dialects.reading.rules import DialectRules
from metricgate.guarding import codes
from metricgate.guarding.dialects import reading_of
from metricgate.guarding.output_positions import names_by_words
from metricgate.guarding.places import place_at
from metricgate.vocabulary.problem import Problem

_FOLDED = str.maketrans(ascii_uppercase, ascii_lowercase)
"""PostgreSQL folds names without quotes; letters beyond ASCII stay as they are."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word as it will be written.

    Attributes:
        text: with quotes, where it is a name.
        gap: what stands before it.
        start: where it began in the agent's text.
        kind: what the parser's lexer took it for.
        named: whether it is a name.
    """

    text: str
    gap: str
    start: int
    kind: TokenType
    named: bool


def join_words(words: Sequence[Word]) -> str:
    """Return the words as a text."""
    return "".join(part for word in words for part in (word.gap, word.text)).lstrip()


def quote_name(name: str, dialect: str) -> str:
    """Return a name in the dialect's quotes, a quote inside it written twice (SQL-92, 5.2)."""
    mark = reading_of(dialect).text.quote
    return f"{mark}{name.replace(mark, mark * 2)}{mark}"


def spell_words(
    text: str,
    tokens: Sequence[Token],
    names: Mapping[int, exp.Identifier],
    dialect: str,
    parameters: Collection[int] = (),
) -> tuple[Word, ...] | Problem:
    """Return the words of a text.

    Args:
        text: as the agent wrote it.
        tokens: its words, as the parser's lexer sees them.
        names: where a name starts -> the name, as ``names_in`` the tree that was parsed of them.
        dialect: its name.
        parameters: where parameters start; their words are ours already.
    """
    rules = reading_of(dialect)
    executed = _executed_comment(text, tokens) if rules.text.runs_comments else None
    if executed is not None:
        return executed
    unnamed = names_by_words(text, tokens, names) if rules.words_name_outputs else {}
    found: list[Word] = []
    last: Token | None = None
    for number, token in enumerate(tokens):
        if token.token_type is TokenType.SEMICOLON:
            continue
        if token.start in parameters:
            found.append(_parameter(token, last))
            last = token
            continue
        problem = _glued_problem(text, last, token)
        if problem is not None:
            return problem
        gap = "" if last is None else _gap(text, last, token)
        name = names.get(token.start)
        if name is not None and _is_bare_alias(name, last) and _goes_on(tokens, number, rules):
            return _unfaithful(text, token, f"{token.text} is no name here.", "For a name, write AS before it.")
        if name is not None:
            if _begins_an_alias(name) and (last is None or last.token_type is not TokenType.ALIAS):
                # Without AS, a name before a bracket reads as a call.
                found.append(Word("AS", " ", token.start, TokenType.ALIAS, named=False))
                gap = " "
            found.append(
                Word(quote_name(_fold_identifier(name, rules), dialect), gap, token.start, token.token_type, named=True)
            )
        else:
            word = _bare_word(text, token, tokens[number + 1 : number + 2], dialect)
            if isinstance(word, Problem):
                return word
            found.append(Word(word, gap, token.start, token.token_type, named=False))
        found.extend(_name_words(unnamed.get(token.start), token, dialect))
        last = token
    return tuple(found)


def _name_words(name: str | None, token: Token, dialect: str) -> Iterator[Word]:
    """Yield the words that give the output that ends here its name, if it needs one."""
    if name is not None:
        yield Word("AS", " ", token.start, TokenType.ALIAS, named=False)
        yield Word(quote_name(name, dialect), " ", token.start, TokenType.IDENTIFIER, named=True)


def _parameter(token: Token, last: Token | None) -> Word:
    """Return a parameter's sign or its number; without a space before it, sqlglot takes ``$1,$`` for a text's tag."""
    gap = "" if last is not None and last.start == token.start else " "
    return Word(token.text, gap, token.start, token.token_type, named=False)


def find_unlisted(tokens: Sequence[Token], dialect: str) -> str | None:
    """Return the first bare word of a spelled text that is on no list, or None. Words before a bracket are calls."""
    rules = reading_of(dialect).text
    known, named = rules.keywords, rules.named_operator
    last = len(tokens) - 1
    for number, token in enumerate(tokens):
        if token.token_type in _NOT_BARE or not _WORDY.match(token.text):
            continue
        if number < last and tokens[number + 1].token_type in _AFTER_ANY_WORD:
            continue
        if token.text.lower() in _PREFIXES and number < last and tokens[number + 1].start == token.end + 1:
            continue
        before = tokens[number - 1].text.lower() if number else ""
        if before == "(" and number > 1 and named is not None and named(tokens, number - 2):
            continue
        if before == "{" and number < last and tokens[number + 1].token_type in _STRINGS:
            continue
        parts = token.text.lower().split()
        if not known.issuperset(parts) and before not in ANYTHING_AFTER:
            return token.text
    return None


def names_in(nodes: Sequence[exp.Expr]) -> Mapping[int, exp.Identifier]:
    """Return where a name starts -> the name."""
    found: dict[int, exp.Identifier] = {}
    for node in nodes:
        if type(node) is exp.Identifier:
            start = node.meta.get("start")
            if isinstance(start, int):
                found[start] = node
    return found


def _fold_identifier(name: exp.Identifier, rules: DialectRules) -> str:
    folds = not rules.keeps_case and not name.args.get("quoted")
    return name.name.translate(_FOLDED) if folds else str(name.name)


def _goes_on(tokens: Sequence[Token], number: int, rules: DialectRules) -> bool:
    """Whether the word belongs to those before it, for the engine: ``INTERVAL '1 day' month`` has a field, no name."""
    word = tokens[number].text.lower()
    before = [token.token_type for token in tokens[max(0, number - 2) : number]]
    if word.removesuffix("s") in _FIELDS and TokenType.INTERVAL in before[-2:]:
        return before[-1] in {TokenType.INTERVAL, *_STRINGS, TokenType.NUMBER}
    if word == "varying":
        return bool(before) and before[-1] in {TokenType.BIT, TokenType.CHAR, TokenType.NCHAR}
    return word in rules.text.goes_on


_FIELDS = frozenset(
    {
        *("century", "day", "decade", "hour", "microsecond", "millennium", "millisecond", "minute", "month", "quarter"),
        *("second", "week", "year"),
    }
)


def _is_bare_alias(name: exp.Identifier, last: Token | None) -> bool:
    return (
        type(name.parent) is exp.Alias
        and not name.args.get("quoted")
        and (last is None or last.token_type is not TokenType.ALIAS)
    )


def _begins_an_alias(name: exp.Identifier) -> bool:
    alias = name.parent
    return type(alias) is exp.TableAlias and name.arg_key == "this" and type(alias.parent) is not exp.CTE


_WORDY = re.compile(r"[^\W\d]\w*")
_DIGITS_ALONE = "Write the digits alone; before a name, put a space."
_PLAIN_CALL = re.compile(r"[a-z_][a-z0-9_]*")
"""A function's name in quotes is the function of that name; without them it is looked for among the calls."""
_NUMBER = re.compile(r"(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")
_GROUPED = re.compile(r"\d+(?:_\d+)+")
_STRINGS = frozenset(
    {
        *(TokenType.STRING, TokenType.RAW_STRING, TokenType.HEREDOC_STRING, TokenType.NATIONAL_STRING),
        *(TokenType.BYTE_STRING, TokenType.HEX_STRING, TokenType.BIT_STRING, TokenType.UNICODE_STRING),
    }
)
_PREFIXES = frozenset({"b", "x"})
"""Before a literal and glued to it: bits and bytes, which sqlglot takes apart for DuckDB."""
_NOT_BARE = _STRINGS | {TokenType.IDENTIFIER, TokenType.NUMBER, TokenType.INTRODUCER}
_AFTER_ANY_WORD = frozenset({TokenType.L_PAREN, TokenType.FARROW, TokenType.COLON})
"""A bracket makes a call of the word before it, an arrow or a colon the name of an argument or of a struct's part."""
_SIGNS = re.compile(r"""[^\w\s'"`#;\\]+|#>>?|#-?""")


def _bare_word(text: str, token: Token, after: Sequence[Token], dialect: str) -> str | Problem:
    """Return the word as it was written, if it can be nothing else."""
    own = text[token.start : token.end + 1]
    kind = token.token_type
    if kind is TokenType.NUMBER:
        message, hint = (
            f"The number {own!r} is read in different ways.",
            _DIGITS_ALONE,
        )
        known = _is_number(own, dialect)
    elif kind in _STRINGS:
        message = f"The literal {own} is read in different ways."
        hint = _DIGITS_ALONE if own[0].isdigit() else "Write it in single quotes."
        known = _is_literal(own, dialect)
    else:
        message, hint = f"{own} is not read as a name here.", "Write it plainer."
        if kind is TokenType.IDENTIFIER:
            own = _quoted_elsewhere(token, after, dialect)
            known = bool(own)
        else:
            own = " ".join(own.split())
            known = bool(_WORDY.match(own) or _SIGNS.fullmatch(own))
    return own if known else _unfaithful(text, token, message, hint)


def _quoted_elsewhere(token: Token, after: Sequence[Token], dialect: str) -> str:
    """Return how a quoted word that is no name in the tree is written: a struct's part, a call; else nothing."""
    next_ = after[0].token_type if after else None
    if next_ is TokenType.COLON:
        return quote_name(token.text, dialect)
    return token.text if next_ is TokenType.L_PAREN and _PLAIN_CALL.fullmatch(token.text) else ""


def _is_number(own: str, dialect: str) -> bool:
    if reading_of(dialect).text.groups_digits and (_GROUPED.fullmatch(own) or _is_literal(own, dialect)):
        return True
    return _NUMBER.fullmatch(own) is not None


def _is_literal(own: str, dialect: str) -> bool:
    return reading_of(dialect).text.literals.fullmatch(own) is not None


def _executed_comment(text: str, tokens: Sequence[Token]) -> Problem | None:
    """MariaDB and MySQL run what is in ``/*! ... */``; to the parser it is a comment, which would be dropped."""
    ends = [0, *(token.end + 1 for token in tokens)]
    starts = [*(token.start for token in tokens), len(text)]
    for end, start in zip(ends, starts, strict=True):
        found = _EXECUTED.search(text, end, start)
        if found is not None:
            return Problem(
                code=codes.UNFAITHFUL,
                message="A comment here is one that the warehouse would run.",
                where=place_at(text, found.start()),
                hint="Write its words outside of comments, or leave them out.",
            )
    return None


_EXECUTED = re.compile(r"/\*M?!")


def _glued_problem(text: str, last: Token | None, token: Token) -> Problem | None:
    """A letter after a number is a name to one engine, part of the number to another."""
    if last is None or token.start != last.end + 1 or last.token_type is not TokenType.NUMBER:
        return None
    if not _WORDY.match(text[token.start : token.end + 1]) and token.token_type is not TokenType.NUMBER:
        return None
    word = text[last.start : token.end + 1]
    return _unfaithful(text, last, f"{word} is neither a number nor a name.", _DIGITS_ALONE)


def _gap(text: str, last: Token, token: Token) -> str:
    between = text[last.end + 1 : token.start]
    if not between and token.token_type in _STRINGS and last.text.lower() in _PREFIXES:
        return ""
    if between:
        return "\n" if "\n" in between and token.token_type in _STRINGS else " "
    return "" if _is_sign(text, last) or _is_sign(text, token) else " "


def _is_sign(text: str, token: Token) -> bool:
    return token.token_type not in _STRINGS and _SIGNS.fullmatch(text[token.start : token.end + 1]) is not None


def _unfaithful(text: str, token: Token, message: str, hint: str) -> Problem:
    return Problem(code=codes.UNFAITHFUL, message=message, where=place_at(text, token.start), hint=hint)
