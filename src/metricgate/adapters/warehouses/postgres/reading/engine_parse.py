"""PostgreSQL's own parser on a text, without a server: libpg_query by way of ``postgast``."""

from __future__ import annotations

from collections.abc import Iterator

from google.protobuf.message import DecodeError, Message
from postgast import PgQueryError, parse, walk

from metricgate.vocabulary.opinion import Opinion

_PLAIN = frozenset({"RawStmt", "SelectStmt"})
_WORDS = {"IntoClause": "select_into", "LockingClause": "locking", "CreateTableAsStmt": "create_table_as"}


def opinion_of(sql: str) -> Opinion:
    """Return what PostgreSQL's grammar makes of the text; nothing is run and no relation is looked up.

    Functions are named as written, in lower case, with their schema if one is written; operators by a schema only where
    one is written. Words of the grammar that compute something (``CURRENT_DATE``, ``COALESCE``) are no functions.
    """
    try:
        tree = parse(sql)
    except (PgQueryError, DecodeError):  # the latter: nested deeper than its own form is read
        return Opinion(statements=0, kind="unreadable", tables=frozenset(), functions=frozenset())
    messages = [message for _field, message in walk(tree)]
    own = {str(each.ctename) for each in messages if _message_name(each) == "CommonTableExpr"}
    return Opinion(
        statements=sum(_message_name(each) == "RawStmt" for each in messages),
        kind=next(_unplain(messages), "select"),
        tables=frozenset(
            path
            for each in messages
            if _message_name(each) == "RangeVar" and not (len(path := _table_path(each)) == 1 and path[0] in own)
        ),
        functions=frozenset(_functions_called(messages)),
    )


def _message_name(message: Message) -> str:
    return str(message.DESCRIPTOR.name)


def _unplain(messages: list[Message]) -> Iterator[str]:
    """Yield what is no plain query: other statements at any depth, INTO, row locks, and tables in odd forms."""
    for each in messages:
        kind = _message_name(each)
        if kind in _WORDS:
            yield _WORDS[kind]
        elif kind.endswith("Stmt") and kind not in _PLAIN:
            yield kind.removesuffix("Stmt").lower()
        elif kind == "RangeVar" and not each.inh:
            yield "only"
        elif kind == "RangeTableSample":
            yield "tablesample"


def _table_path(table: Message) -> tuple[str, ...]:
    parts = (str(table.catalogname), str(table.schemaname), str(table.relname))
    return tuple(part for part in parts if part)


def _functions_called(messages: list[Message]) -> Iterator[str]:
    for each in messages:
        kind = _message_name(each)
        if kind == "FuncCall":
            yield ".".join(_string_values(each.funcname)).lower()
        elif kind == "A_Expr" and len(words := _string_values(each.name)) > 1:
            yield ".".join(words).lower()


def _string_values(nodes: object) -> list[str]:
    return [str(node.string.sval) for node in nodes]  # type: ignore[attr-defined]  # protobuf has no types here
