"""Where a column comes from and what is done with it: through derived tables, CTEs, set operations and sub-queries.

Works on a qualified tree and resolves every name by itself, so that it holds where sqlglot's own scopes have holes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import partial

from sqlglot import exp

from metricgate.dialects.reading.rules import DialectRules
from metricgate.guarding.ctes import cte_named
from metricgate.vocabulary.obligation import Use
from metricgate.vocabulary.relation import GovernedTable

Origins = frozenset[tuple[str, str]]
"""(dataset, column in lower case)."""

_NONE: Origins = frozenset()
_QUERIES = (exp.Select, exp.SetOperation)
_BRACKETS = frozenset({exp.Subquery, exp.Table, exp.Lateral, exp.Paren})


class Unbound(Exception):
    """A column that names no source, or an output that its source does not have."""

    def __init__(self, node: exp.Expr) -> None:
        super().__init__(node.name)
        self.node = node


class Tracer:
    """Answers of one tree are kept, because a CTE may be asked for often."""

    def __init__(
        self,
        tree: exp.Expr,
        tables: Mapping[str, GovernedTable],
        rules: DialectRules,
        merged: Collection[str] = (),
    ) -> None:
        """Take the tree.

        Args:
            tree: qualified.
            tables: the marks of base tables in it -> what may be read of them.
            rules: the dialect's.
            merged: names that USING or NATURAL made one; alone, such a name is of every source that has it.
        """
        self._tree = tree
        self._merged = merged
        self._rules = rules
        self._visible = {
            mark: (table.dataset, frozenset(self._name(column.name) for column in table.columns))
            for mark, table in tables.items()
        }
        self._in_order = {mark: [column.name for column in table.columns] for mark, table in tables.items()}
        self._sources: dict[int, dict[str, exp.Expr]] = {}
        self._outputs: dict[tuple[int, str], Origins] = {}
        self._before: dict[tuple[int, str], Origins] = {}
        """What outputs were in the pass before: a recursive CTE asks for itself, and its columns may change places."""
        self._recursive = any(with_.args.get("recursive") for with_ in tree.find_all(exp.With))

    def uses(self) -> tuple[dict[str, dict[str, frozenset[Use]]], list[exp.Expr]]:
        """Return dataset -> column -> uses, and the columns that have no source."""
        answer = self._pass()
        while self._recursive and self._outputs != self._before:
            self._before, self._outputs = self._outputs, {}
            answer = self._pass()
        return answer

    def _pass(self) -> tuple[dict[str, dict[str, frozenset[Use]]], list[exp.Expr]]:
        found: dict[str, dict[str, frozenset[Use]]] = {}
        unbound: dict[int, exp.Expr] = {}
        for column in self._tree.find_all(exp.Column):
            try:
                self._add(found, self.origins(column), _context(column))
            except Unbound as error:
                unbound[id(error.node)] = error.node
        if unbound:
            return found, list(unbound.values())
        for position in self._tree.find_all(exp.Ordered):
            self._add(found, self._by_position(position), frozenset({Use.ORDER}))
        return found, []

    @staticmethod
    def _add(found: dict[str, dict[str, frozenset[Use]]], origins: Origins, uses: frozenset[Use]) -> None:
        for dataset, name in origins:
            columns = found.setdefault(dataset, {})
            columns[name] = columns.get(name, frozenset()) | uses

    def origins(self, column: exp.Column) -> Origins:
        """Return the base columns behind a column.

        Raises:
            Unbound: it has no source.
        """
        if not column.table:
            if column.name.lower() in self._merged or _stands_after_a_comma(column):
                return self._of_all(column)
            query = column.find_ancestor(*_QUERIES)
            if query is None or not _may_name_outputs(column):
                raise Unbound(column)
            return self._output(query, column.name, column)
        source = self._source(column, column.table)
        if source is None:
            raise Unbound(column)
        return self._from(source, column.name, column)

    def _of_all(self, column: exp.Column) -> Origins:
        """Return the base columns behind a merged column: of all sources and outputs in reach that have its name."""
        found: list[Origins] = []
        query = column.find_ancestor(*_QUERIES)
        while query is not None:
            asks = [partial(self._output, query)]
            if isinstance(query, exp.Select):
                asks += [partial(self._from, source) for source in self._sources_of(query).values()]
            for ask in asks:
                with suppress(Unbound):
                    found.append(ask(column.name, column))
            query = query.find_ancestor(*_QUERIES)
        if not found:
            raise Unbound(column)
        return frozenset().union(*found)

    def _by_position(self, ordered: exp.Ordered) -> Origins:
        place = ordered.this
        order = ordered.parent
        query = None if order is None else order.parent
        if not isinstance(query, _QUERIES):
            return _NONE
        names = _output_names(query)
        if type(place) is exp.Var:
            return frozenset().union(*(self._output(query, name, ordered) for name in names))
        if type(place) is not exp.Literal or place.is_string or not place.name.isdigit():
            return _NONE
        number = int(place.name)
        return self._output(query, names[number - 1], ordered) if 0 < number <= len(names) else _NONE

    def _source(self, node: exp.Expr, alias: str) -> exp.Expr | None:
        """Climb to the first SELECT whose sources are visible from the node and have one of that name."""
        below: exp.Expr = node
        parent = node.parent
        # Whether a query was left: through its brackets only, and past those beside which it is a table.
        left = hidden = False
        while parent is not None:
            if isinstance(parent, exp.Select):
                found = None if hidden else self._sources_of(parent).get(alias)
                if found is not None:
                    return None if _is_above(found, node) else found
                hidden = False
            elif type(parent) is exp.With:
                # A CTE does not see the sources of the query that it stands before, a derived table not those beside.
                hidden = True
            elif isinstance(parent, (exp.From, exp.Join)) and below.arg_key == "this" and left:
                hidden = not (self._rules.laterals or type(below) is exp.Lateral)
            left = isinstance(below, _QUERIES) or (left and below.arg_key == "this" and type(parent) in _BRACKETS)
            below, parent = parent, parent.parent
        return None

    def _sources_of(self, select: exp.Select) -> dict[str, exp.Expr]:
        known = self._sources.get(id(select))
        if known is None:
            known = {}
            from_ = select.args.get("from_")
            if from_ is not None:
                _collect(from_.this, known)
            for join in select.args.get("joins") or ():
                _collect(join.this, known)
            self._sources[id(select)] = known
        return known

    def _from(self, source: exp.Expr, name: str, column: exp.Expr) -> Origins:
        if type(source) is exp.Table and type(source.this) is exp.Identifier:
            known = self._visible.get(source.name)
            if known is not None:
                dataset, columns = known
                name = self._own_name(source, name)
                if self._name(name) not in columns:
                    raise Unbound(column)
                return frozenset({(dataset, name.lower())})
            cte = cte_named(source, source.name, fold=False)
            if cte is None:
                raise Unbound(column)
            return self._aliased(cte.this, _alias_columns(source) or _alias_columns(cte), name, column)
        inner = source.this
        while type(inner) is exp.Subquery:
            inner = inner.this
        if type(source) in {exp.Subquery, exp.Lateral} and isinstance(inner, _QUERIES):
            return self._aliased(inner, _alias_columns(source), name, column)
        own = [value for key, value in source.args.items() if key != "joins"]
        return frozenset().union(*(self.origins(each) for each in _columns_in(own)))

    def _name(self, name: str) -> str:
        return name.lower() if self._rules.folds_quoted else name

    def _own_name(self, source: exp.Table, name: str) -> str:
        """The table's own name of a column that its alias may have renamed: ``customers AS t(a, b)``."""
        columns = _alias_columns(source)
        return self._in_order[source.name][columns.index(name)] if name in columns else name

    def _aliased(self, query: exp.Expr, columns: list[str], name: str, column: exp.Expr) -> Origins:
        while type(query) is exp.Subquery:
            query = query.this
        names = _output_names(query)
        if name in columns[: len(names)]:
            return self._output(query, names[columns.index(name)], column)
        return self._output(query, name, column)

    def _output(self, query: exp.Expr, name: str, column: exp.Expr) -> Origins:
        key = (id(query), name)
        known = self._outputs.get(key)
        if known is None:
            self._outputs[key] = self._before.get(key, _NONE)  # a recursive CTE asks for itself
            known = frozenset().union(*self._parts(query, name, column))
            self._outputs[key] = known
        return known

    def _parts(self, query: exp.Expr, name: str, column: exp.Expr) -> Iterator[Origins]:
        while type(query) is exp.Subquery:
            query = query.this
        if isinstance(query, exp.SetOperation):
            yield from self._of_branches(query, name, column)
            return
        outputs = query.selects if isinstance(query, exp.Select) else []
        named = [output for output in outputs if output.alias_or_name == name]
        if not named:
            raise Unbound(column)
        for output in named:
            for each in output.find_all(exp.Column):
                yield self.origins(each)

    def _of_branches(self, query: exp.SetOperation, name: str, column: exp.Expr) -> Iterator[Origins]:
        names = _output_names(query)
        if name not in names:
            raise Unbound(column)
        position = names.index(name)
        for side in (query.this, query.expression):
            own = _output_names(side)
            if query.args.get("by_name"):
                if name in own:
                    yield self._output(side, name, column)
            elif position < len(own):
                yield self._output(side, own[position], column)
            else:
                raise Unbound(column)


