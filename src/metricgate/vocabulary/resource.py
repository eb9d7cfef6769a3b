"""What policy decides about: actions on resources."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Action(StrEnum):
    """What a caller may want to do."""

    CALL = "call"
    """Use a tool at all."""
    DESCRIBE = "describe"
    """See that a metric or dimension exists and how it is defined."""
    QUERY = "query"
    """Get numbers computed from it, or group and filter by it."""
    QUERY_DRAFT = "query_draft"
    """Get numbers also from a metric that is still a draft; beside ``query``, never instead of it."""
    LIST_VALUES = "list_values"
    """See the distinct values of a dimension."""
    READ = "read"
    """Read rows and columns of a dataset with SQL of one's own."""
    READ_RECORD = "read_record"
    """Read a record of the ledger that is not one's own."""
    INSERT = "insert"
    """Add rows to a dataset, with values for these columns."""
    UPDATE = "update"
    """Change these columns of rows of a dataset."""
    DELETE = "delete"
    """Delete rows of a dataset."""
    TRUNCATE = "truncate"
    """Delete all rows of a dataset."""
    DROP = "drop"
    """Drop a dataset's table."""
    ALTER = "alter"
    """Change how a dataset's table is defined."""
    EXECUTE = "execute"
    """Propose a governed action (``action:<name>``)."""
    UNDO = "undo"
    """Propose that an executed action is taken back."""
    APPROVE = "approve"
    """Decide, as a person, on held actions that touch the resource. No agent can use this right."""

    @property
    def changes(self) -> bool:
        """Whether data may change by it."""
        return self in _CHANGING


_CHANGING = frozenset(
    {
        Action.INSERT,
        Action.UPDATE,
        Action.DELETE,
        Action.TRUNCATE,
        Action.DROP,
        Action.ALTER,
        Action.EXECUTE,
        Action.UNDO,
    }
)


class ResourceKind(StrEnum):
    """The kinds of thing that grants speak of."""

    METRIC = "metric"
    DIMENSION = "dimension"
    DATASET = "dataset"
    COLUMN = "column"
    FUNCTION = "function"
    TOOL = "tool"
    RECORD = "record"
    ACTION = "action"


@dataclass(frozen=True, slots=True)
class Resource:
    """A thing with a dotted name: ``metric:finance.revenue``, ``dimension:customers.segment``, ``dataset:orders``.

    A column is named below its dataset, in lower case: ``column:customers.email``.

    Attributes:
        labels: what the catalog says of its sensitivity, sorted; ``label:<name>`` covers whatever carries the label.
    """

    kind: ResourceKind
    name: str
    labels: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"


def resource_of(text: str) -> Resource:
    """Return the resource that ``str`` wrote; its labels are not in the text."""
    kind, _colon, name = text.partition(":")
    return Resource(ResourceKind(kind), name)
