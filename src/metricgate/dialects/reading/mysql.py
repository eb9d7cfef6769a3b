"""How SQL of agents is read in MariaDB's and MySQL's dialect."""

from __future__ import annotations

from typing import Final

from metricgate.dialects.reading import literals
from metricgate.dialects.reading.functions import mysql as functions
from metricgate.dialects.reading.keywords import MYSQL
from metricgate.dialects.reading.output_names import mysql_name
from metricgate.dialects.reading.rules import DialectRules, Functions, TextRules
from metricgate.dialects.reading.spelling.calls import KEPT_BY_MYSQL
from metricgate.dialects.reading.spelling.mysql import mysql_words

RULES: Final = DialectRules(
    name="mysql",
    binding="mysql, normalization_strategy=case_insensitive",
    text=TextRules(
        keywords=MYSQL,
        literals=literals.one_of(
            literals.BACKSLASHED,
            literals.DOUBLE_QUOTED,
            literals.BITS,
            literals.BASED,
            f"[nN]{literals.BACKSLASHED}",
        ),
        quote="`",
        backslashes=True,
        parameter="@",
        pipes_are_or=True,
        runs_comments=True,
        kept=KEPT_BY_MYSQL,
        respelt=mysql_words,
    ),
    functions=Functions(reviewed=functions.REVIEWED, grammar=functions.GRAMMAR, tables=functions.TABLES),
    output_name=mysql_name,
    folds_quoted=True,
    keeps_case=True,
    fences=False,
    merges_wrongly=True,
    words_name_outputs=True,
    has_dual=True,
    inner_joins=frozenset({"STRAIGHT_JOIN"}),
    no_full_join="MariaDB has none: write a LEFT JOIN UNION ALL the rest.",
    no_lateral=True,
    no_alias_columns=True,
    no_regexp_like=True,
    offset_needs_limit=True,
    truths=("0", "1"),
    types_by_writing=True,
    assigns_in_order=True,
)
