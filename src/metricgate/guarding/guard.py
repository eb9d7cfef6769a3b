"""The room's doors, in the order in which a text goes through them: read, bind, rewrite, agrees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlglot import exp

from metricgate.dialects.reading.rules import DialectRules
from metricgate.guarding import codes
from metricgate.guarding.binding import left_over, output_names, qualified
from metricgate.guarding.book import FunctionBook
from metricgate.guarding.caps import CAPS, Caps
from metricgate.guarding.classifying import classified
from metricgate.guarding.dialects import reading_of, rules_of
from metricgate.guarding.intake import refused_at_intake
from metricgate.guarding.laterals import told_apart, without_first_brackets
from metricgate.guarding.layers import ALL, Layer
from metricgate.guarding.mistakes import ambiguous_column
from metricgate.guarding.naming import merged_names, name_outputs, order_by_places
from metricgate.guarding.outputs import has_nameless_query
from metricgate.guarding.parameters import Given, Placed, placed
from metricgate.guarding.parsing import FAULTS, Parsed, bare, lexed, parsed
from metricgate.guarding.reading import Bound, Guarded, Reading
from metricgate.guarding.regenerating import read_back
from metricgate.guarding.rewriting import Replaced, located, replaced
from metricgate.guarding.splicing import limited
from metricgate.guarding.tables import bare_but_tables, bound_tables
from metricgate.guarding.tracing import Tracer
from metricgate.guarding.verbatim import joined, names_in, spelled
from metricgate.guarding.wording import output_texts
from metricgate.vocabulary.problem import Problem, Problems
from metricgate.vocabulary.relation import GovernedTable, Relation


def read(
    text: str,
    *,
    dialect: str,
    functions: FunctionBook,
    caps: Caps = CAPS,
    parameters: Given | None = None,
    layers: frozenset[Layer] = ALL,
) -> Reading | Problems:
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
    words = spelled(text, query.tokens, names, dialect, frozenset((*found.numbers, *found.counts)))
    calls: frozenset[str] = frozenset()
    if Layer.CLASSIFY in layers:
        spelling = () if isinstance(words, Problem) else words
        problems, calls = classified(query, found, text, spelling, functions, caps)
        if problems:
            return Problems(tuple(problems))
    if isinstance(words, Problem):
        return Problems((words,))
    bare_but_tables(query.nodes)
    return Reading(
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


def _worded(text: str, dialect: str, parameters: Given | None) -> tuple[Parsed, Placed] | Problems:
    """Return the one query of the text, and its words with numbers in the place of parameters."""
    tokens = lexed(text, dialect)
    if isinstance(tokens, Problem):
        return Problems((tokens,))
    found = placed(tokens, text, dialect, parameters)
    query = parsed(text, dialect, tokens if isinstance(found, list) else found.tokens)
    if isinstance(found, list):
        if isinstance(query, Problem) and query.code in _NO_ONE_QUERY:
            return Problems((query,))
        return Problems(tuple(found))
    return Problems((query,)) if isinstance(query, Problem) else (query, found)


_NO_ONE_QUERY = frozenset({codes.NO_QUERY, codes.SEVERAL_STATEMENTS})
"""What is told before anything about parameters."""


def bind(reading: Reading, tables: Sequence[GovernedTable], *, layers: frozenset[Layer] = ALL) -> Bound | Problems:
    """Bind a text's names to what its writer may see: layer 4.

    Args:
        reading: of the text.
        tables: all that may be named, each with its visible columns.
        layers: for tests of the layers only.

    Raises:
        ValueError: no binding was written for the dialect.
    """
    rules = rules_of(reading.dialect)
    bound = _bound(reading, reading.tree.copy(), tables, rules, layers)
    if isinstance(bound, Bound):
        return bound
    # Once more on a tree that knows where its names stand in the text.
    again = parsed(reading.text, reading.dialect, reading.placed.tokens)
    return bound if isinstance(again, Problem) else _told(_bound(reading, again.tree, tables, rules, layers), bound)


def _told(second: Bound | Problems, first: Problems) -> Problems:
    return first if isinstance(second, Bound) else second


def _bound(
    reading: Reading,
    tree: exp.Query,
    tables: Sequence[GovernedTable],
    rules: DialectRules,
    layers: frozenset[Layer],
) -> Bound | Problems:
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
        whole = qualified(tree, governed, rules, text)
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
    return Bound(
        reading=reading,
        tables=tuple(datasets),
        columns={dataset: uses.get(dataset, {}) for dataset in datasets},
        functions=reading.functions,
        output=output,
        found=found,
        tree=whole,
    )


def rewrite(
    bound: Bound,
    relations: Mapping[str, Relation],
    *,
    row_limit: int | None,
    layers: frozenset[Layer] = ALL,
) -> Guarded | Problems:
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
            done = replaced(bound, marked, rules)
        else:
            done = Replaced(located(words, found, rules), bound.reading.placed.values, ())
    except (KeyError, *FAULTS):
        return Problems((Problem(code=codes.UNWRITABLE, message="A dataset of the query has no readable relation."),))
    sql = joined(limited(done.words, row_limit, rules))
    approved = frozenset(bound.functions).union(*(each.calls for each in done.relations))
    own = [each.canonical for each in done.relations]
    back = read_back(sql, rules, own, approved, strict=Layer.REGENERATE in layers)
    if isinstance(back, Problem):
        return Problems((back,))
    return Guarded(
        sql=sql,
        parameters=done.parameters,
        columns=bound.output,
        tables=back.tables,
        functions=back.functions & approved,
        dialect=rules.name,
    )
