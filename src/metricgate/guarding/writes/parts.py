"""The parts that statements of change have in common: names, values, clauses; whatever is not known is refused."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from metricgate.guarding import codes
from metricgate.guarding.dialects import reading_of
from metricgate.vocabulary.problem import Problem

_WORDS = {
    "returning": "RETURNING",
    "conflict": "ON CONFLICT and ON DUPLICATE KEY",
    "ignore": "IGNORE",
    "overwrite": "OVERWRITE",
    "alternative": "INSERT OR",
    "by_name": "BY NAME",
    "where": "REPLACE WHERE",
    "with_": "WITH before the statement",
    "order": "ORDER BY",
    "limit": "LIMIT",
    "tables": "several tables",
    "hint": "a hint",
    "option": "CASCADE, RESTRICT and IDENTITY",
    "partition": "PARTITION",
    "cluster": "ON CLUSTER",
    "exists": "IF EXISTS",
    "cascade": "CASCADE",
    "restrict": "RESTRICT",
    "purge": "PURGE",
    "temporary": "TEMPORARY",
    "only": "ONLY",
    "constraints": "a constraint or a default",
    "position": "FIRST and AFTER",
}
_HINTS = {
    "conflict": "Propose a MERGE, which says what happens to which rows.",
    "alternative": "Propose a MERGE, which says what happens to which rows.",
    "ignore": "Propose a MERGE, which says what happens to which rows.",
    "returning": "Leave it out: get_action shows the rows before and after.",
    "limit": "Say which rows are meant.",
    "with_": "Write the query as a sub-query.",
}


class UnknownClause(Exception):
    """The statement has a part that is not known to be harmless."""

    def __init__(self, what: str, hint: str | None = None) -> None:
        super().__init__(what)
        self.problem = Problem(
            code=codes.CONSTRUCT,
            message=f"{what[:1].upper()}{what[1:]} cannot be used here.",
            hint=hint,
            details={"construct": what},
        )

    @classmethod
    def of(cls, problem: Problem) -> UnknownClause:
        """Return the exception for a problem of another code."""
        found = cls("")
        found.problem = problem
        return found


def only(node: exp.Expr, known: Sequence[str], what: str) -> None:
    """Refuse clauses that are not ``known``.

    Raises:
        UnknownClause: there is another one.
    """
    for part, value in node.args.items():
        if part not in known and value not in (None, False, [], ""):
            raise UnknownClause(_WORDS.get(part, f"{what} with {part.strip('_')}"), _HINTS.get(part))


def plain_table(node: exp.Expr) -> exp.Table:
    """Return a target: a table by its name, perhaps with an alias, and nothing else.

    Raises:
        UnknownClause: it is anything else.
    """
    if type(node) is not exp.Table or type(node.this) is not exp.Identifier:
        raise UnknownClause("a target that is not a table's name")
    only(node, ("this", "db", "catalog", "alias"), "a target")
    alias = node.args.get("alias")
    if alias is not None and alias.args.get("columns"):
        raise UnknownClause("names of columns after the target's alias")
    return node


def alias_of(node: exp.Expr) -> exp.Identifier:
    """Return how a target is called in the statement.

    Raises:
        UnknownClause: it has no name.
    """
    table = plain_table(node)
    alias = table.args.get("alias")
    found = table.this if alias is None else alias.this
    if not isinstance(found, exp.Identifier):
        raise UnknownClause("a target that is not a table's name")
    return found


def named_parts(node: exp.Expr, dialect: str) -> tuple[str, ...]:
    """Return the parts of a target's name, as the engine reads them."""
    table = plain_table(node)
    return tuple(_fold_name(table.args[key], dialect) for key in ("catalog", "db", "this") if table.args.get(key))


def column_named(node: exp.Expr, dialect: str) -> str:
    """Return a column's name, as the engine reads it.

    Raises:
        UnknownClause: it is not a plain name.
    """
    found = node.this if type(node) in {exp.Column, exp.ColumnDef} else node
    if type(found) is not exp.Identifier:
        raise UnknownClause("a column that is not a plain name")
    return _fold_name(found, dialect)


def _fold_name(name: exp.Expr, dialect: str) -> str:
    return str(name.name) if name.args.get("quoted") or reading_of(dialect).keeps_case else name.name.lower()


def select_from(target: exp.Expr, others: Sequence[exp.Expr], said: exp.Expr | None) -> exp.Select:
    """Return ``SELECT FROM target, others``, still without outputs; the others in their writer's words.

    Raises:
        UnknownClause: one of the others is neither a table nor a sub-query.
    """
    if any(type(each) not in {exp.Table, exp.Subquery} for each in others):
        raise UnknownClause("a source that is neither a table nor a sub-query")
    select = exp.Select(from_=exp.From(this=plain_table(target).copy()))
    if said is not None and others:
        select.set("joins", [exp.Join(this=said)])
    return select


def literal_rows(rows: Sequence[Sequence[exp.Expr]], dialect: str) -> tuple[tuple[str | None, ...], ...] | None:
    """Return rows of plain literals as texts, or None where something is to be computed."""
    found: list[tuple[str | None, ...]] = []
    for row in rows:
        texts: list[str | None] = []
        for value in row:
            known, text = _literal_text(value, dialect)
            if not known:
                return None
            texts.append(text)
        found.append(tuple(texts))
    return tuple(found)


def _literal_text(value: exp.Expr, dialect: str) -> tuple[bool, str | None]:
    kind = type(value)
    if kind is exp.Null:
        return True, None
    if kind is exp.Boolean:
        return True, reading_of(dialect).truths[bool(value.this)]
    if kind is exp.Neg and type(value.this) is exp.Literal and not value.this.is_string:
        return True, f"-{value.this.this}"
    if kind is exp.Literal and (value.is_string or str(value.this).replace(".", "", 1).isdigit()):
        return True, str(value.this)
    return False, None
