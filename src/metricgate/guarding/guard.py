"""The room's doors, in the order in which a text goes through them: read, bind, rewrite, agrees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlglot import exp

from metricgate.guarding import codes
from metricgate.guarding.binding import left_over, output_names, qualified
from metricgate.guarding.book import FunctionBook
from metricgate.guarding.caps import CAPS, Caps
from metricgate.guarding.classifying import classified
from metricgate.guarding.dialects import DialectRules, rules_of
from metricgate.guarding.intake import refused_at_intake
from metricgate.guarding.layers import ALL, Layer
from metricgate.guarding.mistakes import ambiguous_column
from metricgate.guarding.naming import name_outputs
from metricgate.guarding.parsing import FAULTS, bare, bare_nodes, parsed
from metricgate.guarding.reading import Bound, Guarded, Reading
from metricgate.guarding.regenerating import BINDING_CALLS, read_back, written
from metricgate.guarding.rewriting import Replaced, limited, located, replaced
from metricgate.guarding.tables import bound_tables
from metricgate.guarding.tracing import Tracer
from metricgate.guarding.wording import output_texts
from metricgate.vocabulary.problem import Problem, Problems
from metricgate.vocabulary.relation import GovernedTable, Relation


def read(
    text: str,
    *,
    dialect: str,
    functions: FunctionBook,
    caps: Caps = CAPS,
    layers: frozenset[Layer] = ALL,
) -> Reading | Problems:
    """Read an agent's text: layers 1 to 3. Nothing is known yet of tables and columns.

    Args:
        text: as it came.
        dialect: a sqlglot name; only for ``duckdb``, ``postgres`` and ``mysql`` is there more than reading.
        functions: what may be called.
        caps: how large it may be.
        layers: for tests of the layers only.
    """
    if Layer.INTAKE in layers:
        refusal = refused_at_intake(text, caps)
        if refusal is not None:
            return Problems((refusal,))
    query = parsed(text, dialect)
    if isinstance(query, Problem):
        return Problems((query,))
    calls: frozenset[str] = frozenset()
    if Layer.CLASSIFY in layers:
        problems, calls = classified(query, text, functions, caps)
        if problems:
            return Problems(tuple(problems))
    bare_nodes(query.nodes)
    return Reading(
        text=text,
        dialect=dialect,
        functions=tuple(sorted(calls)),
        book=functions,
        tree=query.tree,
        outputs=tuple(output_texts(text, query.tokens)),
    )


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
    again = parsed(reading.text, reading.dialect)
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
        name_outputs(tree, rules, reading.outputs)
        governed, problems = bound_tables(tree, tables, rules, text)
        if problems and Layer.BIND in layers:
            return Problems(tuple(problems))
        found = qualified(tree, governed, rules, text)
        if isinstance(found, list):
            if Layer.BIND in layers:
                return Problems(tuple(found))
            found = tree
        problems = left_over(found, text)
        if problems and Layer.BIND in layers:
            return Problems(tuple(problems))
        uses, unbound = Tracer(found, governed, rules).uses()
        if unbound and Layer.BIND in layers:
            return Problems(tuple(ambiguous_column(each, governed.values(), text) for each in unbound))
        output = output_names(found, governed, rules)
        bare(found)
    except FAULTS:
        return Problems((Problem(code=codes.UNBOUND, message="The query's names cannot be traced to their tables."),))
    datasets = sorted(table.dataset for table in governed.values())
    return Bound(
        reading=reading,
        tables=tuple(datasets),
        columns={dataset: uses.get(dataset, {}) for dataset in datasets},
        functions=reading.functions,
        output=output,
        governed=governed,
        tree=found,
    )


def rewrite(
    bound: Bound,
    relations: Mapping[str, Relation],
    *,
    row_limit: int | None,
    layers: frozenset[Layer] = ALL,
) -> Guarded | Problems:
    """Write the statement that may run in the text's place: layers 6 and 7.

    Args:
        bound: the text's names, decided on.
        relations: dataset -> what stands in its place.
        row_limit: at most so many rows are asked for, or as many as there are.
        layers: for tests of the layers only.
    """
    rules = rules_of(bound.reading.dialect)
    marked = {mark: relations[table.dataset] for mark, table in bound.governed.items() if table.dataset in relations}
    try:
        tree = bound.tree.copy()
        if Layer.REWRITE in layers:
            done = replaced(tree, marked, rules)
        else:
            done = Replaced(located(tree, bound.governed), (), ())
    except (KeyError, *FAULTS):
        return Problems((Problem(code=codes.UNWRITABLE, message="A dataset of the query has no readable relation."),))
    sql = written(limited(done.tree, row_limit), rules)
    if isinstance(sql, Problem):
        return Problems((sql,))
    approved = frozenset(bound.functions).union(BINDING_CALLS, *(each.calls for each in done.relations))
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
