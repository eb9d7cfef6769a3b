"""DuckDB's ``x.f(y)`` for ``f(x, y)``: sqlglot makes plain names of the columns in x, which nobody could trace."""

from __future__ import annotations

from sqlglot import exp

_OWN = (exp.Identifier, exp.Column, exp.Dot)


def as_calls(tree: exp.Expr) -> None:
    """Put a call in the place of each ``x.f(y)``, and columns in the place of the names in x.

    A name too many that is taken for a column costs a refusal, one too few a column that policy does not see. So only
    names that a part of the grammar has for itself stay names: those of aliases, of fields, of arguments.
    """
    for dot in reversed(list(tree.find_all(exp.Dot))):
        call = dot.args.get("expression")
        value = dot.this
        # ``name.f()`` stays: DuckDB looks for a schema of that name first.
        if type(call) is not exp.Anonymous or dot.parent is None or _is_path(value):
            continue
        for node in list(value.walk()):
            if node is not value and node.parent is not None and _is_column(node):
                node.replace(_as_column(node))
        dot.replace(exp.Anonymous(this=call.this, expressions=[value, *call.expressions]))


def _is_path(node: exp.Expr) -> bool:
    """Whether it is ``name`` or ``table.name``."""
    return type(node) is exp.Identifier or (
        type(node) is exp.Dot and type(node.this) is exp.Identifier and type(node.expression) is exp.Identifier
    )


def _is_column(node: exp.Expr) -> bool:
    """Whether a name inside a value is a column's, and not a part of what is one or of something else."""
    parent = node.parent
    if not _is_path(node) or isinstance(parent, (*_OWN, exp.TableAlias, exp.Table, exp.CTE)):
        return False
    if (type(parent) is exp.Lambda and node.arg_key == "expressions") or _is_parameter(node):
        return False
    if isinstance(parent, (exp.Alias, exp.PropertyEQ, exp.Kwarg)):
        return node.arg_key == "expression" or (type(parent) is exp.Alias and node.arg_key == "this")
    return True


def _is_parameter(node: exp.Expr) -> bool:
    """Whether it is what a lambda around it calls its parameter, or a field of that."""
    name = (node.this if type(node) is exp.Dot else node).name.lower()
    around = node.find_ancestor(exp.Lambda)
    while around is not None:
        if any(name == each.name.lower() for each in around.expressions):
            return True
        around = around.find_ancestor(exp.Lambda)
    return False


def _as_column(node: exp.Expr) -> exp.Expr:
    if type(node) is exp.Dot:
        return exp.Column(this=node.expression.copy(), table=node.this.copy())
    return exp.Column(this=node.copy())
