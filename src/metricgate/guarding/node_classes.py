"""Layer 3: classes of nodes, their parts, types, literals and calls, by allow-list."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

from sqlglot import Dialect, ErrorLevel, exp

from metricgate.guarding import codes
from metricgate.guarding.calls import calls_in
from metricgate.guarding.dialects import grammar_of, reading_of
from metricgate.guarding.function_allowlist import FunctionAllowlist
from metricgate.guarding.generators import GENERATORS, generator_problem
from metricgate.guarding.nodes import ALLOWED, CLAUSES, JOIN_WORDS
from metricgate.guarding.parameters import PARAMETERS, Placed
from metricgate.guarding.places import place_at, place_of
from metricgate.guarding.query_parser import FAULTS, ParsedQuery, tokenize, words
from metricgate.guarding.recursion import endless
from metricgate.guarding.tables import bare_but_tables
from metricgate.guarding.text_limits import TextLimits
from metricgate.guarding.types import is_plain
from metricgate.guarding.verbatim import Word, find_unlisted, join_words
from metricgate.vocabulary.nearest import did_you_mean
from metricgate.vocabulary.problem import Problem

RESERVED = "metricgate_"
"""No name of an agent may begin so, whatever its case."""

_TABLE_NAME = re.compile(r"[\w $-]+")
"""DuckDB takes other names for files to read."""

_NUMBER = re.compile(r"0[xX][\da-fA-F]+|0[bB][01]+|(\d[\d_]*(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_WORDS = {
    "into": "SELECT INTO",
    "locks": "FOR UPDATE and FOR SHARE",
    "hint": "an optimizer hint",
    "hints": "an index hint",
    "sample": "TABLESAMPLE",
    "pivots": "PIVOT and UNPIVOT",
    "operation_modifiers": "a modifier after SELECT",
    "version": "a table at a time",
    "when": "a table at a time",
    "only": "ONLY",
    "partition": "a table's partition",
    "laterals": "LATERAL VIEW",
    "kind": "SELECT AS",
}
_HINTS: Mapping[type[exp.Expr], str] = {
    exp.Parameter: "Write ? or :name, and give the value in the argument parameters.",
    exp.Placeholder: "Write ? or :name, and give the value in the argument parameters.",
    exp.SessionParameter: "Variables of the session cannot be read.",
    exp.Columns: "Name the columns one by one.",
    exp.Pivot: "Write sum(CASE WHEN ... THEN ... END) for each column.",
    exp.Operator: "Write the operator alone.",
}


def check_nodes(
    query: ParsedQuery, placed: Placed, text: str, spelling: Sequence[Word], book: FunctionAllowlist, caps: TextLimits
) -> tuple[list[Problem], frozenset[str]]:
    """Return what is not allowed, in the order of the tree, and the names of what is called.

    Args:
        query: the text's tree, with positions; they are taken out of it.
        placed: the text's parameters.
        text: as the agent wrote it.
        spelling: its words as they will run.
        book: what may be called.
        caps: how large it may be.
    """
    problems = list(_size_problems(query.nodes, caps))
    if problems:
        return problems, frozenset()
    harmless = _PLAIN | PARAMETERS if placed.all_in(query.nodes) else _PLAIN
    for node in query.nodes:
        if type(node) not in harmless:
            problems.extend(_node_problems(node, text, book, caps))
    if problems:
        return _each_once(problems), frozenset()
    bare_but_tables(query.nodes)
    spelled = join_words(spelling)
    tokens = tokenize(spelled, book.dialect)
    if isinstance(tokens, Problem):
        return [tokens], frozenset()
    if [spelled[each.start : each.end + 1] for each in tokens] != [each.text for each in spelling]:
        return [_construct(query.tree, text, "a word that runs into the next")], frozenset()
    calls = calls_in(tokens)
    problems = [_function_problem(name, text, book) for name in sorted(calls - book.names)]
    word = find_unlisted(tokens, book.dialect)
    if word is not None:
        problems.append(_word_problem(word, text))
    return problems, calls | _generic_names(query.tree, book)


def _generic_names(tree: exp.Expr, book: FunctionAllowlist) -> frozenset[str]:
    """Return the names by which sqlglot knows what is called: a rule about ``substring`` is about ``substr`` too."""
    text = canonical_text(tree, book.dialect)
    tokens = text if isinstance(text, Problem) else words(text, book.dialect)
    return frozenset() if isinstance(tokens, Problem) else calls_in(tokens) & book.names


def _word_problem(word: str, text: str) -> Problem:
    found = re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE)
    return Problem(
        code=codes.CONSTRUCT,
        message=f"{word.upper()} cannot be used here.",
        where=place_at(text, found.start()) if found else None,
        hint="If it is a name, write it in quotes.",
        details={"construct": word},
    )


def canonical_text(tree: exp.Expr, dialect: str) -> str | Problem:
    """Return the tree's text in the dialect with every name quoted, without comments."""
    generator = Dialect.get_or_raise(grammar_of(dialect)).generator(
        identify=True, comments=False, unsupported_level=ErrorLevel.IGNORE
    )
    try:
        return str(generator.generate(tree))
    except FAULTS:
        return Problem(code=codes.UNWRITABLE, message="The query cannot be written again in this dialect.")


