"""How SQL of agents is read in DuckDB's dialect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from sqlglot.tokenizer_core import Token, TokenType

from metricgate.dialects.reading import literals
from metricgate.dialects.reading.functions import duckdb as functions
from metricgate.dialects.reading.keywords import DUCKDB
from metricgate.dialects.reading.output_names import duckdb_name
from metricgate.dialects.reading.rules import DialectRules, Functions, Loss, ParserRules, TextRules
from metricgate.dialects.reading.spelling.calls import KEPT_BY_DUCKDB
from metricgate.dialects.reading.spelling.duckdb import duckdb_words, whole_numbers
from metricgate.dialects.reading.spelling.methods import as_calls

_SPELLINGS: Mapping[str, frozenset[str]] = {
    "count": frozenset({"count_star"}),
    "extract": frozenset({"date_part"}),
    "list": frozenset({"list_value"}),
    "trim": frozenset({"ltrim", "rtrim"}),
    "coalesce": frozenset({"ifnull"}),
    "position": frozenset({"instr", "strpos"}),
    "substring": frozenset({"substr"}),
    "current_date": frozenset({"today", "get_current_date"}),
    "current_timestamp": frozenset({"get_current_timestamp", "now"}),
    "current_time": frozenset({"get_current_time"}),
    "array": frozenset({"array_value", "array_agg"}),
}
_GRAMMAR = """
    ! !~~ !~~* % & * ** + - -> ->> / // << <@ <-> >> @> ^ ^@ && | || ~ ~~ ~~* ~~~ array_extract array_slice between
    constant_or_null contains count_star date_part ilike_escape in like_escape list_apply list_extract list_filter
    list_slice list_value list_zip map not_ilike_escape not_like_escape regexp_full_match regexp_matches row
    struct_extract struct_pack timezone to_centuries
    to_days to_decades to_hours to_microseconds to_millennia to_milliseconds to_minutes to_months to_quarters to_seconds
    to_weeks to_years trunc unnest xor
"""
_OPERANDS = frozenset(
    {TokenType.VAR, TokenType.IDENTIFIER, TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.STRING, TokenType.NUMBER}
)


def _find_loss(_text: str, _tokens: Sequence[Token], _number: int, first: Token, second: Token) -> Loss | None:
    if second.token_type is TokenType.TILDE and first.token_type in _OPERANDS:
        return Loss(second, "~ is read as a partial match.", "Write regexp_full_match(text, pattern).")
    if first.token_type is TokenType.R_PAREN and second.text.upper() == "EXPORT_STATE":
        return Loss(second, "EXPORT_STATE is read as a name.", "Aggregate without it.")
    return None


LITERALS: Final = literals.one_of(
    literals.STRING,
    f"[eE]{literals.BACKSLASHED}",
    literals.BITS,
    literals.BASED_ALSO_LARGE,
    f"[nN]{literals.STRING}",
    literals.DOLLARS,
)
RULES: Final = DialectRules(
    name="duckdb",
    binding="duckdb",
    text=TextRules(
        keywords=DUCKDB,
        literals=LITERALS,
        backslashes=False,
        groups_digits=True,
        numbered=True,
        variables=False,
        goes_on=frozenset({"export_state"}),
        kept=KEPT_BY_DUCKDB,
        whole=whole_numbers,
        respelt=duckdb_words,
        lost=_find_loss,
    ),
    functions=Functions(reviewed=functions.REVIEWED, grammar=functions.GRAMMAR, tables=functions.TABLES),
    parser=ParserRules(spellings=_SPELLINGS, grammar=frozenset(_GRAMMAR.split())),
    output_name=duckdb_name,
    folds_quoted=True,
    keeps_case=True,
    fences=False,
    merges_wrongly=False,
    queries_name_outputs=True,
    laterals=True,
    names_series=True,
    fields=True,
    restored=as_calls,
)
