"""Rows of texts kept column by column: a hundred thousand of them are compared, cut and written without a step a row.

A column is one list, and equal columns may be one and the same list: nobody changes a list that stands in here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, repeat
from typing import overload

Value = str | None
"""A value in its engine's own lossless text (what a cast to text gives and a cast back takes); None is NULL."""
Row = tuple[Value, ...]
Column = list[Value]


class Images(Sequence[Row]):
    """Rows of one width; as a sequence, each is a tuple.

    Attributes:
        columns: the values of each column, in the order of the rows.
    """

    __slots__ = ("_rows", "columns")

    def __init__(self, columns: Sequence[Column], rows: int) -> None:
        """Keep these columns, which are not copied.

        Raises:
            ValueError: a column is not ``rows`` long.
        """
        if any(len(each) != rows for each in columns):
            raise ValueError(f"columns of {[len(each) for each in columns]} values for {rows} rows")
        self.columns = tuple(columns)
        self._rows = rows

    @classmethod
    def of(cls, rows: Sequence[Row], width: int) -> Images:
        """Return these rows.

        Raises:
            ValueError: one is not ``width`` long.
        """
        if any(len(row) != width for row in rows):
            raise ValueError(f"rows of other than {width} values")
        return cls(
            [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)], len(rows)
        )

    def __len__(self) -> int:
        return self._rows

    @overload
    def __getitem__(self, at: int) -> Row: ...
    @overload
    def __getitem__(self, at: slice) -> Images: ...
    def __getitem__(self, at: int | slice) -> Row | Images:
        if isinstance(at, slice):
            return Images([column[at] for column in self.columns], len(range(*at.indices(self._rows))))
        if not -self._rows <= at < self._rows:
            raise IndexError(at)
        return tuple(column[at] for column in self.columns)

    def __iter__(self) -> Iterator[Row]:
        return zip(*self.columns, strict=True) if self.columns else repeat((), self._rows)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Images):
            return NotImplemented
        return self._rows == other._rows and self.columns == other.columns

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{self._rows} rows of {len(self.columns)} values>"

    def pick_columns(self, places: Sequence[int]) -> Images:
        """Return the columns that stand in these places."""
        return Images([self.columns[at] for at in places], self._rows)

    def beside(self, other: Images) -> Images:
        """Return rows with the other's values behind these."""
        return Images((*self.columns, *other.columns), self._rows)

    def at(self, rows: Sequence[int]) -> Images:
        """Return the rows of these numbers, in that order."""
        return Images([list(map(column.__getitem__, rows)) for column in self.columns], len(rows))

    def share_columns(self, other: Images, places: Sequence[int]) -> Images:
        """Return these rows with the other's columns in these places, where they are equal: so they are kept once."""
        columns = list(self.columns)
        for place, theirs in zip(places, other.columns, strict=True):
            if columns[place] == theirs:
                columns[place] = theirs
        return Images(columns, self._rows)

    def parts(self, most_rows: int, most_characters: int) -> Iterator[Images]:
        """Yield the rows in parts of so many rows, fewer where they hold more characters, but one at least."""
        start = 0
        while start < self._rows:
            part = self[start : start + most_rows] if start or most_rows < self._rows else self
            while len(part) > 1 and (characters := part.characters) > most_characters:
                part = part[: max(1, min(len(part) // 2, len(part) * most_characters // characters))]
            start += len(part)
            yield part

    @property
    def characters(self) -> int:
        """How many characters all values have."""
        return sum(sum(map(len, filter(None, column))) for column in self.columns)

    def order(self) -> list[int] | None:
        """Return the numbers of the rows sorted by their values, NULL first; None where they are sorted already."""
        nulls_first = [
            [(value is not None, value or "") for value in column] if None in column else column
            for column in self.columns
        ]
        keys: Sequence[object] = nulls_first[0] if len(nulls_first) == 1 else list(zip(*nulls_first, strict=True))
        if not keys:
            return None
        # Keys of one list are all of one type, and comparable.
        order = sorted(range(self._rows), key=keys.__getitem__)  # type: ignore[arg-type]
        return None if order == list(range(self._rows)) else order


def concatenate(parts: Sequence[Images], width: int) -> Images:
    """Return the rows of all parts, one after another."""
    if len(parts) == 1:
        return parts[0]
    columns = [list(chain.from_iterable(part.columns[at] for part in parts)) for at in range(width)]
    return Images(columns, sum(map(len, parts)))


def alone(rows: Iterable[Row]) -> Images:
    """Return rows of whatever width they have."""
    kept = list(rows)
    return Images.of(kept, len(kept[0]) if kept else 0)
