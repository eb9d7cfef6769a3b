"""Where each SELECT's outputs stand in a text, word by word, and what MariaDB calls those without a name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

from metricgate.guarding.ctes import cte_named

_OPEN = frozenset({TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE})
_CLOSE = frozenset({TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE})
_ENDS = frozenset(
    {
        *(TokenType.FROM, TokenType.WHERE, TokenType.GROUP_BY, TokenType.HAVING, TokenType.ORDER_BY, TokenType.LIMIT),
        *(TokenType.UNION, TokenType.EXCEPT, TokenType.INTERSECT, TokenType.OFFSET, TokenType.FETCH, TokenType.WINDOW),
        *(TokenType.QUALIFY, TokenType.SEMICOLON),
    }
)
_BEGINNING = frozenset({TokenType.DISTINCT, TokenType.ALL})


@dataclass(slots=True)
class _Select:
    """A SELECT whose outputs are being read: its depth in brackets, where an output began."""

    depth: int
    first: int | None = None

    def ends(self, kind: TokenType, depth: int) -> bool:
        """Whether its outputs are over: by its clauses, or by the bracket around it."""
        return self.depth > depth or (self.depth == depth and kind in _ENDS)


def outputs(tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """Yield the numbers of the first and last token of each output of each SELECT."""
    around: list[_Select] = []
    depth = 0
    for number, token in enumerate(tokens):
        kind = token.token_type
        depth -= kind in _CLOSE
        if kind is TokenType.FROM and _is_distinct_from(tokens, number):
            continue
        while around and around[-1].ends(kind, depth):
            yield from _end_output(around.pop(), number)
        depth += kind in _OPEN
        inside = around[-1] if around else None
        if kind is TokenType.SELECT:
            around.append(_Select(depth))
        elif inside is not None and inside.depth == depth and kind is TokenType.COMMA:
            yield from _end_output(inside, number)
        elif inside is not None and inside.first is None and kind not in _BEGINNING:
            inside.first = number
    for inside in around:
        yield from _end_output(inside, len(tokens))


def _is_distinct_from(tokens: Sequence[Token], number: int) -> bool:
    """Whether the FROM is that of IS DISTINCT FROM."""
    before = [token.token_type for token in tokens[max(0, number - 2) : number]]
    return before[-1:] == [TokenType.DISTINCT] and before[0] in {TokenType.IS, TokenType.NOT}


def _end_output(select: _Select, number: int) -> Iterator[tuple[int, int]]:
    first, select.first = select.first, None
    if first is not None:
        yield first, number - 1


def names_by_words(text: str, tokens: Sequence[Token], names: Mapping[int, exp.Identifier]) -> Mapping[int, str]:
    """Return where an output without a name ends (the start of its last token) -> what MariaDB calls it.

    MariaDB calls a column by its name, a literal by its value, and anything else by its own words. Those are spelled
    anew; so it is given them as a name.
    """
    found: dict[int, str] = {}
    for first, last in outputs(tokens):
        whole = tokens[first : last + 1]
        if not _has_a_name(whole, names):
            own = text[_begin_of_output(text, tokens, first) : whole[-1].end + 1]
            if len(own) <= _LONGEST or not _is_in_a_cte(tokens, first):
                found[whole[-1].start] = own
        elif _is_column_in_capitals(whole, names) and _is_of_a_table(names[_core_words(whole)[-1].start].parent):
            # A relation's column would come back in its own letters, a table's does in those of the text.
            found[whole[-1].start] = _core_words(whole)[-1].text
    return found


def _begin_of_output(text: str, tokens: Sequence[Token], first: int) -> int:
    """Return where an output's own words begin: after a comma, comments are among them."""
    if not first or tokens[first - 1].token_type is not TokenType.COMMA:
        return tokens[first].start
    after = tokens[first - 1].end + 1
    return after + len(text[after:]) - len(text[after:].lstrip())


def has_nameless_query(tokens: Sequence[Token], names: Mapping[int, exp.Identifier]) -> bool:
    """Say whether an output without a name holds a sub-query, whose text DuckDB makes part of its name."""
    for first, last in outputs(tokens):
        whole = tokens[first : last + 1]
        if any(each.token_type is TokenType.SELECT for each in whole) and not _has_a_name(whole, names):
            return True
    return False


def _has_a_name(tokens: Sequence[Token], names: Mapping[int, exp.Identifier]) -> bool:
    """Whether the output is a star, has an alias, or is a column or a literal, in brackets or with a plus before it."""
    ending = names.get(tokens[-1].start)
    if ending is not None and type(ending.parent) is exp.Alias and ending.arg_key == "alias":
        return True
    core = _core_words(tokens)
    if (len(core) == 1 and core[0].token_type in _VALUES) or _is_fraction(core):
        return True
    if all(token.token_type in _TEXTS for token in core):
        return True
    if core and core[-1].token_type is TokenType.STAR and all(_is_part(token, names) for token in core[:-1]):
        return True
    return all(_is_part(token, names) for token in core)


