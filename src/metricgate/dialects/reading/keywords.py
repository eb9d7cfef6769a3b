"""Bare words that a text may have beside names and calls: clauses, operators, units, types, collations.

A word that is not here is refused wherever it stands, whatever the parser took it for. So nothing that the tree does
not show (a hint, ``INTO``, a lock, a table's partition) goes to an engine with the words around it.
"""

from __future__ import annotations

from typing import Final

_CLAUSES = """
    all and any as asc between both by case cast collate cross cube current current_date current_time current_timestamp
    desc distinct else end escape except exclude exists extract false fetch filter first following for from full group
    grouping groups having ilike in inner intersect interval is join last lateral leading left like limit natural next
    not null nulls of offset on only or order others outer over partition percent position preceding range right rollup
    row rows select separator sets similar some symmetric table then ties to trailing trim true unbounded union unknown
    using values when where window with within without
"""
_UNITS = """
    century centuries day days decade decades dow doy epoch hour hours isodow isoyear julian microsecond microseconds
    millennium millenniums millennia millisecond milliseconds minute minutes month months nanosecond nanoseconds quarter
    quarters second seconds timezone timezone_hour timezone_minute week weekday weeks year years
"""
_TYPES = """
    array bigint binary bit blob bool boolean bytea char character date datetime dec decimal double float float4 float8
    int int1 int2 int4 int8 integer json jsonb list long mediumint numeric precision real signed smallint text time
    timestamp timestamptz timetz tinyint unsigned uuid varbinary varchar varying zone at
"""
COMMON: Final = frozenset((_CLAUSES + _UNITS + _TYPES).split())

_DUCKDB = """
    anti asof bignum bpchar dayofweek dayofyear era glob hugeint if ignore isnull lambda localtime localtimestamp
    long map materialized name nfc no noaccent placing nocase notnull oid ordinality positional qualify recursive
    rename replace respect row semi short string struct timestamp_ms timestamp_ns timestamp_s timestamp_us time_ns
    try_cast ubigint uhugeint uint8 uint16 uint32 uint64 uinteger union usmallint utinyint week yearweek
"""
_POSTGRES = """
    absent asymmetric bpchar daterange document inet int4range int8range isnull localtime localtimestamp materialized
    nfc nfd nfkc nfkd no normalized notnull returning numrange operator ordinality overlaps placing recursive respect
    ignore silent strict tsquery tsrange tstzrange tsvector uescape unique keys vars xml conditional
"""
_MYSQL = """
    against ascii boolean charset day_hour day_microsecond day_minute day_second div expansion frac_second
    hour_microsecond hour_minute hour_second language latin1 localtime localtimestamp match minute_microsecond
    minute_second mod mode national nchar query recursive regexp rlike second_microsecond set sounds sql_tsi_day
    sql_tsi_hour sql_tsi_minute sql_tsi_month sql_tsi_quarter sql_tsi_second sql_tsi_week sql_tsi_year ucs2 utc_date
    distinctrow dual straight_join utc_time utc_timestamp utf16 utf32 utf8 utf8mb3 utf8mb4 xor year_month
"""
DUCKDB: Final = COMMON | frozenset(_DUCKDB.split())
POSTGRES: Final = COMMON | frozenset(_POSTGRES.split())
MYSQL: Final = COMMON | frozenset(_MYSQL.split())
ANY: Final = DUCKDB | POSTGRES | MYSQL
"""For a dialect that nothing is guarded in."""

ANYTHING_AFTER: Final = frozenset({"collate", "using", "character set", "charset"})
"""Words after which any bare word may stand, for it can only be a name of one of the engine's own lists."""