def _size_problems(nodes: Sequence[exp.Expr], caps: TextLimits) -> Iterator[Problem]:
    kinds = Counter(map(type, nodes))
    depths: dict[int, int] = {}
    for node in nodes:  # a parent comes before its children
        depths[id(node)] = depths.get(id(node.parent), 0) + 1
    for count, most, what in (
        (len(nodes), caps.nodes, "parts"),
        (max(depths.values()), caps.depth, "levels of nesting"),
        (sum(kinds[kind] for kind in _SET_OPERATIONS) + 1, caps.branches, "branches of set operations"),
        (kinds[exp.Join], caps.joins, "joins"),
        (kinds[exp.CTE], caps.ctes, "CTEs"),
    ):
        if count > most:
            yield Problem(
                code=codes.TOO_LARGE,
                message=f"The query has {count:,} {what}; at most {most:,} are read.",
                hint="Ask for less at once.",
            )


def _node_problems(node: exp.Expr, text: str, book: FunctionAllowlist, caps: TextLimits) -> Iterator[Problem]:
    kind = type(node)
    if kind not in ALLOWED:
        if kind is exp.ObjectIdentifier or kind is exp.PseudoType:
            yield _type_problem(node, text, node.name)
        else:
            yield _construct(node, text, _name_of(kind), _HINTS.get(kind))
        return
    parts = CLAUSES.get(kind)
    if parts is not None:
        for part, value in node.args.items():
            if part not in parts and value not in (None, False, [], ""):
                yield _construct(node, text, _WORDS.get(part, f"{kind.__name__} with {part.strip('_')}"))
    rule = _RULES.get(kind)
    if rule is not None:
        yield from rule(node, text, book, caps)
    problem = generator_problem(node, caps)
    if problem is not None:
        yield Problem(
            code=codes.GENERATOR, message=problem, where=place_of(node, text), hint="Give small literal bounds."
        )


def _identifier(node: exp.Expr, text: str, _book: FunctionAllowlist, _caps: TextLimits) -> Iterator[Problem]:
    if not node.name:
        yield _construct(node, text, "an empty name")
    elif not node.name.isprintable() or not unicodedata.is_normalized("NFC", node.name):
        yield _construct(node, text, "a name with characters that look like others")
    elif node.name.lower().startswith(RESERVED):
        yield Problem(
            code=codes.RESERVED_NAME,
            message=f"Names that begin with {RESERVED!r} are kept for the gateway.",
            where=place_of(node, text),
            hint="Choose another name.",
        )


def _check_literal(node: exp.Expr, text: str, _book: FunctionAllowlist, _caps: TextLimits) -> Iterator[Problem]:
    if not node.args.get("is_string") and not _NUMBER.fullmatch(str(node.this)):
        yield Problem(
            code=codes.UNFAITHFUL,
            message=f"The number {str(node.this)!r} is not read as one.",
            where=place_of(node, text),
            hint="Put spaces around it.",
        )


