"""What ``docs/record.md`` and ``docs/record-attributes.md`` say of events, made from the events' classes.

``make docs`` writes it between the marks of the two pages; ``tests/ledger/test_events.py`` holds that it stands there.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

from metricgate.ledger.events.attribute import (
    Erased,
    Group,
    OpenAttributes,
    RecordAttribute,
    groups_in,
    members_of,
)
from metricgate.ledger.events.registry import EVENTS

DOCS = Path(__file__).parents[1] / "docs"
_WORDS = {str: "text", int: "number", float: "number", bool: "true or false"}


def when(event: type[Group]) -> str:
    """Return the event's docstring in one line of Markdown."""
    return " ".join(inspect.cleandoc(event.__doc__ or "").replace("``", "`").split())


def events_table() -> str:
    """Return the table of events: name, when."""
    rows = [f"| `{event.NAME}` | {when(event)} |" for event in EVENTS]
    return "\n".join(["| event | when |", "|---|---|", *rows])


def by_event_table() -> str:
    """Return the table of what each event says: groups in bold, then attributes of its own; bodies in italics."""
    rows = [f"| `{event.NAME}` | {_members(event)} |" for event in EVENTS]
    return "\n".join(["| event | says |", "|---|---|", *rows])


def groups_table() -> str:
    """Return the table of groups: name, meaning, members."""
    found: dict[type[Group], None] = {}
    for event in EVENTS:
        found.update(dict.fromkeys(_groups(event)))
    rows = [f"| **{_words(each)}** | {when(each)} | {_members(each)} |" for each in sorted(found, key=_words)]
    return "\n".join(["| group | meaning | says |", "|---|---|---|", *rows])


def _words(group: type[Group]) -> str:
    return re.sub(r"(?<!^)([A-Z])", r" \1", group.__name__.removesuffix("Facts")).lower()


def _groups(group: type[Group]) -> Iterator[type[Group]]:
    for member in members_of(group):
        for part in groups_in(member.type) if member.attribute is None else ():
            yield part
            yield from _groups(part)


def _members(group: type[Group]) -> str:
    groups, attributes, others = [], [], []
    for member in members_of(group):
        if isinstance(member.attribute, RecordAttribute):
            name = f"`{member.attribute.name}`"
            attributes.append(f"*{name}*" if member.attribute.body else name)
        elif member.attribute is None:
            groups.append(" or ".join(f"**{_words(each)}**" for each in groups_in(member.type)))
        else:
            others.append("what the door knows of the client")
    return ", ".join([*groups, *attributes, *others])


def attributes_table() -> str:
    """Return the table of all attributes: name, type, where it stands, what it means in whichever event."""
    meanings: dict[str, list[str]] = {}
    types: dict[str, set[str]] = {}
    bodies: dict[str, bool] = {}
    for group in EVENTS:
        for of, attribute in _attributes(group):
            bodies[attribute.name] = attribute.body
            types.setdefault(attribute.name, set()).add(_type(of))
            said = _meaning(attribute)
            if said not in meanings.setdefault(attribute.name, []):
                meanings[attribute.name].append(said)
    rows = [
        f"| `{name}` | {' or '.join(sorted(types[name]))} | {'body' if bodies[name] else 'leaf'} | "
        f"{'. Or: '.join(meanings[name])} |"
        for name in sorted(meanings)
    ]
    others = [each.meaning for event in EVENTS for each in _open(event)]
    return "\n".join(
        [
            "| attribute | type | stands in | meaning |",
            "|---|---|---|---|",
            *rows,
            "",
            f"Besides, in what callers say: {others[0]}.",
        ]
    )


def _meaning(attribute: RecordAttribute) -> str:
    unit = f" (in {attribute.unit})" if attribute.unit else ""
    since = f"; absent from entries before {attribute.since}" if attribute.since else ""
    return f"{attribute.meaning}{unit}{since}".replace("|", "\\|")


def _attributes(group: type[Group]) -> Iterator[tuple[Any, RecordAttribute]]:
    for member in members_of(group):
        if isinstance(member.attribute, RecordAttribute):
            yield member.type, member.attribute
        elif member.attribute is None:
            for part in groups_in(member.type):
                yield from _attributes(part)


def _open(group: type[Group]) -> Iterator[OpenAttributes]:
    for member in members_of(group):
        if isinstance(member.attribute, OpenAttributes):
            yield member.attribute
        elif member.attribute is None:
            for part in groups_in(member.type):
                yield from _open(part)


def _type(hint: Any) -> str:
    origin = get_origin(hint)
    if origin in {UnionType, Union}:
        parts = [each for each in get_args(hint) if each not in {NoneType, Erased}]
        return _type(parts[0]) if len(parts) == 1 else "JSON"
    if origin is Sequence:
        return "list"
    if origin is Mapping:
        return "object"
    return _WORDS.get(hint, "text")


PARTS = {
    "record.md": {"events": events_table},
    "record-attributes.md": {"by event": by_event_table, "groups": groups_table, "attributes": attributes_table},
}
"""Page -> mark -> what stands between ``<!-- MARK: made by `make docs` -->`` and ``<!-- end of MARK -->``."""


def page_with_parts(page: str) -> str:
    """Return the page's text with every part made anew.

    Raises:
        ValueError: a mark is missing.
    """
    text = (DOCS / page).read_text(encoding="utf-8")
    for mark, make in PARTS[page].items():
        begin, end = f"<!-- {mark}: made by `make docs` -->", f"<!-- end of {mark} -->"
        if text.count(begin) != 1 or text.count(end) != 1:
            raise ValueError(f"{page} has no marks for {mark}")
        pattern = re.compile(f"{re.escape(begin)}.*{re.escape(end)}", re.DOTALL)
        made = f"{begin}\n\n{make()}\n\n{end}"
        text = pattern.sub(lambda _found, made=made: made, text)
    return text


if __name__ == "__main__":
    for name in PARTS:
        (DOCS / name).write_text(page_with_parts(name), encoding="utf-8")
