"""The JSON data type, for signatures at the edges, and the one canonical way to write it.

Canonical bytes are UTF-8, keys sorted by code point, no insignificant white space (the spirit of RFC 8785; numbers are
written in their shortest form). Two values that are equal have equal canonical bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

import orjson

JsonScalar = str | int | float | bool | None
Json = JsonScalar | Sequence["Json"] | Mapping[str, "Json"]
_ROWS_AT_ONCE = 128
"""So few that the garbage collector, which counts what is made and not yet gone, does not start for them."""


def canonical_json(value: Json) -> bytes:
    """Return the canonical UTF-8 bytes of ``value``.

    NaN and infinities have no JSON form: turn them into text first, as wire values do; here they would become null.
    """
    try:
        return orjson.dumps(value, default=_as_json_type, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        # Integers beyond 64 bits and lone surrogates, which orjson does not write.
        return json.dumps(
            value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False, default=_as_json_type
        ).encode(errors="surrogatepass")


def canonical_rows(rows: Iterable[Json]) -> Iterator[bytes]:
    """Yield the canonical bytes of a list in parts, so that neither list nor bytes need be there as a whole."""
    rest, separator = iter(rows), b"["
    while part := list(islice(rest, _ROWS_AT_ONCE)):
        yield separator + canonical_json(part)[1:-1]
        separator = b","
    yield b"]" if separator == b"," else b"[]"


def _as_json_type(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence):
        return list(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
