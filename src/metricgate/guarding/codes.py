"""Codes of the guarding room: why a text of SQL is not run. Hidden things and unknown things have the same code."""

from __future__ import annotations

from metricgate.vocabulary.problem import Code


def _guarding_code(name: str, status: int, cause: str, cure: str) -> Code:
    return Code(name=name, group="guarding", status=status, cause=cause, cure=cure)


TOO_LARGE = _guarding_code(
    "E_SQL_TOO_LARGE",
    413,
    "The text is larger, deeper or has more parts than is read.",
    "Ask for less at once, or name inner queries with WITH instead of nesting them.",
)
CHARACTER = _guarding_code(
    "E_SQL_CHARACTER",
    422,
    "The text has a character that no query needs: NUL, a control character, half of a surrogate pair.",
    "Take the character out; inside a literal, make it with a function such as chr().",
)
UNREADABLE = _guarding_code(
    "E_SQL_UNREADABLE",
    422,
    "The text is not SQL of the warehouse's dialect, or not of the part that is read.",
    "Correct the text at the place that is named, or write it in a plainer form.",
)
SEVERAL_STATEMENTS = _guarding_code(
    "E_SQL_SEVERAL_STATEMENTS",
    422,
    "The text holds more than one statement.",
    "Send one SELECT for each call.",
)
NO_QUERY = _guarding_code(
    "E_SQL_NO_QUERY",
    422,
    "The text is not a query: only SELECT, alone or joined by UNION, INTERSECT, EXCEPT, is run.",
    "Write one SELECT; writes are proposed with another tool, tables are described by describe_dataset.",
)
CONSTRUCT = _guarding_code(
    "E_SQL_CONSTRUCT",
    422,
    "The query uses a construct that is not on the list of those known to be harmless.",
    "Write it without the construct that is named; plain SELECT, joins, CTEs, windows and set operations are known.",
)
FUNCTION = _guarding_code(
    "E_SQL_FUNCTION",
    422,
    "The query calls a function that is unknown in this warehouse, or not on the list of those known to be harmless.",
    "Use another function; the answer names near ones.",
)
TYPE = _guarding_code(
    "E_SQL_TYPE",
    422,
    "The query casts to a type that is not one of the plain ones.",
    "Cast to a number, text, boolean, date, time, interval, JSON, or a list of those.",
)
GENERATOR = _guarding_code(
    "E_SQL_GENERATOR",
    422,
    "A function that makes rows or characters by number is not told how many by a literal, or is told too many.",
    "Give literal bounds, and small ones.",
)
UNFAITHFUL = _guarding_code(
    "E_SQL_UNFAITHFUL",
    422,
    "Only text that the gateway writes itself is run, and it cannot write this without changing its meaning.",
    "Use the form that the answer names.",
)
PARAMETERS = _guarding_code(
    "E_SQL_PARAMETERS",
    422,
    "The parameters of the text and the values that came with it do not fit each other.",
    "Give one value for each ?, :name or $1 of the text, in the argument parameters, and no other.",
)
UNKNOWN_TABLE = _guarding_code(
    "E_SQL_UNKNOWN_TABLE",
    422,
    "The query names a table that is no dataset that you may read. Hidden and missing ones look the same.",
    "Use the datasets that the answer names; describe_dataset shows them.",
)
AMBIGUOUS_TABLE = _guarding_code(
    "E_SQL_AMBIGUOUS_TABLE",
    409,
    "A name in the query fits more than one dataset.",
    "Write the dataset's name as the answer gives it.",
)
UNKNOWN_COLUMN = _guarding_code(
    "E_SQL_UNKNOWN_COLUMN",
    422,
    "The query names a column that you may not read or that is not there. Hidden and missing ones look the same.",
    "Use the columns that the answer names.",
)
AMBIGUOUS_COLUMN = _guarding_code(
    "E_SQL_AMBIGUOUS_COLUMN",
    422,
    "A column without a table's name before it is in more than one table of the query.",
    "Write the table's name or alias before it.",
)
UNBOUND = _guarding_code(
    "E_SQL_UNBOUND",
    422,
    "A part of the query cannot be traced to columns of datasets that you may read.",
    "Name the columns one by one, each with its table.",
)
RESERVED_NAME = _guarding_code(
    "E_SQL_RESERVED_NAME",
    422,
    "The query uses a name that is kept for the gateway's own parts of the statement.",
    "Choose another name.",
)
UNWRITABLE = _guarding_code(
    "E_SQL_UNWRITABLE",
    422,
    "The statement that would run does not read back as the one that was checked, so it is not run.",
    "Write the query in a plainer form.",
)
DISAGREEMENT = _guarding_code(
    "E_SQL_DISAGREEMENT",
    422,
    "The warehouse's own parser sees something in the statement that was not approved, so it is not run.",
    "Write the query in a plainer form.",
)
UNGUARDED = _guarding_code(
    "E_SQL_UNGUARDED",
    422,
    "The warehouse's dialect has no rules by which SQL of others could be checked, so none is run there.",
    "Ask for metrics with query_metrics; who runs the gateway can install a warehouse whose dialect has rules.",
)
NO_WRITE = _guarding_code(
    "E_SQL_NO_WRITE",
    422,
    "The text is no change that can be proposed: INSERT, UPDATE, DELETE, MERGE, TRUNCATE, DROP TABLE or ALTER TABLE.",
    "Propose one of them; to read, use query_metrics or query_sql.",
)
NO_WHERE = _guarding_code(
    "E_SQL_NO_WHERE",
    422,
    "An UPDATE or DELETE does not say which rows it means.",
    "Write a WHERE that looks at the table's columns; to empty a table, propose TRUNCATE.",
)

CODES = (
    TOO_LARGE,
    CHARACTER,
    UNREADABLE,
    SEVERAL_STATEMENTS,
    NO_QUERY,
    CONSTRUCT,
    FUNCTION,
    TYPE,
    GENERATOR,
    UNFAITHFUL,
    PARAMETERS,
    UNKNOWN_TABLE,
    AMBIGUOUS_TABLE,
    UNKNOWN_COLUMN,
    AMBIGUOUS_COLUMN,
    UNBOUND,
    RESERVED_NAME,
    UNWRITABLE,
    DISAGREEMENT,
    UNGUARDED,
    NO_WRITE,
    NO_WHERE,
)
