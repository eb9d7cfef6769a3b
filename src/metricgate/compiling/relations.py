"""A dataset as one caller may see it, for SQL that is not ours: visible columns, masked values, filtered rows."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import Dialect as Writer
from sqlglot import exp
from sqlglot.errors import SqlglotError

from metricgate.catalog.model import SemanticModel
from metricgate.compiling import codes
from metricgate.compiling.column_kinds import ColumnKinds, columns_read
from metricgate.compiling.conditions import condition_tree
from metricgate.compiling.context import Context
from metricgate.compiling.mask_trees import mask_tree
from metricgate.compiling.row_filters import bound_row_filters
from metricgate.compiling.statement import ExpectedColumn, Statement
from metricgate.dialects.engines import dialect_for, dialect_named
from metricgate.dialects.meanings.compared import OtherKind
from metricgate.dialects.trees import all_of, literal
from metricgate.planning.clocks import TypeAsked
from metricgate.planning.scan import Computation
from metricgate.vocabulary.digest import digest_of_bytes
from metricgate.vocabulary.obligation import Mask, Obligations
from metricgate.vocabulary.predicate import Scalar
from metricgate.vocabulary.problem import Problem, Problems
from metricgate.vocabulary.relation import Relation
from metricgate.vocabulary.result import Column, ValueType

_ROWS = "governed"


def relation_of(
    model: SemanticModel,
    location: tuple[str, ...],
    columns: Sequence[str],
    obligations: Obligations,
    dialect: str,
    *,
    mask_key: str,
    known: Sequence[Column] = (),
) -> Relation | Problems:
    """Return ``SELECT columns FROM source WHERE filters`` as this caller may see it.

    It stands in another statement: what the dialect says once for a whole one is not in it (``confined_statement``).

    Args:
        model: the dataset.
        location: its relation in full, as the engine knows it.
        columns: names as the engine spells them; none at all still gives the right number of rows.
        obligations: row filters and masks; those of other datasets do not concern it.
        dialect: a sqlglot name.
        mask_key: the key of ``hash`` masks.
        known: columns of the relation whose types the engine told.
    """
    problems: list[Problem] = []
    kinds = ColumnKinds(types=_member_types(model, known))
    filters = bound_row_filters(obligations.row_filters, (model,), problems, kinds)
    if problems:
        return Problems(tuple(problems))
    conditions_asked = filters.get(model.name, ())
    context = Context(dialect=dialect_for(dialect, (model,)), answered=_no_plan, mask_key=mask_key, kinds=kinds)
    masks = {mask.column: mask for mask in obligations.masks if mask.dataset == model.name}
    selected = [_select_column(name, masks.get(name.lower()), context) for name in columns]
    select = exp.Select(
        expressions=selected or [exp.alias_(literal(1), "nothing", quoted=True)],
        from_=exp.From(this=_table_tree(location)),
    )
    tree: exp.Expr = select
    try:
        conditions = [_at_rows(condition_tree(each, context)) for each in conditions_asked]
        if conditions:
            select.set("where", exp.Where(this=all_of(conditions)))
        for adapt in context.dialect.adapted:
            tree = adapt(tree)
        sql = Writer.get_or_raise(context.dialect.writer).generate(tree, copy=False, comments=False)
    except OtherKind as error:
        return Problems((Problem(code=codes.COMPARED_KINDS, message=str(error)),))
    except SqlglotError as error:
        text = str(error).split("\n", 1)[0]
        return Problems((Problem(code=codes.UNREADABLE_EXPRESSION, message=f"Not to be written in {dialect}: {text}"),))
    return Relation(sql=sql, parameters=tuple(context.parameters))


def _member_types(model: SemanticModel, known: Sequence[Column]) -> dict[TypeAsked, ValueType | None]:
    """Return the types of the columns that members read; names of columns have no letter case here."""
    told = {each.name.lower(): ValueType(type=each.type) for each in known}
    read = [each.expression for each in model.dimensions]
    read += [expression for each in model.entities for expression in each.expressions]
    return {
        TypeAsked(model=model.name, expression=column): told[name.lower()]
        for expression in read
        for name, column in columns_read(expression)
        if name.lower() in told
    }


def confined_statement(
    sql: str, parameters: tuple[Scalar, ...], columns: Sequence[str], dialect: str, *, row_limit: int | None
) -> Statement:
    """Return SQL that somebody else's text shaped as a statement for the jail.

    Args:
        sql: text of the guard's making, with numbered parameters.
        parameters: their values.
        columns: output names.
        dialect: a sqlglot name.
        row_limit: rows to answer; the text asks for one more.
    """
    text, values = dialect_named(dialect).finish(sql, parameters)
    return Statement(
        sql=text,
        parameters=values,
        dialect=dialect,
        columns=tuple(ExpectedColumn(name=each, type=None) for each in columns),
        digest=digest_of_bytes(f"{dialect}\n{text}".encode()),
        row_limit=row_limit,
        confined=True,
    )


def _no_plan(_asked: Computation) -> exp.Select:
    raise ValueError("a row filter asks no other question")


def _select_column(name: str, mask: Mask | None, context: Context) -> exp.Expr:
    column = exp.column(name, table=_ROWS, quoted=True)
    return column if mask is None else exp.alias_(mask_tree(column, mask, context), name, quoted=True)


def _table_tree(location: tuple[str, ...]) -> exp.Expr:
    *catalog_and_schema, name = location
    parts = dict(zip(("db", "catalog"), reversed(catalog_and_schema), strict=False))
    table = exp.Table(
        this=exp.to_identifier(name, quoted=True),
        **{key: exp.to_identifier(part, quoted=True) for key, part in parts.items()},
    )
    return exp.alias_(table, _ROWS, table=True)


def _at_rows(condition: exp.Expr) -> exp.Expr:
    """Say of every column that it is the source's own, not the mask's output of the same name."""
    for column in list(condition.find_all(exp.Column)):
        column.set("table", exp.to_identifier(_ROWS))
    return condition
