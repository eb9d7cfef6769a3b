"""A checked SQL expression over the columns of one source.

The catalog parses expressions once (``expression_parser.py``), keeps their canonical text,
and hands that on; trees stay inside.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """A scalar SQL expression.

    Attributes:
        text: canonical text (sqlglot's generic dialect, one line), the same for texts that differ only in white space,
            comments, or the case of keywords.
        columns: the unqualified columns it reads, sorted.
        zones: ``(column, stored, shown)`` of times whose calendar it reads in a zone: local times of ``stored``, or
            moments (None), are read as the clock of ``shown`` shows them. Definitions say nothing of it, questions do.
    """

    text: str
    columns: tuple[str, ...]
    zones: tuple[tuple[str, str | None, str], ...] | None = None

    @property
    def is_column(self) -> bool:
        """Whether it is just a column's name."""
        return self.columns == (self.text,)
