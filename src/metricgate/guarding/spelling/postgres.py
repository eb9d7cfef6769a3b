"""PostgreSQL's words: the step of a series, whether a text is normalized."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlglot.tokenizer_core import Token, TokenType

from metricgate.guarding.spelling.words import arguments, calls, instead


def postgres_words(tokens: Sequence[Token], _text: str) -> Iterator[Token]:
    """Yield the words as they are to be parsed: a step that is a text, such as '1 day', is an interval."""
    steps: set[int] = set()
    tokens = list(_without_normalized(tokens))
    for number, token in enumerate(tokens):
        if token.text.lower() == "generate_series" and calls(tokens, number):
            steps.update(list(arguments(tokens, number + 1))[1:])
        if number in steps and _is_whole_interval(tokens, number):
            yield instead(token, TokenType.INTERVAL, "INTERVAL")
        yield token


def _without_normalized(tokens: Sequence[Token]) -> Iterator[Token]:
    """Yield ``IS NULL`` for ``IS NFC NORMALIZED``, which sqlglot cannot read and which asks of a value just as much."""
    for number, token in enumerate(tokens):
        words = [each.text.upper() for each in tokens[max(0, number - 3) : number + 2]]
        place = min(3, number)
        if token.text.upper() in _FORMS and words[place - 1] in {"IS", "NOT"} and words[place + 1 :] == [_NORMALIZED]:
            continue
        if token.text.upper() == _NORMALIZED and number and {"IS", "NOT"} & set(words[max(0, place - 2) : place]):
            yield instead(token, TokenType.NULL, "NULL")
        else:
            yield token


_NORMALIZED = "NORMALIZED"
_FORMS = frozenset({"NFC", "NFD", "NFKC", "NFKD"})


def _is_whole_interval(tokens: Sequence[Token], number: int) -> bool:
    """Whether the argument is a text with a word in it, and nothing else."""
    token = tokens[number]
    alone = number + 1 < len(tokens) and tokens[number + 1].token_type is TokenType.R_PAREN
    return alone and token.token_type is TokenType.STRING and any(map(str.isalpha, token.text))