def _columns_in(parts: Iterable[object]) -> Iterator[exp.Column]:
    for part in parts:
        for each in part if isinstance(part, list) else [part]:
            if isinstance(each, exp.Expr):
                yield from each.find_all(exp.Column)


def _is_above(source: exp.Expr, node: exp.Expr) -> bool:
    """Whether the source contains the node, which then cannot read from it; what it is joined to, in brackets, can."""
    below, parent = node, node.parent
    while parent is not None:
        if parent is source:
            return below.arg_key != "joins"
        below, parent = parent, parent.parent
    return False


def _collect(source: exp.Expr, known: dict[str, exp.Expr]) -> None:
    if source.alias_or_name:
        known[source.alias_or_name] = source
    if type(source) is exp.Subquery and not source.alias and not isinstance(source.this, _QUERIES):
        _collect(source.this, known)
    for join in source.args.get("joins") or ():
        _collect(join.this, known)


def _alias_columns(source: exp.Expr) -> list[str]:
    alias = source.args.get("alias")
    return [each.name for each in alias.args.get("columns") or ()] if type(alias) is exp.TableAlias else []


def _output_names(query: exp.Expr) -> list[str]:
    while type(query) is exp.Subquery:
        query = query.this
    if isinstance(query, exp.SetOperation):
        names = _output_names(query.this)
        if query.args.get("by_name"):
            names = [*names, *(each for each in _output_names(query.expression) if each not in names)]
        return names
    return [output.alias_or_name for output in query.selects] if type(query) is exp.Select else []


