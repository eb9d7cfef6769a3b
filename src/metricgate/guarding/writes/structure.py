"""DDL taken apart: a table dropped, a column added, dropped or renamed, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp
from sqlglot.tokenizer_core import TokenType

from metricgate.guarding import codes
from metricgate.guarding.dialects import grammar_of
from metricgate.guarding.query_parser import words
from metricgate.guarding.text_limits import CAPS, TextLimits
from metricgate.guarding.types import is_plain
from metricgate.guarding.writes.parts import UnknownClause, column_named, named_parts, only, plain_table
from metricgate.guarding.writes.single import as_written, single
from metricgate.vocabulary.problem import Problem, Problems
from metricgate.vocabulary.resource import Action
from metricgate.vocabulary.structure import StructureKind

_BEGINNINGS = frozenset({TokenType.DROP, TokenType.ALTER})
_HINT = (
    "Propose DROP TABLE t, ALTER TABLE t ADD COLUMN c type, ALTER TABLE t DROP COLUMN c, or ALTER TABLE t RENAME "
    "COLUMN a TO b: one table, one step, no options."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StructureText:
    """A text that changes one table itself.

    Attributes:
        verbs: DROP or ALTER.
        statement: the text as we write it.
        target: parts of the table's name as written.
        column: that is added, dropped or renamed, as the engine reads the name; empty for a whole table.
        type: of an added column, as we write it.
        new_name: of a renamed one.
    """

    dialect: str
    verbs: tuple[Action, ...]
    statement: str
    target: tuple[str, ...]
    kind: StructureKind
    column: str = ""
    type: str = ""
    new_name: str = ""

    @property
    def no_where(self) -> bool:
        """Whether all rows are meant, which a change of the table itself does not say of rows."""
        return False


def changes_structure(text: str, *, dialect: str) -> bool:
    """Whether a text begins as DDL does that ``read_structure`` may know."""
    tokens = words(text, dialect)
    first = None if isinstance(tokens, Problem) else next(iter(tokens), None)
    return first is not None and first.token_type in _BEGINNINGS


def read_structure(text: str, *, dialect: str, caps: TextLimits = CAPS) -> StructureText | Problems:
    """Take DDL apart. Nothing is known yet of tables and columns.

    Args:
        text: as it came.
        dialect: a sqlglot name.
        caps: how large it may be.
    """
    try:
        root, own = single(text, dialect, caps, _BEGINNINGS, (exp.Drop, exp.Alter, exp.Command))
        written = as_written(root, text, own.tokens, dialect)
        if type(root) is exp.Drop:
            return _drop(root, dialect, written)
        if type(root) is exp.Alter:
            return _alter(root, dialect, written)
        raise _not_known("DDL of this kind")
    except UnknownClause as error:
        return Problems((error.problem,))


def _drop(root: exp.Expr, dialect: str, written: str) -> StructureText:
    if root.args.get("kind") != "TABLE":
        raise _not_known(f"DROP {root.args.get('kind')}")
    _only(root, ("tables", "kind"), "DROP TABLE")
    return _structure_text(StructureKind.DROP_TABLE, _only_table(root, "DROP of several tables"), dialect, written)


def _alter(root: exp.Expr, dialect: str, written: str) -> StructureText:
    actions = root.args.get("actions") or []
    if root.args.get("kind") != "TABLE":
        raise _not_known(f"ALTER {root.args.get('kind')}")
    _only(root, ("this", "kind", "actions"), "ALTER TABLE")
    if len(actions) != 1:
        raise _not_known("ALTER TABLE with several steps")
    [action] = actions
    if type(action) is exp.ColumnDef:
        _only(action, ("this", "kind"), "ADD COLUMN")
        name = column_named(action, dialect)
        return _structure_text(
            StructureKind.ADD_COLUMN, root.this, dialect, written, column=name, kind_of=_column_type(action, dialect)
        )
    if type(action) is exp.Drop and action.args.get("kind") == "COLUMN":
        _only(action, ("tables", "kind"), "DROP COLUMN")
        name = _own_column(_only_table(action, "DROP of several columns"), dialect)
        return _structure_text(StructureKind.DROP_COLUMN, root.this, dialect, written, column=name)
    if type(action) is exp.RenameColumn:
        _only(action, ("this", "to"), "RENAME COLUMN")
        old, new = _own_column(action.this, dialect), _own_column(action.args["to"], dialect)
        return _structure_text(StructureKind.RENAME_COLUMN, root.this, dialect, written, column=old, new_name=new)
    raise _not_known("ALTER TABLE with this step")


def _only_table(node: exp.Expr, several: str) -> exp.Expr:
    found = node.args.get("tables") or []
    if len(found) != 1:
        raise _not_known(several)
    one: exp.Expr = found[0]
    return one


def _own_column(node: exp.Expr, dialect: str) -> str:
    if type(node) is exp.Column and node.args.get("table") is not None:
        raise _not_known("a column of another table")
    return column_named(node, dialect)


def _column_type(column: exp.Expr, dialect: str) -> str:
    kind = column.args.get("kind")
    if kind is None or not all(
        is_plain(node) if type(node) is exp.DataType else type(node) in {exp.DataTypeParam, exp.Literal}
        for node in kind.walk()
    ):
        raise UnknownClause.of(
            Problem(
                code=codes.TYPE,
                message="ADD COLUMN names no plain type.",
                hint="Name one such as INTEGER, DECIMAL(10, 2), VARCHAR(40), DATE, TIMESTAMP or BOOLEAN.",
            )
        )
    return str(kind.sql(grammar_of(dialect)))


def _only(node: exp.Expr, known: tuple[str, ...], what: str) -> None:
    try:
        only(node, known, what)
    except UnknownClause as error:
        raise _not_known(error.args[0]) from error


def _not_known(what: str) -> UnknownClause:
    return UnknownClause(what, _HINT)


def _structure_text(
    kind: StructureKind,
    table: exp.Expr,
    dialect: str,
    written: str,
    *,
    column: str = "",
    kind_of: str = "",
    new_name: str = "",
) -> StructureText:
    if plain_table(table).args.get("alias") is not None:
        raise _not_known("an alias")
    return StructureText(
        dialect=dialect,
        verbs=(Action.DROP if kind is StructureKind.DROP_TABLE else Action.ALTER,),
        statement=written,
        target=named_parts(table, dialect),
        kind=kind,
        column=column,
        type=kind_of,
        new_name=new_name,
    )
