"""Data types that a cast may name: plain ones, and lists and structs of those. No row types, no ``regclass``."""

from __future__ import annotations

from sqlglot import exp

_NAMES = """
    ARRAY BIGDECIMAL BIGINT BINARY BIT BLOB BOOLEAN CHAR DATE DATETIME DATETIME2 DECIMAL DECIMAL128 DECIMAL256 DECIMAL32
    DECIMAL64 DOUBLE FLOAT HUGEINT INT INT128 INT256 INTERVAL JSON JSONB LIST LONGBLOB LONGTEXT MAP MEDIUMBLOB MEDIUMINT
    MEDIUMTEXT NCHAR NULL NVARCHAR SMALLINT SMALLSERIAL STRUCT TEXT TIME TIMETZ TIMESTAMP TIMESTAMPLTZ TIMESTAMPNTZ
    TIMESTAMPTZ TIMESTAMP_MS TIMESTAMP_NS TIMESTAMP_S TIME_NS TINYBLOB TINYINT TINYTEXT TSQUERY TSVECTOR UBIGINT
    UDECIMAL UDOUBLE UHUGEINT UINT UINT128 UMEDIUMINT UNION USMALLINT UTINYINT UUID VARBINARY VARCHAR YEAR BIGNUM
    DATERANGE INT4RANGE INT8RANGE NUMRANGE TSRANGE TSTZRANGE INET XML BPCHAR
"""

ALLOWED = frozenset(getattr(exp.DType, name) for name in _NAMES.split() if hasattr(exp.DType, name))


def is_plain(kind: exp.Expr) -> bool:
    """Whether the type itself (not those inside it, which are nodes of their own) is a plain one."""
    if type(kind) is exp.DataType and kind.this is exp.DType.CHARACTER_SET:
        charset = kind.args.get("kind")
        return type(charset) is exp.Var and charset.name.isidentifier()
    return type(kind) is exp.DataType and kind.this in ALLOWED and kind.args.get("kind") is None