def _may_name_outputs(column: exp.Expr) -> bool:
    """Whether the column stands where a name may be an output's: ORDER BY, DISTINCT ON, GROUP BY, HAVING, QUALIFY."""
    clause = column.find_ancestor(exp.Order, exp.Distinct, exp.Having, exp.Qualify, exp.Group, *_QUERIES)
    if clause is None or isinstance(clause, _QUERIES):
        return False
    return type(clause) is not exp.Order or isinstance(clause.parent, _QUERIES)


def _stands_after_a_comma(column: exp.Column) -> bool:
    """Whether the column is in the condition of a join beside a comma, which does not see all tables before it."""
    join = column.find_ancestor(exp.Join, *_QUERIES)
    if type(join) is not exp.Join or not isinstance(join.parent, exp.Select):
        return False
    joins = join.parent.args.get("joins") or ()
    return any(not any(each.args.get(part) for part in ("on", "using", "kind", "side", "method")) for each in joins)


_CLAUSES: Mapping[type[exp.Expr], Use] = {
    exp.Where: Use.FILTER,
    exp.Having: Use.FILTER,
    exp.Qualify: Use.FILTER,
    exp.Group: Use.GROUP,
    exp.Order: Use.ORDER,
    exp.Distinct: Use.GROUP,
    exp.Limit: Use.FILTER,
    exp.Offset: Use.FILTER,
    exp.Fetch: Use.FILTER,
}