def _is_fraction(tokens: Sequence[Token]) -> bool:
    """Whether it is ``.5``, of which sqlglot makes a point and a number."""
    kinds = [token.token_type for token in tokens]
    return kinds == [TokenType.DOT, TokenType.NUMBER] and tokens[0].end + 1 == tokens[1].start


_LONGEST = 64
"""In a CTE, MariaDB gives an output whose own words are more a name of its making: ``Name_exp_2``."""


def _is_in_a_cte(tokens: Sequence[Token], number: int) -> bool:
    """Whether the innermost bracket around the token is that after ``name AS``."""
    depth = 0
    for at in range(number - 1, 0, -1):
        kind = tokens[at].token_type
        depth += (kind in _CLOSE) - (kind in _OPEN)
        if depth < 0:
            return tokens[at - 1].token_type is TokenType.ALIAS
    return False


def _is_column_in_capitals(tokens: Sequence[Token], names: Mapping[int, exp.Identifier]) -> bool:
    core = _core_words(tokens)
    name = names.get(core[-1].start) if core else None
    return name is not None and type(name.parent) is exp.Column and core[-1].text != core[-1].text.lower()


def _is_of_a_table(column: exp.Expr | None) -> bool:
    """Whether the column is a base table's: one of a derived table or a CTE comes in the letters that it has there."""
    select = column.find_ancestor(exp.Select) if isinstance(column, exp.Column) else None
    if not isinstance(column, exp.Column) or select is None:
        return False
    sources = [each for each in _sources_of(select) if not column.table or _source_name(each) == column.table.lower()]
    if not column.table and any(_merges(join) for join in select.args.get("joins") or ()):
        # A merged column is that of the first source, of a RIGHT JOIN that of the second.
        sources = sources[:1]
    derived = [
        each
        for each in sources
        if type(each) is not exp.Table or cte_named(each, each.name.lower(), fold=True) is not None
    ]
    return not any(_gives(each, column.name.lower()) for each in derived)


def _source_name(source: exp.Expr) -> str:
    return str(source.alias_or_name).lower()


def _merges(join: exp.Expr) -> bool:
    return bool(join.args.get("using")) or str(join.args.get("method") or "").upper() == "NATURAL"


def _sources_of(select: exp.Select) -> Iterator[exp.Expr]:
    """Yield what the SELECT reads from, the source whose columns come first before the others."""
    from_ = select.args.get("from_")
    found = [] if from_ is None else list(_unwrap_source(from_.this))
    for join in select.args.get("joins") or ():
        right = str(join.args.get("side") or "").upper() == "RIGHT"
        found = [*_unwrap_source(join.this), *found] if right else [*found, *_unwrap_source(join.this)]
    yield from found


def _unwrap_source(source: exp.Expr) -> Iterator[exp.Expr]:
    """Yield a source, or those in its brackets."""
    if type(source) is exp.Subquery and not source.alias:
        yield from _unwrap_source(source.this)
    else:
        yield source
    for join in source.args.get("joins") or ():
        yield from _unwrap_source(join.this)


def _gives(source: exp.Expr, name: str) -> bool:
    """Whether a derived table or a CTE has a column of that name, or may have it."""
    cte = cte_named(source, source.name.lower(), fold=True) if type(source) is exp.Table else None
    holder = source if cte is None else cte
    alias = holder.args.get("alias")
    columns = alias.args.get("columns") if type(alias) is exp.TableAlias else None
    if columns:
        return name in {each.name.lower() for each in columns}
    query = holder.this
    while isinstance(query, (exp.Subquery, exp.SetOperation)):
        query = query.this
    outputs = query.expressions if isinstance(query, exp.Select) else []
    return any(each.is_star or each.alias_or_name.lower() == name for each in outputs)


def _core_words(tokens: Sequence[Token]) -> list[Token]:
    """Return an output's words without brackets around it and a plus before it."""
    core = list(tokens)
    while core and core[0].token_type in _BEFORE:
        del core[0]
    while core and core[-1].token_type is TokenType.R_PAREN:
        del core[-1]
    return core


_BEFORE = frozenset({TokenType.PLUS, TokenType.L_PAREN})
_TEXTS = frozenset({TokenType.STRING, TokenType.NATIONAL_STRING, TokenType.INTRODUCER})
_VALUES = frozenset(
    {
        *(TokenType.NUMBER, TokenType.NULL, TokenType.TRUE, TokenType.FALSE, TokenType.NATIONAL_STRING),
        TokenType.INTRODUCER,
    }
)


def _is_part(token: Token, names: Mapping[int, exp.Identifier]) -> bool:
    return token.start in names or token.token_type is TokenType.DOT
