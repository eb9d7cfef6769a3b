"""The room's doors, in the order in which a text goes through them: read, bind, rewrite, agrees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlglot import exp

from metricgate.dialects.reading.rules import DialectRules
from metricgate.guarding import codes
from metricgate.guarding.bound_columns import left_over, output_names, qualify_columns
from metricgate.guarding.dialects import reading_of, rules_of
from metricgate.guarding.function_allowlist import FunctionAllowlist
from metricgate.guarding.intake import refused_at_intake
from metricgate.guarding.laterals import told_apart, without_first_brackets
from metricgate.guarding.layers import ALL, Layer
from metricgate.guarding.lineage import Tracer
from metricgate.guarding.mistakes import ambiguous_column
from metricgate.guarding.node_classes import check_nodes
from metricgate.guarding.output_labels import output_texts
from metricgate.guarding.output_names import merged_names, name_outputs, order_by_places
from metricgate.guarding.output_positions import has_nameless_query
from metricgate.guarding.parameters import Given, Placed, place_parameters
from metricgate.guarding.query_parser import FAULTS, ParsedQuery, bare, parse_query, tokenize
from metricgate.guarding.query_stages import BoundQuery, GuardedQuery, ReadQuery
from metricgate.guarding.relation_rewriter import Replaced, locate_relations, replace_tables
from metricgate.guarding.spliced_text import limit_rows
from metricgate.guarding.sql_read_back import read_back
from metricgate.guarding.tables import bare_but_tables, bound_tables
from metricgate.guarding.text_limits import CAPS, TextLimits
from metricgate.guarding.verbatim import join_words, names_in, spell_words
from metricgate.vocabulary.problem import Problem, Problems
from metricgate.vocabulary.relation import GovernedTable, Relation


def read(
    text: str,
    *,
    dialect: str,
    functions: FunctionAllowlist,
    caps: TextLimits = CAPS,
    parameters: Given | None = None,
    layers: frozenset[Layer] = ALL,
) -> ReadQuery | Problems:
    """Read an agent's text: layers 1 to 3. Nothing is known yet of tables and columns.

    Args:
        text: as it came.
        dialect: its name; where it has no rules, there is nothing more than reading.
        functions: what may be called.
        caps: how large it may be.
        parameters: values of what the text leaves open, to be bound; None where there are none.
        layers: for tests of the layers only.
    """
    if Layer.INTAKE in layers:
        refusal = refused_at_intake(text, caps)
        if refusal is not None:
            return Problems((refusal,))
    worded = _worded(text, dialect, parameters)
    if isinstance(worded, Problems):
        return worded
    query, found = worded
    names = names_in(query.nodes)
    words = spell_words(text, query.tokens, names, dialect, frozenset((*found.numbers, *found.counts)))
    calls: frozenset[str] = frozenset()
    if Layer.CLASSIFY in layers:
        spelling = () if isinstance(words, Problem) else words
        problems, calls = check_nodes(query, found, text, spelling, functions, caps)
        if problems:
            return Problems(tuple(problems))
    if isinstance(words, Problem):
        return Problems((words,))
    bare_but_tables(query.nodes)
    return ReadQuery(
        text=text,
        dialect=dialect,
        functions=tuple(sorted(calls)),
        book=functions,
        tree=query.tree,
        words=words,
        nameless_query=reading_of(dialect).queries_name_outputs and has_nameless_query(query.tokens, names),
        outputs=tuple(output_texts(text, query.tokens)),
        placed=found,
    )


def _worded(text: str, dialect: str, parameters: Given | None) -> tuple[ParsedQuery, Placed] | Problems:
    """Return the one query of the text, and its words with numbers in the place of parameters."""
    tokens = tokenize(text, dialect)
    if isinstance(tokens, Problem):
        return Problems((tokens,))
    found = place_parameters(tokens, text, dialect, parameters)
    query = parse_query(text, dialect, tokens if isinstance(found, list) else found.tokens)
    if isinstance(found, list):
        if isinstance(query, Problem) and query.code in _NO_ONE_QUERY:
            return Problems((query,))
        return Problems(tuple(found))
    return Problems((query,)) if isinstance(query, Problem) else (query, found)


_NO_ONE_QUERY = frozenset({codes.NO_QUERY, codes.SEVERAL_STATEMENTS})
"""What is told before anything about parameters."""


def bind(
    reading: ReadQuery, tables: Sequence[GovernedTable], *, layers: frozenset[Layer] = ALL
) -> BoundQuery | Problems:
    """Bind a text's names to what its writer may see: layer 4.

    Args:
        reading: of the text.
        tables: all that may be named, each with its visible columns.
        layers: for tests of the layers only.

    Raises:
        ValueError: no binding was written for the dialect.
    """
    rules = rules_of(reading.dialect)
    bound = _bind_tree(reading, reading.tree.copy(), tables, rules, layers)
    if isinstance(bound, BoundQuery):
        return bound
    # Once more on a tree that knows where its names stand in the text.
    again = parse_query(reading.text, reading.dialect, reading.placed.tokens)
    return (
        bound
        if isinstance(again, Problem)
        else _prefer_second(_bind_tree(reading, again.tree, tables, rules, layers), bound)
    )


def _prefer_second(second: BoundQuery | Problems, first: Problems) -> Problems:
    return first if isinstance(second, BoundQuery) else second


def _bind_tree(
    reading: ReadQuery,
    tree: exp.Query,
    tables: Sequence[GovernedTable],
    rules: DialectRules,
    layers: frozenset[Layer],
) -> BoundQuery | Problems:
    text = reading.text
    try:
        without_first_brackets(tree)
        name_outputs(tree, rules, reading.outputs)
        order_by_places(tree)
        merged = merged_names(tree)
        told_apart(tree, rules)
        found = bound_tables(tree, tables, rules, text)
        governed = found.tables
        if found.problems and Layer.BIND in layers:
            return Problems(tuple(found.problems))
        whole = qualify_columns(tree, governed, rules, text)
        if isinstance(whole, list):
            if Layer.BIND in layers:
                return Problems(tuple(whole))
            whole = tree
        problems = left_over(whole, text)
        if problems and Layer.BIND in layers:
            return Problems(tuple(problems))
        uses, unbound = Tracer(whole, governed, rules, merged).uses()
        if unbound and Layer.BIND in layers:
            return Problems(tuple(ambiguous_column(each, governed.values(), text) for each in unbound))
        output = output_names(whole, governed, rules)
        bare(whole)
    except FAULTS:
        return Problems((Problem(code=codes.UNBOUND, message="The query's names cannot be traced to their tables."),))
    datasets = sorted(table.dataset for table in governed.values())
    return BoundQuery(
        reading=reading,
        tables=tuple(datasets),
        columns={dataset: uses.get(dataset, {}) for dataset in datasets},
        functions=reading.functions,
        output=output,
        found=found,
        tree=whole,
    )


def rewrite(
    bound: BoundQuery,
    relations: Mapping[str, Relation],
    *,
    row_limit: int | None,
    layers: frozenset[Layer] = ALL,
) -> GuardedQuery | Problems:
    """Return the statement that may run in the text's place: layers 6 and 7.

    Args:
        bound: the text's names, decided on.
        relations: dataset -> what stands in its place.
        row_limit: at most so many rows are asked for, or as many as there are.
        layers: for tests of the layers only.
    """
    rules = rules_of(bound.reading.dialect)
    words, found = bound.reading.words, bound.found
    marked = {mark: relations[table.dataset] for mark, table in found.tables.items() if table.dataset in relations}
    try:
        if Layer.REWRITE in layers:
            done = replace_tables(bound, marked, rules)
        else:
            done = Replaced(locate_relations(words, found, rules), bound.reading.placed.values, ())
    except (KeyError, *FAULTS):
        return Problems((Problem(code=codes.UNWRITABLE, message="A dataset of the query has no readable relation."),))
    sql = join_words(limit_rows(done.words, row_limit, rules))
    approved = frozenset(bound.functions).union(*(each.calls for each in done.relations))
    own = [each.canonical for each in done.relations]
    back = read_back(sql, rules, own, approved, strict=Layer.REGENERATE in layers)
    if isinstance(back, Problem):
        return Problems((back,))
    return GuardedQuery(
        sql=sql,
        parameters=done.parameters,
        columns=bound.output,
        tables=back.tables,
        functions=back.functions & approved,
        dialect=rules.name,
    )
