"""Rows of a table in bulk: read by key, found by a plan's sources, written; a statement takes as many as it can."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, cast

from metricgate.adapters.warehouses.changing.refusals import too_many
from metricgate.adapters.warehouses.changing.session import Text, WriteDialect, WriteSession
from metricgate.changing.change import Row, RowChangeKind, TableChange, Targets
from metricgate.changing.images import Column, Images, concatenate
from metricgate.changing.shape import ColumnShape, ForeignKey, Location, TableShape
from metricgate.gateway.changes import codes
from metricgate.gateway.changes.ports import ChangeFailed, ChangePlan

_DEFAULTS_AT_ONCE = 2_000
_PROBED = 200
_MOST_TOLD = 10


@dataclass(frozen=True, slots=True)
class ImagesFound:
    """Whole rows that were looked for by key.

    Attributes:
        images: one for each key, in the order of the keys; nothing but NULLs where there is no such row.
        missing: numbers of the keys without a row, ascending.
    """

    images: Images
    missing: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class RowAccess:
    """What reads and writes rows.

    Attributes:
        few: of so many rows all is read and tried: having the engine compare would save nothing.
    """

    session: WriteSession
    dialect: WriteDialect
    few: ClassVar[int] = 1_000

    def images(self, shape: TableShape, by: Sequence[str], keys: Images, *, lock: bool) -> ImagesFound:
        """Return whole rows by the values of columns that tell them apart."""
        columns = [column_of(shape, name) for name in by]
        width = len(shape.columns)
        parts: list[Images] = []
        missing: list[int] = []
        start = 0
        for part in self._parts(keys):
            text = self.dialect.images(shape, columns, part, lock=lock)
            found = _in_order(self.session.columns(*text, width=width + 1), len(part))
            parts.append(found.images)
            missing += [start + number for number in found.missing]
            start += len(part)
        return ImagesFound(concatenate(parts, width), tuple(missing))

    def foretold(self, shape: TableShape, guess: Images) -> ImagesFound:
        """Return the whole rows that have the keys of these, which they most likely equal.

        The engine compares, and only what is otherwise comes back. The first rows are read, and tell whether to go on.
        """
        keys = guess.pick_columns([shape.names.index(name) for name in shape.key])
        probed = guess[:_PROBED]
        if len(guess) > self.few and self.images(shape, shape.key, keys[:_PROBED], lock=False) == ImagesFound(probed):
            numbers = self.find_differing(shape, guess)
            return _patched(guess, numbers, self.images(shape, shape.key, keys.at(numbers), lock=False))
        return self.images(shape, shape.key, keys, lock=False)

    def unlike(self, values: Images, storing: Callable[[Images], Text]) -> bool:
        """Return whether columns would not keep some of these values as they are, by the dialect's ``storing``."""
        return any(len(self.session.columns(*storing(part), width=1)) for part in self._parts(values))

    def find_differing(self, shape: TableShape, images: Images) -> list[int]:
        """Return the numbers of these images whose row is another by now, or gone; some may be as they were."""
        found: list[int] = []
        start = 0
        for part in self._parts(images):
            [numbers] = self.session.columns(*self.dialect.select_differing(shape, part), width=1).columns
            found += [start + number for number in _numbers(numbers)]
            start += len(part)
        return sorted(found)

    def children(
        self, child: TableShape, key: ForeignKey, values: Images, parent: TableShape
    ) -> Iterator[tuple[int, Row]]:
        """Yield whole rows of a child that refer to one of these values, each with that value's number."""
        start = 0
        for part in self._parts(values):
            text = self.dialect.children(child, key, part, parent)
            found = self.session.columns(*text, width=len(child.columns) + 1)
            for number, *image in found:
                yield start + int(cast("str", number)), tuple(image)
            start += len(part)

    def evaluate_plan(self, plan: ChangePlan, shapes: dict[Location, TableShape]) -> tuple[TableChange, ...]:
        """Return the plan with its rows spelt out, sorted, so that equal plans are equal.

        Raises:
            ChangeFailed: there are too many, or one is found twice.
        """
        found: list[TableChange] = []
        total = 0
        seen: dict[Location, set[Row]] = {}
        for step in plan.steps:
            targets = [column_of(shapes[step.table], name) for name in (*step.key, *step.columns)]
            text = self.dialect.evaluate(step.source, targets)
            try:
                rows = self.session.columns(*text, width=len(targets), stores=step.kind is not RowChangeKind.DELETE)
            except ChangeFailed as error:
                raise _in_source(error, text[0], step.source.sql) from error
            total += len(rows)
            if total > plan.most_rows:
                raise too_many(total, plan.most_rows)
            at = len(step.key)
            if at:
                rows = Images.of(list(dict.fromkeys(rows)), len(targets))
            order = rows.order()
            rows = rows if order is None else rows.at(order)
            keys, values = rows.pick_columns(range(at)), rows.pick_columns(range(at, len(targets)))
            if at:
                _unless_twice(step.table, keys, seen.setdefault(step.table, set()))
            found.append(
                TableChange(
                    kind=step.kind, table=step.table, key=step.key, columns=step.columns, rows=Targets(keys, values)
                )
            )
        return tuple(found)

    def write(self, change: TableChange, shape: TableShape) -> Images:
        """Carry a change out; returns the keys of inserted rows.

        Raises:
            ChangeFailed: it finds other rows than it names.
        """
        columns = [column_of(shape, name) for name in change.columns]
        kept = [column_of(shape, name) for name in change.keeping]
        targets, at = change.targets, len(change.key)
        given: list[Images] = []
        for part in self._parts(targets.keys.beside(targets.values)):
            keys, values = part.pick_columns(range(at)), part.pick_columns(range(at, len(part.columns)))
            if change.kind is RowChangeKind.INSERT:
                text = self.dialect.insert(shape, columns, values, restoring=change.restoring)
                given.append(self.session.columns(*text, width=len(shape.key)))
                count = len(given[-1])
            elif change.kind is RowChangeKind.UPDATE:
                text = self.dialect.update(shape, columns, keys, values, kept, restoring=change.restoring)
                count = self.session.change(*text)
            else:
                count = self.session.change(*self.dialect.delete(shape, keys))
            if count != len(part):
                said = f"{change.kind} of {len(part)} rows found {count}"
                raise ChangeFailed(
                    codes.ROWS_CHANGED.name, said, rows=[(change.table, key) for key in keys[:_MOST_TOLD]]
                )
        return concatenate(given, len(shape.key))

    def _parts(self, rows: Images) -> Iterator[Images]:
        most = self.dialect.rows_at_once if rows.columns else _DEFAULTS_AT_ONCE
        return rows.parts(most, self.dialect.characters_at_once)


