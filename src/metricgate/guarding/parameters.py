"""Values that a text leaves open: ``?``, ``:name``, ``$1`` and ``$name``. Each is a number before the text is parsed.

So what is parsed, checked and run has the marks that values of policy have, and a value goes to the engine as its
driver binds it; it is never part of a text. A mark is known by the word before it: where an operand stands, ``?`` is
an operator of PostgreSQL's, and a colon belongs to a slice or to a struct.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlglot import exp
from sqlglot.parser import Parser
from sqlglot.tokenizer_core import Token, TokenType

from metricgate.guarding import codes
from metricgate.guarding.count_parameters import count_of, find_count_parameters
from metricgate.guarding.dialects import reading_of
from metricgate.guarding.places import place_at
from metricgate.vocabulary.nearest import did_you_mean
from metricgate.vocabulary.predicate import Scalar
from metricgate.vocabulary.problem import Problem

Given = Sequence[Scalar] | Mapping[str, Scalar]
"""Values in the order of the text's ``?`` or of the numbers of ``$1``, or by name."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A text's words with numbers in the place of its parameters.

    Attributes:
        tokens: two words for each parameter: a sign, and its number.
        numbers: where a parameter starts -> its number, from 1.
        values: by number.
        counts: where a number begins that took a parameter's place (``counting``).
        loose: whether the text has a sign of another kind of variable, which is nobody's parameter.
    """

    tokens: Sequence[Token]
    numbers: Mapping[int, int] = field(default_factory=dict)
    values: tuple[Scalar, ...] = field(default=(), repr=False)
    counts: frozenset[int] = frozenset()
    loose: bool = False

    def all_in(self, nodes: Sequence[exp.Expr]) -> bool:
        """Whether the parameters of a tree are those that were placed, each of them, and no others."""
        found = {node.name for node in nodes if type(node) in PARAMETERS}
        return not self.loose and found == set(map(str, self.numbers.values()))


PARAMETERS = frozenset({exp.Parameter, exp.Placeholder})


@dataclass(frozen=True, slots=True)
class ParameterMark:
    """A parameter in a text: its words, and its name; ``?`` has none."""

    tokens: Sequence[Token]
    name: str

    @property
    def start(self) -> int:
        """Where it begins in the text."""
        return self.tokens[0].start

    @property
    def end(self) -> int:
        """Where its last character is in the text."""
        return self.tokens[-1].end


def place_parameters(tokens: Sequence[Token], text: str, dialect: str, given: Given | None) -> Placed | list[Problem]:
    """Return the words with numbers for parameters, or what is wrong with those.

    Args:
        tokens: of the text.
        text: as the agent wrote it.
        dialect: its name.
        given: the values; None where there are none.
    """
    if given is None and not any(token.token_type in _BEGINNINGS for token in tokens):
        return Placed(tokens)
    marks = list(marks_in(tokens, text))
    if not marks:
        loose = any(token.token_type is TokenType.PARAMETER for token in tokens)
        return [_nothing_open(text, given)] if given else Placed(tokens, loose=loose)
    problems = list(_mistakes(marks, given, text))
    if problems or given is None:
        return problems
    by_key = given if isinstance(given, Mapping) else dict(zip(_parameter_keys(marks), given, strict=True))
    keyed = {mark.start: mark.name or str(place) for place, mark in enumerate(marks, start=1)}
    counts = {start: count_of(by_key[keyed[start]]) for start in find_count_parameters(tokens, keyed)}
    uncounted = [_uncounted(mark, keyed[mark.start], text) for mark in marks if counts.get(mark.start, "") is None]
    if uncounted:
        return uncounted
    bound = {key for start, key in keyed.items() if start not in counts}
    keys = [key for key in _parameter_keys(marks) if key in bound]
    values = tuple(by_key[key] for key in keys)
    numbers = {start: keys.index(key) + 1 for start, key in keyed.items() if start not in counts}
    by_start = {mark.start: mark for mark in marks}
    rules = reading_of(dialect).text
    words = list(_numbered_words(tokens, by_start, counts, numbers, rules.parameter))
    inside = {token.start for mark in marks for token in mark.tokens}
    no_sign = "@" if rules.at_is_operator else ""
    loose = any(
        token.token_type is TokenType.PARAMETER and token.start not in inside and token.text != no_sign
        for token in tokens
    )
    return Placed(words, numbers, values, frozenset(counts), loose and rules.variables)


def _parameter_keys(marks: Sequence[ParameterMark]) -> list[str]:
    """Return the keys of values by number: for ``?`` and ``$1`` the numbers, for names in the order of the text."""
    names = list(dict.fromkeys(mark.name for mark in marks))
    if names == [""]:
        return [str(number) for number in range(1, len(marks) + 1)]
    return sorted(names, key=int) if all(map(str.isdigit, names)) else names


def _numbered_words(
    tokens: Sequence[Token],
    marks: Mapping[int, ParameterMark],
    counts: Mapping[int, str | None],
    numbers: Mapping[int, int],
    sign: str,
) -> Iterator[Token]:
    skipped: set[int] = set()
    for token in tokens:
        mark = marks.get(token.start)
        if mark is not None:
            last = mark.tokens[-1]
            skipped.update(each.start for each in mark.tokens)
            if token.start in counts:
                digits = str(counts[token.start])
                yield Token(TokenType.NUMBER, digits, token.line, token.col, token.start, last.end, token.comments)
                continue
            yield Token(TokenType.PARAMETER, sign, token.line, token.col, token.start, token.start, token.comments)
            yield Token(TokenType.NUMBER, str(numbers[token.start]), token.line, token.col, token.start, last.end, [])
        elif token.start not in skipped:
            yield token


def marks_in(tokens: Sequence[Token], text: str) -> Iterator[ParameterMark]:
    """Yield the parameters of a text.

    Args:
        tokens: of the text, as they stand in it.
        text: from which they are.
    """
    for number, token in enumerate(tokens):
        kind = token.token_type
        if kind not in _BEGINNINGS or not _begins_a_value(tokens, number):
            continue
        if kind is TokenType.PLACEHOLDER:
            yield ParameterMark([token], "")
            continue
        after = tokens[number + 1] if number + 1 < len(tokens) else None
        if after is None or after.start != token.end + 1 or (kind is TokenType.PARAMETER and token.text != "$"):
            continue
        name = text[after.start : after.end + 1]
        numbered = kind is TokenType.PARAMETER and after.token_type is TokenType.NUMBER and name.isdigit()
        if numbered or (name.isidentifier() and name.isascii()):
            yield ParameterMark([token, after], str(int(name)) if numbered else name)


_BEGINNINGS = frozenset({TokenType.PLACEHOLDER, TokenType.COLON, TokenType.PARAMETER})
_OPERANDS = frozenset(
    {
        *(TokenType.VAR, TokenType.IDENTIFIER, TokenType.STRING, TokenType.NUMBER, TokenType.R_PAREN),
        *(TokenType.R_BRACKET, TokenType.R_BRACE, TokenType.L_BRACKET, TokenType.L_BRACE, TokenType.DOT),
        *(TokenType.NULL, TokenType.TRUE, TokenType.FALSE, TokenType.PLACEHOLDER, TokenType.COLON),
    }
)
"""Words after which a colon or a question mark begins no value."""


_TYPES = frozenset(Parser.TYPE_TOKENS) - {TokenType.INTERVAL}


def _begins_a_value(tokens: Sequence[Token], number: int) -> bool:
    if not number or tokens[number - 1].token_type in _OPERANDS:
        return False
    if tokens[number].token_type is not TokenType.PLACEHOLDER:
        return True
    # PostgreSQL's operator: j::jsonb ? 'key', and a column with the name of a type or clause before it.
    follows = tokens[number + 1].token_type if number + 1 < len(tokens) else None
    return tokens[number - 1].token_type not in _TYPES and follows is not TokenType.STRING


def _mistakes(marks: Sequence[ParameterMark], given: Given | None, text: str) -> Iterator[Problem]:
    names = [mark.name for mark in marks]
    if "" in names and any(names):
        other = next(mark for mark in marks if mark.name)
        yield _parameter_problem(
            "? stands beside parameters with names or numbers.", text, other, "Use one form in a text."
        )
        return
    digits = [name.isdigit() for name in names if name]
    if any(digits) and not all(digits):
        other = next(mark for mark in marks if not mark.name.isdigit())
        yield _parameter_problem(
            "Names and numbers of parameters stand in one text.", text, other, "Use one form in a text."
        )
        return
    keys = _parameter_keys(marks)
    if given is None:
        yield _parameter_problem(
            _open(keys, marks), text, marks[0], f"Give the values beside the text: {_example(keys)}."
        )
    elif isinstance(given, Mapping):
        yield from _misnamed_parameters(keys, given, marks, text)
    elif any(name and not name.isdigit() for name in names):
        hint = f"Give the values by name: {_example(keys)}."
        yield _parameter_problem("The parameters have names, and the values have none.", text, marks[0], hint)
    else:
        expected = [str(number) for number in range(1, len(given) + 1)]
        if keys != expected:
            yield _parameter_problem(
                _miscounted(keys, len(given), marks), text, marks[-1], "Give one value for each, in order."
            )


def _miscounted(keys: Sequence[str], count: int, marks: Sequence[ParameterMark]) -> str:
    values = f"{count} {'value is' if count == 1 else 'values are'} given"
    if not marks[0].name:
        return f"The text has {len(keys)} ?, and {values}."
    return f"The text has {', '.join(f'${key}' for key in keys)}, and {values}."


def _misnamed_parameters(
    keys: Sequence[str], given: Mapping[str, Scalar], marks: Sequence[ParameterMark], text: str
) -> Iterator[Problem]:
    at = {mark.name: mark for mark in marks}
    for key in keys:
        if key not in given:
            near = did_you_mean(key, [each for each in given if each not in keys])
            hint = near or f"Give {_example(keys)}."
            yield _parameter_problem(f"The parameter {key} has no value.", text, at.get(key, marks[0]), hint)
    for key in given:
        if key not in keys:
            hint = f"Its parameters are {', '.join(keys)}."
            yield _parameter_problem(f"The text has no parameter {key!r}.", text, None, hint)


def _open(keys: Sequence[str], marks: Sequence[ParameterMark]) -> str:
    what = f"{len(keys)} parameters" if len(keys) > 1 else "a parameter"
    named = ", ".join(keys) if marks[0].name else ""
    return f"The text has {what}{f' ({named})' if named else ''}, and no values are given."


def _uncounted(mark: ParameterMark, key: str, text: str) -> Problem:
    example = f'parameters: {{"{key}": 100}}'
    hint = f"Give a whole number from 0: {example}; to have all rows, leave the clause out."
    return _parameter_problem(
        f"The parameter {key} says how many rows, and its value is no whole number.", text, mark, hint
    )


def _nothing_open(text: str, given: Given) -> Problem:
    hint = "Write ? or :name where a value belongs, or leave the values out."
    count = len(given)
    values = f"{count} {'value is' if count == 1 else 'values are'} given"
    return _parameter_problem(f"{values}, and the text has no parameter.", text, None, hint)


def _example(keys: Sequence[str]) -> str:
    return "parameters: {" + ", ".join(f'"{key}": ...' for key in keys) + "}"


def _parameter_problem(message: str, text: str, mark: ParameterMark | None, hint: str) -> Problem:
    where = None if mark is None else place_at(text, mark.start)
    return Problem(code=codes.PARAMETERS, message=message, where=where, hint=hint)
