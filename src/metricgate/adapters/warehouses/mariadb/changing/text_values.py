"""How values of MariaDB's types go to text and back without loss."""

from __future__ import annotations

import re

_INTEGERS = frozenset({"tinyint", "smallint", "mediumint", "int", "bigint"})
_TEXTS = frozenset({"char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set"})
_GEOMETRIES = frozenset(
    {
        *("geometry", "point", "linestring", "polygon"),
        *("multipoint", "multilinestring", "multipolygon", "geometrycollection"),
    }
)
_BYTES = frozenset({"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"}) | _GEOMETRIES
"""Types whose values go as their bytes; a geometry's are its SRID and its WKB, which a column takes back."""
_FLOATS = frozenset({"float", "double"})
_TIMES = {"datetime": "DATETIME", "timestamp": "DATETIME", "time": "TIME"}
_WHOLE_CHARACTERS = frozenset({"utf8mb4", "utf8mb3", "latin1", "ascii"})
"""Character sets of which each character is one of Unicode and comes back from it."""

_NUMBER = r"^[-+]?[0-9]*[.]?[0-9]+([eE][-+]?[0-9]+)?$"
_COLLATED = re.compile(r" CHARACTER SET (\w+) COLLATE (\w+)\Z")
_MEMBERS = re.compile(r"(?:enum|set)\((.*)\)")
_MEMBER = re.compile(r"'(?:[^']|'')*'")
_SIZE = re.compile(r"\w+\((\d+(?:,\d+)?)\)")


def as_text(expression: str, kind: str) -> str:
    """Return the expression of a column's value as text."""
    word = _type_word(kind)
    if word in _BYTES:
        return f"HEX({expression})"
    if word == "bit":
        return f"CAST({expression} + 0 AS CHAR)"
    if word in _FLOATS:
        return f"CAST(CAST({expression} AS DOUBLE) AS CHAR)"
    if word in _TEXTS:
        return f"CONVERT({expression} USING utf8mb4)"
    return f"CAST({expression} AS CHAR)"


def given_as_text(expression: str, kind: str) -> str:  # noqa: PLR0911 - one for each sort of type
    """Return the expression of a value to be stored in such a column, as text that the column takes or refuses.

    A cast of MariaDB makes something of every value, with a warning; so what is no number stays as it is. A column may
    make another value of a number than of the same digits in a text; numbers and times have the coercibility 5.
    """
    word, number = _type_word(kind), f"COERCIBILITY({expression}) = 5"
    binary = f"CHARSET({expression}) = 'binary' AND NOT {number}"
    # Bits are told from bytes by their value beside numbers, which for bytes is that of the digits in them.
    bits = f"{binary} AND {expression} + 0 = CONV(HEX({expression}), 16, 10)"
    plain = as_text(expression, kind)
    if word in _BYTES:
        return f"HEX(CAST({expression} AS BINARY))"
    if word in _FLOATS:
        as_double = f"CAST(CAST({expression} + 0e0 AS DOUBLE) AS CHAR)"
        return f"IF({expression} REGEXP '{_NUMBER}' OR ({bits}), {as_double}, CAST({expression} AS CHAR))"
    if word == "bit":
        # A text is bits as they stand in its bytes.
        return f"IF(HEX({expression}) = '', '0', CONV(HEX({expression}), 16, 10))"
    if word in _INTEGERS:
        return f"IF({number}, CAST(ROUND({expression}) AS CHAR), IF({bits}, CAST({expression} + 0 AS CHAR), {plain}))"
    if word == "decimal":
        return f"IF({number} OR ({bits}), CAST({expression} + 0 AS CHAR), {plain})"
    if word == "year":
        return f"IF({number} AND {expression} = 0, '0000', {plain})"
    members = _MEMBERS.match(kind)
    if members is not None:
        # A number is a member's place, or a set of places; one that is none stays a number, and is refused.
        most = len(_MEMBER.findall(members[1]))
        found = f"ELT({expression}, {members[1]})"
        if word == "set":
            found = f"IF({expression} < {2**most}, MAKE_SET({expression}, {members[1]}), NULL)"
        return f"IF({number}, COALESCE({found}, CAST({expression} AS CHAR)), {plain})"
    if word in _TEXTS:
        # Bytes that are no characters are refused, as by the column; a cast would make question marks of them.
        lost = f"{binary} AND BINARY CONVERT({expression} USING utf8mb4) <> {expression}"
        # A literal in hex or bits, of the coercibility 4, is bytes to a text; a column of bits is a number.
        number_of = f"CAST({expression} + 0 AS CHAR)"
        of_bits = f"{bits} AND {expression} + 0 <> 0 AND COERCIBILITY({expression}) <> 4"
        return (
            f"IF({of_bits}, {number_of}, IF({lost}, {_refused(expression)}, {_all_digits(expression, plain, number)}))"
        )
    return plain


def _refused(expression: str) -> str:
    """Fails where it is evaluated, in the words that ``errors`` knows as those of a failed cast."""
    return f"CAST(EXP(1000 + CHAR_LENGTH({expression})) AS CHAR)"


def _all_digits(expression: str, plain: str, number: str) -> str:
    """A FLOAT's text has six of its digits; a text column takes all, as of a DOUBLE. Other numbers lose none."""
    # Beside a number MariaDB looks through a conversion to the value itself, but not through a join of texts.
    text = f"CONCAT('', {plain})"
    loses = f"{number} AND {text} REGEXP '{_NUMBER}' AND {text} + 0e0 <> {expression} + 0e0"
    return f"IF({loses}, CAST(CAST({expression} AS DOUBLE) AS CHAR), {plain})"


def assigned_expression(text: str, kind: str) -> str:
    """Return the expression that is assigned: MariaDB's strict mode refuses what does not fit."""
    word = _type_word(kind)
    if word in _BYTES:
        return f"UNHEX({text})"
    return f"CAST({text} AS UNSIGNED)" if word == "bit" else text


def compared_expression(text: str, kind: str) -> str:  # noqa: PLR0911 - one for each sort of type
    """Return the expression that is compared with a column, in the column's own type and collation."""
    word, size = _type_word(kind), _SIZE.match(kind)
    length = f"({size[1]})" if size is not None else ""
    if word in _BYTES:
        return f"UNHEX({text})"
    if word in _INTEGERS:
        return f"CAST({text} AS {'UNSIGNED' if 'unsigned' in kind else 'SIGNED'})"
    if word in {"bit", "year"}:
        return f"CAST({text} AS UNSIGNED)"
    if word == "decimal":
        return f"CAST({text} AS DECIMAL{length})"
    if word in _FLOATS:
        return f"CAST({text} AS DOUBLE)"
    if word == "date":
        return f"CAST({text} AS DATE)"
    if word in _TIMES:
        return f"CAST({text} AS {_TIMES[word]}{length})"
    if (found := _COLLATED.search(kind)) is not None:
        return f"CONVERT({text} USING {found[1]}) COLLATE {found[2]}"
    return text


def keeps_text(kind: str) -> bool:
    """Return whether a column of the type keeps what a cast to it gives, so that a cast tells what comes of a text."""
    word, found = _type_word(kind), _COLLATED.search(kind)
    if found is not None:
        return word in _TEXTS - {"enum", "set"} and found[1] in _WHOLE_CHARACTERS
    return word in _INTEGERS or word in {"decimal", "date", "datetime"}


def _type_word(kind: str) -> str:
    found = re.match(r"\w+", kind)
    return found[0].lower() if found is not None else ""
