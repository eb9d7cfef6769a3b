"""dbt's filters -> the template form of ours: one text, or a list of texts that must all hold."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from metricgate.catalog.foreign_sql import to_our_spelling
from metricgate.importing.source_parts import SourcePart
from metricgate.vocabulary.json import Json

_CALL_WITH_PATH = re.compile(
    r"(?P<start>(?:Time)?Dimension\(\s*['\"](?P<entity>[A-Za-z0-9]+(?:_[A-Za-z0-9]+)*)__[^'\"]+['\"][^()]*?entity_path\s*=\s*)"
    r"\[(?P<path>[^\]]*)\]"
)
_NAME = re.compile(r"['\"]([^'\"]+)['\"]")


def filters_of(part: SourcePart, key: str) -> list[str]:
    """Return the conditions under ``key``: text, a list of texts, or the manifest's ``{where_filters: [...]}``."""
    return [
        _without_repetition(to_our_spelling(part.reading.fill_placeholders(text).strip()))
        for text in _filter_texts(part, key)
    ]


def _without_repetition(text: str) -> str:
    """Take the last step off an ``entity_path`` that ends where the name begins: it leads to the same model.

    ``Dimension('listing__country', entity_path=['listing'])`` is ``Dimension('listing__country')``.
    """

    def shortened(found: re.Match[str]) -> str:
        names = _NAME.findall(found["path"])
        if not names or names[-1] != found["entity"]:
            return found[0]
        return f"{found['start']}[{', '.join(repr(name) for name in names[:-1])}]"

    return _CALL_WITH_PATH.sub(shortened, text)


def filter_json(filters: list[str]) -> Json:
    """Return the conditions as a document's ``filter`` has them; None where there are none."""
    unique = list(dict.fromkeys(filters))
    return unique[0] if len(unique) == 1 else list(unique) or None


def _filter_texts(part: SourcePart, key: str) -> Iterator[str]:
    value = part.take(key)
    if isinstance(value, Mapping):
        inner = part.part(key)
        if inner is None:
            return
        for each in inner.parts("where_filters"):
            text = each.text("where_sql_template")
            if text:
                yield text
            each.finish("a filter")
        inner.finish("a filter")
        return
    for item, spot in part.items(key):
        if isinstance(item, str):
            yield item
        elif isinstance(item, bool):
            yield "true" if item else "false"
        elif isinstance(item, Mapping):
            each = SourcePart(item, spot, part.reading)
            text = each.text("where_sql_template")
            if text:
                yield text
            each.finish("a filter")
        else:
            part.complain(key, "a filter must be text")