def _context(column: exp.Expr) -> frozenset[Use]:
    """Return what is done with the value on its way to a result or to the next query's input."""
    uses: set[Use] = set()
    node, parent = column, column.parent
    while parent is not None:
        uses |= _at_query(parent, node, uses) if isinstance(parent, _QUERIES) else _at_part(parent, node)
        if _ends_use(parent, node):
            break
        node, parent = parent, parent.parent
    return frozenset(uses)


def _at_part(parent: exp.Expr, node: exp.Expr) -> set[Use]:
    """What a part of a query does with a value inside it."""
    use = _CLAUSES.get(type(parent))
    if use is not None:
        return {use}
    if type(parent) is exp.Join:
        return {Use.JOIN} if node is parent.args.get("on") else set()
    if type(parent) is exp.Window:
        return {Use.GROUP} if node.arg_key == "partition_by" else set()
    if isinstance(parent, exp.AggFunc) or _is_aggregate_by_name(parent):
        return {Use.AGGREGATE}
    return set()


def _ends_use(parent: exp.Expr, node: exp.Expr) -> bool:
    """Whether what is beyond the part no longer gets the value: a query's clause, a query that another reads from."""
    if isinstance(parent, _QUERIES):
        return _is_input(parent)
    if type(parent) in _CLAUSES:
        return isinstance(parent.parent, _QUERIES) and node.arg_key != "distinct" and type(parent) is not exp.Distinct
    return type(parent) in {exp.Join, exp.Exists}


def _at_query(query: exp.Expr, node: exp.Expr, uses: set[Use]) -> set[Use]:
    """What a query does with an output before it hands it on."""
    more: set[Use] = set()
    if isinstance(query, exp.SetOperation):
        if type(query) is not exp.Union:
            more.add(Use.FILTER)
        if type(query) is not exp.Union or query.args.get("distinct"):
            more.add(Use.GROUP)
    elif node.arg_key == "expressions":
        if query.args.get("distinct") is not None and not query.args["distinct"].args.get("on"):
            more.add(Use.GROUP)
        group = query.args.get("group")
        if group is not None and group.args.get("all") and Use.AGGREGATE not in uses:
            more.add(Use.GROUP)
    return more


def _is_input(query: exp.Expr) -> bool:
    """Whether the query is a CTE or a derived table: what reads it is looked at where it is read."""
    node: exp.Expr = query
    parent = query.parent
    while type(parent) is exp.Subquery:
        node, parent = parent, parent.parent
    if isinstance(parent, (exp.Lateral, exp.From, exp.CTE)):
        return True
    return type(parent) is exp.Join and node is parent.this


_AGGREGATES_WORDS = """
    any_value approx_count_distinct approx_quantile approx_top_k arbitrary arg_max arg_min bit_and bit_or bit_xor
    bool_and bool_or entropy every favg fsum geomean geometric_mean histogram json_agg json_group_array
    json_group_object json_object_agg jsonb_agg jsonb_object_agg kahan_sum kurtosis_pop list listagg mad max_by min_by
    product quantile_cont quantile_disc range_agg reservoir_quantile sem std sumkahan weighted_avg wavg string_agg
    group_concat array_agg mean json_arrayagg json_objectagg count_if countif first last bitstring_agg
    """
_AGGREGATES = frozenset(_AGGREGATES_WORDS.split())


def _is_aggregate_by_name(node: exp.Expr) -> bool:
    return type(node) is exp.Anonymous and str(node.this).lower() in _AGGREGATES
