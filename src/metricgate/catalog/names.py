"""What names look like, and which words are kept for the grammar of members."""

from __future__ import annotations

import re

from metricgate.vocabulary.grain import Grain

METRIC_TIME = "metric_time"
RESERVED = frozenset({METRIC_TIME, *(grain.value for grain in Grain)})
NAME_PATTERN = "^[a-z][a-z0-9]*(_[a-z0-9]+)*$"
MEMBER_PATTERN = "[a-z][a-z0-9]*(?:_{1,2}[a-z0-9]+)*"
METRIC_PATTERN = r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)?"
LONGEST = 100

_METRIC_CALL = re.compile(r"Metric\(([^;()]+); ([^;()]+)\)")
LABEL_PATTERN = r"^[a-z0-9][a-z0-9_-]*(\.[a-z0-9_-]+)*$"
_LABEL = re.compile(LABEL_PATTERN)
_COLUMN = re.compile(r"[\w-]+")
_NAME = re.compile(NAME_PATTERN)
_SOURCE_PART = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*")
_MOST_PARTS = 3


def metric_call(name: str, group_by: tuple[str, ...]) -> str:
    """Return how a filter names another metric's value: ``Metric(bookings; listing)``."""
    return f"Metric({name}; {', '.join(group_by)})"


def split_metric_call(member: str) -> tuple[str, tuple[str, ...]] | None:
    """Return metric and group-by of such a member, or None where it is a plain one."""
    found = _METRIC_CALL.fullmatch(member)
    return None if found is None else (found[1], tuple(found[2].split(", ")))


def checked_name(name: str) -> str:
    """Return ``name``; raise ``ValueError`` in plain words where it is not one."""
    if len(name) > LONGEST:
        raise ValueError(f"the name has {len(name)} characters; at most {LONGEST} are allowed")
    if not _NAME.fullmatch(name):
        near = re.sub(r"_+", "_", re.sub(r"[^a-z0-9]+", "_", name.lower())).strip("_")
        example = f", such as {near!r}" if _NAME.fullmatch(near) else ""
        raise ValueError(
            f"{name!a} is not a name: lower-case letters, digits and single underscores, a letter first{example}"
        )
    return name


def checked_part(name: str) -> str:
    """Return the name of an entity, dimension or relationship: as ``checked_name``, and not a reserved word.

    Raises:
        ValueError: it is no such name.
    """
    if name in RESERVED:
        raise ValueError(f"{name!r} is a word of the question's grammar; take another name")
    return checked_name(name)


def checked_label(label: str) -> str:
    """Return a label of sensitivity; raise ``ValueError`` where policy could not name it."""
    if len(label) > LONGEST or not _LABEL.fullmatch(label):
        near = re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-")[:LONGEST]
        example = f", such as {near!r}" if _LABEL.fullmatch(near) else ""
        raise ValueError(
            f"{label[:LONGEST]!a} is not a label: lower-case letters, digits, `_`, `-` and dots between{example}"
        )
    return label


def checked_column(name: str) -> str:
    """Return the name of a source's column; raise ``ValueError`` where policy could not name it."""
    if len(name) > LONGEST or not _COLUMN.fullmatch(name):
        raise ValueError(f"{name[:LONGEST]!a} is not a column that policy can name: letters, digits, `_` and `-`")
    return name


def checked_source(source: str) -> str:
    """Return ``source``; raise ``ValueError`` where it is not one to three identifiers joined by dots."""
    parts = source.split(".")
    if len(parts) > _MOST_PARTS or not all(_SOURCE_PART.fullmatch(part) for part in parts):
        raise ValueError(
            f"{source[:LONGEST]!a} is not a relation: write orders, main.orders or db.schema.orders "
            "(a query belongs into a view)"
        )
    return source
