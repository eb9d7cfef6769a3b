"""Whether a recursive CTE ends: only one that counts its steps up to a plain number is run.

An engine stops a recursion at the deadline of the call, after it has filled memory or disk; MariaDB cuts one after a
number of steps and says so in a warning that nobody reads. So the text must show a bound: a column begins with a whole
number, the recursive part adds one or more to it, and its WHERE compares it with a plain number. Whatever else the
text does, each row that a step makes comes from a row of the step before (the CTE is read once, on no side of a join
that could be filled with NULLs), so the column grows with every step, and the last comes after at most so many.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

HINT = (
    "Count the steps: WITH RECURSIVE r(..., step) AS (SELECT ..., 1 ... UNION ALL SELECT ..., r.step + 1 FROM r ... "
    "WHERE r.step < 100)."
)
_BESIDE = ("with_", "order", "limit", "offset", "by_name", "side", "kind", "on")
_SELF_HINT = "Read the CTE once in its second part, in FROM or an inner JOIN, outside of sub-queries."


def endless(with_: exp.Expr, most: int) -> tuple[str, str] | None:
    """Return what keeps a ``WITH RECURSIVE`` from ending for sure, and what to write; None where it ends.

    Args:
        with_: the node, as parsed.
        most: so many steps are few enough.
    """
    names = [cte.args["alias"].name.lower() for cte in with_.expressions]
    for place, cte in enumerate(with_.expressions):
        later = set(names[place + 1 :])
        if any(name in later for name in _tables_named(cte)):
            return "a CTE that reads from a later one", "Put CTEs in the order in which they read from each other."
        reads = sum(name == names[place] for name in _tables_named(cte))
        found = _problem_of(cte, names[place], reads, most) if reads else None
        if found is not None:
            return found
    return None


def _tables_named(node: exp.Expr) -> Iterator[str]:
    for table in node.find_all(exp.Table):
        if type(table.this) is exp.Identifier:
            yield table.name.lower()


def _problem_of(cte: exp.Expr, name: str, reads: int, most: int) -> tuple[str, str] | None:
    body = cte.this
    if type(body) is not exp.Union or any(body.args.get(part) for part in _BESIDE):
        return "a recursive CTE that is not one SELECT, UNION ALL, and one that reads from it", HINT
    step = body.expression
    own = _recursive_source(step, name) if type(step) is exp.Select and not step.args.get("with_") else None
    if own is None or reads != 1:
        return "a recursion that reads from itself elsewhere than once in its second part", _SELF_HINT
    alias = own.alias_or_name.lower()
    firsts = list(_leaves(body.this))
    columns = [each.name.lower() for each in cte.args["alias"].args.get("columns") or ()]
    columns = columns or [each.alias_or_name.lower() for each in firsts[0].expressions]
    bounds = dict(_upper_bounds(step, alias))
    for place, column in enumerate(columns[: len(step.expressions)]):
        starts = [_start_value(each, place) for each in firsts]
        grows = _growth(step, place, column, alias)
        if column not in bounds or grows is None or any(start is None for start in starts):
            continue
        way = bounds[column] - min(start for start in starts if start is not None)
        steps = -(-way // grows)
        if steps > most:
            return f"a recursion of {steps:,} steps, where {most:,} are run at most", "Compare with a smaller number."
        return None
    return "a recursion without a bound", HINT


def _recursive_source(step: exp.Select, name: str) -> exp.Expr | None:
    """Return the CTE where it stands among the sources of its recursive part, on no side that NULLs could fill."""
    from_ = step.args.get("from_")
    joins = step.args.get("joins") or ()
    sources = [] if from_ is None else [from_.this]
    if any(str(join.args.get("side") or "").upper() in {"RIGHT", "FULL"} for join in joins):
        return None
    sources += [join.this for join in joins if not join.args.get("side") and not join.args.get("method")]
    found = [each for each in sources if type(each) is exp.Table and each.name.lower() == name]
    plain = len(found) == 1 and not any(found[0].args.get(part) for part in ("db", "joins"))
    return found[0] if plain else None


def _leaves(query: exp.Expr) -> Iterator[exp.Select]:
    if isinstance(query, exp.SetOperation):
        yield from _leaves(query.this)
        yield from _leaves(query.expression)
    elif type(query) is exp.Subquery:
        yield from _leaves(query.this)
    elif isinstance(query, exp.Select):
        yield query


def _start_value(select: exp.Select, place: int) -> int | None:
    outputs = select.expressions[: place + 1]
    if len(outputs) <= place or any(each.is_star for each in outputs):
        return None
    return _whole_number(outputs[place].unalias())


def _growth(step: exp.Select, place: int, column: str, alias: str) -> int | None:
    """Return what the recursive part adds to a column of its own."""
    outputs = step.expressions[: place + 1]
    added = None if any(each.is_star for each in outputs) else _unbracketed(outputs[place].unalias())
    if type(added) is not exp.Add:
        return None
    for value, number in ((added.this, added.expression), (added.expression, added.this)):
        more = _whole_number(number)
        if more is not None and more > 0 and _is_own(value, step, column, alias):
            return more
    return None


def _is_own(node: exp.Expr, step: exp.Select, column: str, alias: str) -> bool:
    """Whether it is the CTE's column, and no other that joins could have given this name."""
    node = _unbracketed(node)
    if type(node) is not exp.Column or node.name.lower() != column or node.args.get("db") is not None:
        return False
    if node.table:
        return bool(node.table.lower() == alias)
    joins = step.args.get("joins") or ()
    return not any(join.args.get(part) for join in joins for part in ("using", "side", "method"))


def _upper_bounds(step: exp.Select, alias: str) -> Iterator[tuple[str, int]]:
    """Yield the columns of the CTE that WHERE holds below a whole number, and the number."""
    where = step.args.get("where")
    if where is None or _binds_loosely(where.this):
        return
    for each in _all_of(where.this):
        node = _unbracketed(each)
        if type(node) in {exp.LT, exp.LTE}:
            low, high = node.this, node.expression
        elif type(node) in {exp.GT, exp.GTE}:
            low, high = node.expression, node.this
        else:
            continue
        low, bound = _unbracketed(low), _whole_number(high)
        if type(low) is exp.Column and bound is not None and _is_own(low, step, low.name.lower(), alias):
            yield low.name.lower(), bound + (type(node) in {exp.LTE, exp.GTE})


def _all_of(node: exp.Expr) -> Iterator[exp.Expr]:
    if type(node) is exp.And:
        yield from _all_of(node.this)
        yield from _all_of(node.expression)
    else:
        yield node


def _binds_loosely(node: exp.Expr) -> bool:
    """Whether anything outside of brackets binds looser than AND, which not every parser reads alike."""
    if type(node) in {exp.Or, exp.Xor, exp.DPipe, exp.Not}:
        return True
    if isinstance(node, exp.Paren | exp.Func | exp.Query) and type(node) is not exp.And:
        return False
    return any(_binds_loosely(each) for each in node.iter_expressions())


def _unbracketed(node: exp.Expr) -> exp.Expr:
    while type(node) is exp.Paren:
        node = node.this
    return node


def _whole_number(node: exp.Expr) -> int | None:
    node = _unbracketed(node)
    if type(node) is exp.Neg:
        inner = _whole_number(node.this)
        return None if inner is None else -inner
    plain = type(node) is exp.Literal and not node.is_string and node.name.isdigit()
    return int(node.name) if plain else None