def _data_type(node: exp.Expr, text: str, book: FunctionAllowlist, _caps: TextLimits) -> Iterator[Problem]:
    if not is_plain(node):
        yield _type_problem(node, text, node.sql(grammar_of(book.dialect)))


def _type_problem(node: exp.Expr, text: str, name: str) -> Problem:
    found = re.search(rf"(?<!\w){re.escape(name)}", text, re.IGNORECASE)
    return Problem(
        code=codes.TYPE,
        message=f"The type {name} cannot be used.",
        where=place_at(text, found.start()) if found else place_of(node.parent or node, text),
        hint="Cast to a number, text, boolean, date, time, interval, JSON, or a list of those.",
    )


def _anonymous(node: exp.Expr, text: str, book: FunctionAllowlist, _caps: TextLimits) -> Iterator[Problem]:
    if type(node.this) is not str:
        yield _function_problem(f'"{node.name}', text, book)
    elif node.this.lower() not in book.names:
        yield _function_problem(node.this, text, book)


def _join(node: exp.Expr, text: str, book: FunctionAllowlist, _caps: TextLimits) -> Iterator[Problem]:
    words = {str(node.args.get(part) or "").upper() for part in ("side", "kind", "method")}
    rules = reading_of(book.dialect)
    words -= rules.inner_joins
    if not words <= JOIN_WORDS:
        yield _construct(node, text, f"{' '.join(sorted(words - JOIN_WORDS))} JOIN")
    elif "FULL" in words and rules.no_full_join is not None:
        yield _construct(node, text, "FULL JOIN", rules.no_full_join)


def _dot(node: exp.Expr, text: str, book: FunctionAllowlist, _caps: TextLimits) -> Iterator[Problem]:
    """A struct's field after a value in brackets or a call; ``x.f()`` may be a function f of a schema x."""
    if isinstance(node.args.get("expression"), exp.Func):
        yield _construct(node, text, "a call after a name and a point", "Write f(x) or (x).f() for x.f().")
    elif not reading_of(book.dialect).fields or type(node.args.get("expression")) is not exp.Identifier:
        yield _construct(node, text, "a field of a row", "Name a column of a table, alone or after the table's alias.")


def _with(node: exp.Expr, text: str, _book: FunctionAllowlist, caps: TextLimits) -> Iterator[Problem]:
    found = endless(node, caps.steps) if node.args.get("recursive") else None
    if found is not None:
        yield _construct(node, text, *found)


def _check_values(node: exp.Expr, text: str, _book: FunctionAllowlist, _caps: TextLimits) -> Iterator[Problem]:
    if type(node.parent) not in {exp.From, exp.Join, exp.Subquery, exp.Table}:
        yield _construct(node, text, "VALUES outside FROM")


def _check_table(node: exp.Expr, text: str, book: FunctionAllowlist, _caps: TextLimits) -> Iterator[Problem]:
    name = node.this
    if type(name) is exp.Identifier:
        for part in ("this", "db", "catalog"):
            word = node.args.get(part)
            if word is not None and (type(word) is not exp.Identifier or not _TABLE_NAME.fullmatch(word.name)):
                yield _construct(node, text, "a table's name that is a path or a pattern", "Name a dataset.")
    elif type(name) is exp.Anonymous and str(name.this).lower() in reading_of(book.dialect).functions.tables:
        return
    elif type(name) not in _TABLE_FUNCTIONS:
        yield _construct(node, text, "a table that is not named by plain words", "Name a dataset.")


def _check_select(node: exp.Expr, text: str, _book: FunctionAllowlist, _caps: TextLimits) -> Iterator[Problem]:
    if not node.expressions:
        yield _construct(node, text, "SELECT of nothing", "Name a column or an expression.")


def _check_limit(node: exp.Expr, text: str, _book: FunctionAllowlist, _caps: TextLimits) -> Iterator[Problem]:
    number = node.args.get("count") if type(node) is exp.Fetch else node.args.get("expression")
    everything = type(node) is exp.Limit and type(number) is exp.Var and number.name.upper() == "ALL"
    if number is not None and not everything and not _is_constant(number):
        yield _construct(
            node, text, f"{type(node).__name__.upper()} of a number that is not constant", "Write the number itself."
        )
    options = node.args.get("limit_options")
    if options is not None and options.args.get("with_ties") and not _is_ordered(node):
        # Without an order the engines refuse it, or all rows are alike.
        yield _construct(node, text, "WITH TIES without ORDER BY")


