"""A failing text made small enough to read: whatever can be left out while it still fails is left out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence

from sqlglot import Dialect
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

_DIALECTS = {"mariadb": "mysql"}
_TRIALS = 250
_OPEN = frozenset({TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE})
_CLOSE = frozenset({TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE})


async def shrunk(text: str, engine: str, still: Callable[[str], Awaitable[bool]], trials: int = _TRIALS) -> str:
    """Return the text without words that its failing does not need.

    Args:
        text: that fails.
        engine: whose words they are.
        still: whether a text fails in the same way; most are not even SQL.
        trials: at most so many texts are tried.
    """
    try:
        words = _words(text, engine)
    except SqlglotError:
        return text
    size = max(1, len(words) // 2)
    while size:
        begin = 0
        while begin < len(words):
            for smaller in _without(words, begin, size):
                trials -= 1
                if trials < 0:
                    return _joined(words)
                if await still(_joined(smaller)):
                    words = smaller
                    break
            else:
                begin += max(1, size // 2)
        size //= 2
    return _joined(words)


def _words(text: str, engine: str) -> list[tuple[str, Token]]:
    """Return each word with what is before it."""
    tokens = Dialect.get_or_raise(_DIALECTS.get(engine, engine)).tokenize(text)
    begin, found = 0, []
    for token in tokens:
        found.append((text[begin : token.end + 1], token))
        begin = token.end + 1
    return found


def _joined(words: Sequence[tuple[str, Token]]) -> str:
    return "".join(text for text, _ in words).strip()


def _without(words: list[tuple[str, Token]], begin: int, size: int) -> Iterator[list[tuple[str, Token]]]:
    """Yield the words without so many from there on, if brackets close in them; of one bracket, without it."""
    if begin + size <= len(words) and _closes(words[begin : begin + size]):
        yield words[:begin] + words[begin + size :]
    if size == 1 and words[begin][1].token_type in _OPEN:
        end = next((end for end in range(begin, len(words)) if _closes(words[begin : end + 1])), None)
        if end is not None:
            yield words[:begin] + words[end + 1 :]
            yield words[:begin] + words[begin + 1 : end] + words[end + 1 :]


def _closes(words: Sequence[tuple[str, Token]]) -> bool:
    depth = 0
    for _, token in words:
        depth += (token.token_type in _OPEN) - (token.token_type in _CLOSE)
        if depth < 0:
            return False
    return depth == 0