def _in_source(error: ChangeFailed, text: str, source: str) -> ChangeFailed:
    """Return the failure with its place in the source, if it is there and not in what stands around it."""
    begins = text.find(source)
    if error.position is not None and begins >= 0 and 0 <= error.position - begins < len(source):
        at = error.position - begins
        return ChangeFailed(error.code, error.engine_text, detail=error.detail, position=at, source=source)
    return error


def _numbers(column: Column) -> list[int]:
    """Return numbers of rows, which come as texts or as numbers."""
    return list(map(int, cast("list[str]", column)))


def _in_order(read: Images, count: int) -> ImagesFound:
    """Return rows that come with the number of their key in the order of the keys."""
    numbers = _numbers(read.columns[0])
    images = read.pick_columns(range(1, len(read.columns)))
    if numbers == list(range(count)):
        return ImagesFound(images)
    places: list[int | None] = [None] * count
    for place, number in enumerate(numbers):
        places[number] = place
    missing = tuple(number for number, place in enumerate(places) if place is None)
    if not missing:
        return ImagesFound(images.at([place or 0 for place in places]))
    columns = [[None if place is None else column[place] for place in places] for column in images.columns]
    return ImagesFound(Images(columns, count), missing)


def _patched(guess: Images, numbers: Sequence[int], found: ImagesFound) -> ImagesFound:
    """Return the rows with those of these numbers as they were found."""
    if not numbers:
        return ImagesFound(guess)
    columns = []
    for old, new in zip(guess.columns, found.images.columns, strict=True):
        column = old.copy()
        for number, value in zip(numbers, new, strict=True):
            column[number] = value
        columns.append(column)
    return ImagesFound(Images(columns, len(guess)), tuple(numbers[at] for at in found.missing))


def _unless_twice(table: Location, keys: Images, seen: set[Row]) -> None:
    own = set(keys)
    if len(own) != len(keys) or not seen.isdisjoint(own):
        for key in keys:
            if key in seen:
                raise ChangeFailed(codes.DUPLICATE_TARGET.name, "a row is found several times", rows=[(table, key)])
            seen.add(key)
    seen |= own


def column_of(shape: TableShape, name: str) -> ColumnShape:
    """Return the column of this name."""
    return next(each for each in shape.columns if each.name == name)