def _is_constant(node: exp.Expr) -> bool:
    """Whether it is digits, NULL, or arithmetic of such."""
    if type(node) is exp.Literal:
        return not node.is_string and str(node.name).isdigit()
    return type(node) in _ARITHMETIC and all(map(_is_constant, node.iter_expressions()))


_ARITHMETIC = frozenset({exp.Null, exp.Paren, exp.Add, exp.Sub, exp.Mul})


def _is_ordered(node: exp.Expr) -> bool:
    return node.parent is not None and node.parent.args.get("order") is not None


def _check_ordered(node: exp.Expr, text: str, _book: FunctionAllowlist, _caps: TextLimits) -> Iterator[Problem]:
    if type(node.this) in PARAMETERS:
        yield _construct(
            node, text, "a parameter alone in ORDER BY", "It is one constant: name the column or its place."
        )


_TABLE_FUNCTIONS = frozenset({exp.GenerateSeries, exp.ExplodingGenerateSeries, exp.Values})


def _lateral(node: exp.Expr, text: str, book: FunctionAllowlist, _caps: TextLimits) -> Iterator[Problem]:
    if reading_of(book.dialect).no_lateral:
        yield _construct(node, text, "LATERAL", "Join a grouped sub-query instead.")


def _table_alias(node: exp.Expr, text: str, book: FunctionAllowlist, _caps: TextLimits) -> Iterator[Problem]:
    if reading_of(book.dialect).no_alias_columns and node.args.get("columns") and type(node.parent) is not exp.CTE:
        yield _construct(node, text, "names of columns after a table's alias", "Name the columns inside.")


_RULES: Mapping[type[exp.Expr], Callable[[exp.Expr, str, FunctionAllowlist, TextLimits], Iterator[Problem]]] = {
    exp.Identifier: _identifier,
    exp.Literal: _check_literal,
    exp.DataType: _data_type,
    exp.Anonymous: _anonymous,
    exp.Table: _check_table,
    exp.Join: _join,
    exp.Dot: _dot,
    exp.With: _with,
    exp.Values: _check_values,
    exp.Select: _check_select,
    exp.Lateral: _lateral,
    exp.TableAlias: _table_alias,
    exp.Limit: _check_limit,
    exp.Fetch: _check_limit,
    exp.Offset: _check_limit,
    exp.Ordered: _check_ordered,
}


_SET_OPERATIONS = frozenset({exp.Union, exp.Except, exp.Intersect})
_PLAIN = ALLOWED - CLAUSES.keys() - _RULES.keys() - GENERATORS
"""Kinds of nodes that nothing more is asked of."""


def _construct(node: exp.Expr, text: str, what: str, hint: str | None = None) -> Problem:
    return Problem(
        code=codes.CONSTRUCT,
        message=f"{what[:1].upper()}{what[1:]} cannot be used here.",
        where=place_of(node, text),
        hint=hint,
        details={"construct": what},
    )


def _function_problem(name: str, text: str, book: FunctionAllowlist) -> Problem:
    plain = name.lstrip('"').lower()
    found = re.search(rf'(?<!\w){re.escape(plain)}"?\s*\(', text, re.IGNORECASE)
    message = f"{plain} is not a function that can be called here."
    if name.startswith('"'):
        message = f"A function's name is written without quotes: {plain}."
    return Problem(
        code=codes.FUNCTION,
        message=message,
        where=place_at(text, found.start()) if found else None,
        hint=did_you_mean(plain, book.names - {plain}),
        details={"function": plain},
    )


def _name_of(kind: type[exp.Expr]) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind.__name__).upper()


def _each_once(problems: list[Problem]) -> list[Problem]:
    found: dict[tuple[str, str, str], Problem] = {}
    for problem in problems:
        found.setdefault((problem.code.name, problem.message, str(problem.where)), problem)
    return list(found.values())
