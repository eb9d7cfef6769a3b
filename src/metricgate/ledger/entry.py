"""Entries: from an event and its fields to the exact bytes of a leaf.

A leaf is JSON with sorted keys, of at most ``MOST_LEAF`` bytes:
``{"commitments", "event_name", "fields", "id", "index", "schema", "time_unix_nano"}``.
Its bytes are stored and hashed as they are and never written again from their meaning. Values that may identify a
person are *bodies*: kept apart with a random salt, while the leaf holds only a commitment to them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from metricgate.ledger.events import names
from metricgate.vocabulary.json import Json

SCHEMA = "metricgate.record/2"
"""The form of new entries. Those of ``metricgate.record/1`` had no bound of their size and held statements' texts."""
SCHEMAS = frozenset({"metricgate.record/1", SCHEMA})
"""Every form of entries that there was."""
MOST_LEAF = 65_535
"""Bytes of a leaf at most: what an entry of C2SP tlog-tiles carries."""
SALT_BYTES = 16
MOST_BODIES = 256
"""An entry has fewer bodies than this: a body's number is ``index * 256 + position``."""

_ALWAYS_FITS = 1_024
"""Bytes of a field that is never moved to make a leaf fit, unless nothing else helps."""
_STAYING = frozenset({names.LINKS, names.REDACTED_BODIES})
"""What verification reads."""
_MARGIN = 1_024
"""Bytes of a leaf beside fields and commitments, at most."""
_BYTES_OF_COMMITMENT = 64 + 6

_OPTIONS = orjson.OPT_SORT_KEYS
_NOTHING: Mapping[str, Json] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A value kept apart from its leaf.

    Attributes:
        value: exact JSON bytes.
    """

    name: str
    salt: bytes
    value: bytes

    @property
    def erased(self) -> bool:
        """Whether salt and value were overwritten with zeros."""
        return not any(self.salt) and not any(self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryDraft:
    """An entry that lacks only its index, which the ledger gives it when it commits."""

    head: bytes
    tail: bytes
    bodies: tuple[Body, ...]

    def leaf(self, index: int) -> bytes:
        """Return the leaf's exact bytes at ``index``."""
        return b"%s%d%s" % (self.head, index, self.tail)


def draft(
    event: str,
    fields: Mapping[str, Json],
    *,
    bodies: Mapping[str, Json] | None = None,
    entry_id: str,
    time_unix_nano: int,
    entropy: bytes,
) -> EntryDraft:
    """Prepare an entry.

    Args:
        event: event name.
        fields: what stands in the leaf in clear.
        bodies: what stands apart, fewer than ``MOST_BODIES``; names sorted. Use ``fitted`` first.
        entry_id: unique, e.g. a ULID.
        time_unix_nano: when it happened.
        entropy: at least ``SALT_BYTES`` fresh random bytes per body.

    Raises:
        ValueError: too many bodies or too little entropy.
    """
    kept = _salt_bodies(bodies or _NOTHING, entropy)
    start: dict[str, Json] = {"event_name": event, "fields": fields, "id": entry_id}
    if kept:
        start["commitments"] = {body.name: commitment(body) for body in kept}
    return EntryDraft(
        head=as_bytes(start)[:-1] + b',"index":',
        tail=b',"schema":"%s","time_unix_nano":"%d"}' % (SCHEMA.encode(), time_unix_nano),
        bodies=kept,
    )


def fit_to_leaf(
    fields: Mapping[str, Json], bodies: Mapping[str, Json] | None = None
) -> tuple[Mapping[str, Json], Mapping[str, Json]]:
    """Return fields and bodies of an entry whose leaf is within its bound.

    Where it would not be, the largest fields become bodies, whose names begin with ``names.MOVED_FIELD``; the leaf has
    ``{"bytes", "digest"}`` in their place. To be done before entropy is drawn, as there are more bodies then.
    """
    apart = dict(bodies or _NOTHING)
    room = MOST_LEAF - _MARGIN - sum(len(as_bytes(name)) + _BYTES_OF_COMMITMENT for name in apart)
    if len(as_bytes(fields)) <= room:
        return fields, apart
    kept = dict(fields)
    sizes = {name: len(as_bytes({name: value})) for name, value in kept.items()}
    for least in (_ALWAYS_FITS, 0):
        for name in sorted(sizes.keys() - _STAYING, key=lambda each: (-sizes[each], each)):
            if sum(sizes.values()) <= room or sizes[name] <= least or len(apart) >= MOST_BODIES - 1:
                break
            value = as_bytes(kept[name])
            apart[names.MOVED_FIELD + name] = kept[name]
            kept[name] = {"bytes": len(value), "digest": f"sha256:{hashlib.sha256(value).hexdigest()}"}
            sizes[name] = (
                len(as_bytes({name: kept[name]})) + len(as_bytes(names.MOVED_FIELD + name)) + _BYTES_OF_COMMITMENT
            )
    return {**kept, names.MOVED: True}, apart


def commitment(body: Body) -> str:
    """Return hex of ``SHA-256(salt || name || 0x00 || value)``."""
    return hashlib.sha256(b"%s%s\0%s" % (body.salt, body.name.encode(), body.value)).hexdigest()


def as_bytes(value: Json) -> bytes:
    """Return JSON bytes with sorted keys; what has no form in UTF-8 JSON is escaped, NaN becomes null."""
    try:
        return orjson.dumps(value, default=_as_json_type, option=_OPTIONS)
    except (TypeError, RecursionError):
        return _escape_json(value)


def _salt_bodies(bodies: Mapping[str, Json], entropy: bytes) -> tuple[Body, ...]:
    if len(bodies) >= MOST_BODIES or len(entropy) < SALT_BYTES * len(bodies):
        raise ValueError("an entry has fewer than 256 bodies, and 16 random bytes for each")
    return tuple(
        Body(name=name, salt=entropy[at * SALT_BYTES : (at + 1) * SALT_BYTES], value=as_bytes(bodies[name]))
        for at, name in enumerate(sorted(bodies))
    )


def _escape_json(value: Json) -> bytes:
    """Lone surrogates, integers beyond 64 bits and very deep values, which the fast writer refuses."""
    try:
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=_as_json_type)
        if "NaN" in text or "Infinity" in text:
            text = json.dumps(json.loads(text, parse_constant=_no_constant), sort_keys=True, separators=(",", ":"))
    except RecursionError:
        text = '"(nested too deeply to be recorded)"'
    return text.encode()


def _no_constant(_: str) -> None:
    return None


def _as_json_type(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, tuple | list):
        return list(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def settles(record: Mapping[str, Json]) -> list[int]:
    """Return the indexes of the intents that a parsed entry is the outcome of."""
    fields = record.get("fields")
    links = fields.get(names.LINKS) if isinstance(fields, Mapping) else None
    if not isinstance(links, list):
        return []
    pairs = [(link.get("rel"), link.get("index")) for link in links if isinstance(link, Mapping)]
    return [index for rel, index in pairs if rel == "intent" and isinstance(index, int)]
