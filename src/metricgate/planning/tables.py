"""The tables of one scan: each join path once, each under a readable alias."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from metricgate.catalog.expression import Expression
from metricgate.catalog.model import Dimension, SemanticModel
from metricgate.catalog.saved import TimeSpine
from metricgate.catalog.strictness import is_strict
from metricgate.planning.clocks import Clocks, on_one_clock
from metricgate.planning.graph import JoinStep
from metricgate.planning.scan import Computation, ScanTable
from metricgate.planning.scan_parts import Reference, Valid
from metricgate.planning.spines import alias_of, column, spine_table


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """The time of a scan's rows, as it is stored."""

    reference: Reference
    dimension: Dimension
    clocks: Clocks


class ScanTables:
    """Collects joins as members need them.

    ``time`` is the moment at which slowly changing rows must hold; without one they cannot be joined. ``whole``: joins
    keep the rows of both sides, so that a row of any table may be missing beside the others'.
    """

    def __init__(
        self,
        root: SemanticModel,
        models: Mapping[str, SemanticModel],
        time: Moment | None = None,
        *,
        whole: bool = False,
    ) -> None:
        self._models = models
        self._time = time
        self._whole = whole
        self._aliases: dict[tuple[JoinStep, ...], str] = {(): root.name}
        self._others: dict[tuple[object, ...], str] = {}
        self._tables = [ScanTable(alias=root.name, model=root.name, source=root.source)]
        self.undated: dict[str, None] = {}

    @property
    def tables(self) -> tuple[ScanTable, ...]:
        """The root, then joined tables, each after its parent."""
        return tuple(self._tables)

    def alias(self, path: tuple[JoinStep, ...]) -> str:
        """Return the alias of the table at the end of ``path``, joining what is not joined yet."""
        found = self._aliases.get(path)
        if found is not None:
            return found
        parent = self.alias(path[:-1])
        hop = path[-1]
        target = self._models[hop.to_model]
        alias = self.free(hop.to_model, "__".join(each.name for each in path))
        self._aliases[path] = alias
        self._tables.append(
            ScanTable(
                alias=alias,
                model=hop.to_model,
                source=target.source,
                parent=None if hop.left else parent,
                parent_keys=() if hop.left else hop.from_expressions,
                left=hop.left,
                keys=hop.to_expressions,
                joined_by=hop.name,
                partitions=self._partitions(path),
                valid=self._valid(target),
                parent_present=self.present(path[:-1], *hop.from_expressions),
                marker=None if any(map(is_strict, hop.to_expressions)) else _marker(target),
            )
        )
        return alias

    def present(self, path: tuple[JoinStep, ...], *expressions: Expression) -> Expression | None:
        """Return what is NULL only where no row was found at the end of ``path``.

        None where there always is one, or where the expressions are NULL without one by themselves.
        """
        if all(map(is_strict, expressions)) or not (path or self._whole):
            return None
        keys = () if self._whole else path[-1].to_expressions
        key = next(filter(is_strict, keys), None)  # equal to the parent's, so not NULL in a row that was found
        return column(self._marked(self.alias(path))) if key is None else key

    def _marked(self, alias: str) -> str:
        """Return the marker of a table, which is read with one from now on."""
        at, table = next((at, each) for at, each in enumerate(self._tables) if each.alias == alias)
        marker = table.marker or _marker(self._models.get(table.model))
        self._tables[at] = replace(table, marker=marker)
        return marker

    def calendar(self, spine: TimeSpine, time: Reference) -> str:
        """Join a spine at ``time``, if it is not joined there yet, and return its alias."""
        return self._other(
            ("spine", spine.name, time),
            lambda alias: replace(spine_table(spine, alias), left=(time,), keys=(column(spine.column),)),
            alias_of(spine),
        )

    def answer(self, name: str, answer: Computation, left: tuple[Reference, ...], keys: tuple[Expression, ...]) -> str:
        """Return the alias of another question's answer joined on its keys."""
        return self._other(
            ("answer", name, left, keys),
            lambda alias: ScanTable(alias=alias, model="", source=(), left=left, keys=keys, answer=answer),
            name,
        )

    def _other(self, key: tuple[object, ...], made: Callable[[str], ScanTable], wanted: str) -> str:
        found = self._others.get(key)
        if found is None:
            found = self._others[key] = self.free(wanted)
            self._tables.append(made(found))
        return found

    def _partitions(self, path: tuple[JoinStep, ...]) -> tuple[tuple[Reference, Expression], ...]:
        """Each partition of the last model with the one of the same name nearest before it on the path."""
        there = [each for each in self._models[path[-1].to_model].dimensions if each.is_partition]
        found: list[tuple[Reference, Expression]] = []
        for partition in there:
            for end in range(len(path) - 1, -1, -1):
                model = self._models[path[end].from_model]
                here = model.dimension(partition.name)
                if here is not None and here.is_partition:
                    reference = Reference(
                        table=self.alias(path[:end]),
                        model=model.name,
                        name=here.name,
                        expression=here.expression,
                        present=self.present(path[:end], here.expression),
                    )
                    found.append((reference, partition.expression))
                    break
        return tuple(found)

    def _valid(self, target: SemanticModel) -> Valid | None:
        ends = target.validity
        if ends is None:
            return None
        if self._time is None:
            self.undated[target.name] = None
            return None
        start, end = ends
        time, clocks = self._time.reference, self._time.clocks
        read = [(time.model, self._time.dimension), *((target.name, each) for each in ends)]
        own, *zones = on_one_clock([clocks.at_rest(*each) for each in read])
        return Valid(
            time=replace(time, zones=own), start=start.expression, end=end.expression, zones=(zones[0], zones[1])
        )

    def free(self, *wanted: str) -> str:
        """Return an alias that no table has."""
        taken = {alias.lower() for alias in (*self._aliases.values(), *self._others.values())}
        for name in wanted:
            if name.lower() not in taken:
                return name
        number = 2
        while f"{wanted[-1]}_{number}".lower() in taken:
            number += 1
        return f"{wanted[-1]}_{number}"

    def moments(self, spine: TimeSpine) -> str:
        """Return the alias of a spine joined to every row."""
        return self._other(
            ("moments",),
            partial(spine_table, spine),
            alias_of(spine),
        )

    def reserve(self, spine: TimeSpine) -> str:
        """Return an alias for a spine from whose moments the rows are read."""
        alias = self._others[("moments",)] = self.free(alias_of(spine))
        return alias


def _marker(model: SemanticModel | None) -> str:
    """Return a name that no column has which the model's definitions read."""
    read = [] if model is None else [each.expression for each in model.dimensions]
    read += [] if model is None else [each for entity in model.entities for each in entity.expressions]
    taken = {name.lower() for expression in read for name in expression.columns}
    marker = "row_found"
    while marker in taken:
        marker += "_"
    return marker
